/** Entries of 128 bits of irqs that are posted to a vCPU, behind AMD-Vi units (hardware.md F.3.2, F.3.3, F.4; linux.md 2.6). */
import type { ProgramMachine } from '../../../machine/index.js';
import { eq, ne, SELF, type Builder, type Condition, type Reg } from '../../index.js';
import { VALID, type Irte } from './amdEntry.js';
import type { Behaviours } from './behaviours.js';
import { Runs, type LinuxData } from './data.js';

/** Bits of the lower half, beside `VALID`; all of them; the destination there. */
const [LOGS, RUNS, GUEST] = [0x4, 0x40, 0x80];
const DESTINATION = 0xffffff00;
const FLAGS = 0xff;
const NOT_VALID = 0xfffffffe;

type Avic = NonNullable<LinuxData['avic']>;

/** Steps on an entry, its table locked. */
export interface GuestEntry {
  /** It becomes that of the vCPU; of the host. */
  post(b: Builder, at: Reg<'irte'>, irq: Reg<'irq'>): void;
  unpost(b: Builder, at: Reg<'irte'>, irq: Reg<'irq'>): void;
  /** It says whether the vCPU runs, and where. ir_list_lock is held. */
  update(b: Builder, at: Reg<'irte'>): void;
  /** Tests of its words: which are not those of an irq that is posted. */
  wrong(b: Builder, at: Reg<'irte'>, irq: Reg<'irq'>): readonly (() => Condition)[];
  /** Words at the start, the vCPU running on the CPU with this APIC id. */
  words(machine: ProgramMachine, irq: number, id: number): readonly number[];
  /** Why an entry of these words does not go to the vCPU, as the end of a sentence; undefined: it does. */
  fault(machine: ProgramMachine, irq: number, words: readonly number[]): string | undefined;
}

/** The tag of the one vCPU in the log. */
export const GA_TAG = 1;

/** `vectors`: of the guest, by irq. */
export function guestEntry(
  d: LinuxData,
  { runs, cpu, image, root }: Avic,
  irte: Irte,
  vectors: ReadonlyMap<number, number>,
  behaviours: Behaviours,
): GuestEntry {
  const always = behaviours.gaLog === 'always';
  const plain = VALID | GUEST | (always ? LOGS : 0);
  const first = Math.min(...vectors.keys());
  const vectorOf = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => {
    const word = b.let('u32', vectors.get(first) ?? 0);
    for (const [each, vector] of vectors) if (each !== first) b.if(eq(irq, each), () => b.set(word, vector));
    return word;
  };
  const upperOf = (machine: ProgramMachine, irq: number): number => (machine.variable(root.slot) | (vectors.get(irq) ?? 0)) >>> 0;
  const idOf = (b: Builder): Reg<'u32'> => b.shl('u32', b.constant('apicId', b.load(cpu, [])), 8);
  /** The lower half as the vCPU is now; `kept`: the destination of one that does not run. */
  const low = (b: Builder, kept: Reg<'u32'> | number): Reg<'u32'> => {
    const word = b.or('u32', b.let('u32', kept), plain);
    const state = b.load(runs, []);
    b.if(eq(state, Runs.YES), () => b.set(word, b.or('u32', idOf(b), plain | RUNS)));
    if (!always) b.if(eq(state, Runs.BLOCKED), () => b.set(word, b.or('u32', word, LOGS)));
    return word;
  };
  /** All of it, of an entry that units may fetch at any time. */
  const modify = (b: Builder, at: Reg<'irte'>, words: readonly (Reg<'u32'> | number)[], whose: string): void => {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
    if (behaviours.amdIrteUpdate === 'atomic') {
      words.forEach((word, w) => b.store(image, [SELF, w], word));
      b.storeRow(irte, at, image, SELF, `remapping entry: ${whose}, 16 bytes at once`);
      return;
    }
    b.store(irte, [at, 0], b.and('u32', b.load(irte, [at, 0]), NOT_VALID), 'remapping entry: valid = 0');
    b.storePair(irte, at, 2, [w2, w3], { note: `remapping entry, upper half: ${whose}` });
    b.storePair(irte, at, 0, [w0, w1], { note: `remapping entry, lower half: ${whose}` });
  };
  return {
    post(b, at, irq) {
      // a kernel that does not know yet whether the vCPU runs has the log told
      const lower = behaviours.gaPost === 'whole' ? low(b, 0) : VALID | GUEST | LOGS;
      modify(b, at, [lower, GA_TAG, b.or('u32', b.load(root, []), vectorOf(b, irq)), 0], 'that of the vCPU');
    },
    unpost(b, at, irq) {
      const id = b.constant('apicId', b.load(d.apicdCpu, [irq]));
      const lower = b.or('u32', b.shl('u32', id, 8), VALID);
      modify(b, at, [lower, 0, b.let('u32', b.load(d.apicdVector, [irq])), 0], 'that of the host');
    },
    update(b, at) {
      const kept = (): Reg<'u32'> => b.and('u32', b.load(irte, [at, 0]), DESTINATION);
      if (behaviours.gaUpdate !== 'stores') {
        const note = 'remapping entry: whether the vCPU runs, and where, 16 bytes at once';
        b.storePair(irte, at, 0, [low(b, kept()), b.load(irte, [at, 2])], { wide: true, note });
        return;
      }
      b.if(eq(b.load(runs, []), Runs.YES), () => {
        const flags = b.and('u32', b.load(irte, [at, 0]), FLAGS);
        b.store(irte, [at, 0], b.or('u32', flags, idOf(b)), 'remapping entry: where the vCPU runs');
      });
      b.store(irte, [at, 0], low(b, kept()), 'remapping entry: whether the vCPU runs');
    },
    wrong(b, at, irq) {
      const expected = low(b, 0);
      const word = b.load(irte, [at, 0]);
      const tested = b.let('u32', word);
      b.if(ne(b.load(runs, []), Runs.YES), () => b.set(tested, b.and('u32', tested, FLAGS)));
      const upper = b.or('u32', b.load(root, []), vectorOf(b, irq));
      return [
        () => ne(tested, expected),
        () => ne(b.load(irte, [at, 1]), GA_TAG),
        () => ne(b.load(irte, [at, 2]), upper),
        () => ne(b.load(irte, [at, 3]), 0),
      ];
    },
    words: (machine, irq, id) => [(plain | RUNS | (id << 8)) >>> 0, GA_TAG, upperOf(machine, irq), 0],
    fault(machine, irq, [lower = 0, , upper = 0]) {
      const is = (lower & (VALID | GUEST)) === (VALID | GUEST);
      return is && upper === upperOf(machine, irq) ? undefined : 'its entry does not go to the vAPIC page of the vCPU';
    },
  };
}
