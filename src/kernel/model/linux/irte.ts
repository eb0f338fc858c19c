/** Formats of an entry of the remapping table (hardware.md D.3), as the kernel writes and reads them. */
import type { ProgramMachine } from '../../../machine/index.js';
import { ne, type Builder, type Condition, type Lock, type Reg, type Variable } from '../../index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';
import type { Target } from './target.js';

/** A present entry with a redirection hint, as the kernel composes it: fixed, edge, physical (D.3.1). */
const PRESENT = 0x9;
/** A present entry in posted format, not urgent (D.3.2). */
export const POSTED = 0x8001;
/** The requester id is verified: SVT 1, all 16 bits (D.3.3). */
const VERIFY_SOURCE = 1 << 18;

export type Irte = Variable<'u32', readonly ['irte', 'word']>;

/** How an irq's entry says what the kernel believes of it. Irqs by index. */
export interface EntryFormat {
  /** The entry gets vector and CPU of its irq; irq_2_ir_lock is held. `whole`: and all the rest, as it was cleared before. */
  write(b: Builder, irq: Reg<'irq'>, whole: Reg<'bool'>): void;
  /** Tests of words of the entry: which are not as `write` would leave them. */
  wrong(b: Builder, irq: Reg<'irq'>): readonly (() => Condition)[];
  /** The entry at the start. */
  boot(machine: ProgramMachine, irq: number, target: Target): void;
  /** Where an entry of these words goes, or why to no CPU, as the end of a sentence. */
  target(machine: ProgramMachine, words: readonly number[]): Target | string;
}

/** An entry whose format may change: it is composed in the image, and stored whole. */
export interface HostFormat extends EntryFormat {
  /** The words of the entry are put into the image; irq_2_ir_lock is held. */
  compose(b: Builder, irq: Reg<'irq'>): void;
}

/** Word 2: who may ask for the entry. */
export const sourceOf = ({ irqs, devices }: Placement, irq: number): number =>
  (devices[irqs[irq]?.device ?? 0]?.requester ?? 0) | VERIFY_SOURCE;

/** Both halves of an entry, the lower one, which says whether it is present, first (races.md vtd-irte-two-halves). */
export function storeHalves(
  b: Builder,
  irte: Irte,
  irq: Reg<'irq'>,
  halves: readonly (readonly [Reg<'u32'>, Reg<'u32'>])[],
  note: string,
): void {
  const entry = b.let('irte', irq);
  halves.forEach((half, i) => b.storePair(irte, entry, 2 * i, half, { note: `${note}, ${i === 0 ? 'lower' : 'upper'} half` }));
}

/** Entries as the kernel keeps them: one that is in posted format, or was, is composed here, and stored whole (D.5). */
export interface IrteImage {
  readonly words: Irte;
  /** What is composed becomes the entry; irq_2_ir_lock is held. */
  store(b: Builder, irq: Reg<'irq'>, note: string): void;
}

/** `lock`: irq_2_ir_lock. */
export function irteImage(d: LinuxData, irte: Irte, lock: Lock, { irteUpdate }: Behaviours): IrteImage {
  const words = d.declarations.variable('irte_entry', 'u32', ['irte', 'word'], { lock });
  return {
    words,
    store(b, irq, note) {
      const entry = b.let('irte', irq);
      if (irteUpdate === 'split') {
        const half = (first: number) => [b.load(words, [entry, first]), b.load(words, [entry, first + 1])] as const;
        storeHalves(b, irte, irq, [half(0), half(2)], note);
      } else b.storeRow(irte, entry, words, entry, `${note}, 16 bytes at once`);
    },
  };
}

/** Of an entry, or of its image, at the start. */
export function bootWords(machine: ProgramMachine, { slot }: Irte, irq: number, words: readonly number[]): void {
  words.forEach((word, i) => machine.setVariable(slot, irq, i, word));
}

/** That of posted MSI. */
export interface PostedFormat extends HostFormat {
  /** As `compose`, but with a destination in place of the descriptor's address: what the kernel keeps of an entry. */
  composeCached(b: Builder, irq: Reg<'irq'>): void;
}

/**
 * D.3.1: vector and destination are in the lower half, which is stored at once; the upper one says whose the entry is, and is stored
 * behind it where it changes: a store of what is there already is left out, as nobody can see it. `image`: where entries may be posted to
 * vCPUs too.
 */
