import { ConfigSpace, Fn, FunctionSetup, MsixEntry, PENDING_BITS, Table, type Core } from '../core/index.js';
import type { DeviceModel } from './deviceModel.js';
import type { Layout } from './fill.js';
import { indexed, split, wide, widthOf, word } from './numbers.js';

/** Configuration space of a device, 256 bytes (C.1, C.2). */
export interface ConfigSpacePort {
  /**
   * Reads 1, 2 or 4 bytes. Time passes until the completion is back: behind all writes to this device before it, and behind all
   * messages that the device has sent before it, as far as the assumption `push` says (C.6 G3).
   */
  read(offset: number, width: 1 | 2 | 4): number;
  /**
   * Writes 1, 2 or 4 bytes: in flight from now on, and there after `cfg.apply_offset` (G.2). One that crosses a dword is two
   * writes. False: as many messages as `messages` allows are in flight, and nothing has happened.
   */
  write(offset: number, value: number, width: 1 | 2 | 4): boolean;
}

/** The MSI-X table, from its first entry (C.2). Accesses of 4 or 8 bytes, aligned; others have no effect and read all ones. */
export interface MsixTablePort {
  /** Reads; time passes as for `config.read`. 8 bytes give a bigint. */
  read(offset: number, width: 4): number;
  /** Reads 8 bytes. */
  read(offset: number, width: 8): bigint;
  /**
   * A posted write: in flight from now on, and there after `mmio.write_arrive` (G.2); only a read proves that it is. 8 bytes land as
   * two dwords, the upper a cycle later. False: as many messages as `messages` allows are in flight, and nothing has happened.
   */
  write(offset: number, value: number | bigint, width: 4 | 8): boolean;
}

/** The pending bits of the MSI-X table: bit n of the whole for entry n (C.2). They cannot be written. */
export interface PendingBitsPort {
  /** Reads; time passes as for `config.read`. 8 bytes give a bigint. */
  read(offset: number, width: 4): number;
  /** Reads 8 bytes. */
  read(offset: number, width: 8): bigint;
}

/** Offsets of a device's capabilities in its configuration space; undefined: it has none. */
export interface Capabilities {
  /** power management; the power state is in bits 1:0 of the word at +4: 0 D0, 3 D3 */
  readonly power: number;
  /** MSI */
  readonly msi: number | undefined;
  /** MSI-X */
  readonly msix: number | undefined;
}

/**
 * A PCI function with MSI and MSI-X at register level (C). Its registers are as after a reset, with memory space and bus mastering
 * on, as firmware leaves them. Writes are in flight until they arrive; reads return when they have completed, so time passes.
 *
 * @example
 * ```js
 * import { Machine } from 'irqlab';
 *
 * const machine = await Machine.create({ devices: [{ requester: 0x100, msi: {} }] });
 * machine.cpu(0).writeMmio(0xfee000f0, 0x1ff, 4); // SVR: enable by software
 * const device = machine.device(0);
 * const { msi } = device.capabilities;
 * device.config.write(msi + 4, 0xfee00000, 4); // address: APIC id 0
 * device.config.write(msi + 12, 0x41, 2); // data: vector 0x41
 * device.config.write(msi + 2, 1, 2); // message control: enable
 * console.log(device.config.read(msi + 12, 2), machine.now); // 65 2700n
 * device.raise(0);
 * machine.settle();
 * console.log(machine.cpu(0).irr); // [ 65 ]
 * ```
 */
export class DevicePort {
  /** place in the machine, from 0 */
  readonly index: number;
  /** as it was made */
  readonly model: DeviceModel;
  /** where its capabilities are */
  readonly capabilities: Capabilities;
  readonly #core: Core;
  readonly #layout: Layout;
  readonly #advanceTo: (cycle: bigint) => void;
  readonly #firstEntry: number;

  /** @hidden */
  constructor(core: Core, layout: Layout, index: number, model: DeviceModel, advanceTo: (cycle: bigint) => void) {
    this.#core = core;
    this.#layout = layout;
    this.#advanceTo = advanceTo;
    this.#firstEntry = core.u32(layout.table(Table.functionSetup) + (index * FunctionSetup.words + FunctionSetup.firstEntry) * 4);
    this.index = index;
    this.model = model;
    this.capabilities = {
      power: ConfigSpace.power,
      msi: model.msi && ConfigSpace.msi,
      msix: model.msix && ConfigSpace.msix,
    };
  }

