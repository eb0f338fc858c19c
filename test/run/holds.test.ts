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

/** Masks, locks, and an irq that is freed while its event is on its way; `more`: of the file. */
const freed = (iommu: string, more = ''): string => `
version: 1
name: freed
machine: {cpus: 2, iommu: ${iommu}}
devices: [{name: nic, message: {type: msix}, interArrival: {us: [1, 2]}, handlerCycles: 300, irqs: [{irq: 24, cpu: 1}]}]
operations: [{move: {irq: 24, to: [0]}}, {pause: {us: 3}}, {free: 24}, {request: 24}, {move: {irq: 24, to: [1]}}, {pause: {us: 5}}]
run: {repeat: true}
${more}`;

/** The records of what holds events up, in the order of time, then of sources; and that of other events. With `all` nobody is ahead of the clock. */
async function holdsOf(source: string, model: string, cycles: number, holds: true | 'all'): Promise<{ text: string[]; digest: string }> {
  const system = assembleSystem(scenarioOf(source), { model });
  const machine = await system.machine({ timed: true, record: holds === 'all' ? 2 : 1, seed: 1, holds, ring: 1 << 16, kinds: ['hold'] });
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
    ['masks, locks, and what is freed', freed('amd'), '5.9', 1_000_000],
    ['waits', freed('vtd'), '7.0', 1_000_000],
    ['samples that are kept back', freed('vtd', 'assumptions: {sampling: then-delay}'), '5.9', 1_000_000],
    ['a thread that handles', 'level-pin-threaded-move', '7.0', 3_000_000],
    ['descriptors', 'posted-msi-move-back', '7.0', 3_000_000],
    ['a guest', 'avic-block', '7.0', 3_000_000],
  ])('%s', async (_, source, model, cycles) => {
    const some = await holdsOf(source, `linux-${model}`, cycles, true);
    expect(some.text.length).toBeGreaterThan(20);
    expect(some).toEqual(await holdsOf(source, `linux-${model}`, cycles, 'all'));
  });
});
