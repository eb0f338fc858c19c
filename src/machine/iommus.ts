/** A machine's remapping units of all kinds: the list, what belongs to whom, and the words they become (hardware.md D, F, J). */
import { AmdReg, IommuScope as ScopeWord, IommuSetup, UnitKind } from '../core/index.js';
import { describe, hex } from '../words.js';
import { amdOf, amdWords, type AmdModel } from './amd.js';
import { oneOf } from './choices.js';
import type { IoapicModel } from './ioapic.js';
import type { Parts } from './unitOptions.js';
import { VTD_WINDOW, vtdOf, vtdWords, type VtdModel } from './vtd.js';

/** A remapping unit, of Intel's VT-d or AMD's AMD-Vi. */
export type IommuModel = VtdModel | AmdModel;

/** What `Machine.create` takes for a unit: every part, and every option of a part, has a default; `type` is vtd if it is left out. */
export type IommuOptions =
  | Parts<VtdModel>
  | (Parts<AmdModel> & {
      /** what it is */
      readonly type: 'amd';
    });

const MOST_UNITS = 64;

/** Throws RangeError with one sentence about the first option that is wrong. */
export function iommusOf(given: readonly IommuOptions[] | undefined, ioapics: readonly IoapicModel[]): readonly IommuModel[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw new RangeError(`iommus is a list of an object of options each, not ${describe(given)}`);
  if (given.length > MOST_UNITS) throw new RangeError(`a machine has at most ${MOST_UNITS} IOMMUs, not ${given.length}`);
  const iommus = (given as readonly IommuOptions[]).map((each, i) => iommuOf(each, i, ioapics.length));
  refuseSharedAddresses(iommus, ioapics);
  const rest = iommus.flatMap(({ scope }, i) => (scope === undefined ? [i] : []));
  if (rest.length > 1) throw new RangeError(`iommus[${rest[0]}] and iommus[${rest[1]}] have no scope; one at most is for all the rest`);
  refuseOverlaps(iommus, ioapics);
  return iommus;
}

const types = oneOf('vtd', 'amd');

function iommuOf(given: IommuOptions, i: number, ioapics: number): IommuModel {
  const where = `iommus[${i}]`;
  const { type } = (given ?? {}) as { readonly type?: unknown };
  if (type !== undefined && !types.fits(type)) throw new RangeError(`${where}.type is ${types.wanted}, not ${describe(type)}`);
  return given?.type === 'amd' ? amdOf(where, given, i, ioapics) : vtdOf(where, given, i, ioapics);
}

/** Bytes of a unit's registers. */
export const windowOf = ({ type }: IommuModel): number => (type === 'amd' ? AmdReg.window : VTD_WINDOW);

function refuseSharedAddresses(iommus: readonly IommuModel[], ioapics: readonly IoapicModel[]): void {
  const twice = iommus.find(({ address }, i) => iommus.findIndex((other) => other.address === address) !== i);
  if (twice !== undefined) throw new RangeError(`two IOMMUs have the address ${hex(twice.address)}; each has one of its own`);
  iommus.forEach((unit, i) => {
    const has = (address: number): boolean => address >= unit.address && address < unit.address + windowOf(unit);
    const at = ioapics.findIndex(({ address }) => has(address));
    if (at >= 0)
      throw new RangeError(`iommus[${i}] and ioapics[${at}] have the address ${hex(ioapics[at]!.address)}; each has one of its own`);
    const other = iommus.findIndex((each) => each !== unit && has(each.address));
    if (other >= 0)
      throw new RangeError(`iommus[${i}] and iommus[${other}] have the address ${hex(iommus[other]!.address)}; each has one of its own`);
  });
}

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

/** Cached entries that a unit has room for. */
export const entriesOf = ({ type, cache }: IommuModel): number => cache.entries + (type === 'amd' ? cache.deviceEntries : 0);

/** The words of each for the core. */
export function iommuWords(iommus: readonly IommuModel[]): Uint32Array {
  const words = new Uint32Array(iommus.length * IommuSetup.words);
  iommus.forEach((unit, i) => {
    const { address, scope, cache } = unit;
    const common = [
      [IommuSetup.base, address],
      [IommuSetup.entries, cache.entries],
      [IommuSetup.ways, cache.ways],
      [IommuSetup.randomEvict, cache.randomEvict],
      [IommuSetup.isDefault, scope === undefined],
      [IommuSetup.kind, UnitKind[unit.type]],
    ] as const;
    for (const [word, value] of [...common, ...(unit.type === 'amd' ? amdWords(unit) : vtdWords(unit))])
      words[i * IommuSetup.words + word] = Number(value);
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
