/** Scenarios by kernels: what a search says of each pair. Kernels whose programs are the same for a scenario are searched once. */
import type { KernelModel } from '../kernel/model/index.js';
import { assembleSystem, type Scenario } from '../scenario/index.js';
import { search, type SearchResult } from './search.js';

/** What a search says of a scenario on a kernel. */
export interface Verdict {
  readonly verdict: 'safe' | 'failed' | 'unknown';
  /** as the core calls them, in the order in which they were found */
  readonly failed: readonly string[];
  /** why it is not known, or why more may fail than is said */
  readonly reason?: string;
  readonly states: number;
}

export interface VerdictLimits {
  readonly memory: number;
  readonly states: number;
  /** before each search, and now and then in it; true: no more */
  readonly look: (scenario: Scenario, model: KernelModel) => Promise<boolean>;
}

/** A search in few words. */
export function verdictFrom({ verdict, failures, reason, coverage }: SearchResult): Verdict {
  const failed = failures.map(({ property }) => property);
  return { verdict, failed, states: coverage.states, ...(reason === undefined ? {} : { reason }) };
}

/** The verdicts of a scenario, in the order of the models; undefined for those that were not reached. Throws `ModelError`. */
export async function verdictsOf(
  scenario: Scenario,
  models: readonly KernelModel[],
  { memory, states, look }: VerdictLimits,
): Promise<readonly (Verdict | undefined)[]> {
  const known = new Map<string, Promise<Verdict>>();
  const verdicts: (Verdict | undefined)[] = [];
  for (const model of models) {
    if (await look(scenario, model)) break;
    const system = assembleSystem(scenario, { model });
    const decide = async (): Promise<Verdict> => {
      return verdictFrom(await search(system, { memory, states, progress: () => look(scenario, model) }));
    };
    const verdict = known.get(system.built.fingerprint) ?? decide();
    known.set(system.built.fingerprint, verdict);
    verdicts.push(await verdict);
  }
  return models.map((_, i) => verdicts[i]);
}
