/** What options of remapping units of every kind have in common: where a unit is, whose messages it remaps, how large its cache is. */
import { describe } from '../words.js';
import { choose, flag, refuseUnknown, type Choices } from './choices.js';

/** Whose messages a unit remaps (D, F). */
export interface IommuScope {
  /** requester ids of 16 bits, each alone or as first and last of a range; default none */
  readonly requesters: readonly (number | readonly [first: number, last: number])[];
  /** IOAPICs by their places in the machine; default none */
  readonly ioapics: readonly number[];
}

/** What a unit of any kind has. */
export interface UnitModel {
  /** physical address of its registers: a page of VT-d, four of AMD; default one of the unit's own, by its place */
  readonly address: number;
  /** whose messages it remaps; left out: of all that are in no other unit's scope. One unit of a machine may leave it out. */
  readonly scope: IommuScope | undefined;
}

/** Remapping entries that a unit has cached (D.4, F.4). */
export interface UnitCache {
  /** a power of two, 1 to 4096; default 64 */
  readonly entries: number;
  /** a power of two, at most as many as there are entries; default 4, or all of fewer */
  readonly ways: number;
  /** an entry may go at any time, drawn from the machine's seed (J). Default false. */
  readonly randomEvict: boolean;
}

/** Options of a model: every part, and every option of a part, may be left out. */
export type Parts<T> = { readonly [K in keyof T]?: T[K] extends number | string ? T[K] : Partial<T[K]> };

/** Address and scope as given, or their defaults; the addresses of unit i of a machine begin at `standard`, `page` bytes each. */
export function placeOf(where: string, given: Parts<UnitModel>, standard: number, page: number, ioapics: number): UnitModel {
  const { address, scope } = given;
  const fits = (value: unknown): boolean =>
    Number.isInteger(value) && Number(value) > 0 && Number(value) <= 2 ** 32 - page && Number(value) % page === 0;
  const place = { standard, fits, wanted: `a multiple of 0x${page.toString(16)} below 2^32, and not 0` };
  return {
    ...choose<{ readonly address: number }>(where, { address: place }, address === undefined ? {} : { address }),
    scope: scope === undefined ? undefined : scopeOf(`${where}.scope`, scope, ioapics),
  };
}

function scopeOf(where: string, given: Partial<IommuScope>, ioapics: number): IommuScope {
  refuseUnknown(where, ['requesters', 'ioapics'], given);
  const { requesters = [], ioapics: tables = [] } = given;
  if (!Array.isArray(requesters)) throw new RangeError(`${where}.requesters is a list of requester ids, not ${describe(requesters)}`);
  for (const each of requesters as readonly unknown[]) {
    const range: readonly unknown[] = Array.isArray(each) ? each : [each, each];
    const fits = range.length === 2 && range.every((id) => Number.isInteger(id) && Number(id) >= 0 && Number(id) <= 0xffff);
    if (!fits || Number(range[0]) > Number(range[1]))
      throw new RangeError(`${where}.requesters has whole numbers from 0 to 65535, each alone or as [first, last], not ${said(each)}`);
  }
  if (!Array.isArray(tables)) throw new RangeError(`${where}.ioapics is a list of places of IOAPICs, not ${describe(tables)}`);
  const wrong = tables.find((each: unknown) => !Number.isInteger(each) || Number(each) < 0 || Number(each) >= ioapics);
  if (wrong !== undefined)
    throw new RangeError(`${where}.ioapics has places of the ${ioapics} IOAPICs, counted from 0, not ${describe(wrong)}`);
  return { requesters: [...requesters], ioapics: [...tables] };
}

const said = (value: unknown): string => (Array.isArray(value) ? `[${value.join(', ')}]` : describe(value));

export const isPower = (value: unknown, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most && Number.isInteger(Math.log2(Number(value)));

/** Choices for a cache of so many entries; ask for that number first. */
export const cacheChoices = (entries: number): Choices<UnitCache> => ({
  entries: { standard: 64, fits: (value) => isPower(value, 4096), wanted: 'a power of two from 1 to 4096' },
  ways: {
    standard: Math.min(4, entries),
    fits: (value) => isPower(value, entries),
    wanted: `a power of two from 1 to the ${entries} entries`,
  },
  randomEvict: flag(false),
});

/** A cache as given, whatever else it has. */
export function cacheOf<T extends UnitCache>(where: string, choices: (entries: number) => Choices<T>, given: Partial<T> | undefined): T {
  return choose(where, choices(choose(where, choices(4096), given).entries), given);
}
