/** Random register traffic on a machine: one operation at a time, any register, any width, any value. */
import type { CpuPort, Machine } from '../../src/machine/library.js';
import type { Dice } from './dice.js';
import { RemapTraffic } from './remap.js';

const LAPIC = 0xfee00000;
/** Registers that a CPU's LAPIC has; any other offset comes up too. */
const REGISTERS = [
  0x20, 0x30, 0x80, 0x90, 0xa0, 0xb0, 0xb0, 0xb0, 0xd0, 0xe0, 0xf0, 0xf0, 0x100, 0x170, 0x200, 0x270, 0x280, 0x2f0, 0x300, 0x300, 0x300,
  0x310, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380, 0x390, 0x3e0, 0x3f0,
];

/** What it did last, for a message; the arguments are of no interest until something fails. */
export type Operation = () => string | undefined;

export class Traffic {
  readonly #machine: Machine;
  readonly #dice: Dice;
  readonly #ids: readonly number[];
  readonly #weighted: readonly (() => string)[];

  constructor(machine: Machine, ids: readonly number[], dice: Dice) {
    this.#machine = machine;
    this.#dice = dice;
    this.#ids = ids;
    const remap = new RemapTraffic(machine, dice);
    const table: readonly [weight: number, act: () => string][] = [
      [14, () => this.#lapicWrite()],
      [6, () => this.#lapicRead()],
      [6, () => this.#ipi()],
      [8, () => this.#msr()],
      [3, () => this.#bus()],
      [3, () => this.#cr8()],
      [10, () => this.#dma()],
      [8, () => this.#ioapic()],
      [8, () => this.#pin()],
      [14, () => this.#acknowledge()],
      [3, () => this.#take()],
      [4, () => this.#local()],
      [1, () => this.#enable()],
      [12, () => this.#time()],
      [machine.iommus.length > 0 ? 40 : 0, () => remap.step()],
    ];
    this.#weighted = table.flatMap(([weight, act]) => Array.from({ length: weight }, () => act));
  }

  /** Does something; what it was. */
  step(): string {
    return this.#dice.of(this.#weighted)();
  }

  #cpu(): CpuPort {
    return this.#machine.cpu(this.#dice.below(this.#ids.length));
  }

  #width(): 1 | 2 | 4 | 8 {
    return this.#dice.oneIn(12) ? this.#dice.of([1, 2, 8] as const) : 4;
  }

  /** A value that means something now and then. */
  #value(): number {
    const dice = this.#dice;
    switch (dice.below(6)) {
      case 0:
        return dice.word();
      case 1:
        return (1 << dice.below(32)) >>> 0;
      case 2:
        return dice.below(256);
      case 3:
        return dice.below(0x800) | (dice.below(8) << 14);
      case 4:
        return 0x100 | dice.below(256);
      default:
        return dice.of([0, 0xffffffff, 0x1ff, 0x10000, 0x20000, 0x40000]);
    }
  }

  /** An APIC id, or what a sender may take for one. */
  #destination(): number {
    return this.#dice.oneIn(4) ? this.#dice.of([0xff, 0xffffffff, this.#dice.word(), this.#dice.below(256)]) : this.#dice.of(this.#ids);
  }

  #lapicWrite(): string {
    const cpu = this.#cpu();
    const offset = this.#dice.oneIn(10) ? this.#dice.below(0x1000) : this.#dice.of(REGISTERS);
    const width = this.#width();
    const value = width === 8 ? BigInt(this.#value()) * 3n : this.#value() % 2 ** (8 * width);
    cpu.writeMmio(LAPIC + offset, value, width);
    return `cpu ${cpu.index} writes ${value} to LAPIC + ${offset}, ${width} bytes`;
  }

  #lapicRead(): string {
    const cpu = this.#cpu();
    const offset = this.#dice.oneIn(4) ? this.#dice.below(0x1000) : this.#dice.of(REGISTERS);
    cpu.readMmio(LAPIC + offset, this.#width() as 4);
    return `cpu ${cpu.index} reads LAPIC + ${offset}`;
  }

  #ipi(): string {
    const cpu = this.#cpu();
    const dice = this.#dice;
    const mode = dice.oneIn(6) ? dice.below(8) : 0;
    const low = (dice.below(256) | (mode << 8) | (dice.below(2) << 11) | 0x4000 | (dice.below(4) << 18)) >>> 0;
    const destination = this.#destination();
    if (cpu.writeMsr(0x830, (BigInt(destination) << 32n) | BigInt(low)).ok)
      return `cpu ${cpu.index} sends ${low} to ${destination}, x2APIC`;
    cpu.writeMmio(LAPIC + 0x310, ((destination & 0xff) << 24) >>> 0, 4);
    cpu.writeMmio(LAPIC + 0x300, low, 4);
    return `cpu ${cpu.index} sends ${low} to ${destination}`;
  }

  #msr(): string {
    const cpu = this.#cpu();
    const dice = this.#dice;
    const msr = dice.oneIn(4)
      ? dice.of([0x1b, 0x10, 0x6e0, dice.word()])
      : 0x800 + (dice.oneIn(3) ? dice.below(256) : dice.of(REGISTERS) >> 4);
    if (dice.oneIn(3)) {
      const read = cpu.readMsr(msr);
      return `cpu ${cpu.index} reads MSR ${msr}: ${read.ok}`;
    }
    const value = msr === 0x1b ? 0xfee00000 + dice.of([0x800, 0x900, 0xc00, 0xd00, 0xc00, 0x400, 0, 0x801]) : this.#value();
    const wide = dice.oneIn(10) ? BigInt(value) << 20n : msr === 0x6e0 ? this.#machine.now + BigInt(dice.below(20000)) : value;
    const written = cpu.writeMsr(msr, wide);
    return `cpu ${cpu.index} writes ${wide} to MSR ${msr}: ${written.ok}`;
  }

  #bus(): string {
    const cpu = this.#cpu();
    const address = this.#dice.of([
      0xfec00000 + this.#dice.below(0x4000),
      this.#dice.below(0x12000),
      this.#dice.word(),
      2 ** 40 + this.#dice.word(),
    ]);
    const width = this.#width();
    if (this.#dice.oneIn(2)) cpu.readMmio(address, width as 4);
    else cpu.writeMmio(address, this.#value() % 2 ** Math.min(32, 8 * width), width);
    return `cpu ${cpu.index} accesses ${address}, ${width} bytes`;
  }

  #cr8(): string {
    const cpu = this.#cpu();
    const value = this.#dice.oneIn(5) ? this.#value() : this.#dice.below(8);
    cpu.writeCr8(value);
    return `cpu ${cpu.index} writes ${value} to CR8, which is ${cpu.cr8}`;
  }

  #dma(): string {
    const dice = this.#dice;
    const interrupt = 0xfee00000 | ((this.#destination() & 0xff) << 12) | (dice.oneIn(3) ? dice.below(4) << 2 : 0);
    const address = dice.oneIn(6) ? dice.of([dice.below(0x20000), dice.word(), 0xfee00010 + dice.below(0x1000)]) : interrupt >>> 0;
    const data = dice.oneIn(4) ? this.#value() : dice.below(256) | (dice.oneIn(8) ? dice.below(8) << 8 : 0) | (dice.oneIn(4) ? 0xc000 : 0);
    const requester = dice.oneIn(5) ? dice.below(65536) : dice.below(4);
    return `requester ${requester} writes ${data} to ${address}: ${this.#machine.dmaWrite32({ requester, address, data })}`;
  }

  #ioapic(): string {
    const { ioapics } = this.#machine;
    if (ioapics.length === 0) return 'no IOAPIC';
    const dice = this.#dice;
    const ioapic = dice.of(ioapics);
    const index = dice.oneIn(8) ? dice.below(256) : 0x10 + dice.below(2 * ioapic.model.pins);
    if (dice.oneIn(4)) return `IOAPIC ${ioapic.index} register ${index} is ${ioapic.read(index)}`;
    const low =
      dice.below(256) |
      (dice.oneIn(6) ? dice.below(8) << 8 : 0) |
      (dice.below(2) << 11) |
      (dice.below(2) << 15) |
      (dice.oneIn(3) ? 0x10000 : 0);
    const value = dice.oneIn(8) ? dice.word() : index & 1 ? ((this.#destination() & 0xff) << 24) >>> 0 : low | (dice.oneIn(6) ? 0x2000 : 0);
    ioapic.write(index, value);
    return `IOAPIC ${ioapic.index} register ${index} := ${value}`;
  }

  #pin(): string {
    const { ioapics } = this.#machine;
    if (ioapics.length === 0) return 'no IOAPIC';
    const ioapic = this.#dice.of(ioapics);
    const pin = this.#dice.below(Math.min(ioapic.model.pins, 6));
    const [level, source] = [this.#dice.oneIn(2), this.#dice.oneIn(4) ? this.#dice.below(32) : 0];
    ioapic.pin(pin).set(level, source);
    return `IOAPIC ${ioapic.index} pin ${pin} source ${source} := ${level}`;
  }

  #acknowledge(): string {
    const cpu = this.#cpu();
    const { irr, ppr, svr } = cpu;
    // hardware.md A.4.4, A.5
    const highest = irr.at(-1) ?? 0;
    const expected = highest >> 4 > ppr >> 4 ? highest : undefined;
    const pending = cpu.pendingVector();
    const forced = this.#dice.oneIn(6);
    const vector = forced ? cpu.forceAcknowledge() : cpu.acknowledge();
    const said = `cpu ${cpu.index} acknowledges ${vector}${forced ? ', forced' : ''}; pending ${pending}, PPR ${ppr}`;
    if (pending !== expected || vector !== (expected ?? (forced ? svr & 0xff : undefined)))
      throw new Error(`not the highest of a class above, ${expected}: ${said}`);
    if (this.#dice.oneIn(2) && !cpu.writeMsr(0x80b, 0).ok) cpu.writeMmio(LAPIC + 0xb0, 0, 4);
    return said;
  }

  #take(): string {
    const cpu = this.#cpu();
    return `cpu ${cpu.index} takes ${cpu.takeNmi()} ${cpu.takeSmi()} ${cpu.takeExtInt()}`;
  }

  #local(): string {
    const cpu = this.#cpu();
    const dice = this.#dice;
    switch (dice.below(8)) {
      case 0:
        cpu.localEvent(dice.of(['thermal', 'perfMon', 'cmci'] as const));
        return `cpu ${cpu.index} has a local event`;
      case 1:
        cpu.reset();
        return `cpu ${cpu.index} is reset`;
      default: {
        const [n, level] = [dice.of([0, 1] as const), dice.oneIn(2)];
        cpu.lint(n).set(level);
        return `cpu ${cpu.index} LINT${n} := ${level}`;
      }
    }
  }

  /** Otherwise most LAPICs would be disabled most of the time. */
  #enable(): string {
    for (const cpu of this.#machine.cpus) if (!cpu.writeMsr(0x80f, 0x1ff).ok) cpu.writeMmio(LAPIC + 0xf0, 0x1ff, 4);
    return 'all LAPICs are enabled';
  }

  #time(): string {
    const dice = this.#dice;
    if (dice.oneIn(6)) return `settles: ${this.#machine.settle(20_000)}`;
    const cycles = dice.oneIn(30) ? 50_000 : dice.below(2_000);
    this.#machine.advance(cycles);
    return `${cycles} cycles pass`;
  }
}
