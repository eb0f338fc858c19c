/**
 * Entries of the IOAPIC's pins (hardware.md B.2, B.3; linux.md 0.1 H6, H7; races.md 4). Without remapping an entry has vector and
 * destination; with it the index of a remapping entry, and as vector the number of the pin, which only EOIs are matched by; behind units of
 * AMD's the vector is that index too, and the destination nothing (linux.md 2.6, hardware.md F.3).
 */
import type { ProgramMachine } from '../../../machine/index.js';
import { eq, ne, type Builder, type Condition, type Reg } from '../../index.js';
import type { Placement } from '../model.js';
import { isAmd, isRemapped, type Target } from './target.js';
import type { LinuxData } from './data.js';
import { IrqKind, type IrqKinds } from './irqKinds.js';

/** Number of the machine's IOAPIC. */
const IOAPIC = 0;
const REMOTE_IRR = 1 << 14;
const LEVEL = 1 << 15;
const MASKED = 1 << 16;
/** Of the high half: the entry is one of a remapping table. */
const REMAPPABLE = 1 << 16;
/** The first version that has an EOI register (hardware.md B.1). */
const EOI_REGISTER = 0x20;

/** Which pin it is on. */
const pinOf = (b: Builder, irq: Reg<'irq'>): Reg<'u8'> => b.let('u8', b.constant('messageOf', irq));

export type PinEntries = ReturnType<typeof pinEntries>;

