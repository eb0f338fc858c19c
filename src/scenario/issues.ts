/** What the schema found, as findings at a path of the file; references.ts makes findings of the same kind. */
import type * as z from 'zod';
import type { Finding } from './findings.js';
import { keysAt } from './keys.js';
import { examples } from './schema/index.js';
import type { Path } from './source.js';
import { joined, nearest, quote } from '../words.js';

type Issue = z.core.$ZodIssue;

/** One finding for each mistake: a value that is wrong in two ways is reported once. */
export function findingsOf(issues: readonly Issue[], value: unknown): Finding[] {
  const seen = new Set<string>();
  return issues
    .filter((issue) => issue.code !== 'custom' || !issues.some((other) => other !== issue && isWithin(other.path, issue.path)))
    .filter((issue) => {
      // All unknown keys of a mapping are one issue, beside those of the mapping itself.
      const key = JSON.stringify([issue.code === 'unrecognized_keys', issue.path]);
      return !seen.has(key) && seen.add(key);
    })
    .flatMap((issue) => findings(issue, [], value));
}

/** What is said of a mapping as a whole (`custom`) means nothing while one of its keys is wrong. */
function isWithin(path: readonly PropertyKey[], outer: readonly PropertyKey[]): boolean {
  return outer.every((step, i) => path[i] === step);
}

function findings(issue: Issue, above: Path, value: unknown): Finding[] {
  const path: Path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], spot: 'key', message: unknownKey(key, keysAt(path)) }));
    case 'invalid_union':
      return branch(issue).flatMap((inner) => findings(inner, path, value));
    default: {
      const key = path.at(-1);
      if (typeof key === 'string' && valueAt(value, path) === undefined && !has(value, path))
        return [{ path: path.slice(0, -1), spot: 'key', message: `the key ${quote(key)} is missing; add ${examples[key] ?? key}` }];
      return [{ path, spot: 'value', message: issue.message }];
    }
  }
}

/** `unknown key "vektor"; did you mean "vector"?` */
export function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return `unknown key ${quote(key)}; ${near === undefined ? `expected ${joined(known, 'or')}` : `did you mean ${quote(near)}?`}`;
}

/** Of several alternatives, the complaints of the one whose kind of value was written; otherwise those of the union itself. */
function branch(issue: Extract<Issue, { code: 'invalid_union' }>): readonly Issue[] {
  const meant = issue.errors.find((errors) =>
    errors.every(
      (error) => error.path.length > 0 || !(error.code === 'invalid_type' || error.code === 'invalid_value') || isFraction(error),
    ),
  );
  return meant ?? [{ code: 'custom', path: [], message: issue.message, input: undefined }];
}

/** 1.5 where a whole number belongs is of the right kind. */
function isFraction(error: Issue): boolean {
  return error.code === 'invalid_type' && error.expected === 'int';
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) at = typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[step] : undefined;
  return at;
}

function has(value: unknown, path: Path): boolean {
  const parent = valueAt(value, path.slice(0, -1));
  return typeof parent === 'object' && parent !== null && (path.at(-1) ?? '') in parent;
}
