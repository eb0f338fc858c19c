/** Scenarios by kernels: what a search says of each pair. Kernels whose programs are the same for a scenario are searched once. */
import { UnsupportedError, type KernelModel } from '../../kernel/model/index.js';
import { assembleSystem, type Scenario, type System } from '../../scenario/index.js';
import { search, type SearchResult } from '../search/index.js';

/** What a search says of a scenario on a kernel. */
export interface Verdict {
  readonly verdict: 'safe' | 'failed' | 'unknown';
  /** as the core calls them, in the order in which they were found */
  readonly failed: readonly string[];
  /** why it is not known, or why more may fail than is said */
  readonly reason?: string;
  readonly states: number;
  /** nothing was searched, as the kernel cannot drive the machine: `reason` */
  readonly refused?: true;
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

/** The scenario with the kernel; or, of a machine that the kernel cannot drive, that nothing is known, and why. Throws `ModelError`. */
export function systemOn(scenario: Scenario, model: KernelModel): { readonly system: System } | { readonly verdict: Verdict } {
  try {
    return { system: assembleSystem(scenario, { model }) };
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return { verdict: { verdict: 'unknown', failed: [], states: 0, reason: error.message, refused: true } };
  }
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
    const on = systemOn(scenario, model);
    if ('verdict' in on) {
      verdicts.push(on.verdict);
      continue;
    }
    const { system } = on;
    const decide = async (): Promise<Verdict> => {
      return verdictFrom(await search(system, { memory, states, progress: () => look(scenario, model) }));
    };
    const verdict = known.get(system.built.fingerprint) ?? decide();
    known.set(system.built.fingerprint, verdict);
    verdicts.push(await verdict);
  }
  return models.map((_, i) => verdicts[i]);
}
