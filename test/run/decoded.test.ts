import { expect, test } from 'vitest';
import type { ProgramMachine } from '../../src/machine/index.js';
import { assembleSystem, parseScenario, type System } from '../../src/scenario/index.js';
import { Dice, machineOf, randomSystem } from '../engine/systems.js';

const counted = ['raises', 'served', 'accepts', 'acknowledged', 'ipis', 'messages', 'microOps', 'ticks', 'lost', 'strays'] as const;

function outcome(machine: ProgramMachine): Record<string, unknown> {
  return { now: machine.now, events: machine.eventDigest(), counters: counted.map((name) => `${name} ${machine.counter(name)}`) };
}

/** The events of a run in which each micro-op is recorded, which the sequencer executes, are those of one in which none is. */
async function compare(system: System, seed: number, cycles: number): Promise<number> {
  const changes = { seed, jitter: true, properties: [], ring: 0, repeat: true };
  const quick = await machineOf(system, true, { ...changes, record: 1 });
  const seen = await machineOf(system, true, { ...changes, record: 2 });
  quick.run(cycles);
  seen.run(cycles);
  expect(outcome(quick)).toEqual(outcome(seen));
  return quick.counter('served');
}

test('handlers do from decoded instructions what the sequencer does, in random machines', async () => {
  const dice = new Dice(5);
  let served = 0;
  for (let i = 0; i < 5; i++) {
    const system = randomSystem(dice, { hotplug: dice.below(2) === 0, assumptions: true });
    served += await compare(system, dice.below(2 ** 31), 400_000);
  }
  expect(served).toBeGreaterThan(20);
});

/** All devices on one CPU, so that handlers wait for locks and for each other while interrupts are moved and the CPU goes offline. */
const crowded = `
version: 1
name: crowded
machine: {cpus: 4}
universe: {vectors: 16}
devices:
${[24, 25, 26, 27, 28].map((irq) => `  - {name: d${irq}, kind: free, interArrival: {cycles: [2000, 3000, 5000]}, irqs: [{irq: ${irq}, cpu: 1}]}`).join('\n')}
operations:
  - move: {irq: 24, to: [2]}
  - move: {irq: 25, to: [3]}
  - offline: 1
  - online: 1
  - move: {irq: 24, to: [1]}
run: {seconds: 1}
`;

test.each(['linux-5.9', 'linux-7.0'])('so do those of %s in a crowd that moves', async (model) => {
  const parsed = parseScenario(crowded, 'crowded');
  if ('errors' in parsed) throw new Error(parsed.errors.map((e) => e.message).join('; '));
  expect(await compare(assembleSystem(parsed.scenario, { model }), 1, 5_000_000)).toBeGreaterThan(500);
});
