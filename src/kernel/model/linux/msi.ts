/** Moving an MSI, an MSI-X, a pin of the IOAPIC without interrupt remapping (linux.md 2.5, 0.1 H6, H7). */
import { any, eq, lt, ne, not, SELF, type Builder, type Reg, type Test } from '../../index.js';
import type { PinEntries } from './ioapic.js';
import { EVENTS, isPin, PINS } from './irqKinds.js';
import type { Chip, ChipParts } from './chip.js';
import { MANAGED_IRQ_SHUTDOWN_VECTOR, Slot, State } from './data.js';
import { OK } from './vector.js';

/** Fixed, edge, asserted (hardware.md C.3.2). */
const DATA_ASSERT = 0x4000;
const ADDRESS_BASE = 0xfee00000;

/** Irqs whose messages go as they are to a LAPIC. */
export function msiChip({ k, d, v, messages, kinds, pins, behaviours, placement }: ChipParts): Chip {
  const { apicIds } = placement;
  const { registers, write: writeMessage } = messages;

  /** w0-w5: every write is a step of its own, and completes in another. */
  const writeMsg = k.routine('__pci_write_msi_msg', { irq: 'irq', dest: 'cpu', vector: 'vector' }, (b, { irq, dest, vector }) => {
    // of a device that sleeps the message is only remembered
    if (d.life) b.if(eq(b.load(d.started, [irq]), State.SUSPENDED), () => b.return());
    registers.write(b as unknown as Builder, irq, {
      address: () => b.or('u32', b.shl('u32', b.constant('apicId', dest), 12), ADDRESS_BASE),
      data: () => b.or('u16', b.let('u16', vector), DATA_ASSERT),
    });
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

  /** The irqs that are moved in two steps, as conditions besides the others; none: all; undefined: no irq is. */
  const twoSteps = (b: Builder, irq: Reg<'irq'>): Test[] | undefined => {
    const { reservable } = registers;
    const isEvent = kinds.is(EVENTS);
    const pci = isEvent ? [not(isEvent(b, irq))] : [];
    switch (behaviours.msiUpdate) {
      case 'direct':
        return undefined;
      case 'twoStep':
        return reservable ? [...pci, not(reservable(b, irq))] : pci;
      case 'twoStepReserved':
        // a managed irq is never reserved
        return reservable && [reservable(b, irq), ...(d.managed ? [not(b.load(d.managed.isManaged, [irq]))] : [])];
    }
  };

  const msiSetAffinity = k.routine(
    'msi_set_affinity',
    { irq: 'irq', mask: 'ref' },
    (b, { irq, mask }) => {
      const old = config(b, irq);
      const ret = b.call(v.apicSetAffinity, { irq, mask });
      b.if(ne(ret, OK), () => b.return(ret));
      const when = twoSteps(b as unknown as Builder, irq);
      if (when === undefined) {
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
          ...when.map((may) => () => not(may)),
          ...(d.life && behaviours.startupAffinity === 'beforeUnmask' ? [() => ne(b.load(d.started, [irq]), State.STARTED)] : []),
        ),
        () => b.call(updateDirect, { irq }),
        () => b.call(updateTwoStep, { irq, oldcpu }),
      );
      b.return(OK);
    },
    { result: 'u8' as const, holds: [d.descLock] },
  );

  const ioapicSetAffinity =
    pins &&
    k.routine(
      'ioapic_set_affinity',
      { irq: 'irq', mask: 'ref' },
      (b, { irq, mask }) => {
        const ret = b.call(v.apicSetAffinity, { irq, mask });
        b.if(eq(ret, OK), () => pins.write(b as unknown as Builder, irq));
        b.return(ret);
      },
      { result: 'u8' as const, holds: [d.descLock] },
    );

  const setAtOnce =
    registers.deferred === true
      ? undefined
      : k.routine(
          'msi_domain_set_affinity',
          { irq: 'irq', mask: 'ref' },
          (b, { irq, mask }) => {
            const ret = b.call(v.apicSetAffinity, { irq, mask });
            b.if(eq(ret, OK), () => b.call(updateDirect, { irq }));
            b.return(ret);
          },
          { result: 'u8' as const, holds: [d.descLock] },
        );

  /** For an irq on a pin, and for any other. */
  const byPin = (b: Builder, irq: Reg<'irq'>, onPin: (entries: PinEntries) => void, others: () => void): void =>
    kinds.choose(b, irq, PINS, { these: () => pins && onPin(pins), others });
  return {
    setAffinity(b, irq, mask) {
      if (ioapicSetAffinity === undefined) return b.call(msiSetAffinity, { irq, mask });
      const ret = b.let('u8', OK);
      byPin(
        b,
        irq,
        () => b.set(ret, b.call(ioapicSetAffinity, { irq, mask })),
        () => b.set(ret, b.call(msiSetAffinity, { irq, mask })),
      );
      return ret;
    },
    setAtOnce: setAtOnce && ((b, irq, mask) => b.call(setAtOnce, { irq, mask })),
    deferred: registers.deferred,
    mask: registers.mask,
    unmask: registers.unmask,
    reservable: registers.reservable,
    pins,
    activate: (b, irq) =>
      byPin(
        b,
        irq,
        (entries) => entries.write(b, irq),
        () => b.call(updateDirect, { irq }),
      ),
    // the IOAPIC keeps its entries
    restore: (b, irq) =>
      byPin(
        b,
        irq,
        () => undefined,
        () => b.call(updateDirect, { irq }),
      ),
    deactivate: (b, irq) =>
      byPin(
        b,
        irq,
        (entries) => entries.clear(b, irq),
        () => b.call(writeMessage, { irq, address: 0, data: 0 }),
      ),
    judge: (b, irq) =>
      byPin(
        b,
        irq,
        (entries) => entries.judge(b, irq),
        () => {
          const dest = b.and('u32', b.shr('u32', b.inspect('sentAddress', [irq]), 12), 0xff);
          b.if(ne(dest, b.and('u32', b.constant('apicId', b.load(d.apicdCpu, [irq])), 0xff)), () => b.flag('inStep', irq));
          b.if(ne(b.and('vector', b.let('vector', b.inspect('sentData', [irq])), 0xff), b.load(d.apicdVector, [irq])), () =>
            b.flag('inStep', irq),
          );
          b.if(ne(b.inspect('sentAddressHigh', [irq]), 0), () => b.flag('inStep', irq));
        },
      ),
    boot(machine, irq, target, masked) {
      if (isPin(kinds.of(irq))) pins?.boot(machine, irq, target, masked);
      else {
        const addrLo = ADDRESS_BASE + (apicIds[target.cpu] ?? 0) * 0x1000;
        registers.boot(machine, irq, { addrLo, data: DATA_ASSERT + target.vector }, masked);
      }
    },
    target(machine, irq) {
      if (pins && isPin(kinds.of(irq))) return pins.target(machine, irq);
      const message = machine.messageOf(irq);
      if (message === undefined) return 'its device sends no message';
      const cpu = apicIds.indexOf((message.addrLo >>> 12) & 0xff);
      return cpu < 0 ? 'its message goes to no CPU' : { cpu, vector: message.data & 0xff };
    },
  };
}
