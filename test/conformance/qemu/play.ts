/** What QEMU's recordings have besides: its machine with a remapping unit, and what its harness does to queue and table. */
import { Cpu } from '../../../src/core/index.js';
import { Machine, type CpuPort } from '../../../src/machine/library.js';
import { flat, LAPIC, Player, type Answer } from '../recording/play.js';

/** Where the harness has them in guest memory; the table's place is our own choice. */
const TABLE = 0x1000000;
const QUEUE = 0x1100000;
const STATUS = 0x1200000;
const ENTRIES_LOG2 = 8;
const QUEUE_BYTES = 0x1000;

const [GCMD, GSTS, FSTS, IQH, IQT, IQA, IRTA, CAP] = [0x18, 0x1c, 0x34, 0x80, 0x88, 0x90, 0xb8, 0x08];
const [QIE, IRE, SIRTP] = [0x4000000, 0x2000000, 0x1000000];
const INVALIDATE = 4n;
const SELECTIVE = 0x10n;
/** with a status write */
const WAIT = 0x25n;
const [PFO, PPF, FRI, ALL_ERRORS] = [1, 2, 0xff00, 0x71];
/** requester of device 0 (00:05.0) */
const FIRST_DEVICE = 0x28;

export class QemuPlayer extends Player {
  /** status data of the last wait */
  #waits = 0;

  /** Until `wakeaps` only the bootstrap CPU runs. */
  protected override async create(line: string): Promise<Machine> {
    this.#waits = 0;
    return Machine.create({
      cpus: Number(/cpus=(\d+)/.exec(line)?.[1]),
      // it has a free choice among those of a lowest-priority message (A.7.4)
      lapic: { lowestPriPolicy: 'first' },
      iommus: [{}],
      memory: 32 << 20,
    });
  }

  protected override execute(name: string, first: bigint, second: bigint, third: bigint): Answer | (() => Answer) {
    const { machine } = this;
    const iommu = machine.iommu(0);
    const a = Number(first);
    const cpu = (): CpuPort => machine.cpu(a);
    switch (name) {
      case 'wakeaps':
        machine.cpu(0).writeMmio(LAPIC + 0x300, 0xc4600, 4);
        return () => ({ alive: machine.cpus.map(({ state }) => state === 'running') });
      case 'dev_msi':
        // bits 1:0 of the capability's address are not writable (C.1)
        this.#write(a, second & ~3n, Number(third));
        return {};
      case 'dev_dma':
        this.#write(a, second, Number(third));
        return {};
      case 'pending':
        return () => flat(machine.cpus.map((each) => [`cpu${each.index}`, pendingOf(each)]));
      case 'window':
        return { order: this.#window(cpu()) };
      case 'eoi':
        return this.#hangs(cpu()) ? {} : super.execute(name, first, second, third);
      case 'vtd_r32':
        return { val: iommu.read(a, 4) };
      case 'vtd_r64':
        return { val: shown(iommu.read(a, 8)) };
      case 'vtd_w32':
        iommu.write(a, second, 4);
        return {};
      case 'vtd_w64':
        iommu.write(a, second, 8);
        return {};
      case 'gcmd':
        return { gsts: this.#command(a) };
      case 'qi_on':
        return this.#enable();
      case 'irte':
        this.#store(TABLE + 16 * a, second, third);
        return {};
      case 'iec_global':
        return this.#invalidate(INVALIDATE);
      case 'iec_index':
        return this.#invalidate(INVALIDATE | SELECTIVE | (second << 27n) | (first << 32n));
      case 'faults':
        return () => this.#faults();
      case 'clear_faults':
        this.#clearFaults();
        return () => ({ fsts: this.#fsts() });
      default:
        return super.execute(name, first, second, third);
    }
  }

  #write(device: number, address: bigint, data: number): void {
    this.machine.dmaWrite32({ requester: FIRST_DEVICE + 8 * device, address, data });
  }

  #store(at: number, low: bigint, high: bigint): void {
    const { memory } = this.machine;
    const view = new DataView(memory.buffer, memory.byteOffset);
    view.setBigUint64(at, low, true);
    view.setBigUint64(at + 8, high, true);
  }

  /** GSTS when the command has ended. */
  #command(bits: number): number {
    this.machine.iommu(0).write(GCMD, bits, 4);
    this.machine.settle();
    return this.machine.iommu(0).read(GSTS, 4);
  }

  /** The order of a kernel: queue, table, an empty cache, remapping. */
  #enable(): Answer {
    const iommu = this.machine.iommu(0);
    iommu.write(IQT, 0, 8);
    iommu.write(IQA, QUEUE, 8);
    const gsts1 = this.#command(QIE);
    iommu.write(IRTA, TABLE + ENTRIES_LOG2 - 1, 8);
    const gsts2 = this.#command(QIE | SIRTP);
    const invalidated = this.#invalidate(INVALIDATE);
    return { gsts1, gsts2, ...invalidated, gsts3: this.#command(QIE | IRE) };
  }

  /** A descriptor and a wait behind it, by one write of the tail; until nothing moves any more. */
  #invalidate(low: bigint): Answer {
    const iommu = this.machine.iommu(0);
    const tail = Number(iommu.read(IQT, 8));
    this.#waits += 1;
    this.#store(QUEUE + tail, low, 0n);
    this.#store(QUEUE + ((tail + 16) % QUEUE_BYTES), WAIT | (BigInt(this.#waits) << 32n), BigInt(STATUS));
    iommu.write(IQT, (tail + 32) % QUEUE_BYTES, 8);
    this.machine.settle();
    return {
      done: new DataView(this.machine.memory.buffer, this.machine.memory.byteOffset).getUint32(STATUS, true) === this.#waits,
      head: Number(iommu.read(IQH, 8)),
      tail: Number(iommu.read(IQT, 8)),
      fsts: this.#fsts(),
    };
  }

