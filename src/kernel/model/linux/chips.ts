/** The chip of a machine's irqs: one for all, or one of two by irq. */
import { not, type Assembler, type Builder, type Reg, type Test } from '../../index.js';
import type { Placement } from '../model.js';
import type { AmdTable } from './amdVi.js';
import type { Behaviours } from './behaviours.js';
import type { Chip } from './chip.js';
import type { LinuxData } from './data.js';
import type { PinEntries } from './ioapic.js';
import { IrqKind, type IrqKinds } from './irqKinds.js';
import { messageRoutines } from './messages.js';
import { msiChip } from './msi.js';
import { deviceRegisters } from './registers.js';
import { remapChip } from './remap.js';
import { isRemapped } from './target.js';
import { OK, type VectorRoutines } from './vector.js';
import { vtdTable } from './vtd.js';

export function chipOf(
  k: Assembler,
  d: LinuxData,
  v: VectorRoutines,
  kinds: IrqKinds,
  pins: PinEntries | undefined,
  guestVectors: ReadonlyMap<number, number>,
  amd: AmdTable | undefined,
  behaviours: Behaviours,
  placement: Placement,
): Chip {
  const messages = messageRoutines(k, deviceRegisters(placement, kinds, pins, behaviours));
  const parts = { k, d, v, messages, kinds, pins, behaviours, placement };
  if (!isRemapped(placement)) return msiChip(parts);
  const remapped = remapChip(parts, amd ?? vtdTable(k, d, kinds, guestVectors, behaviours, placement));
  const isEvent = kinds.is([IrqKind.DMAR]);
  if (isEvent === undefined) return remapped;
  // the event of a unit is no request to it (hardware.md D.2): its message is for a LAPIC, and moves as without remapping
  const direct = msiChip({ ...parts, pins: undefined, behaviours: { ...behaviours, msiUpdate: 'direct' } });
  return either(isEvent, (irq) => kinds.of(irq) === IrqKind.DMAR, direct, remapped);
}

/** Chip `first` for irqs of which the test holds, in the program and on the host; it waits for interrupts where `second` does not. */
function either(test: (b: Builder, irq: Reg<'irq'>) => Test, isFirst: (irq: number) => boolean, first: Chip, second: Chip): Chip {
  const of = (irq: number): Chip => (isFirst(irq) ? first : second);
  const byIrq =
    (way: 'activate' | 'restore' | 'deactivate' | 'judge') =>
    (b: Builder, irq: Reg<'irq'>): void =>
      b.if(
        test(b, irq),
        () => first[way](b, irq),
        () => second[way](b, irq),
      );
  return {
    setAffinity(b, irq, mask) {
      const ret = b.let('u8', OK);
      b.if(
        test(b, irq),
        () => b.set(ret, first.setAffinity(b, irq, mask)),
        () => b.set(ret, second.setAffinity(b, irq, mask)),
      );
      return ret;
    },
    deferred: test,
    mask: second.mask,
    unmask: second.unmask,
    reservable: second.reservable,
    release: (b, irq) => b.if(not(test(b, irq)), () => second.release?.(b, irq)),
    activate: byIrq('activate'),
    restore: byIrq('restore'),
    deactivate: byIrq('deactivate'),
    pins: second.pins,
    posting: second.posting,
    judge: byIrq('judge'),
    boot: (machine, irq, target, masked) => of(irq).boot(machine, irq, target, masked),
    target: (machine, irq) => of(irq).target(machine, irq),
  };
}
