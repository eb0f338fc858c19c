/** What a machine's remapping units are: their options, checked, and the words they become (hardware.md D, J). */
import { IommuScope as ScopeWord, IommuSetup } from '../core/index.js';
import { describe, hex } from '../words.js';
import { choose, flag, refuseUnknown, whole, type Choices } from './choices.js';
import type { IoapicModel } from './ioapic.js';

/** What a unit can do, and says in CAP and ECAP (hardware.md D.1, J). */
export interface IommuCapabilities {
  /** caching mode: entries that are not present may be cached (D.4). Default false. */
  readonly cm: boolean;
  /** setting the table pointer invalidates the entry cache (D.1.1). Default false. */
  readonly esirtps: boolean;
  /** posted interrupts (E). Default true. */
  readonly pi: boolean;
  /** 32-bit destinations (D.3.4). Default true. */
  readonly eim: boolean;
  /** reads of its tables snoop the CPU caches (D.3). Default true. */
  readonly c: boolean;
  /** the largest index mask of an invalidation, 0 to 15 (D.4.1). Default 15. */
  readonly mhmv: number;
  /** the invalidation queue may hold descriptors of 256 bits (D.4.4). Default false. */
  readonly wideDescriptors: boolean;
}

/** The interrupt entry cache of a unit (D.4). */
export interface IommuCache {
  /** a power of two, 1 to 4096; default 64 */
  readonly entries: number;
  /** a power of two, at most as many as there are entries; default 4, or all of fewer */
  readonly ways: number;
  /** a miss also fetches the other entries of the same 64 bytes (D.4). Default false. */
  readonly prefetch: boolean;
  /** an entry may go at any time, drawn from the machine's seed (J). Default false. */
  readonly randomEvict: boolean;
}

/** The fault records of a unit (D.7). */
export interface IommuFaults {
  /** records, 1 to 128; default 8 */
  readonly records: number;
  /** a requester that has a record pending gets no other (D.7.2). Default false. */
  readonly collapse: boolean;
}

/** Whose messages a unit remaps (D). */
export interface IommuScope {
  /** requester ids of 16 bits, each alone or as first and last of a range; default none */
  readonly requesters: readonly (number | readonly [first: number, last: number])[];
  /** IOAPICs by their places in the machine; default none */
  readonly ioapics: readonly number[];
}

/** A VT-d remapping unit (hardware.md D, J). */
export interface IommuModel {
  /** physical address of its registers, a page; default 0xFED90000, each further one 0x1000 higher */
  readonly address: number;
  /** whose messages it remaps; left out: of all that are in no other unit's scope. One unit of a machine may leave it out. */
  readonly scope: IommuScope | undefined;
  /** what it can do */
  readonly capabilities: IommuCapabilities;
  /** its interrupt entry cache */
  readonly cache: IommuCache;
  /** its fault records */
  readonly faults: IommuFaults;
}

/** What `Machine.create` takes for a unit: every part, and every option of a part, has a default. */
export type IommuOptions = { readonly [K in keyof IommuModel]?: IommuModel[K] extends number ? number : Partial<IommuModel[K]> };

const MOST_UNITS = 16;

const capabilityChoices: Choices<IommuCapabilities> = {
  cm: flag(false),
  esirtps: flag(false),
  pi: flag(true),
  eim: flag(true),
  c: flag(true),
  mhmv: whole(15, 0, 15),
  wideDescriptors: flag(false),
};

