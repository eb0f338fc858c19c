/**
 * What an irq's chip is to the rest of the model: how a move reaches the hardware, and what the hardware says of the irq. One
 * implementation for each way a message goes: plain registers of the device (msi.ts), an entry of a remapping table.
 */
import type { ProgramMachine } from '../../../machine/index.js';
import type { Assembler, Builder, Reg, Test, Value } from '../../index.js';
import type { Placement } from '../model.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';
import type { PinEntries } from './ioapic.js';
import type { IrqKinds } from './irqKinds.js';
import type { Messages } from './messages.js';
import type { Target } from './target.js';
import type { VectorRoutines } from './vector.js';

/** What chips are made from. */
export interface ChipParts {
  readonly k: Assembler;
  readonly d: LinuxData;
  readonly v: VectorRoutines;
  readonly messages: Messages;
  readonly kinds: IrqKinds;
  readonly pins: PinEntries | undefined;
  readonly behaviours: Behaviours;
  readonly placement: Placement;
}

export interface Posting {
  /** What comes before and behind `post`, and before `unpost`, outside of desc->lock; interrupts are off. */
  before?(b: Builder, irq: Reg<'irq'>): void;
  after?(b: Builder, irq: Reg<'irq'>): void;
  forget?(b: Builder, irq: Reg<'irq'>): void;
  /** irq_set_vcpu_affinity; desc->lock is held. */
  post(b: Builder, irq: Reg<'irq'>, vcpu: Reg<'vcpu'>): void;
  /** The same, with no vCPU. */
  unpost(b: Builder, irq: Reg<'irq'>): void;
}

export interface Chip {
  /**
   * irq_set_affinity of the chip, desc->lock held: a vector on an online CPU of the mask, and what makes the hardware send
   * it. Gives `OK`, `EBUSY` or `ENOSPC`; with the latter two nothing has changed.
   */
  setAffinity(b: Builder, irq: Reg<'irq'>, mask: Value<'ref'>): Reg<'u8'>;
  /** A move waits for the next interrupt on the old CPU (linux.md 2.5). Otherwise any CPU does it at once (2.6, 2.10). Or by irq. */
  readonly deferred: boolean | ((b: Builder, irq: Reg<'irq'>) => Test);
  /** As `setAffinity`, of irqs that are moved at once where others wait: a message in one pass. */
  readonly setAtOnce?: ((b: Builder, irq: Reg<'irq'>, mask: Value<'ref'>) => Reg<'u8'>) | undefined;
  /** The irq's hardware is set up for the vector and CPU it has; it is quiet. desc->lock is held, as for the others. */
  activate(b: Builder, irq: Reg<'irq'>): void;
  /** Its device has power again: what it has lost is written. */
  restore(b: Builder, irq: Reg<'irq'>): void;
  /** What `activate` has set up is taken back. */
  deactivate(b: Builder, irq: Reg<'irq'>): void;
  /** What an irq that is given back still has besides its vector (linux.md 2.11); left out: nothing. */
  release?(b: Builder, irq: Reg<'irq'>): void;
  /** Its mask bit, where it has one; undefined: no irq has. */
  readonly mask: ((b: Builder, irq: Reg<'irq'>) => void) | undefined;
  readonly unmask: ((b: Builder, irq: Reg<'irq'>) => void) | undefined;
  /** It can be without a vector while nobody has it (linux.md 2.11); undefined: no irq can. */
  readonly reservable: ((b: Builder, irq: Reg<'irq'>) => Test) | undefined;
  /** Entries of the IOAPIC; undefined: no irq has one. */
  readonly pins: PinEntries | undefined;
  /** Part of a judge: flags `inStep` of an irq that is started unless the hardware would send what the kernel believes. */
  judge(b: Builder, irq: Reg<'irq'>): void;
  /** Puts the hardware in the state in which an irq (index) with this target is; masked, if nobody has it. */
  boot(machine: ProgramMachine, irq: number, target: Target, masked: boolean): void;
  /**
   * Where an event of an irq (index) would go now, or why it goes to no CPU, as the end of a sentence; undefined: to the vCPU that the
   * irq is posted to.
   */
  target(machine: ProgramMachine, irq: number): Target | string | undefined;
  /** What posts messages of an irq to a vCPU, and takes that back; undefined: there are none. */
  readonly posting?: Posting | undefined;
}
