/** Which seeds a campaign, or one of its shards, runs. */

export interface Seeds {
  readonly first: number;
  readonly last: number;
  /** of so many shards this one, from 1: each takes every so many-th seed. Default: the only one */
  readonly shard?: { readonly number: number; readonly of: number };
}

/** How many. */
export function seedCount({ first, last, shard = { number: 1, of: 1 } }: Seeds): number {
  return Math.max(0, Math.floor((last - first - (shard.number - 1)) / shard.of) + 1);
}

/** The one at a place, from 0. */
export function seedAt({ first, shard = { number: 1, of: 1 } }: Seeds, place: number): number {
  return first + shard.number - 1 + place * shard.of;
}

/** `1..100`, `shard 2/3 of 1..100` */
export function seedsText({ first, last, shard }: Seeds): string {
  const all = first === last ? `seed ${first}` : `seeds ${first}..${last}`;
  return shard === undefined || shard.of === 1 ? all : `shard ${shard.number}/${shard.of} of ${all}`;
}
