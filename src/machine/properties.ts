/** Names of properties and their bits in a mask: built-in ones first, then the own ones of a model and of a scenario. */
import { FIRST_OWN, Property } from '../core/index.js';

/** Names of the built-in properties, as `Property` has them. */
export const builtinProperties = Object.keys(Property).filter((name) => Number.isNaN(Number(name))) as (keyof typeof Property)[];

/** Bit of a property, or -1. `own`: the machine's own ones in order. */
export function bitOf(name: string, own: readonly string[] = []): number {
  const at = own.indexOf(name);
  if (at >= 0) return FIRST_OWN + at;
  return builtinProperties.find((known) => known === name) === undefined ? -1 : Property[name as keyof typeof Property];
}

export function maskOf(names: readonly string[], own: readonly string[] = []): number {
  return names.reduce((mask, name) => (mask | (1 << bitOf(name, own))) >>> 0, 0);
}

/** The properties of a violation mask. */
export function propertiesOf(mask: number, own: readonly string[] = []): string[] {
  return [...builtinProperties, ...own].filter((name) => (mask >>> bitOf(name, own)) & 1);
}
