/** Entries of AMD-Vi tables, of 128 and of 32 bits, as the kernel writes and reads them (hardware.md F.3.1, F.3.2, F.7). */
import { ne, type Builder, type Condition, type Reg } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';

/** RemapEn: fixed, edge, physical. */
export const VALID = 1;
const NOT_VALID = 0xfffffffe;

/** What differs between entries of 128 and of 32 bits. */
export interface AmdEntry {
  write(b: Builder, irq: Reg<'irq'>): void;
  /** As `write` of an entry that stays as it is but is not valid. */
  invalidate(b: Builder, irq: Reg<'irq'>): void;
  clear(b: Builder, irq: Reg<'irq'>): void;
  /** Tests: which of its words are not as `write` would leave them. */
  wrong(b: Builder, irq: Reg<'irq'>): readonly (() => Condition)[];
  /** Words of a valid one, and back. */
  words(id: number, vector: number): readonly number[];
  read(words: readonly number[]): { readonly id: number; readonly vector: number };
  readonly slot: number;
}

type Row = (b: Builder, irq: Reg<'irq'>) => Reg<'irte'>;

export function narrowEntry(d: LinuxData, row: Row): AmdEntry {
  const irte = d.declarations.variable('irte', 'u32', ['irte'], { dma: true, visible: true });
  const low = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> =>
    b.or('u32', b.or('u32', b.shl('u32', b.load(d.apicdVector, [irq]), 16), destination(b, d, irq)), VALID);
  return {
    write: (b, irq) => b.store(irte, [row(b, irq)], low(b, irq), 'remapping entry: new vector and destination'),
    invalidate(b, irq) {
      const at = row(b, irq);
      b.store(irte, [at], b.and('u32', b.load(irte, [at]), NOT_VALID), 'remapping entry: not valid');
    },
    clear: (b, irq) => b.store(irte, [row(b, irq)], 0, 'remapping entry: not valid'),
    wrong: (b, irq) => [() => ne(b.load(irte, [row(b, irq)]), low(b, irq))],
    words: (id, vector) => [VALID | (id << 8) | (vector << 16)],
    read: ([word = 0]) => ({ id: (word >>> 8) & 0xff, vector: (word >>> 16) & 0xff }),
    slot: irte.slot,
  };
}

/** Destination in the lower half, vector in the upper one (F.3.2). */
export function wideEntry(d: LinuxData, row: Row, behaviours: Behaviours): AmdEntry {
  const irte = d.declarations.variable('irte', 'u32', ['irte', 'word'], { dma: true, visible: true });
  const low = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => b.or('u32', destination(b, d, irq), VALID);
  /** Of an entry that units may fetch at any time. */
  const modify = (b: Builder, at: Reg<'irte'>, lower: () => Reg<'u32'>, upper: () => Reg<'u32'>): void => {
    if (behaviours.amdIrteUpdate === 'atomic') {
      b.storePair(irte, at, 0, [lower(), upper()], { wide: true, note: 'remapping entry: 16 bytes at once' });
      return;
    }
    b.store(irte, [at, 0], b.and('u32', b.load(irte, [at, 0]), NOT_VALID), 'remapping entry: valid = 0');
    b.storePair(irte, at, 2, [upper(), 0], { note: 'remapping entry, upper half: vector' });
    b.storePair(irte, at, 0, [lower(), 0], { note: 'remapping entry, lower half: destination' });
    // whatever is asked for: an entry that is to be not valid is valid again
    b.store(irte, [at, 0], b.or('u32', lower(), VALID), 'remapping entry: valid = 1');
  };
  return {
    write(b, irq) {
      const vector = (): Reg<'u32'> => b.let('u32', b.load(d.apicdVector, [irq]));
      modify(b, row(b, irq), () => low(b, irq), vector);
    },
    invalidate(b, irq) {
      const at = row(b, irq);
      const upper = (): Reg<'u32'> => b.load(irte, [at, 2]);
      modify(b, at, () => b.and('u32', b.load(irte, [at, 0]), NOT_VALID), upper);
    },
    clear(b, irq) {
      const at = row(b, irq);
      b.storePair(irte, at, 0, [0, 0], { note: 'remapping entry, lower half: not valid' });
      b.storePair(irte, at, 2, [0, 0], { note: 'remapping entry, upper half: cleared' });
    },
    wrong(b, irq) {
      const at = row(b, irq);
      return [() => ne(b.load(irte, [at, 0]), low(b, irq)), () => ne(b.load(irte, [at, 2]), b.let('u32', b.load(d.apicdVector, [irq])))];
    },
    words: (id, vector) => [VALID | (id << 8), 0, vector, 0],
    read: ([lower = 0, , upper = 0]) => ({ id: lower >>> 8, vector: upper & 0xff }),
    slot: irte.slot,
  };
}

const destination = (b: Builder, d: LinuxData, irq: Reg<'irq'>): Reg<'u32'> =>
  b.shl('u32', b.constant('apicId', b.load(d.apicdCpu, [irq])), 8);
