/** The kinds of values that a scenario file holds, each with what is said when something else stands there. */
import * as z from 'zod';
import { describe, joined, quote } from '../words.js';

type Shown = (value: number) => string;

/** "expected X, got the text "3"; write 3 without quotes". */
export function mismatch(expected: string, input: unknown, right: string): string {
  return `expected ${expected}, got ${describe(input)}; ${right}`;
}

/** A whole number from min to max, called `what` when it is out of range. */
export function whole(what: string, min: number, max: number, shown: Shown = String) {
  const range = `a whole number from ${shown(min)} to ${shown(max)}`;
  const outside = ({ input }: { readonly input?: unknown }): string => {
    const value = typeof input === 'number' ? shown(input) : describe(input);
    return `${what} ${value} is out of range; write ${range}`;
  };
  return z
    .int({
      error: ({ input, code }) => {
        if (code === 'too_big' || code === 'too_small') return outside({ input });
        const unquoted = typeof input === 'string' && /^\d+$/.test(input);
        return mismatch('a whole number', input, unquoted ? `write ${input} without quotes` : `write ${range}`);
      },
    })
    .min(min, { error: outside })
    .max(max, { error: outside });
}

export function flag() {
  return z.boolean({ error: ({ input }) => mismatch('true or false', input, 'use true or false') });
}

/** A key that is true where it stands. */
export function mark(key: string) {
  return z.literal(true, { error: ({ input }) => mismatch('true', input, `write ${key}: true, or leave it out`) });
}

export function choice<const T extends readonly [string, ...string[]]>(what: string, values: T) {
  return z.enum(values, {
    error: ({ input }) => {
      const right = values.length === 1 ? `write ${values[0]}` : `write one of ${joined(values, 'or')}`;
      return typeof input === 'string' ? `unknown ${what} ${quote(input)}; ${right}` : mismatch(`a ${what}`, input, right);
    },
  });
}

export function text(what: string, pattern: RegExp, right: (input: string) => string) {
  return z
    .string({
      error: ({ input }) => mismatch(what, input, typeof input === 'number' || typeof input === 'boolean' ? 'put it in quotes' : right('')),
    })
    .regex(pattern, { error: ({ input }) => `${quote(String(input))} cannot be ${what}; ${right(String(input))}` });
}

export function mapping<T extends z.core.$ZodLooseShape>(shape: T, example: string) {
  return z.strictObject(shape, { error: ({ input }) => mismatch('a mapping', input, `for example ${example}`) });
}

export function list<T extends z.ZodType>(item: T, example: string) {
  return z.array(item, { error: ({ input }) => mismatch('a list', input, `for example ${example}`) });
}

export const nonEmpty = (example: string) => ({ error: `the list is empty; for example ${example}` });

/** Exactly one of the keys of an object, all of them optional. `besides`: how many others it has. */
export function exactlyOne<T extends z.ZodType>(schema: T, what: string, keys: readonly string[], besides = 0) {
  const among = (value: unknown): string[] => Object.keys(value as object).filter((key) => keys.includes(key));
  return schema
    .refine((value) => among(value).length === 1, {
      error: ({ input }) => {
        const given = among(input);
        const found = given.length === 0 ? `${what} says nothing` : `${what} has ${given.length} keys, ${joined(given, 'and')}`;
        return `${found}; write exactly one of ${joined(keys, 'or')}`;
      },
    })
    .meta({ minProperties: 1 + besides, maxProperties: 1 + besides });
}
