/** One CPU as seen from its bus, its MSRs and its pins: what an emulator's CPU core would call. */
import { Cpu, CpuEvent, CpuFlag, RunState, Table, type Core } from '../core/index.js';
import type { Layout } from './fill.js';
import { indexed, wide, split, widthOf, word, type Width } from './numbers.js';

/** A general-protection exception: what a CPU would raise. */
export interface Gp {
  /** the access has not happened */
  readonly ok: false;
  /** which exception */
  readonly exception: 'gp';
}

/** A write that has happened. */
export interface Written {
  /** no exception */
  readonly ok: true;
}

/** A read that has happened. */
export interface Value {
  /** no exception */
  readonly ok: true;
  /** 64 bits */
  readonly value: bigint;
}

/** How a write ended: done, or #GP and nothing has changed (hardware.md A.2.2). */
export type WriteOutcome = Written | Gp;

/** How a read ended: a value of 64 bits, or #GP. */
export type ReadOutcome = Value | Gp;

const GP: Gp = { ok: false, exception: 'gp' };
const DONE: Written = { ok: true };

/** An interrupt input of a CPU. */
export interface Lint {
  /** Drives the line electrically high (true) or low. */
  set(level: boolean): void;
}

/** How often each event that does not go through the IRR has reached the CPU (hardware.md A.6.2). */
export interface CpuEvents {
  /** non-maskable interrupts */
  readonly nmi: number;
  /** system-management interrupts */
  readonly smi: number;
  /** INITs */
  readonly init: number;
  /** start-up IPIs that started it */
  readonly sipi: number;
  /** of the last one that did: it starts at physical address vector << 12 */
  readonly sipiVector: number;
  /** interrupts whose vector comes from the 8259 (A.8.4) */
  readonly extInt: number;
}

const localEvents = ['thermal', 'perfMon', 'cmci'] as const;

/**
 * A CPU of a machine at register level. Without a program the host is what executes: it acknowledges, handles, and writes EOI.
 *
 * @example
 * ```js
 * import { Machine } from 'irqlab';
 *
 * const machine = await Machine.create({ cpus: 1 });
 * const cpu = machine.cpu(0);
 * cpu.writeMmio(0xfee000f0, 0x1ff, 4); // SVR: enable by software
 * cpu.writeMmio(0xfee00300, 0x44041, 4); // ICR: self, fixed, vector 0x41
 * machine.settle();
 * console.log(cpu.acknowledge(), cpu.isr); // 65 [ 65 ]
 * cpu.writeMmio(0xfee000b0, 0, 4); // EOI
 * console.log(cpu.isr); // []
 * ```
 */
export class CpuPort {
  /** place in the machine, from 0 */
  readonly index: number;
  readonly #core: Core;
  readonly #layout: Layout;

  /** @hidden */
  constructor(core: Core, layout: Layout, index: number) {
    this.#core = core;
    this.#layout = layout;
    this.index = index;
  }

  // --- accesses by this CPU

