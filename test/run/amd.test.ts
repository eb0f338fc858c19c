/** The kernels that a check takes apart behind AMD-Vi units, by the clock (hardware.md F, G.2). */
import { describe, expect, test } from 'vitest';
import { timedRun, type RunResult } from '../../src/index.js';
import { scenarioOf } from '../check/help.js';
import { amdKernel, type AmdBehaviours } from '../engine/amdKernel.js';
import { guestKernel, type GuestBehaviours } from '../engine/guestKernel.js';

/** Two irqs that go to and fro between two CPUs while their devices are busy. */
const moves = (iommu: string): string => `\
version: 1
name: amd-moves
machine: {cpus: 2, iommu: ${iommu}}
universe: {vectors: 4}
devices:
  - {name: a, kind: free, interArrival: {us: [2, 3, 5]}, irqs: [{irq: 24, cpu: 0}]}
  - {name: b, kind: free, interArrival: {us: [3, 4, 7]}, irqs: [{irq: 25, cpu: 1}]}
operations:
  - move: {irq: 24, to: [1]}
  - move: {irq: 25, to: [0]}
  - move: {irq: 24, to: [0]}
  - move: {irq: 25, to: [1]}
run: {repeat: true, seconds: 0.05}
`;

const run = (behaviours: AmdBehaviours, iommu = 'amd'): Promise<RunResult> =>
  timedRun(scenarioOf(moves(iommu)), { model: amdKernel(behaviours) });

describe('moves', () => {
  test.each<[AmdBehaviours, string]>([
    [{}, 'amd'],
    [{ update: 'narrow' }, '{type: amd, ga: false}'],
    [{ update: 'table' }, 'amd'],
    [{ wait: 'interrupt' }, 'amd'],
  ])('%j, %s: nothing is lost', async (behaviours, iommu) => {
    const { verdict, lost, strays, handled } = await run(behaviours, iommu);
    expect({ verdict, lost, strays }).toEqual({ verdict: 'passed', lost: 0, strays: 0 });
    expect(handled).toBeGreaterThan(5000);
  });

  test.each<[AmdBehaviours, string]>([
    [{ update: 'toggle' }, 'noFault'],
    [{ update: 'low-first' }, 'noStray'],
    [{ flush: 'none' }, 'noStray'],
    [{ update: 'table', flush: 'entries' }, 'noStray'],
  ])('%j: the clock finds what is wrong, too', async (behaviours, property) => {
    const { verdict, failed } = await run(behaviours);
    expect({ verdict, found: failed.includes(property) }).toEqual({ verdict: 'failed', found: true });
  });
});

describe('a guest', () => {
  const text = (options: string): string => `\
version: 1
name: amd-guest
machine: {cpus: 2, iommu: {type: amd, guest: true${options}}}
universe: {vectors: 1}
devices:
  - {name: nic, kind: handshake, interArrival: {us: [5, 9]}, irqs: [{irq: 24, cpu: 0}]}
run: {seconds: 0.02}
`;
  const guest = (behaviours: GuestBehaviours, options = ''): Promise<RunResult> =>
    timedRun(scenarioOf(text(options)), { model: guestKernel(behaviours) });

  test('is woken for each of its interrupts', async () => {
    const { verdict, sent, handled } = await guest({});
    expect(verdict).toBe('passed');
    expect(handled).toBeGreaterThan(1000);
    expect(sent - handled).toBeLessThanOrEqual(1);
  });

  test('that does not ask for the log is woken no more, unless the unit has cached that it does (F.4)', async () => {
    const [fetched, cached] = [await guest({ halt: 'silent' }, ', irtCacheDis: true'), await guest({ halt: 'silent' })];
    expect(fetched.handled).toBeLessThan(5);
    expect(cached.handled).toBeGreaterThan(1000);
  });
});
