/**
 * Moving a remapped interrupt (linux.md 2.6 b, VT-d): the device is left alone, its entry in the remapping table changes, and what
 * units have cached of it is invalidated before the old vector is given up.
 */
import { ne, not, SELF, type Assembler, type Builder, type Declarations, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import type { Chip } from './chip.js';
import type { PinEntries } from './ioapic.js';
import { postedFormat, remappedFormat, storeHalves, type EntryFormat } from './irte.js';
import { IrqKind, isPin, PINS, type IrqKinds } from './irqKinds.js';
import { State, type LinuxData } from './data.js';
import type { Messages } from './msi.js';
import { OK, type VectorRoutines } from './vector.js';

/** Descriptors (hardware.md D.4.1, D.4.2): invalidate by index; wait with a status write. */
const IEC_INDEX = 0x14;
const WAIT_STATUS = 0x25;
const DONE = 1;
const IN_USE = 2;
/** A remappable request (hardware.md C.3.1) with a subhandle. */
const REMAPPABLE = 0xfee00018;

/** Entries of the tables for so many irqs: a power of two, at least 2. */
export function irtesFor(irqs: number): number {
  return 2 ** Math.max(1, Math.ceil(Math.log2(irqs)));
}

/** All units share one table; an irq has the entry of its number. */
function declareRemapping(d: Declarations) {
  const ir2Lock = d.lock('irq_2_ir_lock', []);
  return {
    ir2Lock,
    queueLock: d.lock('q_lock', []),
    irte: d.variable('irte', 'u32', ['irte', 'word'], { dma: true }),
    queueStatus: d.variable('qi_desc_status', 'u32', ['cpu'], {
      dma: true,
      bits: 2,
      values: { names: { FREE: 0, DONE, IN_USE } },
    }),
    unit: d.variable('ir_unit', 'u8', ['irq'], { class: 'fixed' }),
  };
}

export function remapChip(
  k: Assembler,
  d: LinuxData,
  v: VectorRoutines,
  messages: Messages,
  kinds: IrqKinds,
  pins: PinEntries | undefined,
  behaviours: Behaviours,
  placement: Placement,
): Chip {
  const { irqs, units = [] } = placement;
  const { registers, write: writeMessage } = messages;
  const r = declareRemapping(d.declarations);
  /** The queue is locked while descriptors are put; its hardware works on whoever waits. */
  const qiSubmitSync = k.routine(
    'qi_submit_sync',
    { irq: 'irq' },
    (b, { irq }) => {
      const unit = b.load(r.unit, [irq]);
      const index = behaviours.iecIndex === 'entry' ? irq : 0;
      b.lock(r.queueLock, []);
      b.store(r.queueStatus, [SELF], IN_USE);
      b.atomic(() => {
        b.queuePut(unit, IEC_INDEX, index);
        b.queuePut(unit, WAIT_STATUS, DONE, [r.queueStatus, SELF]);
        b.queueTail(unit, 'queue tail: invalidate the entry, and a wait behind it');
      });
      b.unlock(r.queueLock, []);
      if (behaviours.iecWait === 'wait') b.waitEq(r.queueStatus, [SELF], DONE, 'waits until the invalidation is complete');
    },
    { holds: [r.ir2Lock] },
  );

  const remapped = remappedFormat(d, r.irte, placement);
  const posted = d.postedMsi && postedFormat(d, d.postedMsi, r.irte, r.ir2Lock, behaviours, placement);
  /** For an irq whose entry is in this format: only messages of PCI devices are posted. */
  const byFormat = (b: Builder, irq: Reg<'irq'>, then: (format: EntryFormat) => void): void => {
    if (posted) kinds.choose(b, irq, [IrqKind.PCI], { these: () => then(posted), others: () => then(remapped) });
    else then(remapped);
  };
  const formatOf = (irq: number): EntryFormat => (posted && kinds.of(irq) === IrqKind.PCI ? posted : remapped);

  const modifyIrte = k.routine(
    'modify_irte',
    { irq: 'irq', whole: 'bool' },
    (b, { irq, whole }) => {
      b.lock(r.ir2Lock, []);
      byFormat(b, irq, (format) => format.write(b, irq, whole));
      if (behaviours.iecFlush === 'flush') b.call(qiSubmitSync, { irq });
      b.unlock(r.ir2Lock, []);
    },
    { holds: [d.descLock] },
  );

  const clearIrte = k.routine(
    'clear_entries',
    { irq: 'irq' },
    (b, { irq }) => {
      b.lock(r.ir2Lock, []);
      const zeros = [b.let('u32', 0), b.let('u32', 0)] as const;
      storeHalves(b, r.irte, irq, [zeros, zeros], 'remapping entry: not present');
      if (behaviours.iecFlush === 'flush') b.call(qiSubmitSync, { irq });
      b.unlock(r.ir2Lock, []);
    },
    { holds: [d.descLock] },
  );
  /** The entry that a device asks for: of one with several messages that of the first, to which it adds their number. */
  const several = placement.devices.some(({ msi }) => msi !== undefined && msi.vectors > 1);
  const requestOf = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => {
    const first = several ? b.let('irq', irq) : irq;
    if (several)
      b.if(not(b.constant('isMsix', b.constant('deviceOf', irq))), () => b.set(first, b.sub('irq', irq, b.constant('messageOf', irq))));
    return b.or('u32', b.shl('u32', first, 5), REMAPPABLE);
  };

  /** The old vector is cleaned up at once: behind the flush, nothing arrives there any more. */
  const intelIrSetAffinity = k.routine(
    'intel_ir_set_affinity',
    { irq: 'irq', mask: 'ref' },
    (b, { irq, mask }) => {
      const ret = b.call(v.apicSetAffinity, { irq, mask });
      b.if(ne(ret, OK), () => b.return(ret));
      b.call(modifyIrte, { irq, whole: 0 });
      v.sendCleanup(b, irq);
      b.return(OK);
    },
    { result: 'u8' as const, holds: [d.descLock] },
  );

  const deviceOf = (irq: number): number => irqs[irq]?.device ?? 0;
  const unitOf = (irq: number): number => units[deviceOf(irq)] ?? 0;
  /** For an irq on a pin, and for any other. */
  const byPin = (b: Builder, irq: Reg<'irq'>, onPin: (entries: PinEntries) => void, others: () => void): void =>
    kinds.choose(b, irq, PINS, { these: () => pins && onPin(pins), others });
  const writeRequest = (b: Builder, irq: Reg<'irq'>): void =>
    b.if(ne(b.load(d.started, [irq]), State.SUSPENDED), () => b.call(writeMessage, { irq, address: requestOf(b, irq), data: 0 }));
  return {
    setAffinity: (b, irq, mask) => b.call(intelIrSetAffinity, { irq, mask }),
    deferred: false,
    mask: registers.mask,
    unmask: registers.unmask,
    reservable: registers.reservable,
    pins,
    // the entry is there before anything can ask for it
    activate(b, irq) {
      b.call(modifyIrte, { irq, whole: 1 });
      byPin(
        b,
        irq,
        (entries) => entries.write(b, irq),
        () => writeRequest(b, irq),
      );
    },
    restore: (b, irq) =>
      byPin(
        b,
        irq,
        () => undefined,
        () => writeRequest(b, irq),
      ),
    deactivate(b, irq) {
      byPin(
        b,
        irq,
        (entries) => entries.clear(b, irq),
        () => b.call(writeMessage, { irq, address: 0, data: 0 }),
      );
      b.call(clearIrte, { irq });
    },
    // the entry is cleared once more, whatever it is (recorded)
    release: (b, irq) => b.call(clearIrte, { irq }),
    // the device asks for its entry, and that says what the kernel believes
    judge(b, irq) {
      byPin(
        b,
        irq,
        (entries) => entries.judge(b, irq),
        () => b.if(ne(b.inspect('sentAddress', [irq]), requestOf(b, irq)), () => b.flag('inStep', irq)),
      );
      byFormat(b, irq, (format) => {
        for (const wrong of format.wrong(b, irq)) b.if(wrong, () => b.flag('inStep', irq));
      });
    },
    boot(machine, irq, target, masked) {
      formatOf(irq).boot(machine, irq, target);
      machine.setVariable(r.unit.slot, irq, 0, unitOf(irq));
      const { message = 0 } = irqs[irq] ?? {};
      if (isPin(kinds.of(irq))) pins?.boot(machine, irq, target, masked);
      else registers.boot(machine, irq, messageFor(placement.devices[deviceOf(irq)]?.msix ? irq : irq - message), masked);
      machine.setUnit(unitOf(irq), { table: r.irte.slot, size: Math.log2(irtesFor(irqs.length)), extended: false });
    },
    // what is cached comes before what memory says
    target(machine, irq) {
      return formatOf(irq).target(machine, machine.cachedEntry(unitOf(irq), irq) ?? machine.tableEntry(unitOf(irq), irq));
    },
  };
}

/** The message that asks for entry `index`. */
function messageFor(index: number): { readonly addrLo: number; readonly addrHi: number; readonly data: number } {
  return { addrLo: (REMAPPABLE | ((index & 0x7fff) << 5)) >>> 0, addrHi: 0, data: 0 };
}
