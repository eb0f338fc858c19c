/** Plays a script of register operations on the library, and answers each as the recording does. */
import { Cpu, Latched, Table } from '../../../src/core/index.js';
import { Machine, type CpuPort } from '../../../src/machine/library.js';

/** Answer of an operation: values by field, fields of fields joined by dots; vectors as lists. */
export type Answer = Readonly<Record<string, unknown>>;

const LAPIC = 0xfee00000;
const MSR = 0x800;
const IOAPIC = 0xfec00000;
const ACTIVE_LOW = 0x2000;
const lvts = { timer: 0x320, therm: 0x330, pc: 0x340, lint0: 0x350, lint1: 0x360, err: 0x370 } as const;

export class Player {
  #machine!: Machine;
  /** KVM shows APIC ids of 32 bits as they are (`x2api=3`), or as xAPIC has them */
  #wideIds = false;
  /** pins that `irq_line` asserts */
  /** SIPIs of each CPU that `cont` has seen */
  #sipis: number[] = [];
  readonly #asserted = new Set<number>();

  /** Executes one line of a script; what settles afterwards has settled when it answers. */
  async play(line: string): Promise<Answer> {
    const [name = '', ...args] = line.split(/\s+/);
    if (name === 'echo' || name === 'policy') return {};
    if (name === 'new') {
      this.#wideIds = line.includes('x2api=3');
      this.#asserted.clear();
      await this.#create(Number(/cpus=(\d+)/.exec(line)?.[1]));
      return {};
    }
    const [first = 0n, second = 0n, third = 0n] = args.map(BigInt);
    const answer = this.#execute(name, first, Number(second), third);
    this.#machine.settle();
    return typeof answer === 'function' ? answer() : answer;
  }

