/** Random traffic on remapping units: registers, tables in memory, the invalidation queue, requests by index (hardware.md D). */
import { Gcmd, VtdReg } from '../../src/core/index.js';
import type { IommuPort, Machine } from '../../src/machine/library.js';
import { AmdTraffic } from './amd.js';
import type { Dice } from './dice.js';

// prettier-ignore
const REGISTERS = [
  VtdReg.gcmd, VtdReg.fsts, VtdReg.fectl, VtdReg.fedata, VtdReg.feaddr, VtdReg.feuaddr, VtdReg.iqh, VtdReg.iqt, VtdReg.iqt,
  VtdReg.iqa, VtdReg.ics, VtdReg.iectl, VtdReg.iedata, VtdReg.ieaddr, VtdReg.ieuaddr, VtdReg.iqercd, VtdReg.irta, VtdReg.rtaddr,
];
/** Entries that most requests name: few, so that they are invalidated and named again. */
const ENTRIES = 24;
/** Commands that software gives, apart from any. */
const COMMANDS = [
  Gcmd.qie,
  Gcmd.qie | Gcmd.sirtp,
  Gcmd.qie | Gcmd.ire,
  Gcmd.qie | Gcmd.ire,
  Gcmd.qie | Gcmd.ire,
  Gcmd.qie | Gcmd.ire,
  Gcmd.qie | Gcmd.ire | Gcmd.cfi,
  Gcmd.qie | Gcmd.ire | Gcmd.sirtp,
  Gcmd.ire,
  Gcmd.sirtp,
  0,
];

export class RemapTraffic {
  readonly #machine: Machine;
  readonly #dice: Dice;
  readonly #amd: AmdTraffic;

  constructor(machine: Machine, dice: Dice) {
    this.#machine = machine;
    this.#dice = dice;
    this.#amd = new AmdTraffic(machine, dice);
  }

  /** Does something with one of the units; what it was. */
  step(): string {
    const { iommus } = this.#machine;
    if (iommus.length === 0) return 'no IOMMU';
    const dice = this.#dice;
    const unit = dice.of(iommus);
    const name = `IOMMU ${unit.index}`;
    if (unit.model.type === 'amd') return `${name} ${this.#amd.step(unit)}`;
    switch (dice.below(24)) {
      case 0:
        return `${name} ${this.#begin(unit)}`;
      case 1:
      case 2:
        return `${name} ${this.#command(unit)}`;
      case 3:
      case 4:
        return `${name} ${this.#register(unit)}`;
      case 5:
      case 6:
      case 7:
        return `${name} ${this.#entry(unit)}`;
      case 8:
      case 9:
      case 10:
        return `${name} ${this.#descriptor(unit)}`;
      case 11:
        return `${name} ${this.#clear(unit)}`;
      default:
        return this.#request();
    }
  }

