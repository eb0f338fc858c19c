/** Checks a row: the kernel with the race, and the repaired one. */
import { search } from '../check/index.js';
import { findModel } from '../kernel/model/index.js';
import { assembleSystem, findScenario, type Scenario } from '../scenario/index.js';
import { kebab } from '../words.js';
import { isChecked, type Kernel, type Race, type RaceOutcome, type RaceResult } from './race.js';

/** Bounds of a search; a row that needs more is not decided. */
const LIMITS = { memory: 2 ** 30, states: 2_000_000 } as const;

function scenarioOf(name: string): Scenario {
  const found = findScenario(name);
  if (found === undefined) throw new Error(`no built-in scenario is called ${name}`);
  return found.scenario;
}

async function outcomeOf(name: string, { model, set, scenario = name }: Kernel, about: readonly string[]): Promise<RaceOutcome> {
  const began = performance.now();
  const { verdict, reason, failures, coverage } = await search(
    assembleSystem(scenarioOf(scenario), { model: findModel(model, set) }),
    LIMITS,
  );
  const failed = failures.map(({ property, length }) => ({ property: kebab(property), length }));
  const meant = failed.filter(({ property }) => about.includes(property));
  const lengths = (meant.length > 0 ? meant : failed).map(({ length }) => length);
  return {
    model,
    ...(set === undefined ? {} : { set }),
    scenario,
    verdict,
    properties: failed.map(({ property }) => property).toSorted(),
    steps: lengths.length === 0 ? null : Math.min(...lengths),
    states: coverage.states,
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
  const bad = await outcomeOf(scenario, race.bad, properties);
  const fixed = race.fixed && (await outcomeOf(scenario, race.fixed, properties));
  const fails = properties.every((property) => bad.properties.includes(property));
  return { id, scenario, bad, fixed, ok: fails && (fixed === null || fixed.verdict === 'safe'), reason };
}
