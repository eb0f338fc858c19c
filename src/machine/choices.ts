/** Options that a user passes: what each may be, what it is when left out, and the sentence that says so. */
import { describe, joined, nearest } from '../words.js';

/** One option: its value when left out, what it may be, and that in words. */
interface Choice<T> {
  readonly standard: T;
  readonly fits: (value: unknown) => boolean;
  readonly wanted: string;
}

export type Choices<T> = { readonly [K in keyof T]-?: Choice<T[K]> };

export function flag(standard: boolean): Choice<boolean> {
  return { standard, fits: (value) => typeof value === 'boolean', wanted: 'true or false' };
}

/** One of a few values, the first of which is the default. */
export function oneOf<const T extends string | number>(...values: readonly [T, ...T[]]): Choice<T> {
  return {
    standard: values[0],
    fits: (value) => values.some((each) => each === value),
    wanted: joined(
      values.map((each) => JSON.stringify(each)),
      'or',
    ),
  };
}

export function whole(standard: number, least: number, most: number, unit = ''): Choice<number> {
  const fits = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
  return { standard, fits, wanted: `a whole number${unit && ` of ${unit}`} from ${least} to ${most}` };
}

/** All options of one kind, those left out with their defaults. Throws RangeError with one sentence about the first that is wrong. */
export function choose<T extends object>(where: string, choices: Choices<T>, given: Partial<T> | undefined): T {
  if (given !== undefined) refuseUnknown(where, Object.keys(choices), given);
  const entries = Object.entries<Choice<unknown>>(choices).map(([name, choice]): [string, unknown] => {
    const value = (given as Record<string, unknown> | undefined)?.[name];
    if (value === undefined) return [name, choice.standard];
    if (!choice.fits(value)) throw new RangeError(`${where}.${name} is ${choice.wanted}, not ${describe(value)}`);
    return [name, value];
  });
  return Object.fromEntries(entries) as T;
}

/** Throws RangeError unless it is an object that has only known names. */
export function refuseUnknown(where: string, known: readonly string[], given: object): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new RangeError(`${where} is an object of options, not ${describe(given)}`);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    const hint = meant === undefined ? `; there are ${joined(known, 'and')}` : `; did you mean ${meant}?`;
    throw new RangeError(`${where} has no option ${name}${hint}`);
  }
}
