/**
 * What a kernel does to hardware, in one normal form for recordings and for models: text with names in it that say nothing by
 * themselves. Which vector it is does not matter, but that it is the same one twice does.
 */

/** What is renamed, each kind by itself, in the order of first appearance. */
export type Renamed = 'cpu' | 'vector';

/** A number that is known only up to renaming. */
export interface Name {
  readonly kind: Renamed;
  readonly value: number;
}

/** One access, or one act of the allocator that the accesses around it depend on. */
export interface Access {
  /** what was touched: `config`, `table`, `ioapic`, `irte`, `queue`, `lapic`, `icr`, `vectors` */
  readonly at: Place;
  /** text and the names in it, alternately */
  readonly parts: readonly (string | Name)[];
}

export type Place = 'config' | 'table' | 'ioapic' | 'irte' | 'queue' | 'lapic' | 'icr' | 'vectors' | 'hpet' | 'dmar';

export const cpu = (value: number): Name => ({ kind: 'cpu', value });
export const vector = (value: number): Name => ({ kind: 'vector', value });

/** `` access('config', `data =`, vector(35)) `` */
export function access(at: Place, ...parts: readonly (string | Name)[]): Access {
  return { at, parts };
}

const titles: Record<Place, string> = {
  config: 'config',
  table: 'table',
  ioapic: 'IOAPIC',
  irte: 'IRTE',
  queue: 'queue',
  lapic: 'LAPIC',
  icr: 'ICR',
  vectors: 'vectors',
  hpet: 'HPET',
  dmar: 'DMAR',
};

const words: Record<Renamed, (n: number) => string> = {
  cpu: (n) => `CPU ${letter(n).toLowerCase()}`,
  vector: (n) => `vector ${letter(n)}`,
};

function letter(n: number): string {
  return n < 26 ? String.fromCharCode(65 + n) : `${letter(Math.floor(n / 26) - 1)}${letter(n % 26)}`;
}

/** The accesses as lines, renamed. `self`: the CPU that makes them, CPU a; undefined where it does not matter which CPU that is. */
export function normalised(self: number | undefined, accesses: readonly Access[]): string[] {
  const known: Record<Renamed, number[]> = { cpu: self === undefined ? [] : [self], vector: [] };
  const named = ({ kind, value }: Name): string => {
    const seen = known[kind];
    if (!seen.includes(value)) seen.push(value);
    return words[kind](seen.indexOf(value));
  };
  return accesses.map(
    ({ at, parts }) => `${titles[at].padEnd(8)}${parts.map((part) => (typeof part === 'string' ? part : named(part))).join(' ')}`,
  );
}
