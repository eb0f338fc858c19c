/** A timed, seeded run of a scenario until its bound or the first failure. */
import { drive, type DriveLimits, type Driven, type Outcome } from './outcome.js';
import { roomFor } from './driver.js';
import { concerning, Lateness } from './lateness.js';
import { telling } from './where.js';
import { assembleSystem, type Mode, type Overrides, type Scenario, type System } from '../scenario/index.js';

/** Records of the ring, where somebody reads them all; and where only the last ones are of use. */
const RING = 1 << 14;
const LAST = 1 << 11;

export interface RunLimits extends DriveLimits {
  /** cycles within which the handler of each event has to run; an event that takes longer is late, and the run has failed */
  readonly deadline?: number | undefined;
  /** what operations cost is measured, and nothing that fails ends the run */
  readonly measure?: boolean | undefined;
}

export interface RunResult extends Outcome {
  readonly system: System;
}

/** Runs a scenario. Throws `ModelError` if its model or a behaviour does not exist. */
export async function timedRun(scenario: Scenario, overrides: Overrides = {}, limits: RunLimits = {}): Promise<RunResult> {
  return runSystem(assembleSystem(scenario, overrides), limits);
}

/** The same with a system that is assembled: for many seeds of one. */
export async function runSystem(system: System, limits: RunLimits = {}): Promise<RunResult> {
  const { deadline, measure = false, ...rest } = limits;
  const lateness = deadline === undefined ? undefined : new Lateness(system, deadline);
  const mode = modeOf(system, { measure, holds: lateness !== undefined });
  const machine = await system.machine({ ...mode, seed: limits.seed, ...roomFor(limits.policies) });
  return { system, ...(await drive(machine, drivenOf(system, measure), rest, lateness)) };
}

/** How a run looks at its machine. */
export function modeOf(
  { names }: System,
  { measure, holds }: { readonly measure: boolean; readonly holds: boolean },
): Mode & { timed: true } {
  // what goes on behind failures tells of none
  const ring = measure && !holds ? 0 : (holds ? RING : LAST) + names.sources.length;
  return { timed: true, record: 1, ring, kinds: holds ? concerning : telling, holds, measure };
}

const drivenOf = ({ scenario, names }: System, measure: boolean): Driven => ({
  ...scenario.run,
  policies: scenario.policies,
  sources: names.sources,
  measure,
});
