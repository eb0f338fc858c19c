/**
 * Where a device keeps an irq's message: its MSI capability in config space, or an entry of its MSI-X table (linux.md 2.5). A
 * machine whose devices are of one kind has the code of that kind only.
 *
 * An irq is masked at its device exactly while an event of it is kept back (PENDING), besides the moves that mask it themselves:
 * what the kernel keeps as IRQD_IRQ_MASKED is derived. An entry of MSI-X is never written while it is not masked, but where
 * versions before 5.14 start an irq; so that these versions mask it around the write shows nowhere.
 */
import { any, eq, not, type Builder, type Reg, type Test } from '../../index.js';
import type { FunctionModel, ProgramMachine } from '../../../machine/index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import type { PinEntries } from './ioapic.js';
import { EVENTS, IrqKind, PINS, type IrqKinds } from './irqKinds.js';

/** What is written: each is asked for where it is used. */
interface Message {
  readonly address: () => Reg<'u32'> | number;
  readonly data: () => Reg<'u16'> | number;
}

export interface Registers {
  /** All registers of an irq's message, in the kernel's order; of none on a pin. */
  write(b: Builder, irq: Reg<'irq'>, message: Message): void;
  /** Undefined: no device has mask bits. */
  readonly mask: ((b: Builder, irq: Reg<'irq'>) => void) | undefined;
  readonly unmask: ((b: Builder, irq: Reg<'irq'>) => void) | undefined;
  /** As `Chip.deferred`: an HPET's is moved where that is asked for. */
  readonly deferred: true | ((b: Builder, irq: Reg<'irq'>) => Test);
  /** Whether an irq can be without a vector until it is requested: its message can be masked. `undefined`: none can. */
  readonly reservable: ((b: Builder, irq: Reg<'irq'>) => Test) | undefined;
  boot(machine: ProgramMachine, irq: number, message: { readonly addrLo: number; readonly data: number }, masked: boolean): void;
}

type Way = (device: Reg<'device'>) => void;

const MSI_ENABLE = 1;
const MSIX_ENABLE = 0x8000;

/** Without a vector until somebody has it (linux.md 2.11): its message can be masked. */
export function isReservable({ chipset, msi, msix }: FunctionModel): boolean {
  return chipset === 'pins' || msix !== undefined || msi?.maskable === true;
}

