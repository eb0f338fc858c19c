/** Writing an MSI message, and moving a non-maskable MSI without interrupt remapping (linux.md 2.5). */
import { any, eq, lt, ne, SELF, type Assembler, type Builder, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import type { Chip } from './chip.js';
import { MANAGED_IRQ_SHUTDOWN_VECTOR, Slot, State, type LinuxData } from './data.js';
import { OK, type VectorRoutines } from './vector.js';

/** Fixed, edge, asserted (hardware.md C.3.2). */
const DATA_ASSERT = 0x4000;
const ADDRESS_BASE = 0xfee00000;

/** Writes a whole message, for an irq that comes to life or goes; not while its device sleeps. */
export function messageRoutine(k: Assembler, d: LinuxData, behaviours: Behaviours) {
  return k.routine('pci_msi_domain_write_msg', { irq: 'irq', address: 'u32', data: 'u16' }, (b, { irq, address, data }) => {
    const device = b.constant('deviceOf', irq);
    b.cfgWrite(device, 'control', b.cfgRead(device, 'control', 'reads MSI control'));
    b.cfgWrite(device, 'addrLo', address, 'MSI address');
    b.if(b.constant('addr64', device), () => b.cfgWrite(device, 'addrHi', 0));
    b.cfgWrite(device, 'data', data, 'MSI data');
    if (behaviours.msiReadBack === 'read') b.cfgRead(device, 'control', 'reads MSI control back');
  });
}

/** Plain MSI whose message goes as it is to a LAPIC. */
export function msiChip(k: Assembler, d: LinuxData, v: VectorRoutines, behaviours: Behaviours, { apicIds, irqs }: Placement): Chip {
  /** w0-w5: every write is a step of its own, and completes in another. */
  const writeMsg = k.routine('__pci_write_msi_msg', { irq: 'irq', dest: 'cpu', vector: 'vector' }, (b, { irq, dest, vector }) => {
    // of a device that sleeps the message is only remembered
    if (d.life) b.if(eq(b.load(d.started, [irq]), State.SUSPENDED), () => b.return());
    const device = b.constant('deviceOf', irq);
    b.cfgWrite(device, 'control', b.cfgRead(device, 'control', 'reads MSI control'));
    b.cfgWrite(device, 'addrLo', b.or('u32', b.shl('u32', b.constant('apicId', dest), 12), ADDRESS_BASE), 'MSI address: new destination');
    b.if(b.constant('addr64', device), () => b.cfgWrite(device, 'addrHi', 0));
    b.cfgWrite(device, 'data', b.or('u16', b.let('u16', vector), DATA_ASSERT), 'MSI data: vector');
    if (behaviours.msiReadBack === 'read') b.cfgRead(device, 'control', 'reads MSI control back');
  });

  const updateDirect = k.routine(
    'irq_msi_update_msg',
    { irq: 'irq' },
    (b, { irq }) => {
      const dest = b.load(d.apicdCpu, [irq]);
      const vector = b.load(d.apicdVector, [irq]);
      b.call(writeMsg, { irq, dest, vector });
    },
    { holds: [d.descLock] },
  );

  /** s5-s10: each intermediate state is a destination and vector that the kernel knows. */
  const updateTwoStep = k.routine(
    'msi_set_affinity_two_step',
    { irq: 'irq', oldcpu: 'cpu' },
    (b, { irq, oldcpu }) => {
      b.lock(d.vectorLock, []);
      const vector = b.load(d.apicdVector, [irq]);
      if (behaviours.moveMark === 'mark') {
        b.if(lt(b.load(d.vectorIrq, [SELF, vector]), Slot.FIRST), () =>
          b.store(d.vectorIrq, [SELF, vector], Slot.RETRIGGERED, 'vector_irq of the temporary vector = RETRIGGERED'),
        );
      }
      b.call(writeMsg, { irq, dest: oldcpu, vector });
      const dest = b.load(d.apicdCpu, [irq]);
      b.call(writeMsg, { irq, dest, vector });
      b.unlock(d.vectorLock, []);
      b.if(b.irrBit(vector, 'did one arrive here with the new vector?'), () => b.call(v.apicRetriggerIrq, { irq }));
    },
    { holds: [d.descLock] },
  );

  /** A copy of hw_irq_cfg in one register: the vector in bits 7:0, the target CPU above. */
  const config = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => {
    const vector = b.load(d.apicdVector, [irq]);
    return b.or('u32', b.shl('u32', b.load(d.apicdCpu, [irq]), 8), vector, 'cfg');
  };

  const setAffinity = k.routine(
    'msi_set_affinity',
    { irq: 'irq', mask: 'ref' },
    (b, { irq, mask }) => {
      const old = config(b, irq);
      const ret = b.call(v.apicSetAffinity, { irq, mask });
      b.if(ne(ret, OK), () => b.return(ret));
      // without mask bits no irq can be reserved
      if (behaviours.msiUpdate !== 'twoStep') {
        b.call(updateDirect, { irq });
        b.return(OK);
        return;
      }
      const changed = b.xor('u32', config(b, irq), old);
      const oldcpu = b.let('cpu', b.shr('u32', old, 8));
      // s3 and s4: nothing can tear, or the move does not run on the old target
      b.if(
        any(
          eq(b.and('u32', old, 0xff), MANAGED_IRQ_SHUTDOWN_VECTOR),
          eq(b.and('u32', changed, 0xff), 0),
          eq(b.shr('u32', changed, 8), 0),
          ne(oldcpu, SELF),
          ...(d.life && behaviours.startupAffinity === 'beforeUnmask' ? [() => ne(b.load(d.started, [irq]), State.STARTED)] : []),
        ),
        () => b.call(updateDirect, { irq }),
        () => b.call(updateTwoStep, { irq, oldcpu }),
      );
      b.return(OK);
    },
    { result: 'u8' as const, holds: [d.descLock] },
  );

  const writeMessage = messageRoutine(k, d, behaviours);
  const deviceOf = (irq: number): number => irqs[irq]?.device ?? 0;
  return {
    setAffinity,
    deferred: true,
    activate: (b, irq) => b.call(updateDirect, { irq }),
    deactivate: (b, irq) => b.call(writeMessage, { irq, address: 0, data: 0 }),
    judge(b, irq) {
      const device = b.constant('deviceOf', irq);
      const dest = b.and('u32', b.shr('u32', b.cfgRead(device, 'addrLo'), 12), 0xff);
      b.if(ne(dest, b.and('u32', b.constant('apicId', b.load(d.apicdCpu, [irq])), 0xff)), () => b.flag('inStep', irq));
      b.if(ne(b.and('vector', b.let('vector', b.cfgRead(device, 'data')), 0xff), b.load(d.apicdVector, [irq])), () =>
        b.flag('inStep', irq),
      );
      b.if(ne(b.cfgRead(device, 'addrHi'), 0), () => b.flag('inStep', irq));
    },
    boot(machine, irq, { cpu, vector }) {
      const addrLo = ADDRESS_BASE + (apicIds[cpu] ?? 0) * 0x1000;
      machine.setDevice(deviceOf(irq), { control: 1, addrLo, addrHi: 0, data: DATA_ASSERT + vector });
    },
    target(machine, irq) {
      const msi = machine.msiOf(deviceOf(irq));
      const cpu = apicIds.indexOf((msi.addrLo >>> 12) & 0xff);
      return cpu < 0 ? 'its message goes to no CPU' : { cpu, vector: msi.data & 0xff };
    },
  };
}
