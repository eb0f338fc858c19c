/** A kernel with posted MSI on bare metal (hardware.md E.5): a descriptor a CPU, and a handler of notifications that harvests it. */
import { all, eq, harvest, SELF, type Assembler, type Builder, type Declarations, type Reg } from '../../src/kernel/index.js';
import { ANV, control, invalidate, postedEntry, remapAll, remapping, setControl, setRow, VECTOR } from './posted.js';
import { operation, type ToyKernel } from './toy.js';

export interface PostedMsiVariant {
  /** what the handler of the notification does with PIR and ON, in this order */
  readonly handler?: readonly ('harvest' | 'clear')[];
  /** the irq moves to CPU 1: its entry gets a pointer to another descriptor, in one store or in two */
  readonly move?: 'whole' | 'halves';
  /** behind the move CPU 0 forgets the vector: once it is in its PIR no more, or at once */
  readonly cleanup?: 'pir' | 'at once';
  /** somebody sends the vector itself, and its handler writes EOI, or leaves that to the handler of a notification */
  readonly retrigger?: 'eoi' | 'no eoi';
}

/** The kernel: descriptor c belongs to CPU c. */
export function postedMsiKernel({ handler = ['harvest', 'clear', 'harvest'], move, cleanup, retrigger }: PostedMsiVariant) {
  return (k: Assembler, d: Declarations): ToyKernel => {
    const table = remapping(d);
    const pid = d.descriptors('posted_msi_pid', 'cpu');
    const known = d.variable('known', 'bool', ['cpu'], { initial: () => 1 });
    const dispatch = (b: Builder, vector: Reg<'vector'>): void =>
      b.if(
        all(eq(vector, VECTOR), () => b.load(known, [SELF])),
        () => b.serve(0, 0),
        () => b.flag('noStray', vector),
      );
    const notification = k.routine('posted_msi_notification', { vector: 'vector' }, (b) => {
      for (const what of handler) {
        if (what === 'clear') b.clearOn(pid, SELF);
        else harvest(b as unknown as Builder, pid, SELF, (vector) => dispatch(b as unknown as Builder, vector));
      }
      b.lapicWrite('eoi', 0);
      b.iret();
    });
    const direct = k.routine('common_interrupt', { vector: 'vector' }, (b, { vector }) => {
      dispatch(b as unknown as Builder, vector);
      if (retrigger !== 'no eoi') b.lapicWrite('eoi', 0);
      b.iret();
    });
    const moves = operation(k, 'move_irq', (b) => {
      b.cli();
      if (move === 'whole') b.storeRow(table.irte, 0, table.entries, 1);
      else {
        const word = (i: number): Reg<'u32'> => b.load(table.entries, [1, i]);
        b.storePair(table.irte, 0, 0, [word(0), word(1)]);
        b.storePair(table.irte, 0, 2, [word(2), word(3)]);
      }
      invalidate(b, table);
      if (cleanup === 'at once') b.store(known, [SELF], 0);
      b.sti();
      if (cleanup !== 'pir') return;
      b.waitEq(pid, [SELF, VECTOR >> 5], 0);
      b.store(known, [SELF], 0);
    });
    const retriggers = operation(k, 'retrigger', (b) => b.ipi(0, VECTOR));
    return {
      handlers: { [ANV]: notification, [VECTOR]: direct },
      operations: [
        ...(move === undefined ? [] : [{ cpu: 0, routine: moves }]),
        ...(retrigger === undefined ? [] : [{ cpu: 1, routine: retriggers }]),
      ],
      boot: (machine) => {
        remapAll(machine, table);
        for (const c of [0, 1]) {
          const entry = postedEntry(machine.descriptorAddress(pid.slot, c));
          setRow(machine, table.entries, c, entry);
          if (c === 0) setRow(machine, table.irte, 0, entry);
          setControl(machine, pid, c, control(), c);
        }
      },
    };
  };
}
