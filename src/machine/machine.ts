import { Counter, instantiate, loadTimedModule, Status, Table, type Core } from '../core/index.js';
import { CpuPort } from './cpu.js';
import { DevicePort } from './device.js';
import { requestersOf } from './deviceOptions.js';
import { diagnosticsOf, type Diagnostics } from './diagnostics.js';
import { drainEvents, readable, type EventRecord, type MachineEvent } from './events.js';
import { fill, type Layout } from './fill.js';
import { IoapicPort } from './ioapic.js';
import { IommuPort } from './iommu.js';
import { indexed, split, word } from './numbers.js';
import { setupOf, type MachineOptions } from './options.js';
import { refuseTooLarge, type MachineSetup } from './setup.js';

/** A DWORD that a device writes. */
export interface DmaWrite {
  /** who: its requester id of 16 bits, bus, device and function; among `devices` if they are given. Default 0. */
  readonly requester?: number;
  /** 0xFEEx_xxxx: an interrupt message (C.3.1); guest memory; elsewhere it is dropped */
  readonly address: number | bigint;
  /** four bytes, little endian */
  readonly data: number;
  /** relaxed ordering: what is no interrupt message may pass, and be passed by, other writes (C.6 G5). Default false. */
  readonly relaxed?: boolean;
}

/**
 * One simulated machine, in a module instance of its own: CPUs with their Local APICs, IOAPICs, remapping units, the fabric between them, guest
 * memory, a clock. The whole simulated state is one block of memory: `snapshot` copies it, `digest` hashes it, messages in
 * flight included. Nothing happens by itself: register accesses act at the current cycle, and `advance` or `settle` let time pass.
 *
 * @example
 * ```js
 * import { Machine } from 'irqlab';
 *
 * const machine = await Machine.create({ cpus: 2 });
 * const cpu = machine.cpu(0);
 * cpu.writeMmio(0xfee000f0, 0x1ff, 4); // SVR: enable by software
 * machine.dmaWrite32({ address: 0xfee00000, data: 0x41 }); // an MSI: APIC id 0, vector 0x41
 * console.log(machine.settle(), cpu.acknowledge()); // true 65
 * ```
 */
export class Machine {
  /** @hidden the module's functions and memory */
  readonly core: Core;
  /** @hidden what it was made of */
  readonly setup: MachineSetup;
  /** all CPUs in order */
  readonly cpus: readonly CpuPort[];
  /** all IOAPICs in order */
  readonly ioapics: readonly IoapicPort[];
  /** all remapping units in order */
  readonly iommus: readonly IommuPort[];
  /** all devices that were given as objects, in order */
  readonly devices: readonly DevicePort[];
  protected readonly layout: Layout;
  /** those that may write, if they were given */
  #requesters: ReadonlySet<number> | undefined;
  #memory = new Uint8Array(0);
  readonly #events: EventRecord[] = [];

  /** @hidden */
  protected constructor(core: Core, setup: MachineSetup) {
    this.core = core;
    this.setup = setup;
    this.layout = fill(core, setup);
    this.cpus = setup.apicIds.map((_, c) => new CpuPort(core, this.layout, c));
    this.ioapics = (setup.ioapics ?? []).map((model, i) => new IoapicPort(core, i, model));
    this.iommus = (setup.iommus ?? []).map((model, i) => new IommuPort(core, i, model, setup.memory ?? 0));
    const advanceTo = (cycle: bigint): void => this.advance(cycle > this.now ? cycle - this.now : 0n);
    this.devices = setup.functions.map((model, f) => new DevicePort(core, this.layout, f, model, advanceTo));
  }

  /**
   * Makes a machine as after RESET (A.11). Works alike in Node and in browsers. Throws `RangeError` with one sentence where an
   * option is not what it may be.
   *
   * @example
   * ```js
   * const large = await Machine.create({ cpus: 64, ioapics: 2, memory: 1 << 20, cpu: { maxLvtIndex: 5 } });
   * console.log(large.cpus.length, large.memory.length); // 64 1048576
   * ```
   */
  static async create(options: MachineOptions = {}): Promise<Machine> {
    const setup = setupOf(options);
    refuseTooLarge(setup);
    const machine = new Machine(await instantiate(options.module ?? (await loadTimedModule())), setup);
    machine.#requesters = requestersOf(options.devices);
    machine.core.exports.complete();
    machine.core.exports.timedBegin();
    return machine;
  }

