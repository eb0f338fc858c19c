/** The entry of an irq that is posted to a vCPU (hardware.md D.3.2). */
import type { ProgramMachine } from '../../../machine/index.js';
import { eq, ne, type Builder, type Condition, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import type { LinuxData } from './data.js';
import { bootWords, POSTED, sourceOf, type Irte, type IrteImage } from './irte.js';

/** D.3.2: the descriptor of the vCPU that an irq is posted to, and the guest's vector. */
export interface VcpuFormat {
  /** The words of the entry are put into the image; irq_2_ir_lock is held. */
  compose(b: Builder, irq: Reg<'irq'>, vcpu: Reg<'vcpu'>): void;
  /** Tests of words of the entry: which are not those of an irq that is posted to this vCPU. */
  wrong(b: Builder, irq: Reg<'irq'>, vcpu: Reg<'vcpu'>): readonly (() => Condition)[];
  boot(machine: ProgramMachine, irq: number, vcpu: number): void;
  /** Why an entry of these words does not go to the vCPU, as the end of a sentence; undefined: it does. */
  fault(machine: ProgramMachine, irq: number, vcpu: number, words: readonly number[]): string | undefined;
}

/** `vectors`: of the guest, by irq. */
export function vcpuFormat(
  { pid, address }: NonNullable<LinuxData['vcpus']>,
  irte: Irte,
  { words }: IrteImage,
  vectors: ReadonlyMap<number, number>,
  placement: Placement,
): VcpuFormat {
  const first = Math.min(...vectors.keys());
  const lowOf = (irq: number): number => POSTED | ((vectors.get(irq) ?? 0) << 16);
  const low = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => {
    const word = b.let('u32', lowOf(first));
    for (const each of vectors.keys()) if (each !== first) b.if(eq(irq, each), () => b.set(word, lowOf(each)));
    return word;
  };
  return {
    compose(b, irq, vcpu) {
      const entry = b.let('irte', irq);
      b.store(words, [entry, 0], low(b, irq));
      for (const word of [1, 3]) b.store(words, [entry, word], b.load(address, [vcpu, word]));
    },
    wrong(b, irq, vcpu) {
      const entry = b.let('irte', irq);
      const wanted = low(b, irq);
      const part = (word: number) => () => ne(b.load(irte, [entry, word]), b.load(address, [vcpu, word]));
      return [() => ne(b.load(irte, [entry, 0]), wanted), part(1), part(3)];
    },
    boot(machine, irq, vcpu) {
      const [one, other] = machine.descriptorAddress(pid.slot, vcpu);
      bootWords(machine, irte, irq, [lowOf(irq), one, sourceOf(placement, irq), other]);
    },
    fault(machine, irq, vcpu, [word = 0, second = 0, , fourth = 0]) {
      const [one, other] = machine.descriptorAddress(pid.slot, vcpu);
      const is = word === lowOf(irq) && second === one && fourth === other;
      return is ? undefined : `its entry does not go to the descriptor of vCPU ${vcpu}`;
    },
  };
}
