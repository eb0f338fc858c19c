/** Handlers in threads (linux.md: IRQTF_RUNTHREAD, threads_active): an irq has one, wherever its interrupts arrive. */
import { expect, test } from 'vitest';
import { assembleSystem, parseScenario } from '../../src/scenario/index.js';

const HANDLER = 200_000;

/** One irq whose thread takes as long as several moves and many interrupts. */
const text = (model: string): string => `
version: 1
name: thread
model: ${model}
machine: {cpus: 4, iommu: vtd}
universe: {vectors: 8}
devices:
  - {name: nic, kind: free, message: {type: msix}, handlerCycles: ${HANDLER}, interArrival: {cycles: [20000]}, irqs: [{irq: 24, cpu: 0, threaded: true}]}
operations: [${[1, 2, 3, 0].map((cpu) => `{move: {irq: 24, to: [${cpu}]}}`).join(', ')}]
run: {seconds: 1, repeat: true}
`;

test.each(['linux-5.4', 'linux-6.12', 'linux-7.0'])('%s: a thread that was woken on several CPUs is at work on one', async (model) => {
  const parsed = parseScenario(text(model), 'thread');
  if ('errors' in parsed) throw new Error(parsed.errors[0]?.message);
  const machine = await assembleSystem(parsed.scenario).machine({ timed: true, record: 1, ring: 1 << 14, kinds: ['accept', 'serve'] });
  const served: number[] = [];
  const cpus = new Set<number>();
  while (machine.now < 50_000_000n) {
    machine.run(50_000_000 - Number(machine.now));
    for (const { kind, time, a, b } of machine.events()) {
      if (kind === 'serve') served.push(Number(time));
      else if (b >= 32) cpus.add(a);
    }
  }
  expect(served.length).toBeGreaterThan(60);
  expect(Math.min(...served.slice(1).map((time, i) => time - (served[i] ?? 0)))).toBeGreaterThanOrEqual(HANDLER);
  expect(cpus.size).toBeGreaterThan(1);
});
