/** A remapping unit of a machine as seen from its registers (hardware.md D.1, F.1). */
import { AmdReg, type Core } from '../core/index.js';
import { windowOf, type IommuModel } from './iommus.js';
import { indexed, split, wide } from './numbers.js';

/** A fault as a unit has recorded it (D.7.1). */
export interface IommuFault {
  /** which record, from 0 */
  readonly record: number;
  /** 0x20 to 0x28 (D.6) */
  readonly reason: number;
  /** requester id of the message */
  readonly requester: number;
  /** index of the interrupt; with reason 0x25 of no meaning (D.7.1) */
  readonly index: number;
}

/** An entry of an AMD unit's event log (F.6). */
export interface IommuEvent {
  /** 1 illegal device table entry, 2 page fault, 3 device table and 4 interrupt table not readable, 5 illegal command, 6 not readable */
  readonly code: number;
  /** requester id of the message; 0 with commands */
  readonly requester: number;
  /** domain id of the requester's entry in the device table */
  readonly domain: number;
  /** 12 bits: 0x8 interrupt, 0x10 translation present, 0x80 reserved bit not zero */
  readonly flags: number;
  /** address of the message, of the command, or of what could not be read */
  readonly address: bigint;
}

const CAP = 0x08;

/**
 * A remapping unit of a machine. Its registers are memory: any CPU reads and writes them at `model.address` as well. This one is a
 * VT-d unit; for one of AMD see `eventLog`.
 *
 * @example
 * ```js
 * import { Machine } from 'irqlab';
 *
 * const machine = await Machine.create({ iommus: [{}] });
 * const unit = machine.iommu(0);
 * const memory = new DataView(machine.memory.buffer, machine.memory.byteOffset);
 * machine.cpu(0).writeMmio(0xfee000f0, 0x1ff, 4); // SVR: enable by software
 * memory.setBigUint64(0x1000 + 16 * 5, 0x510001n, true); // IRTE 5: present, vector 0x51, to APIC id 0
 * unit.write(0xb8, 0x1007, 8); // IRTA: 256 entries at 0x1000
 * unit.write(0x18, 0x1000000, 4); // GCMD: SIRTP
 * machine.settle();
 * unit.write(0x18, 0x2000000, 4); // GCMD: IRE
 * machine.settle();
 * machine.dmaWrite32({ requester: 0x00f8, address: 0xfee000b0, data: 0 }); // remappable format, handle 5
 * machine.settle();
 * console.log(unit.read(0x1c, 4).toString(16), machine.cpu(0).irr); // 3000000 [ 81 ]
 * ```
 */
export class IommuPort {
  /** place in the machine, from 0 */
  readonly index: number;
  /** as it was made */
  readonly model: IommuModel;
  readonly #core: Core;
  /** bytes of guest memory */
  readonly #memory: number;

  /** @hidden */
  constructor(core: Core, index: number, model: IommuModel, memory: number) {
    this.#core = core;
    this.#memory = memory;
    this.index = index;
    this.model = model;
  }

