/** What a machine with a program holds, beyond the hardware: variables, registers, units, and what was counted; set before it starts, and looked at. */
import {
  CpuFlag,
  Cpu,
  Ctx,
  Fn,
  FunctionSetup,
  Gcmd,
  Inspect,
  Iommu,
  Load,
  MsixEntry,
  Note,
  PidWord,
  RunState,
  Src,
  Table,
  Told,
  VARIABLE_WINDOW,
  VarWord,
} from '../core/index.js';
import { AmdTables, startAmd, type AmdStart } from './amdUnit.js';
import { fillSeed } from './fill.js';
import { histogram, percentiles, type Bucket, type Percentiles } from './histogram.js';
import { Machine } from './machine.js';
import { readMeters, type MeterReading } from './meters.js';
import { linesOf } from './setup.js';

/** Registers of an MSI capability (hardware.md C.1). */
export interface MsiRegisters {
  readonly control: number;
  readonly addrLo: number;
  readonly addrHi: number;
  readonly data: number;
  /** bit per message; left out: none is masked */
  readonly mask?: number;
}

/** A message, as an entry of an MSI-X table holds it (C.2). */
export interface MsixEntryRegisters {
  readonly addrLo: number;
  readonly addrHi: number;
  readonly data: number;
  readonly masked: boolean;
}

/** The state of a machine whose CPUs execute a program (src/kernel), by name and index. */
export abstract class ProgramState extends Machine {
  #mask: { readonly bits: readonly number[]; readonly words: Uint32Array } = { bits: [], words: new Uint32Array() };

  // --- setting up, before `start`

  /** Sets the seed of all random streams, in place of that of the set-up. */
  seed(seed: number): void {
    fillSeed(this.core, this.layout.table(Table.settings), seed);
  }

  /** Sets element [i][j] of a variable. */
  setVariable(slot: number, i: number, j: number, value: number): void {
    this.layout.storeElement(slot, i * this.layout.slot(slot, VarWord.dim1) + j, value);
  }

  /** Sets or clears a bit of mask [i]. */
  setMaskBit(slot: number, i: number, bit: number, on = true): void {
    const at = this.layout.slot(slot, VarWord.address) + i * this.layout.slot(slot, VarWord.bytes) + (bit >>> 5) * 4;
    const word = this.core.u32(at);
    this.core.setU32(at, on ? word | (1 << (bit & 31)) : word & ~(1 << (bit & 31)));
  }

  /** Sets mask [i] to these bits and no others; the same list need not be looked through twice in a row. */
  setMask(slot: number, i: number, bits: readonly number[]): void {
    const bytes = this.layout.slot(slot, VarWord.bytes);
    if (this.#mask.bits !== bits || this.#mask.words.length * 4 !== bytes) {
      const words = new Uint32Array(bytes / 4);
      for (const bit of bits) words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
      this.#mask = { bits, words };
    }
    this.core.write(this.layout.slot(slot, VarWord.address) + i * bytes, this.#mask.words);
  }

  /** The address at which units see a variable that is theirs too. */
  guestAddress(slot: number): number {
    return VARIABLE_WINDOW + (this.layout.slot(slot, VarWord.address) - this.layout.firstVariable());
  }

  setCpu(c: number, state: { svr: number; tpr: number; run: keyof typeof RunState; interruptsOn: boolean }): void {
    const at = this.layout.table(Table.cpus) + c * Cpu.size;
    this.core.setU16(at + Cpu.svr, state.svr);
    this.core.setU8(at + Cpu.tpr, state.tpr);
    this.core.setU8(at + Cpu.run, RunState[state.run]);
    this.core.setU8(at + Cpu.flags, state.interruptsOn ? CpuFlag.interruptsOn : 0);
    this.core.setU32(at + Cpu.dfr, 0xffffffff);
  }

  /** Registers of the MSI capability of a device; of control, what can be written (hardware.md C.1). */
  setDevice(d: number, msi: MsiRegisters): void {
    const at = this.#functionAt(d);
    this.core.setU16(at + Fn.msiControl, msi.control & 0x71);
    this.core.setU16(at + Fn.data, msi.data);
    this.core.setU32(at + Fn.addrLo, msi.addrLo);
    this.core.setU32(at + Fn.addrHi, msi.addrHi);
    this.core.setU32(at + Fn.mask, msi.mask ?? 0);
  }

  /** The message of a device of the chipset. */
  setChipset(d: number, message: MsixEntryRegisters): void {
    this.setDevice(d, { ...message, control: 0, mask: message.masked ? 1 : 0 });
  }

  /** Message control of a device's MSI-X capability: bit 15 enables it, bit 14 masks all (C.2). */
  setMsix(d: number, control: number): void {
    this.core.setU16(this.#functionAt(d) + Fn.msixControl, control & 0xc000);
  }

  /** Entry n of a device's MSI-X table. */
  setEntry(d: number, n: number, entry: MsixEntryRegisters): void {
    const at = this.#entryAt(d, n);
    this.core.setU32(at + MsixEntry.addrLo, entry.addrLo);
    this.core.setU32(at + MsixEntry.addrHi, entry.addrHi);
    this.core.setU32(at + MsixEntry.data, entry.data);
    this.core.setU32(at + MsixEntry.control, entry.masked ? 1 : 0);
  }

  #functionAt(d: number): number {
    return this.layout.table(Table.functions) + d * Fn.size;
  }

  #entryAt(d: number, n: number): number {
    const first = this.core.u32(this.layout.table(Table.functionSetup) + (d * FunctionSetup.words + FunctionSetup.firstEntry) * 4);
    return this.layout.table(Table.msixEntries) + (first + n) * MsixEntry.size;
  }

