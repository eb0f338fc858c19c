/** Random traffic on AMD-Vi units: registers, device tables and remapping tables in memory, commands, requests by index (hardware.md F). */
import { AmdCommand, AmdControl, AmdControlHigh, AmdReg } from '../../src/core/index.js';
import type { IommuPort, Machine } from '../../src/machine/library.js';
import type { Dice } from './dice.js';

const REGISTERS = Object.values(AmdReg).filter((each): each is AmdReg => typeof each === 'number' && each !== AmdReg.window);
/** Devices and entries that most requests name: few, so that they are invalidated and named again. */
const DEVICES = 4;
const ENTRIES = 24;
const ON = AmdControl.iommuEn | AmdControl.eventLogEn | AmdControl.cmdBufEn;

/** The second word of a command. */
const op = (command: number): number => (command << 28) >>> 0;

export class AmdTraffic {
  readonly #machine: Machine;
  readonly #dice: Dice;

  constructor(machine: Machine, dice: Dice) {
    this.#machine = machine;
    this.#dice = dice;
  }

  /** Does something with this unit; what it was. */
  step(unit: IommuPort): string {
    switch (this.#dice.below(24)) {
      case 0:
        return this.#begin(unit);
      case 1:
      case 2:
        return this.#control(unit);
      case 3:
      case 4:
        return this.#register(unit);
      case 5:
        return this.#device(unit);
      case 6:
      case 7:
      case 8:
        return this.#entry(unit);
      case 9:
      case 10:
      case 11:
        return this.#command(unit);
      case 12:
        return this.#clear(unit);
      default:
        return this.#request();
    }
  }

  /** Tables and buffers at pages of memory, all of it on; else all would be off most of the time. */
  #begin(unit: IommuPort): string {
    const dice = this.#dice;
    unit.write(AmdReg.control, 0, 8);
    unit.write(AmdReg.deviceTable, this.#page(), 8);
    for (const base of [AmdReg.commandBase, AmdReg.eventBase, AmdReg.gaBase])
      unit.write(base, (BigInt(dice.oneIn(8) ? dice.below(16) : 8) << 56n) | BigInt(this.#page()), 8);
    for (let device = 0; device < DEVICES; device++) this.#device(unit, device);
    for (let i = 0; i < ENTRIES; i++) this.#entry(unit);
    for (const pointer of [AmdReg.commandHead, AmdReg.commandTail, AmdReg.eventHead, AmdReg.gaHead]) unit.write(pointer, 0, 8);
    unit.write(AmdReg.msiLow, 0xfee00000, 4);
    unit.write(AmdReg.msiData, 16 + dice.below(240), 4);
    this.#control(unit);
    return 'begins';
  }

  #control(unit: IommuPort): string {
    const dice = this.#dice;
    const low =
      dice.of([
        ON,
        ON,
        ON | AmdControl.gaEn,
        ON | AmdControl.gaEn | AmdControl.guestMode | AmdControl.gaLogEn,
        ON & ~AmdControl.cmdBufEn,
        0,
      ]) | dice.of([0, AmdControl.eventIntEn | AmdControl.comWaitIntEn | AmdControl.gaIntEn]);
    const high = dice.of([0, 0, AmdControlHigh.xtEn, AmdControlHigh.irtCacheDis, AmdControlHigh.intCapXtEn, AmdControlHigh.numIntRemap2k]);
    const value = dice.oneIn(10) ? [dice.word(), dice.word()] : [low, high];
    unit.write(AmdReg.control, (BigInt(value[1]! >>> 0) << 32n) | BigInt(value[0]! >>> 0), 8);
    return `control := ${value.join()}`;
  }

  #register(unit: IommuPort): string {
    const dice = this.#dice;
    const offset = dice.oneIn(6) ? dice.below(0x4000) : dice.of(REGISTERS) + (dice.oneIn(6) ? 4 : 0);
    const width = dice.oneIn(2) ? 8 : 4;
    if (dice.oneIn(3)) return `register ${offset} is ${width === 8 ? unit.read(offset, 8) : unit.read(offset, 4)}`;
    const value = dice.of([dice.word(), this.#page(), dice.below(256) * 16, 0xfee00000 + dice.below(16) * 0x1000, 0, 0x7ff]);
    const wide = width === 8 && dice.oneIn(4) ? (BigInt(dice.word()) << 32n) | BigInt(value) : value;
    unit.write(offset, wide, width);
    return `register ${offset} := ${wide}, ${width} bytes`;
  }

  /** An entry of the device table, valid and remapping mostly. */
  #device(unit: IommuPort, device = this.#dice.below(DEVICES)): string {
    const dice = this.#dice;
    const at = Number(unit.read(AmdReg.deviceTable, 8) & 0xfffff000n) + 32 * device;
    const passes = dice.oneIn(3) ? dice.below(8) << 24 : 0;
    const words = [
      dice.oneIn(8) ? dice.below(4) : 1,
      0,
      dice.below(65536),
      dice.oneIn(6) ? dice.below(8) : 0,
      this.#page() | (dice.oneIn(6) ? dice.below(32) : (dice.below(6) << 1) | 1) | (dice.oneIn(8) ? 32 : 0),
      ((dice.oneIn(5) ? dice.below(4) : 2) << 28) | passes,
    ];
    this.#store(at, words);
    return `entry of device ${device} := ${words.join()}`;
  }

  /** A remapping entry as either format has it, for hosts mostly. */
  #entry(unit: IommuPort): string {
    const dice = this.#dice;
    const device = Number(unit.read(AmdReg.deviceTable, 8) & 0xfffff000n) + 32 * dice.below(DEVICES) + 16;
    const table = device + 8 <= this.#machine.memory.length ? this.#view().getUint32(device, true) & 0xfffc0 : this.#page();
    const wide = (unit.read(AmdReg.control, 4) & AmdControl.gaEn) !== 0;
    const at = table + dice.below(ENTRIES) * (wide ? 16 : 4);
    const low = (dice.oneIn(6) ? dice.below(4) : 1) | (dice.oneIn(3) ? dice.below(64) << 2 : 0) | (dice.below(4) << 8);
    const words = wide ? [low, dice.below(256), dice.below(256) | this.#page(), 0] : [(low & 0xffff) | (dice.below(256) << 16)];
    this.#store(
      at,
      words.map((word) => (dice.oneIn(40) ? word ^ (1 << dice.below(32)) : word)),
    );
    return `entry at ${at} := ${words.join()}`;
  }

