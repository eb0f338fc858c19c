/**
 * What units of one kind are to a kernel that moves interrupts by their tables: how an irq's entry is written and forgotten, and what its
 * device is told to ask for it. One implementation for VT-d (vtd.ts), one for AMD-Vi (amdVi.ts).
 */
import type { ProgramMachine } from '../../../machine/index.js';
import type { Builder, Reg } from '../../index.js';
import type { Posting } from './chip.js';
import type { Target } from './target.js';

/** Irqs by index. desc->lock is held wherever a program is built. */
export interface RemapTable {
  /** irq_set_affinity of its chip, as the kernel calls it */
  readonly setAffinity: string;
  /** The entry gets vector and CPU of its irq, unless it is that of a vCPU and is to stay, and units forget what they have cached of it. */
  change(b: Builder, irq: Reg<'irq'>): void;
  /** As `change`, of an entry that may not be valid before. */
  activate(b: Builder, irq: Reg<'irq'>): void;
  /** The entry of an irq that is quiet from now on. */
  deactivate(b: Builder, irq: Reg<'irq'>): void;
  /** The entry of an irq that is given back. */
  release(b: Builder, irq: Reg<'irq'>): void;
  /** The message by which its device, which is on no pin, asks for the entry; of one of several MSI that of the first. */
  requestAddress(b: Builder, irq: Reg<'irq'>): Reg<'u32'> | number;
  requestData(b: Builder, irq: Reg<'irq'>): Reg<'u16'> | number;
  /** The same on the host. */
  request(irq: number): { readonly addrLo: number; readonly data: number };
  /** Parts of a judge: flags `inStep` unless its device asks for the entry; unless that says what the kernel believes. */
  judgeRequest(b: Builder, irq: Reg<'irq'>): void;
  judgeEntry(b: Builder, irq: Reg<'irq'>): void;
  /** The entry at the start, and the unit that reads it. */
  boot(machine: ProgramMachine, irq: number, target: Target): void;
  /**
   * Where a request goes now, by what is cached and by what memory says, or why to no CPU, as the end of a sentence; undefined: to the vCPU
   * that the irq is posted to.
   */
  target(machine: ProgramMachine, irq: number): Target | string | undefined;
  /** What posts messages of an irq to a vCPU; left out: nothing does. */
  readonly posting?: Posting | undefined;
}
