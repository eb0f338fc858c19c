/** Kinds of values, and how many there are of each on a machine. */
import { PidWord } from '../../assembly/state/abi/instructions.js';
import { AssemblyError } from './errors.js';

/**
 * What a value is. Phantom types: irq, vector, CPU index and APIC id cannot be mixed up on the host.
 * `irq` is the index of an interrupt source, `ref` a reference to a mask.
 */
export type Kind =
  'u8' | 'u16' | 'u32' | 'bool' | 'cpu' | 'irq' | 'vector' | 'apicId' | 'device' | 'irte' | 'word' | 'dteWord' | 'vcpu' | 'pidWord' | 'ref';

/**
 * What a variable can be indexed by; `irte`: an entry of a remapping table, `word`: one of the four of an entry; `dteWord`: one of the eight
 * of an entry of AMD's device table, `pidWord`: one of the sixteen of a posted-interrupt descriptor.
 */
export type Dim = 'cpu' | 'irq' | 'vector' | 'device' | 'irte' | 'word' | 'dteWord' | 'vcpu' | 'pidWord';

/** What a list can be of. */
export type Node = Exclude<Dim, 'irte' | 'word' | 'dteWord' | 'vcpu' | 'pidWord'>;

/** What the bits of a mask stand for. */
export type Domain = 'cpu' | 'vector' | 'irq';

/** The machine a model is assembled for. Vectors of the universe are vectorLo <= v < vectorHi. */
export interface MachineSize {
  readonly cpus: number;
  readonly irqs: number;
  readonly devices: number;
  /** entries of remapping tables that the check looks at; left out: none */
  readonly irtes?: number;
  /** virtual CPUs of guests; left out: none */
  readonly vcpus?: number;
  readonly vectors: 256;
  readonly vectorLo: number;
  readonly vectorHi: number;
}

/** Bytes that a value of a kind takes in the state. */
export const bytesOfKind: Readonly<Record<Kind, 1 | 2 | 4>> = {
  bool: 1,
  u8: 1,
  vector: 1,
  u16: 2,
  cpu: 2,
  irq: 2,
  device: 2,
  irte: 2,
  word: 1,
  dteWord: 1,
  vcpu: 2,
  pidWord: 1,
  u32: 4,
  apicId: 4,
  ref: 4,
};

/** Bits that hold every value 0..n. */
export function bitsFor(n: number): number {
  return Math.max(1, 32 - Math.clz32(n));
}

/** What the largest machine has that a check takes (src/machine/setup.ts). */
const MOST_CHECKED_CPUS = 16;
const MOST_CHECKED_IRQS = 254;

/** True if a check may take the machine; one that is larger is only run with time. */
export function isCheckable({ cpus, irqs }: MachineSize): boolean {
  return cpus <= MOST_CHECKED_CPUS && irqs <= MOST_CHECKED_IRQS;
}

/** Bits of a value of a kind; an index has one value more than there are, for index + 1 and "none". */
export function kindBits(kind: Kind, size: MachineSize): number {
  switch (kind) {
    case 'bool':
      return 1;
    case 'u8':
    case 'vector':
      return 8;
    case 'u16':
      return 16;
    case 'cpu':
      return bitsFor(size.cpus);
    case 'irq':
      return bitsFor(size.irqs);
    case 'device':
      return bitsFor(size.devices);
    case 'irte':
      return bitsFor(size.irtes ?? 0);
    case 'word':
      return 2;
    case 'dteWord':
      return 3;
    case 'vcpu':
      return bitsFor(size.vcpus ?? 0);
    case 'pidWord':
      return 4;
    case 'ref':
      // an address: the state of a machine that no check takes has more than 16 MiB
      return isCheckable(size) ? 24 : 32;
    case 'u32':
    case 'apicId':
      return 32;
  }
}

/** Indexes that a dimension has. */
export function extent(dim: Kind | undefined, size: MachineSize): number {
  switch (dim) {
    case undefined:
      return 1;
    case 'cpu':
      return size.cpus;
    case 'irq':
      return size.irqs;
    case 'device':
      return size.devices;
    case 'vector':
      return size.vectors;
    case 'irte':
      return size.irtes ?? 0;
    case 'word':
      return 4;
    case 'dteWord':
      return 8;
    case 'vcpu':
      return size.vcpus ?? 0;
    case 'pidWord':
      return PidWord.count;
    default:
      throw new AssemblyError(
        `a variable cannot be indexed by ${dim}; dimensions are cpu, irq, vector, device, irte, word, dteWord, vcpu and pidWord`,
      );
  }
}
