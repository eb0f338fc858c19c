/** What a timed run has measured: where the time of CPUs went, and how long variables had the values that somebody asked about. */
import { Account, Gauge, Size, Table, VarFlag, VarWord, type Core } from '../core/index.js';
import type { Meters } from './setup.js';

/** Of a variable that is watched. */
export interface GaugeReading {
  /** times that an element came into the range */
  readonly begun: number;
  /** cycles that elements were in the range, summed over them; without a range, of their values */
  readonly cycles: number;
  /** cycles of the longest stay of an element */
  readonly longest: number;
  /** elements in the range at once, at most; without a range the sum of all values */
  readonly peak: number;
}

/** Where a table is. */
type TableAt = (id: Table) => number;

export interface MeterReading {
  /** cycles of all CPUs by what they were spent on; the rest is idle */
  readonly spent: Readonly<Record<Exclude<keyof typeof Account, 'idle' | 'count'>, number>>;
  /** as the setup calls them */
  readonly gauges: Readonly<Record<string, GaugeReading>>;
}

/** Elements of a variable, by its record in a program's table. */
function elementsOf(variables: Uint32Array, slot: number): number {
  const at = slot * VarWord.words;
  return (variables[at + VarWord.dim0] ?? 0) * (variables[at + VarWord.dim1] ?? 0);
}

/** The sizes of what measures. */
export function meterSizes(variables: Uint32Array, meters: Meters | undefined): readonly (readonly [Size, number])[] {
  const gauges = Object.values(meters?.gauges ?? {});
  return [
    [Size.accounts, meters === undefined ? 0 : 1],
    [Size.gauges, gauges.length],
    [Size.gaugeElements, gauges.reduce((n, { slot }) => n + elementsOf(variables, slot), 0)],
  ];
}

/** The table of variables with those marked that are watched. */
export function markWatched(variables: Uint32Array, meters: Meters | undefined): Uint32Array {
  if (meters === undefined) return variables;
  const marked = variables.slice();
  for (const { slot } of Object.values(meters.gauges)) {
    const at = slot * VarWord.words + VarWord.flags;
    marked[at] = (marked[at] ?? 0) | VarFlag.gauged;
  }
  return marked;
}

export function fillMeters(core: Core, tableAt: TableAt, variables: Uint32Array, meters: Meters): void {
  core.write(tableAt(Table.accounts), meters.accounts);
  let first = 0;
  Object.values(meters.gauges).forEach(({ slot, range }, g) => {
    const at = tableAt(Table.gauges) + g * Gauge.size;
    core.setU32(at + Gauge.slot, slot);
    core.setU32(at + Gauge.from, range?.from ?? 1);
    core.setU32(at + Gauge.to, range?.to ?? 0);
    core.setU32(at + Gauge.first, first);
    first += elementsOf(variables, slot);
  });
}

/** Reads what was measured, up to now. */
export function readMeters(core: Core, tableAt: TableAt, { gauges }: Meters): MeterReading {
  core.exports.closeMeters();
  const spent = (account: Account): number => Number(core.u64(tableAt(Table.accountSums) + account * 8));
  return {
    spent: { interrupt: spent(Account.interrupt), operation: spent(Account.operation), flush: spent(Account.flush) },
    gauges: Object.fromEntries(Object.keys(gauges).map((name, g) => [name, gaugeAt(core, tableAt(Table.gauges) + g * Gauge.size)])),
  };
}

function gaugeAt(core: Core, at: number): GaugeReading {
  return {
    begun: Number(core.u64(at + Gauge.begun)),
    cycles: Number(core.u64(at + Gauge.cycles)),
    longest: Number(core.u64(at + Gauge.longest)),
    peak: core.u32(at + Gauge.peak),
  };
}
