/** One program on several kernels: which properties fail, and why. */
import { causeOf, search, systemOn, type Cause, type Failure } from '../check/index.js';
import type { KernelModel } from '../kernel/model/index.js';
import type { Scenario, System } from '../scenario/index.js';
import { scenarioOf, type Given, type Program } from './program.js';

/** How the device of a program behaves: one that waits for its handler does nothing that one that does not could not do. */
export type Manner = 'free' | 'handshake';

/** A failure. */
export interface Found {
  readonly cause: Cause;
  /** visible steps of the shortest way */
  readonly length: number;
  readonly manner: Manner;
  /** a device that waits for its handler meets it too */
  readonly handshake: boolean;
}

/** What came of a program on kernels that are the same for it. */
export interface Outcome {
  /** indexes of the kernels */
  readonly models: readonly number[];
  readonly states: number;
  /** why nothing is known, or why more may fail than was found */
  readonly undecided?: string;
  readonly found: readonly Found[];
}

export interface Limits {
  /** states after which a search is given up */
  readonly states: number;
}

/** Bytes that one search may take: far more than states up to any sensible limit. */
const MEMORY = 2 ** 30;

/** Why the answer of a search is not complete, unless it is that nothing happened which could have failed. */
const gaveUp = (reason: string | undefined): reason is string => reason !== undefined && !reason.startsWith('vacuous');

/** A scenario with its failures and their causes. */
export async function failuresOf(
  system: System,
  { states }: Limits,
): Promise<{ readonly failures: readonly (Failure & { readonly cause: Cause })[]; readonly states: number; readonly undecided?: string }> {
  const { failures, coverage, reason } = await search(system, { memory: MEMORY, states });
  const told: (Failure & { readonly cause: Cause })[] = [];
  for (const failure of failures) told.push({ ...failure, cause: await causeOf(system, failure) });
  return { failures: told, states: coverage.states, ...(gaveUp(reason) && { undecided: reason }) };
}

export const isSame = (a: Cause, b: Cause): boolean => a.property === b.property && a.routine === b.routine && a.step === b.step;

/** Kernels on which a scenario can be tried, those with the same program together. */
export function systemsOn(
  scenario: Scenario,
  models: readonly KernelModel[],
): readonly { readonly models: readonly number[]; readonly system: System }[] {
  const byProgram = new Map<string, { readonly models: number[]; readonly system: System }>();
  models.forEach((model, m) => {
    const on = systemOn(scenario, model);
    // a machine that this kernel cannot drive
    if ('verdict' in on) return;
    const { fingerprint } = on.system.built;
    const known = byProgram.get(fingerprint);
    if (known === undefined) byProgram.set(fingerprint, { models: [m], system: on.system });
    else known.models.push(m);
  });
  return [...byProgram.values()];
}

/** Tries a program. Throws `ModelFault` for a model at fault. */
export async function examine(program: Program, given: Given, models: readonly KernelModel[], limits: Limits): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { models: same, system } of systemsOn(scenarioOf(program, given, models[0]?.name ?? ''), models)) {
    const { failures, states, undecided } = await failuresOf(system, limits);
    const waiting =
      failures.length > 0 || undecided !== undefined ? await waitingOf(program, given, models[same[0] ?? 0], limits) : undefined;
    const found = failures.map(({ cause, length }): Found => ({
      cause,
      length,
      manner: 'free',
      handshake: waiting?.failures.some((each) => each.property === cause.property) === true,
    }));
    const only = (waiting?.failures ?? []).filter(({ cause }) => !failures.some((each) => isSame(each.cause, cause)));
    outcomes.push({
      models: same,
      states: states + (waiting?.states ?? 0),
      ...(undecided !== undefined && { undecided }),
      found: [...found, ...only.map(({ cause, length }): Found => ({ cause, length, manner: 'handshake', handshake: true }))],
    });
  }
  return outcomes;
}

/** The same with devices that wait for their handlers; undefined: there is none that might. */
async function waitingOf(
  program: Program,
  given: Given,
  model: KernelModel | undefined,
  limits: Limits,
): Promise<Awaited<ReturnType<typeof failuresOf>> | undefined> {
  const scenario = scenarioOf(program, given, model?.name ?? '', true);
  if (model === undefined || scenario.devices.every(({ kind }) => kind === 'level')) return undefined;
  const on = systemOn(scenario, model);
  return 'system' in on ? failuresOf(on.system, limits) : undefined;
}
