/**
 * Machines of LAPICs, IOAPICs and memory with nothing on top: the test is the program. Straight on the core's tables, so that
 * a test sees the words that software sees.
 */
import {
  Counter,
  Cpu,
  CpuEvent,
  Diag,
  Event,
  instantiate,
  loadModule,
  IoapicSetup,
  IommuSetup,
  Rec,
  Settings,
  Size,
  Status,
  Table,
  type Core,
} from '../../src/core/index.js';
import { defaultLapicModel } from '../../src/machine/index.js';
import { lapicWords } from '../../src/machine/lapic.js';
import { timingTable, type Latency } from '../../src/machine/timing.js';

interface Ioapic {
  readonly id?: number;
  readonly base?: number;
  readonly version?: 0x11 | 0x20;
  readonly pins?: number;
  readonly requester?: number;
}

/** Words of a remapping unit that differ from 0. */
export type UnitWords = Partial<Record<Exclude<keyof typeof IommuSetup, 'words'>, number>>;

export interface BoardOptions {
  readonly cpus?: number;
  /** hardware ids, in x2APIC mode from the start; left out: 0, 1 ... in xAPIC mode */
  readonly x2apicIds?: readonly number[];
  readonly ioapics?: readonly Ioapic[];
  readonly timing?: Readonly<Record<string, number | Latency>>;
  readonly messages?: number;
  readonly memory?: number;
  readonly resendDelay?: number;
  readonly retryInterval?: number;
  readonly requesterLists?: number;
  /** remapping units; whose requesters are whose, first, last, unit */
  readonly iommus?: readonly UnitWords[];
  readonly scopes?: readonly (readonly [number, number, number])[];
  /** `Assumption`s, a mask */
  readonly assumptions?: number;
  readonly jitter?: boolean;
  readonly seed?: number;
}

/** RTE bits by their names; the high half by the destination. */
export const rte = { masked: 0x10000, level: 0x8000, remoteIrr: 0x4000, low: 0x2000, pending: 0x1000, logical: 0x800 } as const;

export async function board(options: BoardOptions = {}): Promise<Board> {
  const core = await instantiate(await loadModule());
  return new Board(core, options);
}

export class Board {
  readonly core: Core;
  readonly #e: Core['exports'];
  readonly #bases: readonly number[];

