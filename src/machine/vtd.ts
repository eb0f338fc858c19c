/** VT-d remapping units: their options, checked, and the words they become (hardware.md D, J). */
import { IommuSetup } from '../core/index.js';
import { choose, flag, refuseUnknown, whole, type Choices } from './choices.js';
import { cacheChoices, cacheOf, placeOf, type Parts, type UnitCache, type UnitModel } from './unitOptions.js';

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
export interface IommuCache extends UnitCache {
  /** a miss also fetches the other entries of the same 64 bytes (D.4). Default false. */
  readonly prefetch: boolean;
}

/** The fault records of a unit (D.7). */
export interface IommuFaults {
  /** records, 1 to 128; default 8 */
  readonly records: number;
  /** a requester that has a record pending gets no other (D.7.2). Default false. */
  readonly collapse: boolean;
}

/** A VT-d remapping unit (hardware.md D, J). */
export interface VtdModel extends UnitModel {
  /** what it is */
  readonly type: 'vtd';
  /** what it can do */
  readonly capabilities: IommuCapabilities;
  /** its interrupt entry cache */
  readonly cache: IommuCache;
  /** its fault records */
  readonly faults: IommuFaults;
}

const capabilityChoices: Choices<IommuCapabilities> = {
  cm: flag(false),
  esirtps: flag(false),
  pi: flag(true),
  eim: flag(true),
  c: flag(true),
  mhmv: whole(15, 0, 15),
  wideDescriptors: flag(false),
};

const vtdCacheChoices = (entries: number): Choices<IommuCache> => ({ ...cacheChoices(entries), prefetch: flag(false) });

const faultChoices: Choices<IommuFaults> = { records: whole(8, 1, 128), collapse: flag(false) };

const optionNames: readonly (keyof VtdModel)[] = ['type', 'address', 'scope', 'capabilities', 'cache', 'faults'];

/** Bytes of its registers. */
export const VTD_WINDOW = 0x1000;

/** Unit number i, as given. Throws RangeError with one sentence about the first option that is wrong. */
export function vtdOf(where: string, given: Parts<VtdModel>, i: number, ioapics: number): VtdModel {
  refuseUnknown(where, optionNames, given);
  const { capabilities, cache, faults } = given;
  return {
    type: 'vtd',
    ...placeOf(where, given, 0xfed90000 + i * VTD_WINDOW, VTD_WINDOW, ioapics),
    capabilities: choose(`${where}.capabilities`, capabilityChoices, capabilities),
    cache: cacheOf(`${where}.cache`, vtdCacheChoices, cache),
    faults: choose(`${where}.faults`, faultChoices, faults),
  };
}

export function vtdWords({ capabilities, cache, faults }: VtdModel): readonly (readonly [IommuSetup, number | boolean])[] {
  return [
    [IommuSetup.cm, capabilities.cm],
    [IommuSetup.esirtps, capabilities.esirtps],
    [IommuSetup.pi, capabilities.pi],
    [IommuSetup.eim, capabilities.eim],
    [IommuSetup.coherent, capabilities.c],
    [IommuSetup.mhmv, capabilities.mhmv],
    [IommuSetup.wide, capabilities.wideDescriptors],
    [IommuSetup.prefetch, cache.prefetch],
    [IommuSetup.faultRecords, faults.records],
    [IommuSetup.collapse, faults.collapse],
  ];
}
