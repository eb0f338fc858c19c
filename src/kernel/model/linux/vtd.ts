/**
 * The table of VT-d units (linux.md 2.6 b, hardware.md D): all of them share one, in which an irq has the entry of its number; what one has
 * cached of an entry is invalidated by its index.
 */
import { eq, ne, not, SELF, type Assembler, type Builder, type Condition, type Declarations, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';
import { IrqKind, type IrqKinds } from './irqKinds.js';
import { irteImage, postedFormat, remappedFormat, storeHalves, type HostFormat } from './irte.js';
import { postingRoutines } from './posting.js';
import type { RemapTable } from './remapTable.js';
import { vcpuFormat } from './vcpuEntry.js';

/** Descriptors (hardware.md D.4.1, D.4.2): invalidate by index; wait with a status write. */
const IEC_INDEX = 0x14;
const WAIT_STATUS = 0x25;
const DONE = 1;
const IN_USE = 2;
/** A remappable request (hardware.md C.3.1) with a subhandle. */
const REMAPPABLE = 0xfee00018;

/** Entries of the table: a power of two, at least 2. */
export function vtdEntries({ irqs, entries }: Placement): number {
  return entries ?? 2 ** Math.max(1, Math.ceil(Math.log2(irqs.length)));
}

function declareVtd(d: Declarations) {
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

/** `guestVectors`: by irq, of those that are ever posted to a vCPU. */
export function vtdTable(
  k: Assembler,
  d: LinuxData,
  kinds: IrqKinds,
  guestVectors: ReadonlyMap<number, number>,
  behaviours: Behaviours,
  placement: Placement,
): RemapTable {
  const { irqs, units = [], devices } = placement;
  const r = declareVtd(d.declarations);
  /** The queue is locked while descriptors are put; its hardware works on whoever waits. */
  const qiSubmitSync = k.routine(
    'qi_submit_sync',
    { irq: 'irq' },
    (b, { irq }) => {
      const unit = b.load(r.unit, [irq]);
      const index = behaviours.iecIndex === 'entry' ? irq : 0;
      b.lock(r.queueLock, []);
      if (behaviours.iecStatus === 'reset') b.store(r.queueStatus, [SELF], IN_USE);
      const wait = (): void => b.queuePut(unit, WAIT_STATUS, DONE, [r.queueStatus, SELF]);
      b.atomic(() => {
        if (behaviours.iecWait === 'before') wait();
        b.queuePut(unit, IEC_INDEX, index);
        if (behaviours.iecWait !== 'before') wait();
        b.queueTail(unit, `queue tail: invalidate the entry, and a wait ${behaviours.iecWait === 'before' ? 'in front of' : 'behind'} it`);
      });
      b.unlock(r.queueLock, []);
      if (behaviours.iecWait !== 'none') b.waitEq(r.queueStatus, [SELF], DONE, 'waits until the invalidation is complete');
    },
    { holds: [r.ir2Lock] },
  );

  const { vcpus, pi } = d;
  const image = d.postedMsi || vcpus ? irteImage(d, r.irte, r.ir2Lock, behaviours) : undefined;
  const remapped = remappedFormat(d, r.irte, vcpus && image, placement);
  const posted = d.postedMsi && image && postedFormat(d, d.postedMsi, r.irte, image, placement);
  /** For an irq whose entry is in this format: only messages of PCI devices are posted. */
  const byFormat = (b: Builder, irq: Reg<'irq'>, then: (format: HostFormat) => void): void => {
    if (posted) kinds.choose(b, irq, [IrqKind.PCI], { these: () => then(posted), others: () => then(remapped) });
    else then(remapped);
  };
  const formatOf = (irq: number): HostFormat => (posted && kinds.of(irq) === IrqKind.PCI ? posted : remapped);

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

  const toVcpu = pi && image && vcpuFormat(pi, r.irte, image, guestVectors, placement);
  /** Where the entry is that of the host, and where it is that of a vCPU. */
  const byOwner = (b: Builder, irq: Reg<'irq'>, host: () => void, guest: (vcpu: Reg<'vcpu'>) => void): void => {
    if (!vcpus) return host();
    const vcpu = b.load(vcpus.postedTo, [irq]);
    b.if(eq(vcpu, 0), host, () => guest(b.sub('vcpu', vcpu, 1)));
  };
  const composeHost = (b: Builder, irq: Reg<'irq'>): void =>
    byFormat(b, irq, (format) => {
      if (format === posted && behaviours.unpostEntry === 'cached') posted.composeCached(b, irq);
      else format.compose(b, irq);
    });
  const flush = (b: Builder, irq: Reg<'irq'>): void => {
    if (behaviours.iecFlush === 'flush') b.call(qiSubmitSync, { irq });
  };
  const posting = vcpus && toVcpu && postingRoutines(k, d, vcpus, toVcpu, image, r.ir2Lock, composeHost, flush);

  const several = devices.some(({ msi }) => msi !== undefined && msi.vectors > 1);
  /** Of a device with several MSI the first, to which it adds their number. */
  const requestAddress = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => {
    const first = several ? b.let('irq', irq) : irq;
    if (several)
      b.if(not(b.constant('isMsix', b.constant('deviceOf', irq))), () => b.set(first, b.sub('irq', irq, b.constant('messageOf', irq))));
    return b.or('u32', b.shl('u32', first, 5), REMAPPABLE);
  };

  const unitOf = (irq: number): number => units[irqs[irq]?.device ?? 0] ?? 0;
  return {
    setAffinity: 'intel_ir_set_affinity',
    change(b, irq) {
      const modify = (): void => b.call(modifyIrte, { irq, whole: 0 });
      if (posted && behaviours.postedVcpuMove === 'overwrite') modify();
      else byOwner(b, irq, modify, () => undefined);
    },
    activate: (b, irq) => b.call(modifyIrte, { irq, whole: 1 }),
    deactivate: (b, irq) => b.call(clearIrte, { irq }),
    // the entry is cleared once more, whatever it is (recorded)
    release: (b, irq) => b.call(clearIrte, { irq }),
    requestAddress,
    requestData: () => 0,
    request(irq) {
      const { device = 0, message = 0 } = irqs[irq] ?? {};
      const index = devices[device]?.msix ? irq : irq - message;
      return { addrLo: (REMAPPABLE | ((index & 0x7fff) << 5)) >>> 0, data: 0 };
    },
    judgeRequest: (b, irq) => b.if(ne(b.inspect('sentAddress', [irq]), requestAddress(b, irq)), () => b.flag('inStep', irq)),
    judgeEntry(b, irq) {
      const flag = (tests: readonly (() => Condition)[]): void => {
        for (const wrong of tests) b.if(wrong, () => b.flag('inStep', irq));
      };
      byOwner(
        b,
        irq,
        () => byFormat(b, irq, (format) => flag(format.wrong(b, irq))),
        (vcpu) => toVcpu && flag(toVcpu.wrong(b, irq, vcpu)),
      );
    },
    posting,
    boot(machine, irq, target) {
      formatOf(irq).boot(machine, irq, target);
      const vcpu = irqs[irq]?.vcpu;
      if (vcpu !== undefined) toVcpu?.boot(machine, irq, vcpu);
      machine.setVariable(r.unit.slot, irq, 0, unitOf(irq));
      machine.setUnit(unitOf(irq), { table: r.irte.slot, size: Math.log2(vtdEntries(placement)), extended: d.destinations.extended });
    },
    // what is cached comes before what memory says
    target(machine, irq) {
      const words = machine.cachedEntry(unitOf(irq), irq) ?? machine.tableEntry(unitOf(irq), irq);
      const vcpu = vcpus ? machine.variable(vcpus.postedTo.slot, irq) : 0;
      return vcpu > 0 && toVcpu ? toVcpu.fault(machine, irq, vcpu - 1, words) : formatOf(irq).target(machine, words);
    },
  };
}
