/** `irqlab check --assumptions`: the weakest sets of assumptions under which a scenario is safe, and what fails without the rest. */
import {
  checkResultOf,
  search,
  weakestAssumptions,
  type AssumptionsResult,
  type Assumed,
  type Checked,
  type Weakest,
} from '../check/index.js';
import { assumptionText, type Assumptions } from '../machine/index.js';
import { assembleSystem, restsOn, type Overrides, type Scenario, type System } from '../scenario/index.js';
import { joined, kebab } from '../words.js';
import { orInputError } from './options.js';
import { count, Exit, field, headline, Interrupt, plural, print, printJson, Progress, seconds, style } from './output.js';
import { checkSystem, limitsOf, type SearchOptions } from './searching.js';
import { replayLine, toldText } from './verdict.js';

interface Needed {
  readonly givenUp: Assumed;
  readonly checks: readonly Checked[];
}

interface Found {
  readonly system: System;
  readonly verdict: 'safe' | 'failed' | 'unknown';
  readonly weakest: Weakest;
  readonly needed: readonly Needed[];
  readonly interrupted: boolean;
  readonly ms: number;
}

async function find(scenario: Scenario, overrides: Overrides, options: SearchOptions): Promise<Found> {
  const under = (setting: Partial<Assumptions>): System =>
    orInputError(() => assembleSystem(scenario, { ...overrides, assumptions: { ...overrides.assumptions, ...setting } }));
  const began = performance.now();
  const progress = new Progress();
  const interrupt = new Interrupt();
  const system = under({});
  let searches = 0;
  const weakest = await weakestAssumptions(system, async (setting) => {
    searches += 1;
    const { verdict } = await search(under(setting), {
      ...limitsOf(options),
      first: true,
      progress: async ({ states }) => {
        progress.show(`${scenario.name}, set ${searches}: ${count(states)} states`);
        return interrupt.look();
      },
    });
    return { verdict, stopped: interrupt.stopped && verdict !== 'failed' };
  });
  progress.done();
  interrupt.done();
  const needed: Needed[] = [];
  for (const { givenUp, settings } of interrupt.stopped ? [] : weakest.failing) {
    const checks: Checked[] = [];
    for (const setting of settings) checks.push(await checkSystem(under(setting), options));
    needed.push({ givenUp, checks });
  }
  const fails = weakest.failing.some(({ givenUp }) => Object.keys(givenUp).length === 0);
  return {
    system,
    verdict: fails ? 'failed' : weakest.safe.length > 0 ? 'safe' : 'unknown',
    weakest,
    needed,
    interrupted: interrupt.stopped || needed.some(({ checks }) => checks.some((each) => each.interrupted)),
    ms: performance.now() - began,
  };
}

const pairs = (assumed: Assumed): string[] => Object.entries(assumed).map(([name, value]) => `${name}=${value}`);

/** What a set gives up of those in force, and what it keeps. */
function safeText(set: Assumed, inForce: Readonly<Record<string, string>>): string {
  const [kept, weaker] = [false, true].map((differs) =>
    Object.fromEntries(Object.entries(set).filter(([name, value]) => (inForce[name] !== value) === differs)),
  );
  const [keeps, givesUp] = [pairs(kept ?? {}), pairs(weaker ?? {})];
  if (givesUp.length === 0) return 'those in force: none can be given up';
  return `${givesUp.join(', ')}${keeps.length === 0 ? ': nothing of those in force is needed' : `; with ${keeps.join(', ')}`}`;
}

function meaning(name: string, value: string): string {
  const texts: Readonly<Record<string, string>> = assumptionText[name as keyof Assumptions];
  return texts[value] ?? Object.values(texts).join(', or ');
}

function neededText({ givenUp, checks }: Needed, inForce: Readonly<Record<string, string>>): string[] {
  const failures = checks.flatMap(({ result }) =>
    result.failures.map((each) => `${kebab(each.property)} (${plural(each.length, 'step')})`),
  );
  const fails = [...new Set(failures)].join(', ');
  const names = Object.keys(givenUp);
  if (names.length === 0) return field('fails', fails);
  const kept = joined(
    names.map((name) => `${name}=${inForce[name] ?? ''}`),
    'or',
  );
  const why = Object.entries(givenUp)
    .map(([name, value]) => meaning(name, value))
    .join('; ');
  return field('needed', names.length > 1 ? `one of ${kept}; without any (${why}): ${fails}` : `${kept}; without it (${why}): ${fails}`);
}

function text({ system, verdict, weakest, needed, interrupted, ms }: Found): string {
  const inForce = restsOn(system);
  const words = {
    safe:
      weakest.safe.length === 1
        ? 'safe under one weakest set of assumptions'
        : `safe under ${weakest.safe.length} weakest sets of assumptions`,
    failed: 'FAILED under the assumptions in force',
    unknown: 'unknown under the assumptions in force',
  }[verdict];
  const paint = { safe: style.good, failed: style.alarm, unknown: style.unsure }[verdict];
  return [
    headline(
      `${system.scenario.name}, ${system.model.name}`,
      `${words} (${count(weakest.searches)} search${weakest.searches === 1 ? '' : 'es'}, ${seconds(ms)})${interrupted ? '; interrupted: what is told is what was found' : ''}`,
      paint,
    ),
    '',
    ...weakest.safe.flatMap((set) => field('safe', safeText(set, inForce))),
    ...needed.flatMap((each) => neededText(each, inForce)),
    ...weakest.undecided.flatMap((set) => field('undecided', `${pairs(set).join(', ')}, and what is weaker`)),
    '',
    ...needed.flatMap(({ givenUp, checks }) => {
      const [first] = checks;
      const [told, ...others] = first?.told ?? [];
      if (first === undefined || told === undefined) return [];
      const head = Object.keys(givenUp).length === 0 ? 'Under the assumptions in force' : `With ${pairs(givenUp).join(', ')}`;
      return [
        style.bold(head),
        toldText(told, first.system.model, first.result.shortest),
        ...others.flatMap((other) => [
          `${kebab(other.failure.property)}, ${plural(other.failure.length, 'visible step')}:`,
          `  ${replayLine(other.token, first.system.model)}`,
          '',
        ]),
      ];
    }),
  ].join('\n');
}

function documentOf({ system, verdict, weakest, needed, interrupted, ms }: Found): AssumptionsResult {
  return {
    version: 1,
    command: 'check',
    scenario: system.scenario.name,
    model: system.model.name,
    verdict,
    interrupted,
    assumptions: { ...restsOn(system) },
    weakest: weakest.safe.map((each) => ({ ...each })),
    needed: needed.map(({ givenUp, checks }) => ({ givenUp: { ...givenUp }, checks: checks.map(checkResultOf) })),
    undecided: weakest.undecided.map((each) => ({ ...each })),
    searches: weakest.searches,
    seconds: ms / 1000,
  };
}

export async function checkAssumptions(
  scenario: Scenario,
  overrides: Overrides,
  options: SearchOptions & { readonly format: string },
): Promise<void> {
  const found = await find(scenario, overrides, options);
  if (options.format === 'json') printJson(documentOf(found));
  else print(text(found));
  process.exitCode = found.interrupted ? Exit.interrupted : { safe: Exit.ok, failed: Exit.failed, unknown: Exit.unknown }[found.verdict];
}