  /**
   * CPU by its place, from 0.
   *
   * @example
   * ```js
   * console.log(machine.cpu(0).state); // running
   * ```
   */
  cpu(c: number): CpuPort {
    return this.cpus[indexed('CPU', c, this.cpus.length)]!;
  }

  /**
   * IOAPIC by its place, from 0.
   *
   * @example
   * ```js
   * console.log(machine.ioapic(0).model.pins); // 24
   * ```
   */
  ioapic(i: number): IoapicPort {
    return this.ioapics[indexed('IOAPIC', i, this.ioapics.length)]!;
  }

  /**
   * Remapping unit by its place, from 0.
   *
   * @example
   * ```js
   * console.log(machine.iommu(0).model.cache.entries); // 64
   * ```
   */
  iommu(i: number): IommuPort {
    return this.iommus[indexed('IOMMU', i, this.iommus.length)]!;
  }

  /**
   * Device by its place among those that were given as objects, from 0.
   *
   * @example
   * ```js
   * console.log(machine.device(0).requester); // 0
   * ```
   */
  device(i: number): DevicePort {
    return this.devices[indexed('device', i, this.devices.length)]!;
  }

  /**
   * A device writes a DWORD: it is in flight from now on, behind the earlier writes of the same requester (C.6). False: as many
   * messages as `messages` allows are in flight, and nothing has happened.
   *
   * @example
   * ```js
   * machine.dmaWrite32({ requester: 0, address: 0x1000, data: 7 }); // data before the interrupt that announces it
   * machine.dmaWrite32({ requester: 0, address: 0xfee00000, data: 0x41 });
   * machine.settle();
   * console.log(machine.memory[0x1000], machine.cpu(0).irr); // 7 [ 65 ]
   * ```
   */
  dmaWrite32({ requester = 0, address, data, relaxed = false }: DmaWrite): boolean {
    const [lo, hi] = split('an address', address);
    if (this.#requesters?.has(requester) === false) throw new RangeError(`requester ${requester} is not among the devices of this machine`);
    return this.core.exports.dmaWrite(indexed('requester', requester, 65536), lo, hi, word('a DWORD', data), relaxed ? 1 : 0) !== 0;
  }

  /**
   * Guest memory from physical address 0. Take it anew after another machine call: the view ends when the module's memory grows.
   *
   * @example
   * ```js
   * machine.memory.set([1, 2, 3, 4], 0x200);
   * console.log(machine.cpu(0).readMmio(0x200, 4).toString(16)); // 4030201
   * ```
   */
  get memory(): Uint8Array {
    const { buffer } = this.core.exports.memory;
    if (this.#memory.buffer !== buffer) this.#memory = new Uint8Array(buffer, this.core.exports.guestAt(), this.setup.memory ?? 0);
    return this.#memory;
  }

  // --- time

  /**
   * Lets time pass: cycles of 1/3 ns (G.1).
   *
   * @example
   * ```js
   * machine.advance(3000);
   * console.log(machine.now); // 3000n
   * ```
   */
  advance(cycles: number | bigint): void {
    const end = this.now + span(cycles);
    let status: Status;
    do {
      const [lo, hi] = split('a number of cycles', end - this.now);
      status = this.core.exports.runCycles(lo, hi);
      if (status === Status.ringFull) this.#keepEvents();
    } while (status === Status.ringFull);
  }

  /**
   * Lets time pass until no message is in flight and none is about to be sent, timers apart, and all see what CPUs have stored; at most
   * `limit` cycles. True: so it is.
   *
   * @example
   * ```js
   * machine.dmaWrite32({ address: 0xfee00000, data: 0x41 });
   * console.log(machine.settle(100), machine.settle()); // false true
   * ```
   */
  settle(limit: number | bigint = 30_000_000): boolean {
    const end = this.now + span(limit);
    let status: Status;
    do {
      const [lo, hi] = split('a number of cycles', end - this.now);
      status = this.core.exports.settle(lo, hi);
      if (status === Status.ringFull) this.#keepEvents();
    } while (status === Status.ringFull);
    return status === Status.done;
  }

  /**
   * Simulated time, cycles of 1/3 ns (G.1).
   *
   * @example
   * ```js
   * machine.advance(2n ** 40n);
   * console.log(machine.now); // 1099511627776n
   * ```
   */
  get now(): bigint {
    return this.core.u64(this.core.exports.nowAt());
  }

  /**
   * The time stamp counter of every CPU: it counts cycles (G.1).
   *
   * @example
   * ```js
   * machine.advance(90);
   * console.log(machine.tsc); // 90n
   * ```
   */
  get tsc(): bigint {
    return this.now;
  }

  // --- what happened

  /**
   * What happened since the last call, oldest first. Between two `advance` or `settle` at most 4096 events are kept.
   *
   * @example
   * ```js
   * machine.dmaWrite32({ address: 0xfee00000, data: 0x41 });
   * machine.settle();
   * const { time, kind, cpu, vector } = machine.events().at(-1);
   * console.log(time, kind, cpu, vector); // 1050n accept 0 65
   * ```
   */
  events(): MachineEvent[] {
    return this.takeRecords().map(readable);
  }

  protected takeRecords(): EventRecord[] {
    if (this.#events.length === 0) return this.#drain();
    this.#keepEvents();
    return this.#events.splice(0);
  }

  #keepEvents(): void {
    for (const event of this.#drain()) this.#events.push(event);
  }

  #drain(): EventRecord[] {
    return drainEvents(this.core, this.layout.table(Table.ring), this.setup.ring);
  }

  /**
   * Counters that no register shows (hardware.md J, diagnostics); no digest covers them.
   *
   * @example
   * ```js
   * machine.cpu(0).readMmio(0xfee00024, 4); // inside a register's slot of 16 bytes
   * console.log(machine.diagnostics.lapicUnaligned); // 1
   * ```
   */
  get diagnostics(): Diagnostics {
    return diagnosticsOf(this.core, this.layout);
  }

  /** @hidden counters of the record class */
  counter(which: keyof typeof Counter): number {
    return Number(this.core.u64(this.layout.table(Table.counters) + Counter[which] * 8));
  }

  // --- the block

  /**
   * A copy of the whole simulated state, messages in flight, clock and guest memory included; structured-cloneable.
   *
   * @example
   * ```js
   * machine.dmaWrite32({ address: 0xfee00000, data: 0x41 }); // in flight
   * const before = machine.snapshot();
   * machine.settle();
   * machine.restore(before);
   * console.log(machine.now, machine.settle(), machine.cpu(0).irr); // 0n true [ 65 ]
   * ```
   */
  snapshot(): Uint8Array {
    const start = this.core.exports.blockStart();
    return this.core.bytes(start, this.core.exports.blockStop() - start);
  }

  /**
   * Goes back to a snapshot of this machine or of one made alike. Throws `RangeError` for a block of another machine's size.
   *
   * @example
   * ```js
   * const fresh = machine.snapshot();
   * machine.advance(1000);
   * machine.restore(fresh);
   * console.log(machine.now); // 0n
   * ```
   */
  restore(block: Uint8Array): void {
    const size = this.core.exports.blockStop() - this.core.exports.blockStart();
    if (block.length !== size) throw new RangeError(`a snapshot of this machine has ${size} bytes, this one ${block.length}`);
    this.core.write(this.core.exports.blockStart(), block);
  }

  /**
   * 64-bit hash of all that decides the future, hexadecimal. The same everywhere for the same machine and the same calls.
   *
   * @example
   * ```js
   * const digest = machine.digest();
   * machine.cpu(0).writeCr8(1);
   * console.log(digest.length, machine.digest() === digest); // 16 false
   * ```
   */
  digest(): string {
    return this.hex(this.core.exports.stateDigest());
  }

  /**
   * 64-bit digest of all events so far, hexadecimal: a sum over what happened at which cycle; kept whether or not `events` takes them.
   *
   * @example
   * ```js
   * const other = await Machine.create();
   * console.log(other.eventDigest() === (await Machine.create()).eventDigest()); // true
   * ```
   */
  eventDigest(): string {
    return this.hex(this.core.exports.eventDigest());
  }

  protected hex(lo: number): string {
    const hi = this.core.exports.highWord() >>> 0;
    return hi.toString(16).padStart(8, '0') + (lo >>> 0).toString(16).padStart(8, '0');
  }
}

/** A span of time; unlike `split`, it says so in its own words. */
function span(cycles: number | bigint): bigint {
  const [lo, hi] = split('a number of cycles', cycles, 2n ** 62n);
  return BigInt(lo) | (BigInt(hi) << 32n);
}