  /** Table and queue at pages of memory, and commands that use them; else all would be off most of the time. */
  #begin(unit: IommuPort): string {
    const [table, queue] = [this.#page(), this.#page()];
    unit.write(VtdReg.irta, table + (this.#dice.oneIn(4) ? 0x800 : 0) + this.#dice.of([4, 5, 7, 0]), 8);
    for (let i = 0; i < ENTRIES; i++) this.#entry(unit, i);
    unit.write(VtdReg.iqt, 0, 8);
    unit.write(VtdReg.iqa, queue + (this.#dice.oneIn(8) ? 0x800 : 0), 8);
    for (const command of [Gcmd.qie, Gcmd.qie | Gcmd.sirtp, Gcmd.qie | Gcmd.ire]) {
      unit.write(VtdReg.gcmd, command, 4);
      this.#machine.advance(4000);
    }
    return `begins with a table at ${table}, a queue at ${queue}`;
  }

  #command(unit: IommuPort): string {
    const command = this.#dice.oneIn(6) ? this.#dice.word() : this.#dice.of(COMMANDS) >>> 0;
    unit.write(VtdReg.gcmd, command, 4);
    return `GCMD := ${command}`;
  }

  #register(unit: IommuPort): string {
    const dice = this.#dice;
    const offset = dice.oneIn(6) ? dice.below(0x1000) : dice.of(REGISTERS) + (dice.oneIn(6) ? 4 : 0);
    const width = dice.oneIn(3) ? 8 : 4;
    if (dice.oneIn(3)) return `register ${offset} is ${width === 8 ? unit.read(offset, 8) : unit.read(offset, 4)}`;
    const value = dice.of([dice.word(), this.#page(), dice.below(256) * 16, 0xfee00000 + dice.below(16) * 0x1000, 0, 0x80000000]);
    const wide = width === 8 && dice.oneIn(4) ? (BigInt(dice.word()) << 32n) | BigInt(value) : value;
    unit.write(offset, wide, width);
    return `register ${offset} := ${wide}, ${width} bytes`;
  }

  /** A table entry, present mostly, remapped or posted, with a reserved bit now and then; of a posted one maybe its descriptor. */
  #entry(unit: IommuPort, index = this.#dice.below(ENTRIES)): string {
    const dice = this.#dice;
    const at = Number(unit.read(VtdReg.irta, 8) & 0xfffff000n) + 16 * index;
    const present = dice.oneIn(6) ? dice.below(4) : 1;
    const source = dice.oneIn(3) ? dice.below(4) | (dice.below(4) << 16) | (dice.below(4) << 18) : 0;
    const low = dice.oneIn(4)
      ? [present | 0x8000 | (dice.below(256) << 16), (this.#page() + dice.below(64) * 64) & ~63]
      : [present | (dice.below(8) << 2) | (dice.oneIn(4) ? dice.below(8) << 5 : 0) | (dice.below(256) << 16), dice.below(4) << 8];
    const words = [...low, source, 0].map((word) => (dice.oneIn(40) ? word ^ (1 << dice.below(32)) : word));
    this.#store(at, words);
    // ON, SN and NV; NDST
    if (low[0]! & 0x8000 && dice.oneIn(2))
      this.#store((low[1]! >>> 0) + 32, [dice.below(4) | (dice.below(256) << 16), dice.below(4) << 8, 0, 0]);
    return `entry at ${at} := ${words.join()}`;
  }

  /** A descriptor or two behind the tail, which moves. */
  #descriptor(unit: IommuPort): string {
    const dice = this.#dice;
    const address = unit.read(VtdReg.iqa, 8);
    const size = (address & 0x800n) === 0n ? 16 : 32;
    const bytes = 0x1000 << Number(address & 7n);
    const queue = Number(address & 0xfffff000n);
    let tail = Number(unit.read(VtdReg.iqt, 8)) % bytes;
    for (let n = 1 + dice.below(3); n > 0; n--) {
      this.#store(queue + tail, this.#words());
      tail = (tail + size) % bytes;
    }
    if (dice.oneIn(30)) tail = dice.below(0x2000);
    unit.write(VtdReg.iqt, tail, dice.oneIn(4) ? 8 : 4);
    return `IQT := ${tail}`;
  }

  #words(): number[] {
    const dice = this.#dice;
    switch (dice.below(6)) {
      case 0:
        return [4, 0, 0, 0];
      case 1:
      case 2:
        return [0x14 | ((dice.oneIn(4) ? dice.below(32) : dice.below(3)) << 27), dice.below(ENTRIES), 0, 0];
      case 3:
      case 4:
        return [5 | (dice.below(8) << 4), dice.word(), this.#page() + 4 * dice.below(1024), 0];
      default:
        return dice.oneIn(4) ? [dice.word(), dice.word(), dice.word(), dice.word()] : [1 + dice.below(9), 0, 0, 0];
    }
  }

  /** What software clears: errors, records, the completion bit. */
  #clear(unit: IommuPort): string {
    unit.write(VtdReg.fsts, 0x7f, 4);
    unit.write(VtdReg.ics, 1, 4);
    const records = unit.model.type === 'vtd' ? unit.model.faults.records : 1;
    const record = VtdReg.frcd + 16 * this.#dice.below(records);
    unit.write(record + 12, 0x80000000, 4);
    return 'errors and a fault are cleared';
  }

  #request(): string {
    const dice = this.#dice;
    const handle = dice.oneIn(10) ? dice.below(0x10000) : dice.below(ENTRIES);
    const shv = dice.oneIn(4) ? 8 : 0;
    const address = (0xfee00010 | ((handle & 0x7fff) << 5) | ((handle >> 15) << 2) | shv) >>> 0;
    const data = shv === 0 ? 0 : dice.oneIn(10) ? dice.word() : dice.below(4);
    const requester = dice.below(4);
    return `requester ${requester} asks by ${handle}: ${this.#machine.dmaWrite32({ requester, address, data })}`;
  }

  #page(): number {
    const pages = this.#machine.memory.length >> 12;
    return this.#dice.oneIn(30) ? this.#dice.below(0x100000) * 0x1000 : this.#dice.below(Math.max(1, pages)) * 0x1000;
  }

  #store(at: number, words: readonly number[]): void {
    const { memory } = this.#machine;
    if (at + 16 > memory.length) return;
    const view = new DataView(memory.buffer, memory.byteOffset);
    words.forEach((word, i) => view.setUint32(at + 4 * i, word, true));
  }
}