export function deviceRegisters(
  { devices, irqs }: Placement,
  kinds: IrqKinds,
  pins: PinEntries | undefined,
  behaviours: Behaviours,
): Registers {
  const has = { msix: devices.some(({ msix }) => msix), msi: devices.some(({ msi, msix }) => msi && !msix) };
  const reservable = devices.some(isReservable);
  // of several messages none is masked alone
  const maskable = devices.some(({ msi, msix, chipset }) => chipset ?? msix ?? (msi?.maskable && msi.vectors === 1));
  const plain = devices.some((device) => !isReservable(device));
  const several = devices.some(({ msi, msix }) => !msix && msi !== undefined && msi.vectors > 1);

  /** For an irq of either kind; the test only where there are both. */
  const byCapability = (b: Builder, device: Reg<'device'>, msix: () => void, msi: () => void): void => {
    if (has.msix && has.msi) b.if(b.constant('isMsix', device), msix, msi);
    else if (has.msix) msix();
    else msi();
  };

  const byKind = (b: Builder, irq: Reg<'irq'>, ways: { event: Way; msix: Way; msi: Way }): void => {
    const device = b.constant('deviceOf', irq);
    kinds.choose(b, irq, EVENTS, {
      these: () => ways.event(device),
      others: () =>
        byCapability(
          b,
          device,
          () => ways.msix(device),
          () => ways.msi(device),
        ),
    });
  };

  const setMask = (masked: boolean) => (b: Builder, irq: Reg<'irq'>) =>
    kinds.choose(b, irq, PINS, {
      these: () => (masked ? pins?.mask(b, irq) : pins?.unmask(b, irq)),
      others: () => maskMessage(b, irq, masked),
    });
  const maskMessage = (b: Builder, irq: Reg<'irq'>, masked: boolean): void => {
    const value = masked ? 1 : 0;
    byKind(b, irq, {
      event: (device) => b.mmioWrite(device, 0, 'control', value, masked ? 'masks the event' : 'unmasks the event'),
      msix(device) {
        const entry = b.constant('messageOf', irq);
        b.mmioWrite(device, entry, 'control', value, masked ? 'masks the entry' : 'unmasks the entry');
        if (masked && behaviours.msiReadBack === 'read') b.mmioRead(device, entry, 'addrLo', 'reads the table: the mask has arrived');
      },
      msi: (device) =>
        b.if(b.constant('hasMask', device), () => b.cfgWrite(device, 'mask', value, masked ? 'masks the message' : 'unmasks it')),
    });
  };

  /** Several messages of a device have one set of registers, which is written for the first of its irqs alone. */
  const ofAll = (b: Builder, irq: Reg<'irq'>, body: () => void): void => {
    if (several) b.if(eq(b.constant('messageOf', irq), 0), body);
    else body();
  };

  const isHpet = kinds.is([IrqKind.HPET]);
  return {
    write(b, irq, { address, data }) {
      byKind(b, irq, {
        // the opposite order of a PCI device
        event(device) {
          b.mmioWrite(device, 0, 'data', b.let('u32', data()), 'event data');
          b.mmioWrite(device, 0, 'addrLo', address(), 'event address');
          const isDmar = kinds.is([IrqKind.DMAR]);
          if (isDmar) b.if(isDmar(b, irq), () => b.mmioWrite(device, 0, 'addrHi', 0, 'event address, upper half'));
        },
        msix(device) {
          const entry = b.constant('messageOf', irq);
          b.mmioWrite(device, entry, 'addrLo', address(), 'entry address');
          b.mmioWrite(device, entry, 'addrHi', 0, 'entry address, upper half');
          b.mmioWrite(device, entry, 'data', b.let('u32', data()), 'entry data');
          if (behaviours.msiReadBack === 'read') b.mmioRead(device, entry, 'data', 'reads the entry back');
        },
        msi: (device) =>
          ofAll(b, irq, () => {
            b.cfgWrite(device, 'control', b.cfgRead(device, 'control', 'reads MSI control'));
            b.cfgWrite(device, 'addrLo', address(), 'MSI address: new destination');
            b.if(b.constant('addr64', device), () => b.cfgWrite(device, 'addrHi', 0));
            b.cfgWrite(device, 'data', data(), 'MSI data: vector');
            if (behaviours.msiReadBack === 'read') b.cfgRead(device, 'control', 'reads MSI control back');
          }),
      });
    },
    mask: maskable ? setMask(true) : undefined,
    unmask: maskable ? setMask(false) : undefined,
    deferred: isHpet ? (b, irq) => not(isHpet(b, irq)) : true,
    reservable: reservable
      ? (b, irq) => {
          if (!plain) return eq(0, 0);
          const device = (): Reg<'device'> => b.constant('deviceOf', irq);
          const isPin = kinds.is(PINS);
          return any(
            () => b.constant('isMsix', device()),
            () => b.constant('hasMask', device()),
            ...(isPin ? [() => isPin(b, irq)] : []),
          );
        }
      : undefined,
    boot(machine, irq, { addrLo, data }, masked) {
      const { device = 0, message = 0 } = irqs[irq] ?? {};
      const model = devices[device];
      if (model?.chipset) {
        machine.setChipset(device, { addrLo, addrHi: 0, data, masked });
        return;
      }
      if (model?.msix) {
        machine.setMsix(device, MSIX_ENABLE);
        machine.setEntry(device, message, { addrLo, addrHi: 0, data, masked });
        return;
      }
      // all messages of a device have one address; they differ in the lowest bits of their data
      if (message > 0) return;
      const enabled = Math.log2(model?.msi?.vectors ?? 1) << 4;
      machine.setDevice(device, { control: MSI_ENABLE | enabled, addrLo, addrHi: 0, data, mask: masked && model?.msi?.maskable ? 1 : 0 });
    },
  };
}