  /** FRI is undefined while PPF is 0 (D.7.2). */
  #fsts(): number {
    const fsts = this.machine.iommu(0).read(FSTS, 4);
    return (fsts & PPF) === 0 ? fsts & ~FRI : fsts;
  }

  /** Records with anything in them. */
  #faults(): Answer {
    const iommu = this.machine.iommu(0);
    const frcd = this.#records().flatMap((at, i) => {
      const [lo, hi] = [iommu.read(at, 8), iommu.read(at + 8, 8)];
      if (lo === 0n && hi === 0n) return [];
      const [reason, sid] = [(hi >> 32n) & 0xffn, hi & 0xffffn];
      return [{ i, lo: hex(lo), hi: hex(hi), F: Number(hi >> 63n), reason: hex(reason), sid: hex(sid), info: hex(lo & ~0xfffn) }];
    });
    return { fsts: this.#fsts(), frcd };
  }

  #clearFaults(): void {
    const iommu = this.machine.iommu(0);
    for (const at of this.#records()) iommu.write(at + 12, 0x80000000, 4);
    iommu.write(FSTS, PFO, 4);
  }

  #records(): number[] {
    const capabilities = this.machine.iommu(0).read(CAP, 8);
    const at = Number((capabilities >> 24n) & 0x3ffn) * 16;
    return Array.from({ length: Number((capabilities >> 40n) & 0xffn) + 1 }, (_, i) => at + 16 * i);
  }

  /** The guest has no handler in SMRAM: an SMI is the last that it takes. */
  #hangs(cpu: CpuPort): boolean {
    return cpu.events.smi > 0;
  }

  /** One interrupt that the guest takes; its handler leaves the EOI to the script. */
  #window(cpu: CpuPort): number[] {
    const vector = this.#hangs(cpu) ? undefined : cpu.acknowledge();
    return vector === undefined ? [] : [vector];
  }

  // --- what a row of the differences does to go on from the recorded state

  /** Vectors that are pending in the recording and not here, and the other way round. */
  adopt(c: number, recorded: readonly number[]): void {
    const { irr } = this.machine.cpu(c);
    for (const vector of recorded) if (!irr.includes(vector)) this.put(c, Cpu.irr, vector, true);
    for (const vector of irr) if (!recorded.includes(vector)) this.put(c, Cpu.irr, vector, false);
  }

  /** As software goes on behind a descriptor that is wrong: it is replaced, and the error cleared (D.4.4). */
  repair(): void {
    const iommu = this.machine.iommu(0);
    this.#store(QUEUE + Number(iommu.read(IQH, 8)), INVALIDATE, 0n);
    iommu.write(FSTS, ALL_ERRORS, 4);
    this.machine.settle();
  }

  /** No fault is recorded any more. */
  forgetFaults(): void {
    this.#clearFaults();
    const iommu = this.machine.iommu(0);
    if (iommu.faults.length > 0) throw new Error('a fault record is not cleared');
  }
}

function pendingOf({ irr, isr, tmr }: CpuPort): Answer {
  const level = irr.filter((vector) => tmr.includes(vector));
  return { isr, irr, ...(level.length > 0 && { irr_level: level }) };
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
/** As the recording's numbers are compared. */
const shown = (value: bigint): number | string => (hex(value).length > 15 ? value.toString() : Number(value));
