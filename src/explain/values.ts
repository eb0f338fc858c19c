/** Raw values: words as a debugger, debugfs or a dump shows them. */
import { explainAmdWord } from './amdIrte.js';
import { hexOf } from './bits.js';
import { DESCRIPTOR_BITS, explainDescriptor } from './descriptor.js';
import type { Explained, Told } from './explained.js';
import { explainIrteWord, type IrteContext } from './irte.js';
import { explainMessage } from './message.js';
import { explainRteWord } from './rte.js';

function word(what: string, value: bigint | number, width: number): bigint {
  const fits =
    typeof value === 'bigint'
      ? value >= 0n && value < 1n << BigInt(width)
      : Number.isSafeInteger(value) && value >= 0 && value < 2 ** width;
  if (!fits)
    throw new RangeError(`${what} has ${width} bits; ${typeof value === 'bigint' && value >= 0n ? hexOf(value) : value} is none of them`);
  return BigInt(value);
}

const valued = (told: Told, source: string): Explained => ({ ...told, source, lines: [] });

/**
 * Explains an entry of a VT-d interrupt remapping table, remapped or posted, by its high and its low 64 bits. Throws RangeError.
 *
 * @example
 * ```js
 * import { explainIrte } from 'irqlab';
 *
 * console.log(explainIrte(0x40050n, 0x800024000dn).fields.find(({ name }) => name === 'vector').value); // 0x24
 * ```
 */
export function explainIrte(high: bigint | number, low: bigint | number, context: IrteContext = {}): Explained {
  const [hi, lo] = [word('the high half of an IRTE', high, 64), word('the low half of an IRTE', low, 64)];
  return valued(explainIrteWord(hi, lo, context), `IRTE ${hexOf(hi, 16)} ${hexOf(lo, 16)}`);
}

/** Explains the address and data of an MSI, an MSI-X entry or an IOAPIC's message. Throws RangeError. */
export function explainMsi(address: bigint | number, data: bigint | number): Explained {
  const [at, what] = [word('an MSI address', address, 64), word('MSI data', data, 32)];
  return valued(explainMessage(at, what), `MSI address ${hexOf(at, 8)}, data ${hexOf(what, 4)}`);
}

/** Explains an IOAPIC redirection entry of 64 bits. Throws RangeError. */
export function explainRte(entry: bigint | number): Explained {
  const rte = word('a redirection entry', entry, 64);
  return valued(explainRteWord(rte), `RTE ${hexOf(rte, 16)}`);
}

/** Explains a posted-interrupt descriptor: 8 words of 64 bits or 16 of 32, the lowest first. Throws RangeError. */
export function explainPid(words: readonly (bigint | number)[], { eime }: Pick<IrteContext, 'eime'> = {}): Explained {
  if (words.length !== 8 && words.length !== 16)
    throw new RangeError(`a posted-interrupt descriptor has 8 words of 64 bits or 16 of 32, not ${words.length}`);
  const width = DESCRIPTOR_BITS / words.length;
  const all = words.reduce((sum: bigint, each, n) => sum | (word('a word of the descriptor', each, width) << BigInt(n * width)), 0n);
  return valued(explainDescriptor(all, eime), `PID ${words.map((each) => hexOf(BigInt(each), width / 4)).join(' ')}`);
}

/** Explains an AMD-Vi remapping entry: one value of 32 bits, or the high and the low 64 bits of one of 128. Throws RangeError. */
export function explainAmdIrte(...words: readonly [bigint | number] | readonly [bigint | number, bigint | number]): Explained {
  const [first, second] = words;
  if (second === undefined) {
    const entry = word('an AMD-Vi entry in one word', first, 32);
    return valued(explainAmdWord(entry, false), `AMD IRTE ${hexOf(entry, 8)}`);
  }
  const [hi, lo] = [word('the high half of an AMD-Vi entry', first, 64), word('the low half of an AMD-Vi entry', second, 64)];
  return valued(explainAmdWord((hi << 64n) | lo, true), `AMD IRTE ${hexOf(hi, 16)} ${hexOf(lo, 16)}`);
}
