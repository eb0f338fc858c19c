/** Which keys the schema knows, for suggestions. */
import * as z from 'zod';
import { scenarioFile } from './schema/index.js';

/** The names a key may have at this place of the file; empty where any name may stand. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schemas: readonly unknown[] = [scenarioFile];
  for (const step of path) schemas = schemas.flatMap((schema) => inner(schema, step));
  return schemas.flatMap((schema) => {
    const bare = unwrap(schema);
    return bare instanceof z.ZodObject
      ? Object.keys(bare.shape)
      : alternatives(bare).flatMap((option) => (option instanceof z.ZodObject ? Object.keys(option.shape) : []));
  });
}

function inner(schema: unknown, step: PropertyKey): readonly unknown[] {
  return alternatives(unwrap(schema)).flatMap((bare) => {
    if (bare instanceof z.ZodObject) return step in bare.shape ? [(bare.shape as Record<PropertyKey, unknown>)[step]] : [];
    if (bare instanceof z.ZodArray) return [bare.element];
    return bare instanceof z.ZodRecord ? [bare.valueType] : [];
  });
}

function alternatives(bare: unknown): readonly unknown[] {
  return bare instanceof z.ZodUnion ? bare.options.map(unwrap) : [bare];
}

/** Without the wrappers for defaults and optional keys. */
function unwrap(schema: unknown): unknown {
  let bare = schema;
  while (bare instanceof z.ZodOptional || bare instanceof z.ZodDefault || bare instanceof z.ZodPrefault) bare = bare.unwrap();
  return bare;
}
