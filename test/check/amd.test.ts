/** AMD-Vi units in a check (hardware.md F): what each step of a move is for, each shown by leaving it out. */
import { describe, expect, test } from 'vitest';
import { assembleWith, search, type KernelModel, type SearchResult, type System } from '../../src/index.js';
import { amdKernel, type AmdBehaviours } from '../engine/amdKernel.js';
import { scenarioOf } from './help.js';

/** Ten lines: an irq moves to another CPU, by its entry in its device's table. */
const tenLines = (iommu: string, settings: string, devices: string): string => `\
version: 1
name: amd-move
machine: {cpus: 2, iommu: ${iommu}}
universe: {vectors: 4}
${settings}
devices:
${devices}
operations:
  - move: {irq: 24, to: [0]}
`;

const one = '  - {name: nic, raises: 1, irqs: [{irq: 24, cpu: 1}]}';
/** Both devices send the same data (T59). */
const two = '  - {name: disk, raises: 0, irqs: [{irq: 23, cpu: 0}]}\n  - {name: nic, raises: 1, irqs: [{irq: 24, cpu: 1}]}';

const systemOf = (text: string, model: KernelModel): System => assembleWith(scenarioOf(text), model);

function named({ verdict, reason, failures }: SearchResult): string {
  if (verdict !== 'failed') return reason ?? verdict;
  return failures
    .map(({ property }) => property)
    .toSorted()
    .join();
}

/** At all levels of the reduction. */
const verdicts = (text: string, model: KernelModel): Promise<string[]> =>
  Promise.all(
    ([0, 1, 2] as const).map(async (reduction) => named(await search(systemOf(text, model), { memory: 2 ** 30, states: 200_000, reduction }))),
  );

describe('in a scenario of ten lines', () => {
  const nothing = 'assumptions: {}';
  test.each<[string, AmdBehaviours, string, string, string, string]>([
    ['the right sequence', {}, 'amd', nothing, one, 'safe'],
  ])('%s: the verdict at all levels of the reduction', async (_, behaviours, iommu, settings, devices, verdict) => {
    const text = tenLines(iommu, settings, devices);
    expect(text.split('\n').length).toBeLessThanOrEqual(12);
    expect(await verdicts(text, amdKernel(behaviours))).toEqual([verdict, verdict, verdict]);
  });
});
