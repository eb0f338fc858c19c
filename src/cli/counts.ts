/** What was counted in timed runs, of one or of many, as text. */
import type { Counts, InjectedCounts } from '../campaign/index.js';
import type { Percentiles } from '../machine/index.js';
import { us } from './deadline.js';
import { count, field, plural } from './output.js';

/** `median 1.15 us, ...` */
export function percentilesText({ p50, p99, p999, max }: Percentiles): string {
  return `median ${us(p50)}, 99 % ${us(p99)}, 99.9 % ${us(p999)}, most ${us(max)}`;
}

/** The way of interrupts: how many, and how long it takes. */
export function wayText({ sent, handled, lost, owed, joined }: Counts, latency: Percentiles): string[] {
  // a device that does not wait for its handler raises again meanwhile: one run of the handler serves both
  const coalesced = sent - handled - lost - owed;
  return [
    ...field(
      'interrupts',
      `sent ${count(sent)}, handled ${count(handled)}, lost ${count(lost)}${joined > 0 ? `, joined one that was not sent yet ${count(joined)}` : ''}${coalesced > 0 ? `, coalesced ${count(coalesced)}` : ''}`,
    ),
    ...field('latency', `raise to handler: ${percentilesText(latency)}`),
  ];
}

/** What became of injected operations, if there were any. */
export function injectedText({ total, done, running, queued, refused }: InjectedCounts): string[] {
  if (total + refused === 0) return [];
  const left = [...(running > 0 ? [`${count(running)} not done`] : []), ...(refused > 0 ? [`${count(refused)} refused`] : [])];
  return field(
    'injected',
    `${plural(total, 'operation')}, ${[`${count(done)} done`, ...left, `${count(queued)} still queued`].join(', ')}`,
  );
}

/** The work of the kernel, and what of it was simulated. */
export function workText(counts: Counts, cycles: number | bigint): string[] {
  const { moves, retriggers, swallowed, strays, foreign, leaked, microOps, ipis } = counts;
  return [
    ...field(
      'kernel',
      `${plural(moves, 'move')}, ${plural(retriggers, 're-trigger')}, ${count(swallowed)} swallowed, ${plural(strays, 'stray')}, ${count(foreign)} foreign, ${plural(leaked, 'leaked vector')}`,
    ),
    ...field('simulated', `${cycles.toLocaleString('en-US')} cycles, ${count(microOps)} micro-ops, ${count(ipis)} IPIs`),
  ];
}