  /**
   * Turns unit u on, as a kernel's initialisation leaves it: remapping by the table at the page of variable `table`, with 2^size
   * entries, and an empty queue of 256 descriptors in guest memory at page u.
   */
  setUnit(u: number, { table, size, extended }: { table: number; size: number; extended: boolean }): void {
    const at = this.layout.table(Table.iommus) + u * Iommu.size;
    const irta = (this.guestAddress(table) | (extended ? 0x800 : 0) | (size - 1)) >>> 0;
    this.core.setU32(at + Iommu.gsts, (Gcmd.qie | Gcmd.ire | Gcmd.sirtp) >>> 0);
    this.core.setU32(at + Iommu.irta, irta);
    this.core.setU32(at + Iommu.activeIrta, irta);
    this.core.setU32(at + Iommu.iqa, u * 4096);
  }

  /** Turns unit u, one of AMD's, on: as `AmdStart` says, with empty buffers of 256 entries in guest memory. */
  setAmdUnit(u: number, start: AmdStart): void {
    startAmd(this.core, this.layout, this.setup, u, start);
  }

  /** Guest-physical address of descriptor `row` of a variable, low and high half: where a unit finds it. */
  descriptorAddress(slot: number, row: number): readonly [low: number, high: number] {
    const at = this.layout.slot(slot, VarWord.address) + row * PidWord.count * 4;
    return [(VARIABLE_WINDOW + (at - this.layout.firstVariable())) >>> 0, row + 1];
  }

  // --- looking

  variable(slot: number, i = 0, j = 0): number {
    const bytes = this.layout.slot(slot, VarWord.bytes);
    const at = this.layout.slot(slot, VarWord.address) + (i * this.layout.slot(slot, VarWord.dim1) + j) * bytes;
    return bytes === 1 ? this.core.u8(at) : bytes === 2 ? this.core.u16(at) : this.core.u32(at);
  }

  /** How many descriptors a variable is. */
  rowsOf(slot: number): number {
    return this.layout.slot(slot, VarWord.dim0);
  }

  /** Vectors in the PIRs of a variable of descriptors, by row. */
  posted(slot: number): { readonly row: number; readonly vector: number }[] {
    const rows = Array.from({ length: this.rowsOf(slot) }, (_, row) => row);
    const vectors = Array.from({ length: PidWord.control * 32 }, (_, vector) => vector);
    return rows.flatMap((row) =>
      vectors.filter((vector) => (this.variable(slot, row, vector >>> 5) >>> (vector & 31)) & 1).map((vector) => ({ row, vector })),
    );
  }

  maskBits(slot: number, i = 0): number[] {
    const bytes = this.layout.slot(slot, VarWord.bytes);
    const at = this.layout.slot(slot, VarWord.address) + i * bytes;
    const bits: number[] = [];
    for (let bit = 0; bit < bytes * 8; bit++) if ((this.core.u8(at + (bit >>> 3)) >>> (bit & 7)) & 1) bits.push(bit);
    return bits;
  }

  /** True if a CPU idles with a vector in service: no EOI will retire it any more (hardware.md A.12). */
  get stuckIsr(): boolean {
    const inService = (c: number): boolean => this.core.u8(this.layout.table(Table.cpus) + c * Cpu.size + Cpu.isrWords) !== 0;
    return this.setup.apicIds.some((_, c) => inService(c) && this.instruction(c) === undefined);
  }

  /** MSI registers of a device; of control, what can be written. */
  msiOf(d: number): Required<MsiRegisters> {
    const at = this.#functionAt(d);
    return {
      control: this.core.u16(at + Fn.msiControl),
      data: this.core.u16(at + Fn.data),
      addrLo: this.core.u32(at + Fn.addrLo),
      addrHi: this.core.u32(at + Fn.addrHi),
      mask: this.core.u32(at + Fn.mask),
    };
  }

