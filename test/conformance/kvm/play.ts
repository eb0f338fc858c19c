/** What KVM's recordings have besides: its machine, and the operations of its harness. */
import { Cpu, Latched, Table } from '../../../src/core/index.js';
import { Machine, type CpuPort } from '../../../src/machine/library.js';
import { baseOf, flat, inX2apic, inXapic, LAPIC, Player, register, summarise, type Answer } from '../recording/play.js';

const lvts = { timer: 0x320, therm: 0x330, pc: 0x340, lint0: 0x350, lint1: 0x360, err: 0x370 } as const;

export class KvmPlayer extends Player {
  /** KVM shows APIC ids of 32 bits as they are (`x2api=3`), or as xAPIC has them */
  #wideIds = false;
  /** SIPIs of each CPU that `cont` has seen */
  #sipis: number[] = [];

  /** All CPUs run, as KVM has them: the bootstrap CPU sends SIPI, and is reset. */
  protected override async create(line: string): Promise<Machine> {
    this.#wideIds = line.includes('x2api=3');
    const machine = await Machine.create({
      cpus: Number(/cpus=(\d+)/.exec(line)?.[1]),
      ioapics: [{ version: 0x11 }],
      cpu: { maxLvtIndex: 5, eoiBroadcastSuppress: false, lowPriIpi: true },
      lapic: { allowXapicIdWrite: true },
    });
    const [bootstrap] = machine.cpus;
    bootstrap?.writeMmio(LAPIC + 0x300, 0xc4600, 4);
    machine.settle();
    bootstrap?.reset();
    this.#sipis = machine.cpus.map(({ events }) => events.sipi);
    return machine;
  }

  protected override execute(name: string, wide: bigint, second: bigint, c: bigint): Answer | (() => Answer) {
    const { machine } = this;
    const [a, b] = [Number(wide), Number(second)];
    const cpu = (): CpuPort => machine.cpu(a);
    switch (name) {
      case 'msi':
        return this.#counting('ret', () => machine.dmaWrite32({ address: wide, data: b }));
      case 'mmio_w':
      case 'mmio_w16':
      case 'mmio_w8':
        return this.running(a, () => cpu().writeMmio(b, c, widthIn(name)));
      case 'mmio_r':
      case 'mmio_r16':
      case 'mmio_r8':
        return this.running(a, () => ({ val: cpu().readMmio(b, widthIn(name)) }));
      case 'wrmsr':
        return this.running(a, () => (cpu().writeMsr(b, c).ok ? {} : { exception: 13 }));
      case 'rdmsr':
        return this.running(a, () => {
          const read = cpu().readMsr(b);
          return read.ok ? { val: Number(read.value) } : { exception: 13 };
        });
      case 'ioapic_dump':
        return () => this.#ioapic();
      case 'lapic_set':
        clearWord(machine, a, b);
        return { ret: 0 };
      case 'ack':
        return { vector: cpu().acknowledge() ?? -1 };
      case 'drain':
        return { order: this.drain(cpu(), 256) };
      case 'window':
        return this.running(a, () => ({ order: this.drain(cpu(), b) }));
      case 'hlt':
        return this.running(a, () => ({}));
      case 'cont':
        return this.running(a, () => this.#landing(cpu()));
      case 'mp':
        return () => ({ mp: mpState(cpu()) });
      case 'pending':
        return () => flat(machine.cpus.map((each) => [`cpu${each.index}`, { ...pendingOf(each), id: this.#idOf(each) }]));
      case 'dump':
        return () => this.#dump(cpu());
      case 'dump_all':
        return () => flat(machine.cpus.map((each) => [`cpu${each.index}`, { c: each.index, ...this.#dump(each) }]));
      default:
        return super.execute(name, wide, second, c);
    }
  }

  /** How many LAPICs accepted what was sent, under this name. */
  #counting(name: string, act: () => void): () => Answer {
    const others = (): number =>
      this.machine.cpus.reduce((n, { events: { nmi, smi, init, sipi, extInt } }) => n + nmi + smi + init + sipi + extInt, 0);
    this.machine.events();
    const before = others();
    act();
    return () => ({ [name]: this.machine.events().filter(({ kind }) => kind === 'accept').length + others() - before });
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
    this.put(c, Cpu.irr, vector, false);
    this.put(c, Cpu.isr, vector, true);
  }

  #dump(cpu: CpuPort): Answer {
    const core = this.machine.core;
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
    const ioapic = this.machine.ioapic(0);
    const rte = (n: number): string => String(BigInt(ioapic.read(0x10 + 2 * n)) | (BigInt(ioapic.read(0x11 + 2 * n)) << 32n));
    return {
      id: ioapic.read(0) >>> 24,
      ioregsel: ioapic.readMmio(0, 4),
      ...flat([['redir', Array.from({ length: 24 }, (_, n) => rte(n))]]),
    };
  }
}

function widthIn(name: string): 1 | 2 | 4 {
  return name.endsWith('8') ? 1 : name.endsWith('16') ? 2 : 4;
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