  /**
   * Requester id of its messages.
   *
   * @example
   * ```js
   * console.log(device.requester); // 0
   * ```
   */
  get requester(): number {
    return this.model.requester;
  }

  /**
   * Configuration space.
   *
   * @example
   * ```js
   * const { msi } = device.capabilities;
   * device.config.write(msi + 4, 0xfee00000, 4);
   * console.log(device.config.read(msi + 4, 4).toString(16), machine.now); // fee00000 2700n
   * ```
   */
  get config(): ConfigSpacePort {
    return {
      read: (offset, width) => {
        const at = inConfig(offset, width);
        return this.#read(false, () => this.#core.exports.configRead(this.index, at, width) >>> 0);
      },
      write: (offset, value, width) => {
        const at = inConfig(offset, width);
        const [low] = split(`a value of ${width} bytes`, value, 2n ** BigInt(width * 8) - 1n);
        return this.#core.exports.configWrite(this.index, at, width, low) !== 0;
      },
    };
  }

  /**
   * The MSI-X table.
   *
   * @example
   * ```js
   * device.msixTable.write(0, 0xfee00000n, 8); // entry 0: address
   * device.msixTable.write(8, 0x41, 4); // data
   * device.msixTable.write(12, 0, 4); // vector control: not masked
   * console.log(device.msixTable.read(8, 4), machine.now); // 65 2401n
   * ```
   */
  get msixTable(): MsixTablePort {
    return {
      read: this.#reader('table', 0, () => this.#entries() * 16),
      write: (offset, value, width) => {
        const at = inside('MSI-X table', offset, widthOf(width), this.#entries() * 16);
        const [lo, hi] = split(`a value of ${width} bytes`, value, 2n ** BigInt(width * 8) - 1n);
        return this.#core.exports.msixWrite(this.index, at, width, lo, hi) !== 0;
      },
    };
  }

  /**
   * The pending bits of the MSI-X table.
   *
   * @example
   * ```js
   * device.config.write(device.capabilities.msix + 2, 0x8000, 2); // enable; all entries are masked
   * machine.settle();
   * device.raise(3);
   * console.log(device.pendingBits.read(0, 4)); // 8
   * ```
   */
  get pendingBits(): PendingBitsPort {
    return { read: this.#reader('pending bits', PENDING_BITS, () => Math.ceil(this.#entries() / 64) * 8) };
  }

  /**
   * Messages that are pending, ascending: those of MSI-X, and behind them none of MSI if the device has both. A look, not an access:
   * no time passes.
   *
   * @example
   * ```js
   * device.config.write(device.capabilities.msix + 2, 0x8000, 2);
   * machine.settle();
   * device.raise(3);
   * device.raise(1);
   * console.log(device.pending); // [ 1, 3 ]
   * ```
   */
  get pending(): number[] {
    const { msix } = this.model;
    const entries = this.#layout.table(Table.msixEntries) + this.#firstEntry * MsixEntry.size;
    const bits = this.#core.u32(this.#layout.table(Table.functions) + this.index * Fn.size + Fn.pending);
    const isPending = (n: number): boolean =>
      msix === undefined ? ((bits >>> n) & 1) !== 0 : this.#core.u8(entries + n * MsixEntry.size + MsixEntry.pending) !== 0;
    return Array.from({ length: msix?.vectors ?? 32 }, (_, n) => n).filter(isPending);
  }

  /**
   * Event n of the device: it sends message n at once, or keeps it pending, or loses it (C.4). Of MSI, as many low bits of n count as
   * software has enabled (C.5).
   *
   * @example
   * ```js
   * const { msi } = device.capabilities;
   * device.config.write(msi + 4, 0xfee00000, 4);
   * device.config.write(msi + 12, 0x40, 2);
   * device.config.write(msi + 2, 0x21, 2); // enable, four messages
   * machine.settle();
   * device.raise(2);
   * machine.settle();
   * console.log(cpu.irr); // [ 66 ]
   * ```
   */
  raise(n = 0): void {
    this.#core.exports.raiseVector(this.index, this.#event(n));
  }

  /**
   * Software has served event n while its message was pending: the device takes it back (C.4 E8).
   *
   * @example
   * ```js
   * device.config.write(device.capabilities.msix + 2, 0x8000, 2);
   * machine.settle();
   * device.raise(3);
   * device.withdraw(3);
   * console.log(device.pending); // []
   * ```
   */
  withdraw(n = 0): void {
    this.#core.exports.withdrawVector(this.index, this.#event(n));
  }

  /**
   * Power state, set at once. In D3 the device sends nothing and answers config accesses only; its registers survive unless it has
   * `softReset`. A write to its power management capability does the same after `cfg.apply_offset`.
   *
   * @example
   * ```js
   * device.power = 'D3';
   * device.raise(0); // nothing is sent
   * console.log(machine.settle(), cpu.irr, device.power); // true [] D3
   * ```
   */
  get power(): 'D0' | 'D3' {
    return this.#core.u8(this.#layout.table(Table.functions) + this.index * Fn.size + Fn.asleep) === 0 ? 'D0' : 'D3';
  }
  /** Sets the power state. */
  set power(state: 'D0' | 'D3') {
    if (state !== 'D0' && state !== 'D3') throw new RangeError(`a power state is D0 or D3, not ${String(state)}`);
    this.#core.exports.setPower(this.index, state === 'D3' ? 1 : 0);
  }

  /**
   * Function level reset: as when the machine was made. What is in flight in either direction still arrives (C.4 E12).
   *
   * @example
   * ```js
   * device.config.write(device.capabilities.msi + 2, 1, 2);
   * machine.settle();
   * device.reset();
   * console.log(device.config.read(device.capabilities.msi + 2, 2).toString(16)); // 184
   * ```
   */
  reset(): void {
    this.#core.exports.resetFunction(this.index);
  }

  #entries(): number {
    if (this.model.msix === undefined) throw new RangeError(`device ${this.index} has no MSI-X capability: give it one by the option msix`);
    return this.model.msix.vectors;
  }

  #event(n: number): number {
    const { msi, msix } = this.model;
    return indexed('event', n, Math.max(msi?.vectors ?? 1, msix?.vectors ?? 1));
  }

