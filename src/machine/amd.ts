/** AMD-Vi remapping units: their options, checked, and the words they become (hardware.md F, J). */
import { AmdReg, AmdSetup } from '../core/index.js';
import { choose, flag, refuseUnknown, type Choices } from './choices.js';
import { cacheChoices, cacheOf, isPower, placeOf, type Parts, type UnitCache, type UnitModel } from './unitOptions.js';

/** What a unit can do, and says in its extended features (hardware.md F.1, J). Software turns it on in the control register. */
export interface AmdCapabilities {
  /** GAEn may be set: remapping entries of 128 bits (F.3.2). Default true. */
  readonly ga: boolean;
  /** XTEn and IntCapXTEn may be set: 32-bit destinations (F.3.2). Default true. */
  readonly xt: boolean;
  /** GAMEn may be 1: entries for guests (F.3.3). Default true. */
  readonly guest: boolean;
  /** NumIntRemapMode may be 1: messages with address bit 2 set have 2048 entries a device instead of 512 (F.3). Default false. */
  readonly numIntRemap: boolean;
}

/** What a unit has cached (F.4). */
export interface AmdCache extends UnitCache {
  /** entries of the device table that it caches, a power of two, 1 to 4096; default 16 */
  readonly deviceEntries: number;
  /** IRTCacheDis is set after reset: remapping entries are not cached. Default false. */
  readonly irtCacheDis: boolean;
}

/** An AMD-Vi remapping unit (hardware.md F, J). */
export interface AmdModel extends UnitModel {
  /** what it is */
  readonly type: 'amd';
  /** what it can do */
  readonly capabilities: AmdCapabilities;
  /** its caches */
  readonly cache: AmdCache;
}

const capabilityChoices: Choices<AmdCapabilities> = { ga: flag(true), xt: flag(true), guest: flag(true), numIntRemap: flag(false) };

const amdCacheChoices = (entries: number): Choices<AmdCache> => ({
  ...cacheChoices(entries),
  deviceEntries: { standard: 16, fits: (value) => isPower(value, 4096), wanted: 'a power of two from 1 to 4096' },
  irtCacheDis: flag(false),
});

const optionNames: readonly (keyof AmdModel)[] = ['type', 'address', 'scope', 'capabilities', 'cache'];

/** Unit number i, as given. Throws RangeError with one sentence about the first option that is wrong. */
export function amdOf(where: string, given: Parts<AmdModel>, i: number, ioapics: number): AmdModel {
  refuseUnknown(where, optionNames, given);
  return {
    type: 'amd',
    ...placeOf(where, given, 0xfeb80000 + i * AmdReg.window, AmdReg.window, ioapics),
    capabilities: choose(`${where}.capabilities`, capabilityChoices, given.capabilities),
    cache: cacheOf(`${where}.cache`, amdCacheChoices, given.cache),
  };
}

export function amdWords({ capabilities, cache }: AmdModel): readonly (readonly [AmdSetup, number | boolean])[] {
  return [
    [AmdSetup.ga, capabilities.ga],
    [AmdSetup.xt, capabilities.xt],
    [AmdSetup.guest, capabilities.guest],
    [AmdSetup.numIntRemap, capabilities.numIntRemap],
    [AmdSetup.irtCacheDis, cache.irtCacheDis],
    [AmdSetup.deviceEntries, cache.deviceEntries],
  ];
}