  /**
   * Reads a register by its offset (D.1, F.1), `width` in bytes; 8 gives a bigint. Aligned only: anything else reads all ones.
   *
   * @example
   * ```js
   * console.log(iommu.read(0x1c, 4)); // 0
   * console.log((iommu.read(0x10, 8) >> 3n) & 1n); // 1n
   * ```
   */
  read(offset: number, width: 4): number;
  read(offset: number, width: 8): bigint;
  read(offset: number, width: 4 | 8): number | bigint {
    const low = this.#core.exports.iommuRead(this.index, indexed('offset', offset, windowOf(this.model)), widthOf(width)) >>> 0;
    return width === 8 ? wide(low, this.#core.exports.highWord()) : low;
  }

  /**
   * Writes a register by its offset (D.1, F.1), `width` in bytes. What it starts ends as time passes (D.1.1, F.5).
   *
   * @example
   * ```js
   * iommu.write(0x90, 0x2000, 8); // IQA: the queue is at 0x2000
   * iommu.write(0x18, 0x4000000, 4); // GCMD: QIE
   * machine.settle();
   * console.log(iommu.read(0x1c, 4).toString(16)); // 4000000
   * ```
   */
  write(offset: number, value: number | bigint, width: 4 | 8): void {
    const bytes = widthOf(width);
    const [lo, hi] = split(`a value of ${bytes} bytes`, value, 2n ** BigInt(bytes * 8) - 1n);
    this.#core.exports.iommuWrite(this.index, indexed('offset', offset, windowOf(this.model)), bytes, lo, hi);
  }

  /**
   * The faults that a VT-d unit has recorded and software has not cleared, in the order of the records (D.7). Software clears one by
   * writing 1 to bit 127 of its record.
   *
   * @example
   * ```js
   * iommu.write(0x18, 0x2000000, 4); // GCMD: IRE
   * machine.settle();
   * machine.dmaWrite32({ address: 0xfee00000, data: 0x41 }); // compatibility format is blocked
   * machine.settle();
   * console.log(iommu.faults.map(({ reason, requester }) => [reason, requester])); // [ [ 37, 0 ] ]
   * ```
   */
  get faults(): readonly IommuFault[] {
    if (this.model.type === 'amd') return [];
    const capabilities = this.read(CAP, 8);
    const first = Number((capabilities >> 24n) & 0x3ffn) * 16;
    const records = Number((capabilities >> 40n) & 0xffn) + 1;
    return Array.from({ length: records }, (_, record) => {
      const [low, high] = [this.read(first + 16 * record, 8), this.read(first + 16 * record + 8, 8)];
      const fault = {
        record,
        reason: Number((high >> 32n) & 0xffn),
        requester: Number(high & 0xffffn),
        index: Number(low >> 48n),
      };
      return { pending: high >> 63n !== 0n, fault };
    }).flatMap(({ pending, fault }) => (pending ? [fault] : []));
  }

  /**
   * What an AMD unit has appended to its event log and software has not taken out, oldest first (F.6). Software takes entries out by
   * moving the head, at 0x2010.
   *
   * @example
   * ```js
   * import { Machine } from 'irqlab';
   *
   * const machine = await Machine.create({ iommus: [{ type: 'amd' }] });
   * const unit = machine.iommu(0);
   * const memory = new DataView(machine.memory.buffer, machine.memory.byteOffset);
   * machine.cpu(0).writeMmio(0xfee000f0, 0x1ff, 4); // SVR: enable by software
   * const device = 0x20; // its entry in the device table at 0x1000: V; IntCtl 2, 32 entries at 0x4000, IV
   * memory.setBigUint64(0x1000 + 32 * device, 1n, true);
   * memory.setBigUint64(0x1000 + 32 * device + 16, (2n << 60n) | 0x4000n | (5n << 1n) | 1n, true);
   * memory.setUint32(0x4000 + 4 * 5, 0x510001, true); // its entry 5: RemapEn, vector 0x51, to APIC id 0
   * unit.write(0x00, 0x1000, 8); // device table
   * unit.write(0x10, 0x8000000000003000n, 8); // event log: 256 entries at 0x3000
   * unit.write(0x18, 0x5, 8); // control: IommuEn, EventLogEn
   * machine.dmaWrite32({ requester: device, address: 0xfee00000, data: 5 });
   * machine.dmaWrite32({ requester: device, address: 0xfee00000, data: 32 });
   * machine.settle();
   * console.log(machine.cpu(0).irr); // [ 81 ]
   * console.log(unit.eventLog); // [ { code: 2, requester: 32, domain: 0, flags: 8, address: 4276092928n } ]
   * ```
   */
  get eventLog(): readonly IommuEvent[] {
    if (this.model.type !== 'amd') return [];
    const register = this.read(AmdReg.eventBase, 8);
    const bytes = 16 << Math.max(Number((register >> 56n) & 15n), 8);
    const [head, tail] = [this.read(AmdReg.eventHead, 4) % bytes, this.read(AmdReg.eventTail, 4) % bytes];
    const first = Number(register & 0xffffffffff000n);
    const places = Array.from({ length: Math.floor(((tail + bytes - head) % bytes) / 16) }, (_, n) => first + ((head + 16 * n) % bytes));
    // what was to be written where no memory is, is lost
    const written = places.filter((place) => place + 16 <= this.#memory);
    return written.map((place) => {
      const at = this.#core.exports.guestAt() + place;
      const second = this.#core.u32(at + 4);
      return {
        code: second >>> 28,
        requester: this.#core.u32(at) & 0xffff,
        domain: second & 0xffff,
        flags: (second >>> 16) & 0xfff,
        address: this.#core.u64(at + 8),
      };
    });
  }
}

function widthOf(width: number): 4 | 8 {
  if (width !== 4 && width !== 8) throw new RangeError(`a register access is 4 or 8 bytes wide, not ${width}`);
  return width;
}
