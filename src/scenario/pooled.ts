/**
 * Values as JSON that has what stands in them several times once: lists of numbers, typed arrays, maps and what has no end. Equal parts are one
 * object again when they are read, as they were for who looks at identity.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** `{$: 3}` in a value is part 3, and the parts that it has stand before it; `{$: 'Map', of}` and so on is what JSON does not have. */
export interface Pooled {
  readonly parts: readonly Json[];
  readonly value: Json;
}

/** What is shorter is shorter than the number of a part, too. */
const LEAST = 8;

const isComposite = (value: Json): value is Exclude<Json, null | boolean | number | string> => typeof value === 'object' && value !== null;
const members = (value: Exclude<Json, null | boolean | number | string>): readonly Json[] =>
  Array.isArray(value) ? value : Object.values(value);

/** Throws for what none of this is, a function for example. */
function tagged(value: unknown): Json {
  if (value === Infinity) return { $: 'Infinity' };
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value)) return value as Json;
  if (Array.isArray(value)) return value.map(tagged);
  if (value instanceof Uint32Array) return { $: 'Uint32Array', of: [...value] };
  if (value instanceof Uint8Array) return { $: 'Uint8Array', of: [...value] };
  if (value instanceof Map) return { $: 'Map', of: tagged([...value]) };
  if (typeof value !== 'object') throw new Error(`${String(value)} is no data`);
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [[key, tagged(each)]])));
}

export function pooled(given: unknown): Pooled {
  const value = tagged(given);
  const times = new Map<string, number>();
  const count = (part: Json): void => {
    if (!isComposite(part)) return;
    const text = JSON.stringify(part);
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    if (before === 0) members(part).forEach(count);
  };
  count(value);
  const parts: Json[] = [];
  const places = new Map<string, Json>();
  const write = (part: Json): Json => {
    if (!isComposite(part)) return part;
    const text = JSON.stringify(part);
    const place = places.get(text);
    if (place !== undefined) return place;
    const whole = Array.isArray(part) ? part.map(write) : Object.fromEntries(Object.entries(part).map(([key, each]) => [key, write(each)]));
    if (text.length < LEAST || (times.get(text) ?? 0) < 2) return whole;
    const named = { $: parts.push(whole) - 1 };
    places.set(text, named);
    return named;
  };
  const written = write(value);
  return { parts, value: written };
}

export function unpooled({ parts, value }: Pooled): unknown {
  const read: unknown[] = [];
  const untagged = (part: Json): unknown => {
    if (Array.isArray(part)) return part.map(untagged);
    if (!isComposite(part)) return part;
    const { $: tag, of } = part as { readonly [key: string]: Json };
    if (tag === undefined) return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, untagged(each)]));
    if (typeof tag === 'number') return read[tag];
    if (tag === 'Infinity') return Infinity;
    const list = untagged(of ?? []) as never[];
    return tag === 'Map' ? new Map(list) : tag === 'Uint8Array' ? Uint8Array.from(list) : Uint32Array.from(list);
  };
  for (const part of parts) read.push(untagged(part));
  return untagged(value);
}
