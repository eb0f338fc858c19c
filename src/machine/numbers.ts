/** Numbers across the boundary: two words of 32 bits each way, no i64. */

/** Bytes of an access. */
export type Width = 1 | 2 | 4 | 8;

/** Low and high word of a value of up to 64 bits. Throws RangeError where it is none. */
export function split(what: string, value: number | bigint, most = 2n ** 64n - 1n): readonly [lo: number, hi: number] {
  if (typeof value === 'number' ? !Number.isSafeInteger(value) || value < 0 || value > most : value < 0n || value > most)
    throw new RangeError(`${what} is a whole number from 0 to 0x${most.toString(16)}, not ${value}`);
  // most values are small, and bigints are slow
  return typeof value === 'number' ? [value >>> 0, Math.floor(value / 2 ** 32)] : [Number(value & 0xffffffffn), Number(value >> 32n)];
}

export function word(what: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new RangeError(`${what} is a whole number from 0 to 0xffffffff, not ${value}`);
  return value;
}

/** The value of two words. */
export function wide(lo: number, hi: number): bigint {
  return BigInt(lo >>> 0) | (BigInt(hi >>> 0) << 32n);
}

/** Throws RangeError unless `index` is one of `count`. */
export function indexed(what: string, index: number, count: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new RangeError(count === 0 ? `this machine has no ${what}` : `${what} ${index} does not exist: they are 0 to ${count - 1}`);
  return index;
}

export function widthOf(width: number): Width {
  if (width !== 1 && width !== 2 && width !== 4 && width !== 8) throw new RangeError(`an access is 1, 2, 4 or 8 bytes wide, not ${width}`);
  return width;
}
