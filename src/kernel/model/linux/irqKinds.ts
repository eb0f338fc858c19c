/** What an irq's message is, and tests for it in programs: a machine whose irqs are of one kind has no test and no variable. */
import type { ProgramMachine } from '../../../machine/index.js';
import { any, eq, type Builder, type Condition, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import type { LinuxData } from './data.js';

/** Of a PCI function; of a comparator of the HPET, of a unit's fault event (linux.md 2.10); of an input of the IOAPIC. */
export const IrqKind = { PCI: 0, HPET: 1, DMAR: 2, EDGE_PIN: 3, LEVEL_PIN: 4 } as const;
export type IrqKind = (typeof IrqKind)[keyof typeof IrqKind];

/** Inputs of the IOAPIC. */
export const PINS = [IrqKind.EDGE_PIN, IrqKind.LEVEL_PIN] as const;
/** Devices of the chipset with a message of their own. */
export const EVENTS = [IrqKind.HPET, IrqKind.DMAR] as const;

export const isPin = (kind: IrqKind): boolean => kind === IrqKind.EDGE_PIN || kind === IrqKind.LEVEL_PIN;

export interface IrqKinds {
  /** irqs (indexes) of the machine by kind */
  of(irq: number): IrqKind;
  has(kinds: readonly IrqKind[]): boolean;
  /** Whether an irq is of one of these kinds; undefined: none of the machine is. */
  is(kinds: readonly IrqKind[]): ((b: Builder, irq: Reg<'irq'>) => Condition) | undefined;
  /** One way for irqs of these kinds, another for the rest; the test only where there are both. */
  choose(b: Builder, irq: Reg<'irq'>, kinds: readonly IrqKind[], ways: { readonly these: () => void; readonly others: () => void }): void;
  /** Kind of irq, in a register: where there is more than one. */
  load(b: Builder, irq: Reg<'irq'>): Reg<'u8'>;
  boot(machine: ProgramMachine): void;
}

export function irqKinds(d: LinuxData, { devices, irqs }: Placement): IrqKinds {
  const kinds = irqs.map(({ device, level = false }): IrqKind => {
    const { chipset } = devices[device] ?? {};
    if (chipset === 'pins') return level ? IrqKind.LEVEL_PIN : IrqKind.EDGE_PIN;
    if (chipset === 'hpet') return IrqKind.HPET;
    return chipset === 'dmar' ? IrqKind.DMAR : IrqKind.PCI;
  });
  const present = new Set(kinds);
  const [only = IrqKind.PCI] = present;
  const variable =
    present.size > 1 ? d.declarations.variable('irq_chip', 'u8', ['irq'], { class: 'fixed', values: { names: IrqKind } }) : undefined;
  const load = (b: Builder, irq: Reg<'irq'>): Reg<'u8'> => (variable ? b.load(variable, [irq]) : b.let('u8', only));
  const has = (wanted: readonly IrqKind[]): boolean => wanted.some((kind) => present.has(kind));
  const is = (wanted: readonly IrqKind[]): ((b: Builder, irq: Reg<'irq'>) => Condition) | undefined => {
    if (!has(wanted)) return undefined;
    if ([...present].every((kind) => wanted.includes(kind))) return () => eq(0, 0);
    const [first, ...rest] = wanted.filter((kind) => present.has(kind));
    return (b, irq) => {
      const kind = load(b, irq);
      return any(eq(kind, first ?? 0), ...rest.map((each) => eq(kind, each)));
    };
  };
  return {
    of: (irq) => kinds[irq] ?? IrqKind.PCI,
    has,
    is,
    load,
    choose(b, irq, wanted, { these, others }) {
      const test = is(wanted);
      if (test === undefined) others();
      else if ([...present].every((kind) => wanted.includes(kind))) these();
      else b.if(test(b, irq), these, others);
    },
    boot(machine) {
      if (variable) kinds.forEach((kind, irq) => machine.setVariable(variable.slot, irq, 0, kind));
    },
  };
}
