/** Only those sources are looked at for which something has changed; that finds what looking at all of them finds. */
import { describe, expect, test } from 'vitest';
import { assembleSystem } from '../../src/index.js';
import { scenarioOf } from '../check/help.js';

const crowd = `
version: 1
name: crowd
machine: {cpus: 3, iommu: vtd}
universe: {vectors: 30}
devices:
${[...'abcdefgh'].map((name, i) => `  - {name: ${name}, kind: ${i % 2 === 0 ? 'free' : 'handshake'}, message: {type: msi}, interArrival: {us: [${3 + i}, ${7 + 2 * i}]}, handlerCycles: ${300 + 900 * (i % 5)}, irqs: [{irq: ${24 + i}, cpu: ${i % 3}}]}`).join('\n')}
operations: [{move: {irq: 24, to: [1]}}, {pause: {us: 20}}, {move: {irq: 25, to: [0]}}, {move: {irq: 24, to: [2]}}, {offline: 1}, {online: 1}]
run: {repeat: true}
`;

/** The records of what holds events up, in the order of time, then of sources; and that of other events. */
async function holdsOf(source: string, model: string, cycles: number, holds: true | 'all'): Promise<{ text: string[]; digest: string }> {
  const system = assembleSystem(scenarioOf(source), { model });
  const machine = await system.machine({ timed: true, record: 1, seed: 1, holds, ring: 1 << 16 });
  const records: { readonly time: bigint; readonly a: number; readonly text: string }[] = [];
  while (machine.now < cycles) {
    machine.run(cycles - Number(machine.now));
    for (const { kind, time, a, b, c } of machine.events())
      if (kind === 'hold') records.push({ time, a: a & 0xffff, text: `${time}: ${a & 0xffff} ${a >>> 16} ${b} ${c}` });
  }
  const text = records.toSorted((x, y) => Number(x.time - y.time) || x.a - y.a).map((each) => each.text);
  return { text, digest: machine.eventDigest() };
}

describe('what has not changed is not looked at', () => {
  test.each([
    ['moves and hotplug', crowd, '5.9', 1_000_000],
    ['moves and hotplug, of a later kernel', crowd, '6.12', 1_000_000],
    ['a line that is freed', 'level-pin-freed', '7.0', 3_000_000],
    ['a thread that handles', 'level-pin-threaded-move', '7.0', 3_000_000],
    ['descriptors', 'posted-msi-move-back', '7.0', 3_000_000],
    ['a guest', 'avic-block', '7.0', 3_000_000],
  ])('%s', async (_, source, model, cycles) => {
    const some = await holdsOf(source, `linux-${model}`, cycles, true);
    expect(some.text.length).toBeGreaterThan(20);
    expect(some).toEqual(await holdsOf(source, `linux-${model}`, cycles, 'all'));
  });
});