  /** Entry n of a device's MSI-X table. */
  entryOf(d: number, n: number): MsixEntryRegisters {
    const at = this.#entryAt(d, n);
    return {
      addrLo: this.core.u32(at + MsixEntry.addrLo),
      addrHi: this.core.u32(at + MsixEntry.addrHi),
      data: this.core.u32(at + MsixEntry.data),
      masked: this.core.u32(at + MsixEntry.control) !== 0,
    };
  }

  /** The message that interrupt source s would send now; undefined: its device sends none. */
  messageOf(s: number): MsixEntryRegisters | undefined {
    if (this.inspect('sends', s) === 0) return undefined;
    return {
      addrLo: this.inspect('sentAddress', s),
      addrHi: this.inspect('sentAddressHigh', s),
      data: this.inspect('sentData', s),
      masked: this.inspect('sentMasked', s) !== 0,
    };
  }

  /** Hardware as judges see it. */
  inspect(field: keyof typeof Inspect, b = 0, c = 0): number {
    return this.core.exports.look(Inspect[field], b, c) >>> 0;
  }

  /** What units of AMD's read and have cached. */
  get amdTables(): AmdTables {
    return new AmdTables(this.core, this.layout, this.setup);
  }

  /** Words of entry `index` as unit u has it cached although memory says otherwise, or undefined (check). */
  cachedEntry(u: number, index: number): readonly number[] | undefined {
    const irtes = linesOf(this.setup);
    if (index >= irtes) return undefined;
    const at = this.layout.table(Table.lines) + (u * irtes + index) * 16;
    const words = [0, 4, 8, 12].map((offset) => this.core.u32(at + offset));
    const last = words[3] ?? 0;
    // bit 127 says that it is there
    return last >>> 31 === 0 ? undefined : [...words.slice(0, 3), last & 0x7fffffff];
  }

  /** Words of entry `index` of the remapping table in memory. */
  tableEntry(u: number, index: number): readonly number[] {
    const irta = this.core.u32(this.layout.table(Table.iommus) + u * Iommu.size + Iommu.activeIrta);
    const at = this.layout.firstVariable() + (((irta & 0xfffff000) >>> 0) - VARIABLE_WINDOW) + index * 16;
    return [0, 4, 8, 12].map((offset) => this.core.u32(at + offset));
  }

  owed(s: number): boolean {
    return this.core.u8(this.layout.source(s) + Src.owed) !== 0;
  }

  /** Instruction that CPU c's current context stands in front of, or undefined: it idles. */
  instruction(c: number): number | undefined {
    const level = this.core.exports.currentLevel(c);
    return level < 0 ? undefined : this.core.u16(this.layout.table(Table.contexts) + (c * 4 + level) * Ctx.size + Ctx.pc);
  }

  note(which: keyof typeof Note): number {
    return Number(this.core.u64(this.layout.table(Table.notes) + Note[which] * 8));
  }

  handled(s: number): boolean {
    return this.core.u8(this.layout.table(Table.told) + s * Told.size + Told.served) !== 0;
  }

  ended(o: number): boolean {
    return this.core.u8(this.layout.table(Table.ended) + o) !== 0;
  }

  /** Instructions that were executed at least once. */
  coverage(): Uint8Array {
    return this.core.bytes(this.layout.table(Table.coverage), this.setup.program.code.length / 4);
  }

  /** Raise to handler entry, cycles (timed). */
  latency(): Percentiles {
    return percentiles(this.latencies());
  }

  /** The same as a histogram. */
  latencies(): Bucket[] {
    return histogram(this.core, this.layout.table(Table.histogram));
  }

  /** What was measured up to now; undefined: nothing was to be. */
  meters(): MeterReading | undefined {
    const { meters } = this.setup;
    return meters && readMeters(this.core, (id) => this.layout.table(id), meters);
  }

  /** What a CPU has done for drivers so far: handlers entered, and their cost in cycles. */
  loadOfCpu(c: number): { readonly handled: number; readonly cycles: number } {
    return this.#load(this.layout.table(Table.loads) + c * Load.size);
  }

  /** The same of an interrupt source. */
  loadOfSource(s: number): { readonly handled: number; readonly cycles: number } {
    return this.#load(this.layout.table(Table.told) + s * Told.size);
  }

  #load(at: number): { handled: number; cycles: number } {
    return { handled: Number(this.core.u64(at + Load.handled)), cycles: Number(this.core.u64(at + Load.cycles)) };
  }
}