export function pinEntries(d: LinuxData, masked: NonNullable<LinuxData['rteMasked']>, kinds: IrqKinds, placement: Placement) {
  const { irqs, apicIds, ioapicVersion = EOI_REGISTER } = placement;
  const remapped = isRemapped(placement);
  const amd = remapped && isAmd(placement);
  const mixed = kinds.has([IrqKind.LEVEL_PIN]) && kinds.has([IrqKind.EDGE_PIN]);

  const vectorOf = (b: Builder, irq: Reg<'irq'>): Reg<'vector'> =>
    remapped ? b.let('vector', b.constant('messageOf', irq)) : b.load(d.apicdVector, [irq]);

  /** The low half as the kernel remembers it. */
  const lowOf = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => {
    const low = b.or('u32', b.let('u32', vectorOf(b, irq)), b.shl('u32', b.let('u32', b.load(masked, [irq])), 16));
    if (mixed) b.if(eq(kinds.load(b, irq), IrqKind.LEVEL_PIN), () => b.set(low, b.or('u32', low, LEVEL)));
    else if (kinds.has([IrqKind.LEVEL_PIN])) b.set(low, b.or('u32', low, LEVEL));
    return low;
  };
  const highOf = (b: Builder, irq: Reg<'irq'>): Reg<'u32'> => {
    if (amd) return b.let('u32', 0);
    return remapped
      ? b.or('u32', b.shl('u32', b.let('u32', irq), 17), REMAPPABLE)
      : b.shl('u32', b.constant('apicId', b.load(d.apicdCpu, [irq])), 24);
  };

  const setMask =
    (value: 0 | 1) =>
    (b: Builder, irq: Reg<'irq'>): void => {
      b.store(masked, [irq], value);
      b.pinWrite(IOAPIC, pinOf(b, irq), 0, lowOf(b, irq), value ? 'masks the pin' : 'unmasks the pin');
      if (value) b.pinRead(IOAPIC, pinOf(b, irq), 0, 'reads the entry: the mask has arrived');
    };

  const lowWord = (irq: number, vector: number, isMasked: boolean): number =>
    (remapped ? (irqs[irq]?.message ?? 0) : vector) | (kinds.of(irq) === IrqKind.LEVEL_PIN ? LEVEL : 0) | (isMasked ? MASKED : 0);
  const highWord = (irq: number, cpu: number): number => {
    if (amd) return 0;
    return (remapped ? (irq << 17) | REMAPPABLE : (apicIds[cpu] ?? 0) << 24) >>> 0;
  };
  const registerOf = (irq: number): number => 0x10 + 2 * (irqs[irq]?.message ?? 0);

  return {
    remapped,
    /** ioapic_configure_entry: the half that enables is written last (races.md ioapic-rte-halves). */
    write(b: Builder, irq: Reg<'irq'>): void {
      b.pinWrite(IOAPIC, pinOf(b, irq), 1, highOf(b, irq), remapped ? 'pin: which remapping entry' : 'pin: new destination');
      b.pinWrite(IOAPIC, pinOf(b, irq), 0, lowOf(b, irq), remapped ? 'pin: the rest of its entry' : 'pin: new vector');
    },
    mask: setMask(1),
    unmask: setMask(0),
    /** ioapic_mask_entry: masked, and nothing else; as an edge it has no Remote IRR. */
    clear(b: Builder, irq: Reg<'irq'>): void {
      b.store(masked, [irq], 1);
      b.pinWrite(IOAPIC, pinOf(b, irq), 0, MASKED, 'pin: masked, cleared');
      b.pinWrite(IOAPIC, pinOf(b, irq), 1, 0, 'pin: upper half cleared');
    },
    /** Whether a level of it is in service; the read flushes the EOI of this CPU (races.md ioapic-remote-irr-migrate). */
    inService(b: Builder, irq: Reg<'irq'>): Condition {
      return ne(b.and('u32', b.pinRead(IOAPIC, pinOf(b, irq), 0, 'is Remote IRR set?'), REMOTE_IRR), 0);
    },
    waitForService(b: Builder, irq: Reg<'irq'>): void {
      b.pinWait(IOAPIC, pinOf(b, irq), 'synchronize_irq: Remote IRR is clear');
    },
    /** The explicit EOI, of the vector that stands in the entry; without an EOI register a moment as an edge ends the service (H7). */
    eoi(b: Builder, irq: Reg<'irq'>): void {
      if (ioapicVersion >= EOI_REGISTER) {
        b.pinEoi(IOAPIC, vectorOf(b, irq), 'explicit EOI at the IOAPIC');
        return;
      }
      const pin = pinOf(b, irq);
      const low = b.pinRead(IOAPIC, pin, 0, 'reads the entry');
      const high = b.pinRead(IOAPIC, pin, 1, 'reads its upper half');
      b.pinWrite(IOAPIC, pin, 1, high);
      b.pinWrite(IOAPIC, pin, 0, b.or('u32', b.and('u32', low, 0xff), MASKED), 'masked and edge: ends the service');
      b.pinWrite(IOAPIC, pin, 1, high);
      b.pinWrite(IOAPIC, pin, 0, low, 'level again');
    },
    judge(b: Builder, irq: Reg<'irq'>): void {
      const pin = pinOf(b, irq);
      b.if(ne(b.pinRead(IOAPIC, pin, 1), highOf(b, irq)), () => b.flag('inStep', irq));
      b.if(ne(b.and('u32', b.pinRead(IOAPIC, pin, 0), 0xff), b.let('u32', vectorOf(b, irq))), () => b.flag('inStep', irq));
    },
    boot(machine: ProgramMachine, irq: number, { cpu, vector }: Target, isMasked: boolean): void {
      machine.setVariable(masked.slot, irq, 0, isMasked ? 1 : 0);
      machine.ioapic(IOAPIC).write(registerOf(irq) + 1, highWord(irq, cpu));
      machine.ioapic(IOAPIC).write(registerOf(irq), lowWord(irq, vector, isMasked));
    },
    target(machine: ProgramMachine, irq: number): Target | string {
      const [low, high] = [machine.ioapic(IOAPIC).read(registerOf(irq)), machine.ioapic(IOAPIC).read(registerOf(irq) + 1)];
      const cpu = apicIds.indexOf(high >>> 24);
      return cpu < 0 ? 'its pin goes to no CPU' : { cpu, vector: low & 0xff };
    },
  };
}