  /** A command or two behind the tail, which moves. */
  #command(unit: IommuPort): string {
    const dice = this.#dice;
    const base = unit.read(AmdReg.commandBase, 8);
    const bytes = 16 << Math.max(Number((base >> 56n) & 15n), 8);
    let tail = unit.read(AmdReg.commandTail, 4) % bytes;
    for (let n = 1 + dice.below(3); n > 0; n--) {
      this.#store(Number(base & 0xfffff000n) + tail, this.#words());
      tail = (tail + 16) % bytes;
    }
    if (dice.oneIn(30)) tail = dice.below(0x80000);
    unit.write(AmdReg.commandTail, tail, dice.oneIn(4) ? 8 : 4);
    return `command tail := ${tail}`;
  }

  #words(): number[] {
    const dice = this.#dice;
    switch (dice.below(8)) {
      case 0:
        return [dice.below(DEVICES), op(AmdCommand.invalidateDevtabEntry), 0, 0];
      case 1:
      case 2:
        return [dice.below(DEVICES), op(AmdCommand.invalidateInterruptTable), 0, 0];
      case 3:
        return [0, op(AmdCommand.invalidateAll), 0, 0];
      case 4:
      case 5:
        return [dice.below(8) | (this.#page() + 8 * dice.below(512)), op(AmdCommand.completionWait), dice.word(), dice.word()];
      case 6:
        return [dice.word(), op(AmdCommand.invalidateIommuPages), dice.word(), dice.word()];
      default:
        return dice.oneIn(4) ? [dice.word(), dice.word(), dice.word(), dice.word()] : [0, op(AmdCommand.invalidateAll), 0, 0];
    }
  }

  /** What software does behind an error: it clears the status, empties the logs, starts the commands again. */
  #clear(unit: IommuPort): string {
    unit.write(AmdReg.status, 0x7ff, 4);
    unit.write(AmdReg.eventHead, unit.read(AmdReg.eventTail, 4), 4);
    unit.write(AmdReg.gaHead, unit.read(AmdReg.gaTail, 4), 4);
    const control = unit.read(AmdReg.control, 4);
    unit.write(AmdReg.control, (control & ~AmdControl.cmdBufEn) >>> 0, 4);
    unit.write(AmdReg.control, (control | AmdControl.cmdBufEn) >>> 0, 4);
    return `is cleared; its log had ${unit.eventLog.length} entries`;
  }

  #request(): string {
    const dice = this.#dice;
    const mode = dice.oneIn(8) ? dice.below(8) << 8 : 0;
    const data = dice.oneIn(20) ? dice.word() : dice.below(ENTRIES) | mode | (dice.oneIn(8) ? 0xc000 : 0);
    const address = 0xfee00000 + (dice.oneIn(4) ? 4 : 0);
    const requester = dice.oneIn(10) ? dice.below(65536) : dice.below(DEVICES);
    return `requester ${requester} asks by ${data}: ${this.#machine.dmaWrite32({ requester, address, data })}`;
  }

  #page(): number {
    const pages = this.#machine.memory.length >>> 12;
    return 0x1000 * (this.#dice.oneIn(40) ? this.#dice.below(0x200) : this.#dice.below(Math.max(pages, 1)));
  }

  #view(): DataView {
    const { memory } = this.#machine;
    return new DataView(memory.buffer, memory.byteOffset, memory.length);
  }

  /** Stores what lies in memory; software could store nothing else. */
  #store(at: number, words: readonly number[]): void {
    const view = this.#view();
    if (at + 4 * words.length > view.byteLength) return;
    words.forEach((word, i) => view.setUint32(at + 4 * i, word >>> 0, true));
  }
}
