/** Small hunts in this thread. */
import { examineAll, Hunt } from '../../src/hunt/hunt.js';
import type { Only } from '../../src/hunt/items.js';
import type { Stretch } from '../../src/hunt/keep.js';
import { linux, type KernelModel } from '../../src/kernel/model/index.js';

export const limits = { states: 50_000 };
export const msi: Only = { platforms: ['plain'], kinds: ['msi'] };

const known = new Map<string, KernelModel>();

/** Each is one object, so that what it has assembled is there the next time. */
export function modelsOf(...versions: readonly string[]): readonly KernelModel[] {
  for (const version of versions) known.set(version, known.get(version) ?? linux(version));
  return versions.map((version) => known.get(version) as KernelModel);
}

export interface Small {
  readonly versions: readonly string[];
  readonly only?: Only;
  readonly size?: number;
  readonly before?: readonly Stretch[];
  /** batches after which it stops */
  readonly batches?: number;
}

/** Hunts as the command does, and what it would keep. */
export async function smallHunt({
  versions,
  only = msi,
  size = 1,
  before = [],
  batches = Infinity,
}: Small): Promise<{ readonly hunt: Hunt; readonly kept: readonly Stretch[] }> {
  const models = modelsOf(...versions);
  const kept: Stretch[] = [...before];
  const hunt = new Hunt(size, only, before, (stretch) => kept.push(stretch));
  let number = 0;
  for (const batch of hunt.batches()) {
    if (number === batches) break;
    hunt.take(number++, batch, await examineAll(batch, models, limits));
  }
  return { hunt, kept };
}
