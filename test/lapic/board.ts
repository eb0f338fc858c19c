/**
 * LAPICs with nothing on top: the test is the program. Straight on the core's exports and tables, so that a test sees the
 * words that software sees. All CPUs run and their LAPICs are enabled by software, unless the test says otherwise.
 */
import {
  Counter,
  Cpu,
  CpuEvent,
  Diag,
  Event,
  instantiate,
  loadModule,
  Rec,
  RunState,
  Settings,
  Size,
  Status,
  Table,
  type Core,
} from '../../src/core/index.js';
import { defaultLapicModel, lapicWords, type LapicModel } from '../../src/machine/lapic.js';
import { timingTable, type Latency } from '../../src/machine/timing.js';

const RING = 8192;
const PAGE = 0xfee00000;

export interface BoardOptions {
  /** APIC ids, or that many CPUs with the ids 0, 1, 2 ... */
  readonly cpus?: number | readonly number[];
  readonly model?: Partial<LapicModel>;
  readonly timing?: Readonly<Record<string, number | Latency>>;
  readonly messages?: number;
  readonly jitter?: boolean;
  readonly seed?: number;
  /** the board is as after RESET: all but CPU 0 wait for SIPI, nothing is enabled */
  readonly cold?: boolean;
}

export interface Msi {
  readonly dest: number;
  readonly vector?: number;
  readonly mode?: number;
  readonly logical?: boolean;
  readonly redirect?: boolean;
  readonly level?: boolean;
}

/** Offsets of registers (hardware.md A.2). */
export const reg = {
  id: 0x20,
  version: 0x30,
  tpr: 0x80,
  apr: 0x90,
  ppr: 0xa0,
  eoi: 0xb0,
  ldr: 0xd0,
  dfr: 0xe0,
  svr: 0xf0,
  isr: 0x100,
  tmr: 0x180,
  irr: 0x200,
  esr: 0x280,
  cmci: 0x2f0,
  icr: 0x300,
  icrHigh: 0x310,
  timer: 0x320,
  thermal: 0x330,
  perfmon: 0x340,
  lint0: 0x350,
  lint1: 0x360,
  error: 0x370,
  initial: 0x380,
  current: 0x390,
  divide: 0x3e0,
} as const;

export const mode = { fixed: 0, lowest: 0x100, smi: 0x200, nmi: 0x400, init: 0x500, sipi: 0x600, extInt: 0x700 } as const;
export const MASKED = 0x10000;
export const to = { self: 1 << 18, all: 2 << 18, others: 3 << 18 } as const;
export const LOGICAL = 0x800;

export async function board(options: BoardOptions = {}): Promise<Board> {
  return new Board(await instantiate(await loadModule()), options);
}

export class Board {
  readonly core: Core;
  readonly ids: readonly number[];
  readonly e: Core['exports'];

  constructor(core: Core, options: BoardOptions) {
    this.core = core;
    this.e = core.exports;
    const { cpus = 2, messages = 64 } = options;
    this.ids = typeof cpus === 'number' ? Array.from({ length: cpus }, (_, c) => c) : cpus;
    const sizes: Partial<Record<Size, number>> = {
      [Size.cpus]: this.ids.length,
      [Size.messages]: messages,
      [Size.ring]: RING,
      [Size.vectorHi]: 256,
      [Size.requesters]: 1,
    };
    for (const [word, value] of Object.entries(sizes)) core.setU32(core.sizesAt + Number(word) * 4, value);
    if (this.e.prepare() === 0 || this.e.create() === 0) throw new Error('out of memory');
    core.write(this.at(Table.timings), timingTable(options.timing));
    core.write(this.at(Table.apicIds), Uint32Array.from(this.ids));
    core.write(this.at(Table.lapicSetup), lapicWords({ ...defaultLapicModel, ...options.model }));
    const settings = this.at(Table.settings);
    core.setU32(settings + Settings.timed * 4, 1);
    core.setU32(settings + Settings.assumptions * 4, 0x3f);
    core.setU32(settings + Settings.record * 4, 1);
    core.setU32(settings + Settings.jitter * 4, options.jitter === true ? 1 : 0);
    core.setU32(settings + Settings.seedLo * 4, options.seed ?? 1);
    this.e.complete();
    this.e.timedBegin();
    if (options.cold === true) return;
    this.ids.forEach((_, c) => {
      core.setU8(this.at(Table.cpus) + c * Cpu.size + Cpu.run, RunState.running);
      core.setU16(this.at(Table.cpus) + c * Cpu.size + Cpu.svr, 0x1ff);
    });
  }

  at(id: Table): number {
    return this.e.table(id);
  }

  // --- registers

  write(c: number, offset: number, value: number): void {
    this.e.mmioWrite(c, PAGE + offset, 0, 4, value, 0);
  }

  read(c: number, offset: number): number {
    return this.e.mmioRead(c, PAGE + offset, 0, 4) >>> 0;
  }

  /** True if it is #GP. */
  wrmsr(c: number, msr: number, lo: number, hi = 0): boolean {
    return this.e.msrWrite(c, msr, lo, hi) !== 0;
  }

