/** Values of a file as far as the schema accepts them: what it refuses is absent, and no second finding is made of it. */
import type * as z from 'zod';
import { cpuNumber } from '../schema/index.js';
import type { Path } from '../source.js';

/** A value that the schema accepts, and where it stands. */
export interface At<T> {
  readonly value: T;
  readonly path: Path;
}

export type Mapping = Readonly<Record<string, unknown>>;

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function mapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function accepted<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  const result = schema.safeParse(value);
  return result.success ? result.data : undefined;
}

export function accepting<T>(schema: z.ZodType<T>, value: unknown, path: Path): At<T> | undefined {
  return at(value, path, (read) => accepted(schema, read));
}

export function at<T>(value: unknown, path: Path, read: (value: unknown) => T | undefined): At<T> | undefined {
  const found = read(value);
  return found === undefined ? undefined : { value: found, path };
}

export function numbers(value: unknown, path: Path): readonly At<number>[] | undefined {
  return Array.isArray(value) ? value.flatMap((item: unknown, i) => accepting(cpuNumber, item, [...path, i]) ?? []) : undefined;
}