  /** All CPUs run, as KVM has them: the bootstrap CPU sends SIPI, and is reset. */
  async #create(cpus: number): Promise<void> {
    this.#machine = await Machine.create({
      cpus,
      ioapics: [{ version: 0x11 }],
      cpu: { maxLvtIndex: 5, eoiBroadcastSuppress: false, lowPriIpi: true },
      lapic: { allowXapicIdWrite: true },
    });
    const [bootstrap] = this.#machine.cpus;
    bootstrap?.writeMmio(LAPIC + 0x300, 0xc4600, 4);
    this.#machine.settle();
    bootstrap?.reset();
    this.#sipis = this.#machine.cpus.map(({ events }) => events.sipi);
  }

  #execute(name: string, wide: bigint, b: number, c: bigint): Answer | (() => Answer) {
    const machine = this.#machine;
    const a = Number(wide);
    const cpu = (): CpuPort => machine.cpu(a);
    const cpu0 = (): CpuPort => machine.cpu(0);
    switch (name) {
      case 'msi':
        return this.#counting('ret', () => machine.dmaWrite32({ address: wide, data: b }));
      case 'irq_line':
        if (b !== 0) this.#asserted.add(a);
        else this.#asserted.delete(a);
        this.#drive(a, ioapicRead(cpu0(), 0x10 + 2 * a));
        return {};
      case 'lapic_w':
        return this.#running(a, () => cpu().writeMmio(LAPIC + b, c, 4));
      case 'lapic_r':
        return this.#running(a, () => ({ val: cpu().readMmio(LAPIC + b, 4) }));
      case 'mmio_w':
      case 'mmio_w16':
      case 'mmio_w8':
        return this.#running(a, () => cpu().writeMmio(b, c, widthIn(name)));
      case 'mmio_r':
      case 'mmio_r16':
      case 'mmio_r8':
        return this.#running(a, () => ({ val: cpu().readMmio(b, widthIn(name)) }));
      case 'wrmsr':
        return this.#running(a, () => (cpu().writeMsr(b, c).ok ? {} : { exception: 13 }));
      case 'rdmsr':
        return this.#running(a, () => {
          const read = cpu().readMsr(b);
          return read.ok ? { val: Number(read.value) } : { exception: 13 };
        });
      case 'ioapic_w':
        return this.#running(0, () => {
          if (a >= 0x10 && a % 2 === 0) this.#drive((a - 0x10) / 2, b);
          ioapicWrite(cpu0(), a, b);
        });
      case 'ioapic_r':
        return this.#running(0, () => ({ val: ioapicRead(cpu0(), a) }));
      case 'ioapic_dump':
        return () => this.#ioapic();
      case 'lapic_set':
        clearWord(machine, a, b);
        return { ret: 0 };
      case 'ack':
        return { vector: cpu().acknowledge() ?? -1 };
      case 'eoi':
        eoi(cpu());
        return {};
      case 'drain':
        return { order: this.#drain(cpu(), 256) };
      case 'window':
        return this.#running(a, () => ({ order: this.#drain(cpu(), b) }));
      case 'hlt':
        return this.#running(a, () => ({}));
      case 'cont':
        return this.#running(a, () => this.#landing(cpu()));
      case 'mp':
        return () => ({ mp: mpState(cpu()) });
      case 'pending':
        return () => flat(machine.cpus.map((each) => [`cpu${each.index}`, { ...pendingOf(each), id: this.#idOf(each) }]));
      case 'dump':
        return () => this.#dump(cpu());
      case 'dump_all':
        return () => flat(machine.cpus.map((each) => [`cpu${each.index}`, { c: each.index, ...this.#dump(each) }]));
      default:
        throw new Error(`no such operation: ${name}`);
    }
  }

  /** For KVM a line is asserted or not, whatever the polarity; ours is a wire (hardware.md B.3.1): idle is high where active is low. */
  #drive(pin: number, low: number): void {
    if (pin < 24)
      this.#machine
        .ioapic(0)
        .pin(pin)
        .set(this.#asserted.has(pin) !== ((low & ACTIVE_LOW) !== 0));
  }

  /** What this CPU executes; an NMI that waits is taken before. */
  #running(cpu: number, act: () => Answer | void): Answer {
    const nmi = this.#machine.cpu(cpu).takeNmi() ? { nmi: true } : {};
    return { ...nmi, ...act() };
  }

  /** How many LAPICs accepted what was sent, under this name. */
  #counting(name: string, act: () => void): () => Answer {
    const others = (): number =>
      this.#machine.cpus.reduce((n, { events: { nmi, smi, init, sipi, extInt } }) => n + nmi + smi + init + sipi + extInt, 0);
    this.#machine.events();
    const before = others();
    act();
    return () => ({ [name]: this.#machine.events().filter(({ kind }) => kind === 'accept').length + others() - before });
  }

  /** Acknowledges and writes EOI until nothing is deliverable. */
  #drain(cpu: CpuPort, most: number): number[] {
    const order: number[] = [];
    for (let v = cpu.acknowledge(); v !== undefined; v = order.length < most ? cpu.acknowledge() : undefined) {
      order.push(v);
      eoi(cpu);
      this.#machine.settle();
    }
    return order;
  }

  /** Where a SIPI has started it, once. */
  #landing({ index, events: { sipi, sipiVector } }: CpuPort): Answer {
    const landed = sipi > (this.#sipis[index] ?? 0) ? { started: sipiVector << 8 } : {};
    this.#sipis[index] = sipi;
    return landed;
  }

  /** Bits 31:24 of the ID register. */
  #idOf(cpu: CpuPort): number | undefined {
    const id = register(cpu, 0x20);
    return id === undefined || (inX2apic(cpu) && !this.#wideIds) ? id : id >>> 24;
  }

  /** Takes a vector into service although PPR forbids it, as the recorded machine has. */
  serve(c: number, vector: number): void {
    const { core } = this.#machine;
    const at = core.exports.table(Table.cpus) + c * Cpu.size;
    for (const [words, on] of [
      [Cpu.irr, false],
      [Cpu.isr, true],
    ] as const) {
      const word = at + words + (vector >> 5) * 4;
      const bit = 1 << (vector & 31);
      core.setU32(word, on ? core.u32(word) | bit : core.u32(word) & ~bit);
    }
    summarise(this.#machine, c);
  }

  #dump(cpu: CpuPort): Answer {
    const core = this.#machine.core;
    const latched = core.u8(core.exports.table(Table.cpus) + cpu.index * Cpu.size + Cpu.latched);
    const { irr, isr, tmr, svr, tpr, ppr } = cpu;
    return {
      irr,
      isr,
      tmr,
      svr,
      tpr,
      ppr,
      id: register(cpu, 0x20),
      ver: register(cpu, 0x30),
      ldr: register(cpu, 0xd0),
      dfr: inXapic(cpu) ? register(cpu, 0xe0) : undefined,
      esr: register(cpu, 0x280),
      icr: register(cpu, 0x300),
      icr2: inXapic(cpu) ? register(cpu, 0x310) : undefined,
      ...Object.fromEntries(Object.entries(lvts).map(([name, offset]) => [`lvt.${name}`, register(cpu, offset)])),
      tmict: register(cpu, 0x380),
      tdcr: register(cpu, 0x3e0),
      apic_base: baseOf(cpu),
      mp: mpState(cpu),
      nmi_pending: latched & Latched.nmi ? 1 : 0,
      smi_pending: latched & Latched.smi ? 1 : 0,
    };
  }

  #ioapic(): Answer {
    const ioapic = this.#machine.ioapic(0);
    const rte = (n: number): string => String(BigInt(ioapic.read(0x10 + 2 * n)) | (BigInt(ioapic.read(0x11 + 2 * n)) << 32n));
    return {
      id: ioapic.read(0) >>> 24,
      ioregsel: ioapic.readMmio(0, 4),
      ...flat([['redir', Array.from({ length: 24 }, (_, n) => rte(n))]]),
    };
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

function widthIn(name: string): 1 | 2 | 4 {
  return name.endsWith('8') ? 1 : name.endsWith('16') ? 2 : 4;
}

function baseOf(cpu: CpuPort): number {
  const base = cpu.readMsr(0x1b);
  return base.ok ? Number(base.value) : -1;
}

/** EN and EXTD of IA32_APIC_BASE (hardware.md A.1). */
const inXapic = (cpu: CpuPort): boolean => (baseOf(cpu) & 0xc00) === 0x800;
const inX2apic = (cpu: CpuPort): boolean => (baseOf(cpu) & 0xc00) === 0xc00;

/** A register in whatever mode; undefined where the LAPIC is disabled. */
function register(cpu: CpuPort, offset: number): number | undefined {
  if (inXapic(cpu)) return cpu.readMmio(LAPIC + offset, 4);
  const read = cpu.readMsr(MSR + (offset >> 4));
  return read.ok ? Number(read.value & 0xffffffffn) : undefined;
}

function eoi(cpu: CpuPort): void {
  if (inX2apic(cpu)) cpu.writeMsr(0x80b, 0);
  else cpu.writeMmio(LAPIC + 0xb0, 0, 4);
}

/** As KVM numbers them. */
function mpState(cpu: CpuPort): number {
  return cpu.state === 'waitForSipi' ? 2 : 0;
}

function pendingOf(cpu: CpuPort): Answer {
  return { irr: cpu.irr, isr: cpu.isr, tmr: cpu.tmr, esr: register(cpu, 0x280) };
}

/** Clears 32 vectors of IRR or TMR from outside, as a VMM can and no register access does; the scripts do it where none is in service. */
function clearWord(machine: Machine, c: number, offset: number): void {
  const { core } = machine;
  const at = core.exports.table(Table.cpus) + c * Cpu.size;
  const word = (offset & 0x70) >> 4;
  core.setU32(at + (offset >= 0x200 ? Cpu.irr : Cpu.tmr) + word * 4, 0);
  summarise(machine, c);
}

/** Recomputes what the core keeps about IRR and ISR; PPR is left, which a higher vector in service decides. */
function summarise(machine: Machine, c: number): void {
  const { core } = machine;
  const at = core.exports.table(Table.cpus) + c * Cpu.size;
  const { irr, isr } = machine.cpu(c);
  const words = (vectors: readonly number[]): number => vectors.reduce((mask, v) => mask | (1 << (v >> 5)), 0);
  core.setU8(at + Cpu.irrv, irr.at(-1) ?? 0);
  core.setU8(at + Cpu.irrWords, words(irr));
  core.setU8(at + Cpu.isrWords, words(isr));
}

/** Fields of fields by one name each. */
function flat(parts: readonly (readonly [string, Answer | readonly unknown[]])[]): Answer {
  return Object.fromEntries(parts.flatMap(([name, fields]) => Object.entries(fields).map(([field, value]) => [`${name}.${field}`, value])));
}