export function remappedFormat(d: LinuxData, irte: Irte, image: IrteImage | undefined, placement: Placement): HostFormat {
  const low = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => b.or('u32', b.shl('u32', b.load(d.apicdVector, [irq]), 16), PRESENT);
  const destination = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => d.destinations.of(b, b.constant('apicId', b.load(d.apicdCpu, [irq])));
  const source = d.declarations.variable('irte_source', 'u32', ['irq'], { class: 'fixed' });
  return {
    write(b, irq, whole) {
      const pair = [low(b, irq), destination(b, irq)] as const;
      b.storePair(irte, b.let('irte', irq), 0, pair, { note: 'remapping entry: new vector and destination' });
      const owner = [b.load(source, [irq]), b.let('u32', 0)] as const;
      b.if(ne(whole, 0), () => b.storePair(irte, b.let('irte', irq), 2, owner, { note: 'remapping entry: who may ask for it' }));
    },
    wrong(b, irq) {
      const entry = b.let('irte', irq);
      const wanted = low(b, irq);
      return [() => ne(b.load(irte, [entry, 0]), wanted), () => ne(b.load(irte, [entry, 1]), destination(b, irq))];
    },
    compose(b, irq) {
      if (image === undefined) return;
      const entry = b.let('irte', irq);
      b.store(image.words, [entry, 0], low(b, irq));
      b.store(image.words, [entry, 1], destination(b, irq));
      b.store(image.words, [entry, 3], 0);
    },
    boot(machine, irq, { cpu, vector }) {
      const apicId = placement.apicIds[cpu] ?? 0;
      const words = [PRESENT | (vector << 16), d.destinations.word(apicId), sourceOf(placement, irq), 0];
      machine.setVariable(source.slot, irq, 0, sourceOf(placement, irq));
      for (const variable of [irte, ...(image ? [image.words] : [])]) bootWords(machine, variable, irq, words);
    },
    target(_, [first = 0, second = 0]) {
      const cpu = placement.apicIds.indexOf(d.destinations.id(second));
      return cpu < 0 ? 'its entry goes to no CPU' : { cpu, vector: (first >>> 16) & 0xff };
    },
  };
}

/** D.3.2: the address of the descriptor of a CPU is in both halves, so an entry is stored whole. */
export function postedFormat(
  d: LinuxData,
  { pid }: NonNullable<LinuxData['postedMsi']>,
  irte: Irte,
  image: IrteImage,
  placement: Placement,
): PostedFormat {
  /** words 1 and 3 of an entry that goes to the CPU's descriptor */
  const address = d.declarations.variable('posted_msi_address', 'u32', ['cpu', 'word'], { class: 'fixed' });
  const low = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => b.or('u32', b.shl('u32', b.load(d.apicdVector, [irq]), 16), POSTED);
  const { words } = image;
  const compose = (b: Builder, irq: Reg<'irq'>): void => {
    const entry = b.let('irte', irq);
    b.store(words, [entry, 0], low(b, irq));
    const cpu = b.load(d.apicdCpu, [irq]);
    for (const word of [1, 3]) b.store(words, [entry, word], b.load(address, [cpu, word]));
  };
  return {
    compose,
    composeCached(b, irq) {
      const entry = b.let('irte', irq);
      b.store(words, [entry, 0], low(b, irq));
      b.store(words, [entry, 1], d.destinations.of(b, b.constant('apicId', b.load(d.apicdCpu, [irq]))));
      b.store(words, [entry, 3], 0);
    },
    write(b, irq) {
      compose(b, irq);
      image.store(b, irq, 'remapping entry: new vector and descriptor');
    },
    wrong(b, irq) {
      const entry = b.let('irte', irq);
      const wanted = low(b, irq);
      const half = (word: number) => () => ne(b.load(irte, [entry, word]), b.load(address, [b.load(d.apicdCpu, [irq]), word]));
      return [() => ne(b.load(irte, [entry, 0]), wanted), half(1), half(3)];
    },
    boot(machine, irq, { cpu, vector }) {
      placement.apicIds.forEach((_, c) => {
        const [first, second] = machine.descriptorAddress(pid.slot, c);
        machine.setVariable(address.slot, c, 1, first);
        machine.setVariable(address.slot, c, 3, second);
      });
      const [first, second] = machine.descriptorAddress(pid.slot, cpu);
      for (const variable of [irte, words])
        bootWords(machine, variable, irq, [POSTED | (vector << 16), first, sourceOf(placement, irq), second]);
    },
    target(machine, [first = 0, second = 0, , fourth = 0]) {
      const cpu = placement.apicIds.findIndex((_, c) => {
        const [one, other] = machine.descriptorAddress(pid.slot, c);
        return one === second && other === fourth;
      });
      return cpu < 0 ? 'its entry goes to no descriptor' : { cpu, vector: (first >>> 16) & 0xff };
    },
  };
}
