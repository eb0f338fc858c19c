/** A machine with an AMD-Vi unit, as software that programs its registers and tables sees it (hardware.md F). */
import { AmdControl, AmdControlHigh, AmdReg } from '../../../src/core/index.js';
import {
  Machine,
  type IommuEvent,
  type IommuOptions,
  type IommuPort,
  type MachineEvent,
  type MachineOptions,
} from '../../../src/machine/library.js';

/** Where the tests have their buffers and tables; the remapping table of a device stands at `tableOf`. */
export const COMMANDS = 0x2000;
export const LOG = 0x3000;
export const STATUS = 0x1000;
export const GA_LOG = 0x5000;
export const PAGE = 0x6000;
export const DEVICES = 0x7000;
export const tableOf = (device: number): number => 0x8000 + (device & 7) * 0x4000;

/** Latencies that let a test count: nothing takes time but what is named. */
export const instant = {
  'msi.dev_to_rc': 10,
  'ioapic.pin_to_msg': 10,
  'ioapic.to_ir': 10,
  'ir.to_lapic': 10,
  'ir.hit': 1,
  'ir.miss': 5,
  'ir.pi_post': 5,
  'qi.fetch': 10,
  'qi.iec_inv': 10,
  'qi.wait_write': 10,
} as const;

export interface AmdOptions extends MachineOptions {
  readonly unit?: Extract<IommuOptions, { readonly type: 'amd' }> extends infer T ? Omit<T, 'type'> : never;
  /** entries of 128 bits (GAEn), 32-bit destinations (XTEn), guests (GAMEn and the log of guests) */
  readonly ga?: boolean;
  readonly xt?: boolean;
  readonly guest?: boolean;
  /** further bits of the control register, low and high half */
  readonly control?: number;
  readonly controlHigh?: number;
}

/** Fields of a device table entry (F.2). */
export interface Dte {
  readonly v?: number;
  readonly iv?: number;
  /** IntTabLen: log2 of the entries */
  readonly length?: number;
  readonly intCtl?: number;
  readonly domain?: number;
  readonly table?: number;
  readonly ig?: number;
  readonly se?: number;
  readonly sa?: number;
  /** InitPass 1, EIntPass 2, NMIPass 4 */
  readonly pass?: number;
}

/** Fields of a remapping entry (F.3.1, F.3.2). */
export interface Irte {
  readonly vector?: number;
  readonly dest?: number;
  /** SupIOPF 2, IntType << 2, RqEoi 0x20, DM 0x40, GuestMode 0x80 */
  readonly bits?: number;
  readonly remapEn?: number;
}

/** Commands as four dwords (F.5). */
export const command = {
  device: (device: number): number[] => [device, 0x20000000, 0, 0],
  interrupts: (device: number): number[] => [device, 0x50000000, 0, 0],
  all: [0, 0x80000000, 0, 0],
  wait: (data: number, { store = true, interrupt = false } = {}): number[] => [
    (store ? STATUS | 1 : 0) | (interrupt ? 2 : 0),
    0x10000000,
    data,
    0,
  ],
};

/** Everything on, one device table for 128 devices, none of them valid. */
export async function amd(options: AmdOptions = {}): Promise<Amd> {
  const { unit, ga = false, xt = false, guest = false, control = 0, controlHigh = 0, ...rest } = options;
  const machine = await Machine.create({ cpus: 2, memory: 0x40000, timing: instant, iommus: [{ type: 'amd', ...unit }], ...rest });
  const a = new Amd(machine, ga || guest);
  for (const cpu of machine.cpus) if (!cpu.writeMsr(0x80f, 0x1ff).ok) cpu.writeMmio(0xfee000f0, 0x1ff, 4);
  a.unit.write(AmdReg.deviceTable, DEVICES, 8);
  a.unit.write(AmdReg.commandBase, (8n << 56n) | BigInt(COMMANDS), 8);
  a.unit.write(AmdReg.eventBase, (8n << 56n) | BigInt(LOG), 8);
  a.unit.write(AmdReg.gaBase, (8n << 56n) | BigInt(GA_LOG), 8);
  a.control(
    AmdControl.iommuEn |
      AmdControl.eventLogEn |
      AmdControl.cmdBufEn |
      (ga || guest ? AmdControl.gaEn : 0) |
      (guest ? AmdControl.guestMode | AmdControl.gaLogEn : 0) |
      control,
    (xt ? AmdControlHigh.xtEn : 0) | controlHigh,
  );
  return a;
}

export class Amd {
  readonly machine: Machine;
  readonly #wide: boolean;
  #tail = 0;