  /** A read of the region of MSI-X, from `base` on. */
  #reader(what: string, base: number, bytes: () => number): PendingBitsPort['read'] {
    const read = (offset: number, width: 4 | 8): number | bigint => {
      const at = base + inside(what, offset, widthOf(width), bytes());
      return this.#read(true, () => {
        const low = this.#core.exports.msixRead(this.index, at, width) >>> 0;
        return width === 8 ? wide(low, this.#core.exports.highWord()) : low;
      });
    };
    return read as PendingBitsPort['read'];
  }

  /** The request goes to the device, the value is taken there, and the completion comes back behind what it pushes. */
  #read<T>(table: boolean, take: () => T): T {
    const { readArrival, readCompletion, readPushed, highWord } = this.#core.exports;
    const which = table ? 1 : 0;
    const cycle = (low: number): bigint => wide(low, highWord());
    this.#advanceTo(cycle(readArrival(this.index, which)));
    const value = take();
    this.#advanceTo(cycle(readCompletion(this.index, which)));
    for (let pushed = cycle(readPushed(this.index)); pushed > this.#now; pushed = cycle(readPushed(this.index))) this.#advanceTo(pushed);
    return value;
  }

  get #now(): bigint {
    return this.#core.u64(this.#core.exports.nowAt());
  }
}

function inside(what: string, offset: number, width: number, bytes: number): number {
  word('an offset', offset);
  if (offset + width > bytes) throw new RangeError(`offset ${offset} is not in the ${what}, which has ${bytes} bytes`);
  return offset;
}

function inConfig(offset: number, width: number): number {
  if (width !== 1 && width !== 2 && width !== 4) throw new RangeError(`a config access is 1, 2 or 4 bytes wide, not ${width}`);
  return inside('configuration space', offset, width, ConfigSpace.size);
}
