/** A remapping unit of a machine as seen from its registers (hardware.md D.1). */
import type { Core } from '../core/index.js';
import type { IommuModel } from './iommus.js';
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

const CAP = 0x08;
const PAGE = 0x1000;

/**
 * A remapping unit of a machine. Its registers are memory: any CPU reads and writes them at `model.address` as well.
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

  /** @hidden */
  constructor(core: Core, index: number, model: IommuModel) {
    this.#core = core;
    this.index = index;
    this.model = model;
  }

  /**
   * Reads a register by its offset (D.1), `width` in bytes; 8 gives a bigint. Aligned only: anything else reads all ones.
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
    const low = this.#core.exports.iommuRead(this.index, indexed('offset', offset, PAGE), widthOf(width)) >>> 0;
    return width === 8 ? wide(low, this.#core.exports.highWord()) : low;
  }

  /**
   * Writes a register by its offset (D.1), `width` in bytes. What it starts ends as time passes (D.1.1).
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
    this.#core.exports.iommuWrite(this.index, indexed('offset', offset, PAGE), bytes, lo, hi);
  }

  /**
   * The faults that are recorded and not cleared, in the order of the records (D.7). Software clears one by writing 1 to bit 127 of
   * its record.
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
}

function widthOf(width: number): 4 | 8 {
  if (width !== 4 && width !== 8) throw new RangeError(`a register access is 4 or 8 bytes wide, not ${width}`);
  return width;
}
