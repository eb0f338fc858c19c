/**
 * Where a device keeps an irq's message: its MSI capability in config space, or an entry of its MSI-X table (linux.md 2.5). A
 * machine whose devices are of one kind has the code of that kind only.
 *
 * An irq is masked at its device exactly while an event of it is kept back (PENDING), besides the moves that mask it themselves:
 * what the kernel keeps as IRQD_IRQ_MASKED is derived. An entry of MSI-X is never written while it is not masked, but where
 * versions before 5.14 start an irq; so that these versions mask it around the write shows nowhere.
 */
import type { ProgramMachine } from '../../../machine/index.js';
import { all, any, type Builder, type Condition, type Reg, type Test } from '../../index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';

/** What is written: each is asked for where it is used. */
interface Message {
  readonly address: () => Reg<'u32'> | number;
  readonly data: () => Reg<'u16'> | number;
}

export interface Registers {
  /** All registers of an irq's message, in the kernel's order. */
  write(b: Builder, irq: Reg<'irq'>, message: Message): void;
  /** Undefined: no device has mask bits. */
  readonly mask: ((b: Builder, irq: Reg<'irq'>) => void) | undefined;
  readonly unmask: ((b: Builder, irq: Reg<'irq'>) => void) | undefined;
  /** Whether an irq can be without a vector until it is requested: its message can be masked. `undefined`: none can. */
  readonly reservable: ((b: Builder, irq: Reg<'irq'>) => Test) | undefined;
  boot(machine: ProgramMachine, irq: number, message: { readonly addrLo: number; readonly data: number }, masked: boolean): void;
}

const MSI_ENABLE = 1;
const MSIX_ENABLE = 0x8000;

export function deviceRegisters({ devices, irqs }: Placement, behaviours: Behaviours): Registers {
  const has = { msix: devices.some(({ msix }) => msix), msi: devices.some(({ msi, msix }) => msi && !msix) };
  // of several messages none is masked alone
  const maskable = devices.some(({ msi, msix }) => msix || (msi?.maskable && msi.vectors === 1));
  const plain = devices.some(({ msi, msix }) => !msix && !msi?.maskable);

  /** For an irq of either kind; the test only where there are both. */
  const byKind = (b: Builder, device: Reg<'device'>, msix: () => void, msi: () => void): void => {
    if (has.msix && has.msi) b.if(b.constant('isMsix', device), msix, msi);
    else if (has.msix) msix();
    else msi();
  };

  const setMask =
    (masked: boolean) =>
    (b: Builder, irq: Reg<'irq'>): void => {
      const device = b.constant('deviceOf', irq);
      byKind(
        b,
        device,
        () => {
          const entry = b.constant('messageOf', irq);
          b.mmioWrite(device, entry, 'control', masked ? 1 : 0, masked ? 'masks the entry' : 'unmasks the entry');
          if (masked && behaviours.msiReadBack === 'read') b.mmioRead(device, entry, 'addrLo', 'reads the table: the mask has arrived');
        },
        () =>
          b.if(b.constant('hasMask', device), () =>
            b.cfgWrite(device, 'mask', masked ? 1 : 0, masked ? 'masks the message' : 'unmasks it'),
          ),
      );
    };

  return {
    write(b, irq, { address, data }) {
      const device = b.constant('deviceOf', irq);
      byKind(
        b,
        device,
        () => {
          const entry = b.constant('messageOf', irq);
          b.mmioWrite(device, entry, 'addrLo', address(), 'entry address');
          b.mmioWrite(device, entry, 'addrHi', 0, 'entry address, upper half');
          b.mmioWrite(device, entry, 'data', b.let('u32', data()), 'entry data');
          if (behaviours.msiReadBack === 'read') b.mmioRead(device, entry, 'data', 'reads the entry back');
        },
        () => {
          b.cfgWrite(device, 'control', b.cfgRead(device, 'control', 'reads MSI control'));
          b.cfgWrite(device, 'addrLo', address(), 'MSI address: new destination');
          b.if(b.constant('addr64', device), () => b.cfgWrite(device, 'addrHi', 0));
          b.cfgWrite(device, 'data', data(), 'MSI data: vector');
          if (behaviours.msiReadBack === 'read') b.cfgRead(device, 'control', 'reads MSI control back');
        },
      );
    },
    mask: maskable ? setMask(true) : undefined,
    unmask: maskable ? setMask(false) : undefined,
    reservable: maskable
      ? (b, irq) => {
          if (!plain) return all({ op: 'eq', a: 0, x: 0 } satisfies Condition);
          const device = (): Reg<'device'> => b.constant('deviceOf', irq);
          return any(
            () => b.constant('isMsix', device()),
            () => b.constant('hasMask', device()),
          );
        }
      : undefined,
    boot(machine, irq, { addrLo, data }, masked) {
      const { device = 0, message = 0 } = irqs[irq] ?? {};
      const model = devices[device];
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