  /**
   * Reads physical memory: its Local APIC's page, an IOAPIC's window, guest memory; elsewhere all ones (hardware.md A.2.1, B.1).
   * `width` in bytes; 8 gives a bigint.
   *
   * @example
   * ```js
   * const version = cpu.readMmio(0xfee00030, 4);
   * console.log(version & 0xff); // 21
   * ```
   */
  readMmio(address: number | bigint, width: 1 | 2 | 4): number;
  readMmio(address: number | bigint, width: 8): bigint;
  readMmio(address: number | bigint, width: Width): number | bigint {
    const [lo, hi] = split('an address', address);
    const low = this.#core.exports.mmioRead(this.index, lo, hi, widthOf(width)) >>> 0;
    return width === 8 ? wide(low, this.#core.exports.highWord()) : low;
  }

  /**
   * Writes physical memory; see `readMmio`. What an ICR write sends is in flight afterwards (A.6). A store to guest memory is visible
   * to all at once, unless the machine has an `order.storeLatency`.
   *
   * @example
   * ```js
   * cpu.writeMmio(0xfee00080, 0x20, 4); // TPR
   * console.log(cpu.tpr, cpu.cr8); // 32 2
   * ```
   */
  writeMmio(address: number | bigint, value: number | bigint, width: Width): void {
    const [lo, hi] = split('an address', address);
    const [low, high] = split(`a value of ${widthOf(width)} bytes`, value, 2n ** BigInt(width * 8) - 1n);
    this.#core.exports.mmioWrite(this.index, lo, hi, width, low, high);
  }

  /**
   * MFENCE;LFENCE: what this CPU has stored in guest memory is visible to all before anything that it does next (A.2.3). A WRMSR to the
   * x2APIC ICR does not see to that by itself; matters only in machines with an `order.storeLatency`.
   *
   * @example
   * ```js
   * const two = await Machine.create({ cpus: 2, order: { storeLatency: 1000 } });
   * two.cpu(0).writeMmio(0x100, 7, 4);
   * console.log(two.cpu(0).readMmio(0x100, 4), two.cpu(1).readMmio(0x100, 4)); // 7 0
   * two.cpu(0).fence();
   * console.log(two.cpu(1).readMmio(0x100, 4)); // 7
   * ```
   */
  fence(): void {
    this.#core.exports.fence(this.index);
  }

  /**
   * RDMSR: IA32_APIC_BASE 0x1B, TSC 0x10, IA32_TSC_DEADLINE 0x6E0, the x2APIC registers 0x800-0x8FF; all others #GP (A.1, A.2.2).
   *
   * @example
   * ```js
   * console.log(cpu.readMsr(0x1b)); // { ok: true, value: 4276095232n }
   * console.log(cpu.readMsr(0x802)); // { ok: false, exception: 'gp' }
   * ```
   */
  readMsr(msr: number): ReadOutcome {
    const low = this.#core.exports.msrRead(this.index, word('an MSR', msr));
    return this.#core.exports.gp() === 0 ? { ok: true, value: wide(low, this.#core.exports.highWord()) } : GP;
  }

  /**
   * WRMSR. A #GP has no side effect (A.2.2).
   *
   * @example
   * ```js
   * cpu.writeMsr(0x1b, 0xfee00d00); // x2APIC mode
   * console.log(cpu.writeMsr(0x80b, 1)); // { ok: false, exception: 'gp' }
   * ```
   */
  writeMsr(msr: number, value: number | bigint): WriteOutcome {
    const [lo, hi] = split('the value of an MSR', value);
    return this.#core.exports.msrWrite(this.index, word('an MSR', msr), lo, hi) === 0 ? DONE : GP;
  }

  /**
   * MOV from CR8: TPR[7:4] (A.4.5).
   *
   * @example
   * ```js
   * cpu.writeCr8(5);
   * console.log(cpu.cr8); // 5
   * ```
   */
  get cr8(): number {
    return this.#core.exports.cr8Read(this.index);
  }

  /**
   * MOV to CR8: sets TPR[7:4], clears TPR[3:0]; #GP above 15 (A.4.5).
   *
   * @example
   * ```js
   * console.log(cpu.writeCr8(3), cpu.tpr); // { ok: true } 48
   * console.log(cpu.writeCr8(16)); // { ok: false, exception: 'gp' }
   * ```
   */
  writeCr8(value: number | bigint): WriteOutcome {
    const [lo, hi] = split('the value of CR8', value);
    return this.#core.exports.cr8Write(this.index, lo, hi) === 0 ? DONE : GP;
  }

  // --- interrupts

  /**
   * Interrupt acknowledge: moves the highest deliverable vector from IRR to ISR and yields it, or undefined where PPR allows none
   * (A.4.4, A.5).
   *
   * @example
   * ```js
   * cpu.writeMmio(0xfee00300, 0x44041, 4);
   * machine.settle();
   * console.log(cpu.acknowledge(), cpu.acknowledge()); // 65 undefined
   * ```
   */
  acknowledge(): number | undefined {
    return vector(this.#core.exports.acknowledgeCpu(this.index));
  }

  /**
   * As `acknowledge`, but for a core that has seen INTR and no longer looks: where PPR allows none it yields the spurious vector,
   * SVR[7:0], and ISR stays (A.5).
   *
   * @example
   * ```js
   * console.log(cpu.forceAcknowledge(), cpu.isr); // 255 []
   * ```
   */
  forceAcknowledge(): number {
    return this.#core.exports.forceAcknowledge(this.index);
  }

  /**
   * The vector that `acknowledge` would yield: INTR is asserted unless undefined (A.4.4).
   *
   * @example
   * ```js
   * cpu.writeMmio(0xfee00300, 0x44041, 4);
   * machine.settle();
   * console.log(cpu.pendingVector()); // 65
   * cpu.writeCr8(4);
   * console.log(cpu.pendingVector()); // undefined
   * ```
   */
  pendingVector(): number | undefined {
    return vector(this.#core.exports.pendingVector(this.index));
  }

  /**
   * Takes an ExtINT that waits: its vector comes from the 8259, no IRR, ISR or EOI is involved (A.8.4). False: none waits.
   *
   * @example
   * ```js
   * cpu.writeMmio(0xfee00350, 0x700, 4); // LVT LINT0: ExtINT
   * cpu.lint(0).set(true);
   * console.log(cpu.takeExtInt()); // true
   * ```
   */
  takeExtInt(): boolean {
    return this.#core.exports.takeExtInt(this.index) !== 0;
  }

  /**
   * Takes an NMI that is latched (A.5). False: none is.
   *
   * @example
   * ```js
   * machine.dmaWrite32({ address: 0xfee00000, data: 0x400 }); // an MSI in NMI mode
   * machine.settle();
   * console.log(cpu.takeNmi(), cpu.takeNmi()); // true false
   * ```
   */
  takeNmi(): boolean {
    return this.#core.exports.takeNmi(this.index) !== 0;
  }

  /**
   * Takes an SMI that is latched (A.5). False: none is.
   *
   * @example
   * ```js
   * machine.dmaWrite32({ address: 0xfee00000, data: 0x200 }); // an MSI in SMI mode
   * machine.settle();
   * console.log(cpu.takeSmi()); // true
   * ```
   */
  takeSmi(): boolean {
    return this.#core.exports.takeSmi(this.index) !== 0;
  }

  /**
   * LINT0 or LINT1 (A.8).
   *
   * @example
   * ```js
   * cpu.writeMmio(0xfee00360, 0x400, 4); // LVT LINT1: NMI
   * cpu.lint(1).set(true);
   * console.log(cpu.events.nmi); // 1
   * ```
   */
  lint(n: 0 | 1): Lint {
    indexed('LINT', n, 2);
    return { set: (level) => this.#core.exports.lintSet(this.index, n, level ? 1 : 0) };
  }

  /**
   * An event inside the CPU that its LVT entry turns into an interrupt (A.8).
   *
   * @example
   * ```js
   * cpu.writeMmio(0xfee00340, 0x42, 4); // LVT PerfMon: vector 0x42
   * cpu.localEvent('perfMon');
   * machine.settle();
   * console.log(cpu.irr, cpu.readMmio(0xfee00340, 4) >>> 16); // [ 66 ] 1
   * ```
   */
  localEvent(which: 'thermal' | 'perfMon' | 'cmci'): void {
    const n = localEvents.indexOf(which);
    if (n < 0) throw new RangeError(`a local event is thermal, perfMon or cmci, not ${String(which)}`);
    this.#core.exports.localEvent(this.index, n);
  }

  /**
   * RESET (A.11): registers as A.2 says, xAPIC mode; the bootstrap CPU runs, others wait for SIPI. What is in flight stays.
   *
   * @example
   * ```js
   * cpu.reset();
   * console.log(cpu.enabled, cpu.state); // false running
   * ```
   */
  reset(): void {
    this.#core.exports.resetCpu(this.index);
  }

  /**
   * `running`, `waitForSipi`, or `parked` for good by a program (A.5, A.11).
   *
   * @example
   * ```js
   * const two = await Machine.create({ cpus: 2 });
   * console.log(two.cpu(0).state, two.cpu(1).state); // running waitForSipi
   * ```
   */
  get state(): keyof typeof RunState {
    return RunState[this.#core.u8(this.#at + Cpu.run)] as keyof typeof RunState;
  }

  /** @hidden as the rooms of the kernel call it */
  get run(): keyof typeof RunState {
    return this.state;
  }

  /**
   * NMI, SMI, INIT, SIPI and ExtINT received since the machine was made: they bypass the IRR (A.6.2).
   *
   * @example
   * ```js
   * cpu.writeMmio(0xfee00360, 0x400, 4); // LVT LINT1: NMI
   * cpu.lint(1).set(true);
   * console.log(cpu.events.nmi, cpu.events.init); // 1 0
   * ```
   */
  get events(): CpuEvents {
    const at = this.#layout.table(Table.cpuEvents) + this.index * CpuEvent.words * 4;
    const n = (event: CpuEvent): number => this.#core.u32(at + event * 4);
    return {
      nmi: n(CpuEvent.nmi),
      smi: n(CpuEvent.smi),
      init: n(CpuEvent.init),
      sipi: n(CpuEvent.sipi),
      sipiVector: n(CpuEvent.sipiVector),
      extInt: n(CpuEvent.extInt),
    };
  }

  // --- registers at a glance

  /**
   * Vectors that are pending, ascending (A.3).
   *
   * @example
   * ```js
   * cpu.writeMmio(0xfee00300, 0x44041, 4);
   * machine.settle();
   * console.log(cpu.irr); // [ 65 ]
   * ```
   */
  get irr(): number[] {
    return this.#vectors(Cpu.irr);
  }

  /**
   * Vectors in service, ascending (A.3).
   *
   * @example
   * ```js
   * console.log(cpu.isr); // []
   * ```
   */
  get isr(): number[] {
    return this.#vectors(Cpu.isr);
  }

  /**
   * Vectors that were accepted as level-triggered last, ascending (A.3).
   *
   * @example
   * ```js
   * console.log(cpu.tmr); // []
   * ```
   */
  get tmr(): number[] {
    return this.#vectors(Cpu.tmr);
  }

  /**
   * Task priority (A.4.5).
   *
   * @example
   * ```js
   * cpu.writeCr8(2);
   * console.log(cpu.tpr); // 32
   * ```
   */
  get tpr(): number {
    return this.#core.u8(this.#at + Cpu.tpr);
  }

  /**
   * Processor priority (A.4.2).
   *
   * @example
   * ```js
   * cpu.writeCr8(2);
   * console.log(cpu.ppr); // 32
   * ```
   */
  get ppr(): number {
    return this.#core.u8(this.#at + Cpu.ppr);
  }

  /**
   * Spurious-interrupt vector register (A.9).
   *
   * @example
   * ```js
   * console.log(cpu.svr); // 511
   * ```
   */
  get svr(): number {
    return this.#core.u16(this.#at + Cpu.svr);
  }

  /**
   * Enabled by software: SVR bit 8 (A.9).
   *
   * @example
   * ```js
   * cpu.writeMmio(0xfee000f0, 0xff, 4);
   * console.log(cpu.enabled); // false
   * ```
   */
  get enabled(): boolean {
    return (this.svr & 0x100) !== 0;
  }

  /** @hidden RFLAGS.IF, where a program runs */
  get interruptsOn(): boolean {
    return (this.#core.u8(this.#at + Cpu.flags) & CpuFlag.interruptsOn) !== 0;
  }

  get #at(): number {
    return this.#layout.table(Table.cpus) + this.index * Cpu.size;
  }

  #vectors(words: number): number[] {
    const set: number[] = [];
    for (let w = 0; w < 8; w++) {
      const bits = this.#core.u32(this.#at + words + w * 4);
      for (let b = 0; bits >>> b !== 0 && b < 32; b++) if ((bits >>> b) & 1) set.push(w * 32 + b);
    }
    return set;
  }
}

function vector(n: number): number | undefined {
  return n < 0 ? undefined : n;
}
