/** Plays a script of register operations on the library, and answers each as a recording does. */
import { Cpu, Table } from '../../../src/core/index.js';
import type { CpuPort, Machine } from '../../../src/machine/library.js';

/** Answer of an operation: values by field, fields of fields joined by dots; vectors as lists. */
export type Answer = Readonly<Record<string, unknown>>;

export const LAPIC = 0xfee00000;
const MSR = 0x800;
const IOAPIC = 0xfec00000;
const ACTIVE_LOW = 0x2000;

/** What all recordings have in common; the system's own operations and its machine are added. */
export abstract class Player {
  protected machine!: Machine;
  /** pins that `irq_line` asserts */
  readonly #asserted = new Set<number>();

  /** The machine that a line with `new` stands for. */
  protected abstract create(line: string): Promise<Machine>;

  /** Executes one line of a script; what settles afterwards has settled when it answers. */
  async play(line: string): Promise<Answer> {
    const [name = '', ...args] = line.split(/\s+/);
    if (name === 'echo' || name === 'policy') return {};
    if (name === 'new') {
      this.#asserted.clear();
      this.machine = await this.create(line);
      return {};
    }
    const [first = 0n, second = 0n, third = 0n] = args.map(BigInt);
    const answer = this.execute(name, first, second, third);
    this.machine.settle();
    return typeof answer === 'function' ? answer() : answer;
  }

  /** One operation by its name and arguments; a function answers when all has settled. */
  protected execute(name: string, first: bigint, second: bigint, third: bigint): Answer | (() => Answer) {
    const [a, b] = [Number(first), Number(second)];
    const { machine } = this;
    const cpu = (): CpuPort => machine.cpu(a);
    const cpu0 = (): CpuPort => machine.cpu(0);
    switch (name) {
      case 'irq_line':
        if (b !== 0) this.#asserted.add(a);
        else this.#asserted.delete(a);
        this.#drive(a, ioapicRead(cpu0(), 0x10 + 2 * a));
        return {};
      case 'lapic_w':
        return this.running(a, () => cpu().writeMmio(LAPIC + b, third, 4));
      case 'lapic_r':
        return this.running(a, () => ({ val: cpu().readMmio(LAPIC + b, 4) }));
      case 'ioapic_w':
        return this.running(0, () => {
          if (a >= 0x10 && a % 2 === 0) this.#drive((a - 0x10) / 2, b);
          ioapicWrite(cpu0(), a, b);
        });
      case 'ioapic_r':
        return this.running(0, () => ({ val: ioapicRead(cpu0(), a) }));
      case 'eoi':
        eoi(cpu());
        return {};
      default:
        throw new Error(`no such operation: ${name}`);
    }
  }

  /** In a recording a line is asserted or not, whatever the polarity; ours is a wire (hardware.md B.3.1): idle is high where active is low. */
  #drive(pin: number, low: number): void {
    if (pin < 24)
      this.machine
        .ioapic(0)
        .pin(pin)
        .set(this.#asserted.has(pin) !== ((low & ACTIVE_LOW) !== 0));
  }

  /** What this CPU executes; an NMI that waits is taken before. */
  protected running(cpu: number, act: () => Answer | void): Answer {
    const nmi = this.machine.cpu(cpu).takeNmi() ? { nmi: true } : {};
    return { ...nmi, ...act() };
  }

  /** Acknowledges and writes EOI until nothing is deliverable. */
  protected drain(cpu: CpuPort, most: number): number[] {
    const order: number[] = [];
    for (let v = cpu.acknowledge(); v !== undefined; v = order.length < most ? cpu.acknowledge() : undefined) {
      order.push(v);
      eoi(cpu);
      this.machine.settle();
    }
    return order;
  }

  /** Sets or clears a bit of IRR, ISR or TMR (`Cpu.irr` ...) from outside, and what the core keeps about them. */
  protected put(c: number, words: number, vector: number, on: boolean): void {
    const { core } = this.machine;
    const word = core.exports.table(Table.cpus) + c * Cpu.size + words + (vector >> 5) * 4;
    const bit = 1 << (vector & 31);
    core.setU32(word, on ? core.u32(word) | bit : core.u32(word) & ~bit);
    summarise(this.machine, c);
  }
}

function ioapicRead(cpu: CpuPort, index: number): number {
  cpu.writeMmio(IOAPIC, index, 4);
  return cpu.readMmio(IOAPIC + 0x10, 4);
}

function ioapicWrite(cpu: CpuPort, index: number, value: number): void {
  cpu.writeMmio(IOAPIC, index, 4);
  cpu.writeMmio(IOAPIC + 0x10, value, 4);
}

export function baseOf(cpu: CpuPort): number {
  const base = cpu.readMsr(0x1b);
  return base.ok ? Number(base.value) : -1;
}

/** EN and EXTD of IA32_APIC_BASE (hardware.md A.1). */
export const inXapic = (cpu: CpuPort): boolean => (baseOf(cpu) & 0xc00) === 0x800;
export const inX2apic = (cpu: CpuPort): boolean => (baseOf(cpu) & 0xc00) === 0xc00;

/** A register in whatever mode; undefined where the LAPIC is disabled. */
export function register(cpu: CpuPort, offset: number): number | undefined {
  if (inXapic(cpu)) return cpu.readMmio(LAPIC + offset, 4);
  const read = cpu.readMsr(MSR + (offset >> 4));
  return read.ok ? Number(read.value & 0xffffffffn) : undefined;
}

function eoi(cpu: CpuPort): void {
  if (inX2apic(cpu)) cpu.writeMsr(0x80b, 0);
  else cpu.writeMmio(LAPIC + 0xb0, 0, 4);
}

/** Recomputes what the core keeps about IRR and ISR; PPR is left, which a higher vector in service decides. */
export function summarise(machine: Machine, c: number): void {
  const { core } = machine;
  const at = core.exports.table(Table.cpus) + c * Cpu.size;
  const { irr, isr } = machine.cpu(c);
  const words = (vectors: readonly number[]): number => vectors.reduce((mask, v) => mask | (1 << (v >> 5)), 0);
  core.setU8(at + Cpu.irrv, irr.at(-1) ?? 0);
  core.setU8(at + Cpu.irrWords, words(irr));
  core.setU8(at + Cpu.isrWords, words(isr));
}

/** Fields of fields by one name each. */
export function flat(parts: readonly (readonly [string, Answer | readonly unknown[]])[]): Answer {
  return Object.fromEntries(parts.flatMap(([name, fields]) => Object.entries(fields).map(([field, value]) => [`${name}.${field}`, value])));
}
