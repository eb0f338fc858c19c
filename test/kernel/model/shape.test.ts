/** A program that is assembled once for many scenarios is the one that each of them has alone. */
import { expect, test } from 'vitest';
import { linux } from '../../../src/kernel/model/index.js';
import { assembleSystem, parseScenario, type Scenario } from '../../../src/scenario/index.js';

const move = '{move: {irq: 24, to: [0]}}';
const scenario = (irq: string, operations: string, machine = '{cpus: 2}', message = '{type: msix}'): Scenario => {
  const text = `version: 1
name: shape
machine: ${machine}
universe: {vectors: 2}
devices: [{name: nic, message: ${message}, raises: 1, irqs: [{irq: 24, ${irq}}]}]
operations: [${operations}]`;
  const parsed = parseScenario(text, 'test');
  if (!('scenario' in parsed)) throw new Error(parsed.errors[0]?.message);
  return parsed.scenario;
};

/** What decides how a check goes: the program, the operations, and the state at the start. */
async function whole(each: Scenario, model: ReturnType<typeof linux>): Promise<unknown> {
  const system = assembleSystem(each, { model });
  const machine = await system.machine({ timed: false, record: 0 });
  return [system.built.fingerprint, system.built.operations, machine.image()];
}

test('scenarios of one shape, of others, and of the first again', async () => {
  const all = [
    scenario('cpu: 1, vector: 0x22', move),
    scenario('cpu: 0, vector: 0x21', '{move: {irq: 24, to: [1]}}'),
    scenario('cpu: 1, affinity: [1]', '{offline: 1}'),
    scenario('cpu: 1', `{free: 24}, {request: 24}`),
    scenario('cpu: 0, vector: 0x22', `{request: 24}, {free: 24}`.replace('{request: 24}', '{disable: 24}')),
    scenario('cpu: 1', `${move}, {free: 24}`),
    scenario('cpu: 1', `{free: 24}, ${move}`),
    scenario('cpu: 1, affinity: [1], managed: true', '{offline: 1}'),
    scenario('cpu: 1', move, '{cpus: 2, iommu: vtd}'),
    scenario('cpu: 1', move, '{cpus: 2, iommu: {type: vtd, postedMsi: true}}'),
    scenario('cpu: 1', '{move: {irq: 24, to: [2]}}', '{cpus: 3}'),
    scenario('cpu: 1', move, '{cpus: 2}', '{type: ioapic, pin: 4}'),
    scenario('cpu: 1', move, '{cpus: 2}', '{type: ioapic, pin: 9, trigger: level}'),
    scenario('cpu: 1', move, '{cpus: [{cpu: 0, apicId: 4}, {cpu: 1, apicId: 6}]}'),
    scenario('cpu: 1, vector: 0x22', move),
  ];
  const shared = linux('7.0');
  for (const each of all) expect(await whole(each, shared)).toEqual(await whole(each, linux('7.0')));
});
