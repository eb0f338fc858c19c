/** Messages of an irq are posted to a vCPU, and no more (linux.md 2.6; hardware.md D.5, E.4): what irq_set_vcpu_affinity does. */
import type { Assembler, Builder, Lock, Reg } from '../../index.js';
import type { Posting } from './chip.js';
import type { LinuxData } from './data.js';
import type { IrteImage } from './irte.js';
import type { VcpuFormat } from './vcpuEntry.js';

/** `compose`: the words of the entry that the irq has for the host; `flush`: what is cached of it is invalidated. irq_2_ir_lock is held. */
export function postingRoutines(
  k: Assembler,
  d: LinuxData,
  { postedTo }: NonNullable<LinuxData['vcpus']>,
  format: VcpuFormat,
  image: IrteImage,
  lock: Lock<readonly []>,
  compose: (b: Builder, irq: Reg<'irq'>) => void,
  flush: (b: Builder, irq: Reg<'irq'>) => void,
): Posting {
  const change = (b: Builder, irq: Reg<'irq'>, note: string, words: () => void): void => {
    b.lock(lock, []);
    words();
    image.store(b, irq, note);
    flush(b, irq);
    b.unlock(lock, []);
  };
  const post = k.routine(
    'intel_ir_set_vcpu_affinity',
    { irq: 'irq', vcpu: 'vcpu' },
    (routine, { irq, vcpu }) => {
      const b = routine as unknown as Builder;
      b.store(postedTo, [irq], b.add('vcpu', vcpu, 1));
      change(b, irq, 'remapping entry: descriptor of the vCPU', () => format.compose(b, irq, vcpu));
    },
    { holds: [d.descLock] },
  );
  // PIR is not looked at: what has been posted is for the next VM entry
  const unpost = k.routine(
    'intel_ir_set_vcpu_affinity_none',
    { irq: 'irq' },
    (routine, { irq }) => {
      const b = routine as unknown as Builder;
      b.store(postedTo, [irq], 0);
      change(b, irq, 'remapping entry: that of the host', () => compose(b, irq));
    },
    { holds: [d.descLock] },
  );
  return {
    post: (b, irq, vcpu) => {
      b.call(post, { irq, vcpu });
    },
    unpost: (b, irq) => {
      b.call(unpost, { irq });
    },
  };
}

/** The operations that do so, from a task. */
export function postingOperations(k: Assembler, d: LinuxData, posting: Posting) {
  const locked = (b: Builder, irq: Reg<'irq'>, body: () => void): void => {
    b.cli();
    b.lock(d.descLock, [irq]);
    body();
    b.unlock(d.descLock, [irq]);
    b.restoreFlags(b.let('bool', 1));
  };
  return {
    post: k.routine('irq_set_vcpu_affinity', { op: 'u8', irq: 'irq', vcpu: 'vcpu' }, (routine, { op, irq, vcpu }) => {
      const b = routine as unknown as Builder;
      locked(b, irq, () => posting.post(b, irq, vcpu));
      b.opEnd(op);
      b.end();
    }),
    unpost: k.routine('irq_set_vcpu_affinity_none', { op: 'u8', irq: 'irq' }, (routine, { op, irq }) => {
      const b = routine as unknown as Builder;
      locked(b, irq, () => posting.unpost(b, irq));
      b.opEnd(op);
      b.end();
    }),
  };
}
