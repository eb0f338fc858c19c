/** What a change of a kernel is good for: the first scenario, of the small ones first, whose verdict is another with it. */
import type { KernelModel } from '../../kernel/model/index.js';
import type { Scenario } from '../../scenario/index.js';
import { search } from '../search/index.js';
import { systemOn, verdictFrom, type Verdict, type VerdictLimits } from './verdicts.js';

/** A scenario on the kernel as it is. */
export interface Standard {
  readonly scenario: Scenario;
  readonly verdict: Verdict;
  /** of the kernel's program on the scenario's machine */
  readonly fingerprint: string;
}

/** A scenario that tells two kernels apart. */
export interface VerdictChange {
  readonly scenario: string;
  readonly before: Verdict;
  readonly after: Verdict;
}

/** What came of the search for one. */
export interface VerdictEffect {
  /** undefined: no verdict changes */
  readonly change: VerdictChange | undefined;
  /** scenarios in which the kernel's program is another */
  readonly touched: number;
  /** of them those that were not decided within the limits */
  readonly undecided: number;
  /** of them those that fail either way: what it is for may be hidden there */
  readonly failing: number;
}

type Limits = VerdictLimits;

/** The verdict on the kernel as it is. Throws `ModelError`. */
export async function standardOf(scenario: Scenario, model: KernelModel, limits: Limits): Promise<Standard> {
  const { verdict, fingerprint } = await decided(scenario, model, limits);
  return { scenario, verdict, fingerprint };
}

/** Looks for a scenario whose verdict is another on `changed`; one that is not decided on either kernel shows nothing. */
export async function verdictEffect(standards: readonly Standard[], changed: KernelModel, limits: Limits): Promise<VerdictEffect> {
  let [touched, undecided, failing] = [0, 0, 0];
  for (const { scenario, verdict: before, fingerprint } of standards.toSorted((a, b) => a.verdict.states - b.verdict.states)) {
    const on = systemOn(scenario, changed);
    if ('verdict' in on || on.system.built.fingerprint === fingerprint) continue;
    if (await limits.look(scenario, changed)) break;
    touched++;
    const { verdict: after } = await decided(scenario, changed, limits);
    if (!isDecided(before) || !isDecided(after)) undecided++;
    else if (words(before) !== words(after)) return { change: { scenario: scenario.name, before, after }, touched, undecided, failing };
    else if (before.verdict === 'failed') failing++;
  }
  return { change: undefined, touched, undecided, failing };
}

async function decided(
  scenario: Scenario,
  model: KernelModel,
  { memory, states, look }: Limits,
): Promise<{ readonly verdict: Verdict; readonly fingerprint: string }> {
  const on = systemOn(scenario, model);
  if ('verdict' in on) return { verdict: on.verdict, fingerprint: '' };
  const { system } = on;
  const result = await search(system, { memory, states, progress: () => look(scenario, model) });
  return { verdict: verdictFrom(result), fingerprint: system.built.fingerprint };
}

/** Searched to the end: that nothing happened which could have failed is known too. */
function isDecided({ reason }: Verdict): boolean {
  return reason === undefined || reason.startsWith('vacuous');
}

function words({ verdict, failed, reason = '' }: Verdict): string {
  return [verdict, reason, ...failed.toSorted()].join(' ');
}
