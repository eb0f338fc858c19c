/**
 * Names that rooms below this one give a meaning to: models, their behaviours, the ids of the timing profile. Who knows them passes
 * them in, and a misspelt one is then reported with its place like everything else.
 */
import type { KernelModel } from '../kernel/model/index.js';
import type { Finding } from './findings.js';
import { unknownKey } from './issues.js';
import type { ScenarioFile } from './schema/index.js';
import { joined, nearest, quote } from '../words.js';

export interface Vocabulary {
  /** Names of the models. */
  readonly models?: readonly string[];
  /** What each behaviour of a model may be; undefined for a model that is not known. */
  readonly behaviours?: (model: string) => Readonly<Record<string, readonly string[]>> | undefined;
  /** What the expressions of `assert:` can name in a model; undefined for one that is not known. */
  readonly data?: (model: string) => Pick<KernelModel, 'data' | 'systemVectors' | 'invariants'> | undefined;
  /** Ids of the timing profile. */
  readonly timing?: readonly string[];
}

export function vocabularyMistakes({ model, behaviours, timing }: ScenarioFile, known: Vocabulary): Finding[] {
  const table = known.behaviours?.(model);
  return [
    ...(known.models === undefined || table !== undefined || known.models.includes(model)
      ? []
      : [
          {
            path: ['model'],
            spot: 'value',
            message: `unknown model ${quote(model)}; ${suggestion(model, known.models)}`,
          } satisfies Finding,
        ]),
    ...(table === undefined ? [] : Object.entries(behaviours).flatMap(([name, value]) => behaviourMistake(name, value, table))),
    ...Object.keys(timing).flatMap((id): Finding[] =>
      known.timing === undefined || known.timing.includes(id)
        ? []
        : [{ path: ['timing', id], spot: 'key', message: unknownKey(id, known.timing) }],
    ),
  ];
}

function behaviourMistake(name: string, value: string, table: Readonly<Record<string, readonly string[]>>): Finding[] {
  const path = ['behaviours', name];
  const values = Object.hasOwn(table, name) ? table[name] : undefined;
  if (values === undefined) return [{ path, spot: 'key', message: unknownKey(name, Object.keys(table)) }];
  return values.includes(value)
    ? []
    : [{ path, spot: 'value', message: `${name} cannot be ${quote(value)}; ${suggestion(value, values)}` }];
}

function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  return near === undefined ? `write ${joined(candidates, 'or')}` : `did you mean ${quote(near)}?`;
}
