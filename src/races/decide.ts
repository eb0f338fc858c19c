/** Checks a row: the kernel with the race, and the repaired one. */
import { search, searchLivelocks } from '../check/index.js';
import { findModel, type KernelModel } from '../kernel/model/index.js';
import { assembleSystem, findScenario, type Scenario } from '../scenario/index.js';
import { kebab } from '../words.js';
import { isChecked, type CheckedRace, type Kernel, type Race, type RaceOutcome, type RaceResult } from './race.js';

/** Bounds of a search; a row that needs more is not decided. */
const LIMITS = { memory: 2 ** 30, states: 2_000_000 } as const;

function scenarioOf(name: string): Scenario {
  const found = findScenario(name);
  if (found === undefined) throw new Error(`no built-in scenario is called ${name}`);
  return found.scenario;
}

/** What a search says; a livelock is as long as its stem and its loop. */
interface Said {
  readonly verdict: RaceOutcome['verdict'];
  readonly reason: string | undefined;
  readonly failed: readonly { readonly property: string; readonly length: number }[];
  readonly states: number;
}

async function saidOf(scenario: Scenario, model: KernelModel, liveness: boolean): Promise<Said> {
  if (liveness) {
    const { verdict, reason, livelocks, coverage } = await searchLivelocks(assembleSystem(scenario, { model, unbounded: true }), LIMITS);
    const failed = livelocks.map(({ obligation, length }) => ({ property: kebab(obligation), length: length.stem + length.loop }));
    return { verdict, reason, failed, states: coverage.states };
  }
  const { verdict, reason, failures, coverage } = await search(assembleSystem(scenario, { model }), LIMITS);
  const failed = failures.map(({ property, length }) => ({ property: kebab(property), length }));
  return { verdict, reason, failed, states: coverage.states };
}

async function outcomeOf(race: CheckedRace, { model, set, scenario = race.scenario }: Kernel): Promise<RaceOutcome> {
  const { properties, liveness } = race;
  const began = performance.now();
  const { verdict, reason, failed, states } = await saidOf(scenarioOf(scenario), findModel(model, set), liveness === true);
  const meant = failed.filter(({ property }) => properties.includes(property));
  const lengths = (meant.length > 0 ? meant : failed).map(({ length }) => length);
  return {
    model,
    ...(set === undefined ? {} : { set }),
    scenario,
    ...(liveness === true && { liveness }),
    verdict,
    properties: failed.map(({ property }) => property).toSorted(),
    steps: lengths.length === 0 ? null : Math.min(...lengths),
    states,
    seconds: (performance.now() - began) / 1000,
    ...(reason === undefined ? {} : { reason }),
  };
}

const unchecked: RaceOutcome = { model: null, scenario: null, verdict: 'unknown', properties: [], steps: null, states: 0, seconds: 0 };

/** The verdicts of a row; both kernels are checked here, one after the other. */
export async function decideRace(race: Race): Promise<RaceResult> {
  const { id, reason = null } = race;
  if (!isChecked(race)) return { id, scenario: null, bad: unchecked, fixed: null, ok: null, reason };
  const { scenario, properties } = race;
  const bad = await outcomeOf(race, race.bad);
  const fixed = race.fixed && (await outcomeOf(race, race.fixed));
  const fails = properties.every((property) => bad.properties.includes(property));
  return { id, scenario, bad, fixed, ok: fails && (fixed === null || fixed.verdict === 'safe'), reason };
}
