/** Counters that no register shows (hardware.md J, diagnostics). */
import { Counter, Diag, Table, type Core } from '../core/index.js';
import type { Layout } from './fill.js';

/** Counts since the machine was made. Nothing depends on them, and no digest covers them. */
export interface Diagnostics {
  /** accesses to a LAPIC's page of undefined width or alignment (A.2.1) */
  readonly lapicUnaligned: number;
  /** ICR writes while the IPI before still waited for room in the fabric (A.6) */
  readonly icrOverrun: number;
  /** ICR writes lost behind one that waited already */
  readonly icrDropped: number;
  /** ICR writes that A.6.1 calls invalid: nothing was sent */
  readonly icrInvalid: number;
  /** accesses to a LAPIC's page that it does not decode in its mode (A.1.1) */
  readonly mmioHole: number;
  /** acknowledges that got the spurious vector (A.5) */
  readonly spuriousVector: number;
  /** edges lost at a masked pin (B.3) */
  readonly edgeLostMasked: number;
  /** edges behind an edge that no LAPIC had accepted yet */
  readonly edgeMerged: number;
  /** vectors changed in entries with Remote IRR set: no EOI will match (B.3) */
  readonly remoteIrrStuck: number;
  /** remapping units used cached entries that memory had no more (D.4); of AMD also entries of the device table (F.4) */
  readonly staleIrteUsed: number;
  /** ... of which the one in memory was not present */
  readonly useAfterFreeIrte: number;
  /** remapping entries that changed while their halves were read (D.5) */
  readonly tornIrteSampled: number;
  /** vectors posted that were pending already (E.2, F.3.3) */
  readonly pirMerge: number;
  /** accesses to an MSI-X table that were no aligned ones of 4 or 8 bytes (C.2) */
  readonly msixUndefined: number;
  /** vectors accepted that were pending already (A.3) */
  readonly irrMerge: number;
  /** messages that no LAPIC matched (A.7.1) */
  readonly msiNoTarget: number;
  /** EOIs with nothing in service (A.12) */
  readonly eoiWithoutIsr: number;
  /** writes to neither memory nor the interrupt range */
  readonly wildWrites: number;
}

/** Those that the core counts among other things. */
const amongCounters = { irrMerge: 'merged', msiNoTarget: 'noTarget', eoiWithoutIsr: 'eoiWithoutIsr', wildWrites: 'wildWrites' } as const;

type Own = Exclude<keyof typeof Diag, 'count'>;
const own = Object.keys(Diag).filter((name): name is Own => Number.isNaN(Number(name)) && name !== 'count');

export function diagnosticsOf(core: Core, layout: Layout): Diagnostics {
  const at = layout.table(Table.diagnostics);
  const counters = layout.table(Table.counters);
  const counts: Record<Own | keyof typeof amongCounters, number> = Object.fromEntries([
    ...own.map((name): [string, number] => [name, core.u32(at + Diag[name] * 4)]),
    ...Object.entries(amongCounters).map(([name, counter]): [string, number] => [name, Number(core.u64(counters + Counter[counter] * 8))]),
  ]) as Record<Own | keyof typeof amongCounters, number>;
  return counts;
}