  rdmsr(c: number, msr: number): bigint | 'gp' {
    const lo = this.e.msrRead(c, msr) >>> 0;
    if (this.e.gp() !== 0) return 'gp';
    return (BigInt(this.e.highWord() >>> 0) << 32n) | BigInt(lo);
  }

  /** The LAPICs of these CPUs, or of all, go to x2APIC mode. */
  x2apic(...cpus: number[]): this {
    for (const c of cpus.length === 0 ? this.ids.keys() : cpus) {
      const base = this.rdmsr(c, 0x1b);
      if (base === 'gp' || this.wrmsr(c, 0x1b, Number(base & 0xffffffffn) | 0x400)) throw new Error('no x2APIC mode');
    }
    return this;
  }

  /** What has been collected, latched by a write as software does it. */
  esr(c = 0): number {
    this.write(c, reg.esr, 0);
    return this.read(c, reg.esr);
  }

  /** An IPI in the mode of the sender. */
  ipi(c: number, low: number, dest = 0): void {
    if ((Number(this.rdmsr(c, 0x1b)) & 0x400) !== 0) {
      this.wrmsr(c, 0x830, low, dest);
      return;
    }
    this.write(c, reg.icrHigh, (dest << 24) >>> 0);
    this.write(c, reg.icr, low);
  }

  // --- vectors

  #vectors(c: number, words: number): number[] {
    const at = this.at(Table.cpus) + c * Cpu.size + words;
    return Array.from({ length: 256 }, (_, v) => v).filter((v) => (this.core.u32(at + (v >>> 5) * 4) >>> (v & 31)) & 1);
  }

  irr(c = 0): number[] {
    return this.#vectors(c, Cpu.irr);
  }

  isr(c = 0): number[] {
    return this.#vectors(c, Cpu.isr);
  }

  tmr(c = 0): number[] {
    return this.#vectors(c, Cpu.tmr);
  }

  /** CPUs with this vector in their IRR. */
  holders(vector: number): number[] {
    const word = this.at(Table.cpus) + Cpu.irr + (vector >>> 5) * 4;
    return [...this.ids.keys()].filter((c) => (this.core.u32(word + c * Cpu.size) >>> (vector & 31)) & 1);
  }

  pending(c = 0): number {
    return this.e.pendingVector(c);
  }

  acknowledge(c = 0): number {
    return this.e.acknowledgeCpu(c);
  }

  eoi(c = 0): void {
    this.write(c, reg.eoi, 0);
  }

  /** Sends it and waits until it has arrived. */
  msi({ dest, vector = 0, mode: delivery = 0, logical = false, redirect = false, level = false }: Msi): void {
    const address = PAGE + dest * 0x1000 + (redirect ? 8 : 0) + (logical ? 4 : 0);
    if (this.e.dmaWrite(1, address, 0, (level ? 0xc000 : 0x4000) + delivery + vector) === 0) throw new Error('the pool is full');
    this.settle();
  }

  /** A vector arrives at CPU 0 (or where its id leads). */
  raise(vector: number, level = false, dest = 0): void {
    this.msi({ dest, vector, level });
  }

  // --- time

  get now(): number {
    return Number(this.core.u64(this.e.nowAt()));
  }

  advance(cycles: number): void {
    this.e.runCycles(cycles >>> 0, Math.floor(cycles / 2 ** 32));
  }

  settle(): void {
    let status = this.e.settle(10_000_000, 0);
    for (; status === Status.ringFull; status = this.e.settle(10_000_000, 0)) this.e.ringClear();
    if (status !== Status.done) throw new Error('does not settle');
  }

  // --- what happened

  /** Events of a kind since the last call, as [cycle, a, b, c]. */
  events(kind: keyof typeof Event): [number, number, number, number][] {
    const { core } = this;
    const at = this.at(Table.ring);
    const records = Array.from({ length: this.e.ringUsed() }, (_, i) => at + ((this.e.ringTail() + i) % RING) * Rec.size);
    this.e.ringClear();
    return records
      .filter((r) => core.u32(r + Rec.kind) === Event[kind])
      .map((r) => [Number(core.u64(r)), core.u32(r + Rec.a), core.u32(r + Rec.b), core.u32(r + Rec.c)]);
  }

  got(c: number, which: keyof typeof CpuEvent): number {
    return this.core.u32(this.at(Table.cpuEvents) + (c * CpuEvent.words + CpuEvent[which]) * 4);
  }

  diagnostic(which: keyof typeof Diag): number {
    return this.core.u32(this.at(Table.diagnostics) + Diag[which] * 4);
  }

  counter(which: keyof typeof Counter): number {
    return Number(this.core.u64(this.at(Table.counters) + Counter[which] * 8));
  }

  run(c: number): string {
    return RunState[this.core.u8(this.at(Table.cpus) + c * Cpu.size + Cpu.run)] ?? '?';
  }

  snapshot(): Uint8Array {
    return this.core.bytes(this.e.blockStart(), this.e.blockStop() - this.e.blockStart());
  }

  restore(block: Uint8Array): void {
    this.core.write(this.e.blockStart(), block);
  }
}