const isPower = (value: unknown, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most && Number.isInteger(Math.log2(Number(value)));

const cacheChoices = (entries: number): Choices<IommuCache> => ({
  entries: { standard: 64, fits: (value) => isPower(value, 4096), wanted: 'a power of two from 1 to 4096' },
  ways: {
    standard: Math.min(4, entries),
    fits: (value) => isPower(value, entries),
    wanted: `a power of two from 1 to the ${entries} entries`,
  },
  prefetch: flag(false),
  randomEvict: flag(false),
});

const faultChoices: Choices<IommuFaults> = { records: whole(8, 1, 128), collapse: flag(false) };

/** Throws RangeError with one sentence about the first option that is wrong. */
export function iommusOf(given: readonly IommuOptions[] | undefined, ioapics: readonly IoapicModel[]): readonly IommuModel[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw new RangeError(`iommus is a list of an object of options each, not ${describe(given)}`);
  if (given.length > MOST_UNITS) throw new RangeError(`a machine has at most ${MOST_UNITS} IOMMUs, not ${given.length}`);
  const iommus = (given as readonly IommuOptions[]).map((each, i) => iommuOf(each, i, ioapics.length));
  const twice = iommus.find(({ address }, i) => iommus.findIndex((other) => other.address === address) !== i);
  if (twice !== undefined) throw new RangeError(`two IOMMUs have the address ${hex(twice.address)}; each has one of its own`);
  iommus.forEach(({ address }, i) => {
    const at = ioapics.findIndex((ioapic) => ioapic.address === address);
    if (at >= 0) throw new RangeError(`iommus[${i}] and ioapics[${at}] have the address ${hex(address)}; each has one of its own`);
  });
  const rest = iommus.flatMap(({ scope }, i) => (scope === undefined ? [i] : []));
  if (rest.length > 1) throw new RangeError(`iommus[${rest[0]}] and iommus[${rest[1]}] have no scope; one at most is for all the rest`);
  refuseOverlaps(iommus, ioapics);
  return iommus;
}

const optionNames: readonly (keyof IommuModel)[] = ['address', 'scope', 'capabilities', 'cache', 'faults'];

function iommuOf(given: IommuOptions, i: number, ioapics: number): IommuModel {
  const where = `iommus[${i}]`;
  refuseUnknown(where, optionNames, given);
  const { address, scope, capabilities, cache, faults } = given;
  const place = {
    standard: 0xfed90000 + i * 0x1000,
    fits: (value: unknown) => Number.isInteger(value) && Number(value) > 0 && Number(value) <= 0xfffff000 && Number(value) % 0x1000 === 0,
    wanted: 'a multiple of 0x1000 below 2^32, and not 0',
  };
  const entries = choose(`${where}.cache`, cacheChoices(4096), cache).entries;
  return {
    ...choose<{ readonly address: number }>(where, { address: place }, address === undefined ? {} : { address }),
    scope: scope === undefined ? undefined : scopeOf(`${where}.scope`, scope, ioapics),
    capabilities: choose(`${where}.capabilities`, capabilityChoices, capabilities),
    cache: choose(`${where}.cache`, cacheChoices(entries), cache),
    faults: choose(`${where}.faults`, faultChoices, faults),
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

/** A range of requester ids that belong to one unit. */
export interface ScopeRange {
  readonly first: number;
  readonly last: number;
  readonly unit: number;
}

/** All that units have in their scopes, in order of the ids; an IOAPIC by its requester id. */
export function scopesOf(iommus: readonly IommuModel[], ioapics: readonly IoapicModel[]): readonly ScopeRange[] {
  const ranges = iommus.flatMap(({ scope }, unit): ScopeRange[] => [
    ...(scope?.requesters ?? []).map((each) => {
      const [first, last] = typeof each === 'number' ? [each, each] : each;
      return { first, last, unit };
    }),
    ...(scope?.ioapics ?? []).map((i) => {
      const { requester } = ioapics[i]!;
      return { first: requester, last: requester, unit };
    }),
  ]);
  return ranges.toSorted((a, b) => a.first - b.first);
}

function refuseOverlaps(iommus: readonly IommuModel[], ioapics: readonly IoapicModel[]): void {
  const ranges = scopesOf(iommus, ioapics);
  ranges.forEach(({ first, unit }, i) => {
    const before = ranges[i - 1];
    if (before === undefined || first > before.last) return;
    if (before.unit === unit) throw new RangeError(`requester ${hex(first)} is twice in the scope of iommus[${unit}]; once is enough`);
    const [one, other] = [Math.min(before.unit, unit), Math.max(before.unit, unit)];
    throw new RangeError(`requester ${hex(first)} is in the scopes of iommus[${one}] and iommus[${other}]; it belongs to one unit`);
  });
}

/** The words of each for the core. */
export function iommuWords(iommus: readonly IommuModel[]): Uint32Array {
  const words = new Uint32Array(iommus.length * IommuSetup.words);
  iommus.forEach(({ address, scope, capabilities, cache, faults }, i) => {
    const set = (word: IommuSetup, value: number | boolean): void => {
      words[i * IommuSetup.words + word] = Number(value);
    };
    set(IommuSetup.base, address);
    set(IommuSetup.cm, capabilities.cm);
    set(IommuSetup.esirtps, capabilities.esirtps);
    set(IommuSetup.pi, capabilities.pi);
    set(IommuSetup.eim, capabilities.eim);
    set(IommuSetup.coherent, capabilities.c);
    set(IommuSetup.mhmv, capabilities.mhmv);
    set(IommuSetup.wide, capabilities.wideDescriptors);
    set(IommuSetup.entries, cache.entries);
    set(IommuSetup.ways, cache.ways);
    set(IommuSetup.prefetch, cache.prefetch);
    set(IommuSetup.randomEvict, cache.randomEvict);
    set(IommuSetup.faultRecords, faults.records);
    set(IommuSetup.collapse, faults.collapse);
    set(IommuSetup.isDefault, scope === undefined);
  });
  return words;
}

export function scopeWords(scopes: readonly ScopeRange[]): Uint32Array {
  const words = new Uint32Array(scopes.length * ScopeWord.words);
  scopes.forEach(({ first, last, unit }, i) => {
    words[i * ScopeWord.words + ScopeWord.first] = first;
    words[i * ScopeWord.words + ScopeWord.last] = last;
    words[i * ScopeWord.words + ScopeWord.unit] = unit;
  });
  return words;
}