  constructor(machine: Machine, wide: boolean) {
    this.machine = machine;
    this.#wide = wide;
  }

  get unit(): IommuPort {
    return this.machine.iommu(0);
  }

  control(low: number, high = 0, unit = this.unit): void {
    unit.write(AmdReg.control, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0), 8);
  }

  /** Sets or clears bits of the low half of control. */
  switch(bits: number, on: boolean): void {
    const now = this.unit.read(AmdReg.control, 4);
    this.unit.write(AmdReg.control, (on ? now | bits : now & ~bits) >>> 0, 4);
  }

  // --- memory

  get view(): DataView {
    const { memory } = this.machine;
    return new DataView(memory.buffer, memory.byteOffset, memory.length);
  }

  poke(at: number, ...words: readonly number[]): void {
    words.forEach((word, i) => this.view.setUint32(at + 4 * i, word >>> 0, true));
  }

  peek(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** Stores an entry of the device table: valid, remapping by 32 entries, unless it says otherwise. */
  device(device: number, dte: Dte = {}): void {
    const { v = 1, iv = 1, length = 5, intCtl = 2, domain = 0, table = tableOf(device), ig = 0, se = 0, sa = 0, pass = 0 } = dte;
    const map = iv | (length << 1) | (ig << 5) | table;
    this.poke(DEVICES + 32 * device, v, 0, domain, (se << 1) | (sa << 2), map, (intCtl << 28) | (pass << 24), 0, 0);
  }

  /** Stores a remapping entry of a device; nothing is invalidated. */
  entry(device: number, index: number, irte: Irte): void {
    const { vector = 0x41, dest = 0, bits = 0, remapEn = 1 } = irte;
    const low = remapEn | bits;
    const table = tableOf(device);
    if (!this.#wide) this.poke(table + 4 * index, low | (dest << 8) | (vector << 16));
    else this.poke(table + 16 * index, low | ((dest & 0xffffff) << 8), 0, vector, dest & 0xff000000);
  }

  /** A guest's entry (F.3.2): of a vAPIC in `page`. */
  guest(device: number, index: number, { vector = 0x41, dest = 0, tag = 0, running = false, logs = false, page = PAGE } = {}): void {
    const low = 0x81 | (logs ? 4 : 0) | (running ? 0x40 : 0) | (dest << 8);
    this.poke(tableOf(device) + 16 * index, low, tag, vector | page, 0);
  }

  // --- requests

  /** A message of a device, and time for it. */
  send(device: number, data: number, address = 0xfee00000): void {
    this.machine.dmaWrite32({ requester: device, address, data });
    this.machine.settle();
  }

  /** Vectors that CPU c has got since the last call; it acknowledges and ends them. */
  got(c = 0): number[] {
    const cpu = this.machine.cpu(c);
    const vectors: number[] = [];
    for (let v = cpu.acknowledge(); v !== undefined; v = cpu.acknowledge()) {
      vectors.push(v);
      if (!cpu.writeMsr(0x80b, 0).ok) cpu.writeMmio(0xfee000b0, 0, 4);
    }
    return vectors;
  }

  /** Sends, and says what CPU 0 has got. */
  reaches(device: number, data: number, address?: number): number[] {
    this.send(device, data, address);
    return this.got();
  }

  /** Events of these kinds since the last call, as of time 0. */
  events(...kinds: MachineEvent['kind'][]): MachineEvent[] {
    const events = this.machine.events().filter(({ kind }) => kinds.includes(kind));
    return events.map((event) => ({ ...event, time: 0n }));
  }

  // --- the log

  /** Takes all entries out. */
  log(): readonly IommuEvent[] {
    const entries = this.unit.eventLog;
    this.unit.write(AmdReg.eventHead, this.unit.read(AmdReg.eventTail, 4), 4);
    return entries;
  }

  /** Codes of what was logged, which is taken out. */
  codes(): number[] {
    return this.log().map(({ code }) => code);
  }

  // --- commands

  /** Appends commands and moves the tail; no time passes. */
  submit(...commands: readonly (readonly number[])[]): void {
    for (const words of commands) {
      this.poke(COMMANDS + this.#tail, ...words);
      this.#tail = (this.#tail + 16) % 4096;
    }
    this.unit.write(AmdReg.commandTail, this.#tail, 4);
  }

  /** Commands and the time they take. */
  run(...commands: readonly (readonly number[])[]): void {
    this.submit(...commands);
    this.machine.settle();
  }

  get head(): number {
    return this.unit.read(AmdReg.commandHead, 4) / 16;
  }

  get status(): number {
    return this.unit.read(AmdReg.status, 4);
  }
}
