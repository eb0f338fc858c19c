import { IoapicSetup, type Core } from '../core/index.js';
import { indexed, widthOf, word } from './numbers.js';

/** One IOAPIC (hardware.md B, J). */
export interface IoapicModel {
  /** VERSION[7:0]: 0x20 has the EOI register, 0x11 has not (B.1). Default 0x20. */
  readonly version: 0x20 | 0x11;
  /** interrupt inputs, 1 to 120; default 24 */
  readonly pins: number;
  /** physical address of its window of 4 KiB; default 0xFEC00000, each further one 0x1000 higher */
  readonly address: number;
  /** what the ID register holds at first, 0 to 15; default 0, 1 ... */
  readonly id: number;
  /** cycles from the EOI of a line that is still active to the next message (B.3). Default 60. */
  readonly resendDelay: number;
  /** cycles until a level request that no LAPIC accepted is sent again (B.3). Default 3000. */
  readonly retryInterval: number;
  /** by which remapping units know it, 16 bits (D.3.3); default 0xFF00, 0xFF01 ... */
  readonly requester: number;
}

/** The words of each for the core. */
export function ioapicWords(ioapics: readonly IoapicModel[]): Uint32Array {
  const words = new Uint32Array(ioapics.length * IoapicSetup.words);
  let gsiBase = 0;
  ioapics.forEach((ioapic, i) => {
    const at = i * IoapicSetup.words;
    words[at + IoapicSetup.id] = ioapic.id;
    words[at + IoapicSetup.base] = ioapic.address;
    words[at + IoapicSetup.version] = ioapic.version;
    words[at + IoapicSetup.pins] = ioapic.pins;
    words[at + IoapicSetup.gsiBase] = gsiBase;
    words[at + IoapicSetup.resendDelay] = ioapic.resendDelay;
    words[at + IoapicSetup.retryInterval] = ioapic.retryInterval;
    words[at + IoapicSetup.requester] = ioapic.requester;
    gsiBase += ioapic.pins;
  });
  return words;
}

/** An interrupt input of an IOAPIC: a wire that several sources may drive (B.3.1). */
export interface Pin {
  /** Drives the wire high (true) or low from one of 32 sources; it is high while any source drives it so. */
  set(level: boolean, source?: number): void;
}

/**
 * An IOAPIC of a machine.
 *
 * @example
 * ```js
 * import { Machine } from 'irqlab';
 *
 * const machine = await Machine.create({ cpus: 1 });
 * machine.cpu(0).writeMmio(0xfee000f0, 0x1ff, 4); // SVR: enable by software
 * const ioapic = machine.ioapic(0);
 * ioapic.write(0x11 + 2 * 4, 0); // RTE 4, high: APIC id 0
 * ioapic.write(0x10 + 2 * 4, 0x8051); // low: level, vector 0x51, not masked
 * ioapic.pin(4).set(true);
 * machine.settle();
 * console.log(machine.cpu(0).irr, ioapic.read(0x18).toString(16)); // [ 81 ] c051
 * ```
 */
export class IoapicPort {
  /** place in the machine, from 0 */
  readonly index: number;
  /** as it was made */
  readonly model: IoapicModel;
  readonly #core: Core;

  /** @hidden */
  constructor(core: Core, index: number, model: IoapicModel) {
    this.#core = core;
    this.index = index;
    this.model = model;
  }

  /**
   * Register by its index, as through IOREGSEL and IOWIN but without touching IOREGSEL (B.1). 0 where none is.
   *
   * @example
   * ```js
   * console.log(ioapic.read(1).toString(16)); // 170020
   * ```
   */
  read(index: number): number {
    return this.#core.exports.ioapicRead(this.index, word('a register index', index)) >>> 0;
  }

  /**
   * Writes a register by its index; half an RTE at a time (B.1). What it sends is in flight afterwards.
   *
   * @example
   * ```js
   * ioapic.write(0x10, 0x31); // RTE 0, low: edge, vector 0x31, not masked
   * console.log(ioapic.read(0x10)); // 49
   * ```
   */
  write(index: number, value: number): void {
    this.#core.exports.ioapicWrite(this.index, word('a register index', index), word('a register value', value));
  }

  /**
   * Reads its window: 0x00 IOREGSEL, 0x10 IOWIN (B.1); offset and width in bytes. Any CPU reads the same at `model.address`.
   *
   * @example
   * ```js
   * ioapic.writeMmio(0x00, 1, 4);
   * console.log(ioapic.readMmio(0x10, 4).toString(16)); // 170020
   * ```
   */
  readMmio(offset: number, width: 1 | 2 | 4): number {
    return this.#core.exports.mmioRead(0, this.#address(offset), 0, widthOf(width)) >>> 0;
  }

  /**
   * Writes its window: 0x00 IOREGSEL, 0x10 IOWIN, 0x40 EOI where the version is 0x20 (B.1).
   *
   * @example
   * ```js
   * ioapic.writeMmio(0x40, 0x51, 4); // EOI of vector 0x51
   * ```
   */
  writeMmio(offset: number, value: number, width: 1 | 2 | 4): void {
    this.#core.exports.mmioWrite(0, this.#address(offset), 0, widthOf(width), word('a register value', value), 0);
  }

  /**
   * Input n (B.3).
   *
   * @example
   * ```js
   * const line = ioapic.pin(9);
   * line.set(true, 0);
   * line.set(true, 1); // shared: two devices
   * line.set(false, 0); // still active
   * ```
   */
  pin(n: number): Pin {
    indexed('pin', n, this.model.pins);
    return { set: (level, source = 0) => this.#core.exports.pinSet(this.index, n, indexed('source', source, 32), level ? 1 : 0) };
  }

  #address(offset: number): number {
    return this.model.address + indexed('offset', offset, 0x1000);
  }
}
