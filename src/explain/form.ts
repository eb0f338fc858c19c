/** A form of line that is understood. */
import type { Told } from './explained.js';

type Groups = Readonly<Record<string, string | undefined>>;

export interface Form {
  /** Found anywhere in a line: time, host and level may stand before it. Groups have names. */
  readonly pattern: RegExp;
  /** `before`: what stands before it in the line. */
  readonly tell: (groups: Groups, before: string) => Told | undefined;
}

export function form(pattern: RegExp, tell: Form['tell']): Form {
  return { pattern, tell };
}

/** Digits of a group; 0 where there are none. */
export function decimal(text: string | undefined): number {
  return Number(text ?? 0);
}

export function hexadecimal(text: string | undefined): number {
  return parseInt((text ?? '0').replace(/^0x/i, ''), 16);
}

export function wideHexadecimal(text: string | undefined): bigint {
  return BigInt(`0x${(text ?? '0').replace(/^0x/i, '')}`);
}