  constructor(core: Core, options: BoardOptions) {
    this.core = core;
    this.#e = core.exports;
    const { x2apicIds, ioapics = [{}], messages = 64, memory = 0x1000, iommus = [], scopes = [] } = options;
    const cpus = x2apicIds?.length ?? options.cpus ?? 2;
    const pins = Math.max(0, ...ioapics.map((i) => i.pins ?? 24));
    this.#bases = ioapics.map((ioapic, i) => ioapic.base ?? 0xfec00000 + i * 0x1000);
    const sizes: Partial<Record<Size, number>> = {
      [Size.cpus]: cpus,
      [Size.messages]: messages,
      [Size.ring]: 4096,
      [Size.vectorHi]: 256,
      [Size.ioapics]: ioapics.length,
      [Size.ioapicPins]: pins,
      [Size.requesters]: options.requesterLists ?? 1,
      [Size.guestBytes]: memory,
      [Size.iommus]: iommus.length,
      [Size.scopes]: scopes.length,
      [Size.iecEntries]: Math.max(0, ...iommus.map((u) => u.entries ?? 0)),
      [Size.faultRecords]: Math.max(0, ...iommus.map((u) => u.faultRecords ?? 0)),
    };
    for (const [word, value] of Object.entries(sizes)) core.setU32(core.sizesAt + Number(word) * 4, value);
    if (this.#e.prepare() === 0 || this.#e.create() === 0) throw new Error('out of memory');
    core.write(this.#at(Table.timings), timingTable(options.timing));
    core.write(this.#at(Table.lapicSetup), lapicWords({ ...defaultLapicModel, startInX2apic: x2apicIds !== undefined }));
    const settings = this.#at(Table.settings);
    core.setU32(settings + Settings.timed * 4, 1);
    core.setU32(settings + Settings.assumptions * 4, options.assumptions ?? 0);
    core.setU32(settings + Settings.record * 4, 1);
    core.setU32(settings + Settings.jitter * 4, options.jitter === true ? 1 : 0);
    core.setU32(settings + Settings.seedLo * 4, options.seed ?? 1);
    for (let c = 0; c < cpus; c++) core.setU32(this.#at(Table.apicIds) + c * 4, x2apicIds?.[c] ?? c);
    ioapics.forEach((ioapic, i) => {
      const words = new Uint32Array(IoapicSetup.words);
      words[IoapicSetup.id] = ioapic.id ?? 0;
      words[IoapicSetup.base] = this.#bases[i] ?? 0;
      words[IoapicSetup.version] = ioapic.version ?? 0x20;
      words[IoapicSetup.pins] = ioapic.pins ?? 24;
      words[IoapicSetup.requester] = ioapic.requester ?? 0xff00 + i;
      words[IoapicSetup.resendDelay] = options.resendDelay ?? 60;
      words[IoapicSetup.retryInterval] = options.retryInterval ?? 3000;
      core.write(this.#at(Table.ioapicSetup) + i * IoapicSetup.words * 4, words);
    });
    iommus.forEach((unit, u) => {
      for (const [name, value] of Object.entries(unit))
        core.setU32(this.#at(Table.iommuSetup) + (u * IommuSetup.words + IommuSetup[name as keyof UnitWords]) * 4, value);
    });
    core.write(this.#at(Table.iommuScope), Uint32Array.from(scopes.flat()));
    this.#e.complete();
    this.#e.timedBegin();
    for (let c = 0; c < cpus; c++) {
      if (x2apicIds === undefined) this.enable(c);
      else this.msr(c, 0x80f, 0x1ff);
    }
  }

  #at(id: Table): number {
    return this.#e.table(id);
  }

  // --- CPUs

  /** Software enable of a LAPIC. */
  enable(c: number, on = true): void {
    this.lapic(c, 0xf0, on ? 0x1ff : 0xff);
  }

  #vectors(c: number, words: number): number[] {
    const at = this.#at(Table.cpus) + c * Cpu.size + words;
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

  /** Vector that CPU c acknowledges, or -1. */
  acknowledge(c = 0): number {
    return this.#e.acknowledgeCpu(c);
  }

  /** Writes a LAPIC register of CPU c. */
  lapic(c: number, offset: number, value: number): void {
    this.#e.mmioWrite(c, 0xfee00000 + offset, 0, 4, value, 0);
  }

  msr(c: number, number: number, lo: number, hi = 0): void {
    this.#e.msrWrite(c, number, lo, hi);
  }

  eoi(c = 0): void {
    this.lapic(c, 0xb0, 0);
  }

  read(address: number, bytes: 1 | 2 | 4 | 8 = 4, c = 0): number {
    return this.#e.mmioRead(c, address, 0, bytes) >>> 0;
  }

  write(address: number, value: number, bytes: 1 | 2 | 4 | 8 = 4, c = 0): void {
    this.#e.mmioWrite(c, address, 0, bytes, value, 0);
  }

  // --- IOAPICs

  register(index: number, i = 0): number {
    return this.#e.ioapicRead(i, index) >>> 0;
  }

  setRegister(index: number, value: number, i = 0): void {
    this.#e.ioapicWrite(i, index, value);
  }

  low(pin: number, i = 0): number {
    return this.register(0x10 + 2 * pin, i);
  }

  setLow(pin: number, value: number, i = 0): void {
    this.setRegister(0x10 + 2 * pin, value, i);
  }

  /** Destination of the entry, bits 63:56. */
  setDestination(pin: number, dest: number, i = 0): void {
    this.setRegister(0x11 + 2 * pin, (dest << 24) >>> 0, i);
  }

  pin(pin: number, level: boolean, source = 0, i = 0): void {
    this.#e.pinSet(i, pin, source, level ? 1 : 0);
  }

  pulse(pin: number, i = 0): void {
    this.pin(pin, true, 0, i);
    this.pin(pin, false, 0, i);
  }

  window(offset: number, i = 0): number {
    return (this.#bases[i] ?? 0) + offset;
  }

  dma(requester: number, address: number, data: number, hi = 0): number {
    return this.#e.dmaWrite(requester, address, hi, data);
  }

  // --- time

  get now(): number {
    return Number(this.core.u64(this.#e.nowAt()));
  }

  advance(cycles: number): void {
    this.#e.runCycles(cycles >>> 0, Math.floor(cycles / 2 ** 32));
  }

  /** True if it has settled within so many cycles. */
  settle(cycles = 1_000_000): boolean {
    return this.#e.settle(cycles, 0) === Status.done;
  }

  // --- what happened

  /** Events of these kinds since the last call, as `kind a b c`. */
  events(...kinds: (keyof typeof Event)[]): [number, string, number, number, number][] {
    const { core } = this;
    const at = this.#at(Table.ring);
    const records = Array.from({ length: this.#e.ringUsed() }, (_, i) => at + ((this.#e.ringTail() + i) % 4096) * Rec.size);
    this.#e.ringClear();
    return records
      .map((r): [number, string, number, number, number] => [
        Number(core.u64(r)),
        Event[core.u32(r + Rec.kind)] ?? '?',
        core.u32(r + Rec.a),
        core.u32(r + Rec.b),
        core.u32(r + Rec.c),
      ])
      .filter(([, kind]) => kinds.some((k) => k === kind));
  }

  cpuEvent(c: number, which: keyof typeof CpuEvent): number {
    return this.core.u32(this.#at(Table.cpuEvents) + (c * CpuEvent.words + CpuEvent[which]) * 4);
  }

  diagnostic(which: keyof typeof Diag): number {
    return this.core.u32(this.#at(Table.diagnostics) + Diag[which] * 4);
  }

  counter(which: keyof typeof Counter): number {
    return Number(this.core.u64(this.#at(Table.counters) + Counter[which] * 8));
  }

  /** Writes guest memory at once, 8 bytes. */
  poke(address: number, value: bigint): void {
    const at = this.#e.guestAt() + address;
    this.core.setU32(at, Number(value & 0xffffffffn));
    this.core.setU32(at + 4, Number(value >> 32n));
  }

  memory(address: number): number {
    return this.core.u32(this.#e.guestAt() + address);
  }

  /** The whole state; and back. */
  snapshot(): Uint8Array {
    return this.core.bytes(this.#e.blockStart(), this.#e.blockStop() - this.#e.blockStart());
  }

  restore(block: Uint8Array): void {
    this.core.write(this.#e.blockStart(), block);
  }

  digest(): string {
    return [this.#e.stateDigest(), this.#e.highWord(), this.#e.eventDigest(), this.#e.highWord()].join();
  }
}
