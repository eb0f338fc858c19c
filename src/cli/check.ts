/** `irqlab check`: every interleaving within bounds; a shortest counterexample per property, or safe. */
import type { Command } from 'commander';
import {
  checkResultOf,
  firsts,
  isComplete,
  raisesResultOf,
  verdictOf,
  withRaises,
  type Checked,
  type RaisesRange,
  type SearchResult,
} from '../check/index.js';
import { assembleSystem, type Scenario, type System } from '../scenario/index.js';
import { kebab } from '../words.js';
import { junit } from './junit.js';
import { checkLiveness, refuseWithLiveness } from './liveness.js';
import { loadScenario, orInputError, overridesOf, systemOptions, type SystemOptions } from './options.js';
import { Exit, InputError, print, printJson } from './output.js';
import { expectPicture, SVG_TEXT, writePictures } from './picture.js';
import { aboutOf, checkSystem, refuseBesides, searchOptions, searchIn, type SearchOptions } from './searching.js';
import { checkAssumptions } from './weakest.js';
import { foundations, keptText, raisesText, toldText, verdictLine } from './verdict.js';

interface CheckOptions extends Omit<SystemOptions, 'format'>, SearchOptions {
  readonly format: 'text' | 'json' | 'junit';
  readonly raises?: RaisesRange;
  readonly liveness?: boolean;
  readonly svg?: string;
  readonly assumptions?: true;
}

/** What a scenario file may say, and an image holds. */
const MOST_RAISES = 15;

/** `3`, or `1..4`. */
function raisesRange(text: string): RaisesRange {
  const [, first, last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || from < 1 || to < from || to > MOST_RAISES)
    throw new InputError(`"${text}" is no bound of raises; write e.g. 3, or 1..4 to search each, ${MOST_RAISES} at most`);
  return { from, to };
}

/** Searches with each bound in turn, until one search does not come to its end. */
async function checkRange(range: RaisesRange, check: (raises: number) => Promise<Checked>): Promise<Checked[]> {
  const all: Checked[] = [];
  for (let raises = range.from; raises <= range.to; raises++) {
    const checked = await check(raises);
    all.push(checked);
    if (checked.interrupted || !isComplete(checked.result)) break;
  }
  return all;
}

/** Pictures of what failed. */
function drawFailures(file: string | undefined, { system, told }: Pick<Checked, 'system' | 'told'>): void {
  writePictures(
    file,
    told.map(({ failure, explanation }) => ({
      scenario: system.scenario.name,
      model: system.model.name,
      property: failure.property,
      steps: failure.length,
      explanation,
    })),
  );
}

function setExit(verdict: SearchResult['verdict'], interrupted: boolean): void {
  process.exitCode = interrupted ? Exit.interrupted : { safe: Exit.ok, failed: Exit.failed, unknown: Exit.unknown }[verdict];
}

function printOne(checked: Checked, { format, verbose, svg }: CheckOptions): void {
  if (format === 'json') printJson(checkResultOf(checked));
  else if (format === 'junit') print(junit([checked]));
  else {
    print(verdictLine(checked));
    print('');
    for (const each of checked.told) print(`${toldText(each, checked.system.model, checked.result.shortest)}\n`);
    print(foundations(checked, verbose === true));
    print(keptText(checked));
  }
  drawFailures(svg, checked);
  setExit(checked.result.verdict, checked.interrupted);
}

function printRange(range: RaisesRange, checks: readonly Checked[], { format, verbose, svg }: CheckOptions): void {
  const all = firsts(checks.map((checked, i) => ({ raises: range.from + i, checked })));
  const newTold = all.map(({ checked, first }) => ({
    system: checked.system,
    shortest: checked.result.shortest,
    told: checked.told.filter(({ failure }) => first.failures.includes(kebab(failure.property))),
  }));
  if (format === 'json') printJson(raisesResultOf(range, all));
  else if (format === 'junit') print(junit(checks));
  else {
    print(raisesText(range, all, verbose === true));
    for (const { system, told, shortest } of newTold) for (const each of told) print(`${toldText(each, system.model, shortest)}\n`);
    const last = checks.at(-1);
    if (last !== undefined) print(foundations(last, verbose === true));
  }
  const [first] = newTold;
  if (first !== undefined) drawFailures(svg, { system: first.system, told: newTold.flatMap(({ told }) => told) });
  setExit(
    verdictOf(all).verdict,
    checks.some(({ interrupted }) => interrupted),
  );
}

/** What goes with one search only. */
function refuseWithAssumptions(command: Command, format: string): void {
  const given = ['raises', 'resume', 'checkpoint', 'svg', 'first'].find((name) => command.getOptionValueSource(name) === 'cli');
  if (given !== undefined) throw new InputError(`--assumptions makes many searches; leave out --${given}`);
  if (format === 'junit') throw new InputError('--assumptions has no JUnit report; write --format text or json');
}

export function addCheck(program: Command): void {
  const command = systemOptions(program.command('check').summary('search every interleaving of a small scenario'), 'xhci-hotplug', [
    'text',
    'json',
    'junit',
  ])
    .description(
      'Searches every interleaving of a scenario within its bounds. Prints a shortest counterexample for each property that fails, or "safe" with the assumptions that rests on. Properties are the built-in ones, the invariants of the model and what the scenario asserts.',
    )
    .option(
      '--raises <n|from..to>',
      'events per device; with from..to each bound is searched in turn (default: what the scenario says)',
      raisesRange,
    )
    .option(
      '--liveness',
      'look for livelocks in place of failures: fair runs in which devices raise for ever, and a handler or operation never ends, an event is never handled, or an irq never moves',
    )
    .option('--assumptions', 'find the weakest assumptions under which it is safe, and what fails without the others')
    .option('--svg <file>', SVG_TEXT)
    .option('--verbose', 'tell every step of a counterexample; list the micro-ops that were never executed');
  searchOptions(command).action(async (options: CheckOptions) => {
    expectPicture(options.svg);
    const { raises, resume } = options;
    if (options.liveness === true) {
      refuseWithLiveness(command, options);
      const scenario = loadScenario(options.scenario);
      const overrides = await overridesOf(options);
      return checkLiveness(
        orInputError(() => assembleSystem(scenario, { ...overrides, unbounded: true })),
        options,
      );
    }
    if (resume !== undefined && !options.assumptions) {
      refuseBesides(command, ['scenario', 'model', 'set', 'assume', 'raises', 'reduction', 'fingerprint']);
      const { system, ...kept } = await searchIn(resume);
      return printOne(await checkSystem(system, { ...options, ...kept }), options);
    }
    const scenario = loadScenario(options.scenario);
    const overrides = await overridesOf(options);
    if (options.assumptions) {
      refuseWithAssumptions(command, options.format);
      return checkAssumptions(scenario, overrides, options);
    }
    const check = (changed: Scenario): Promise<Checked> => {
      const system: System = orInputError(() => assembleSystem(changed, overrides));
      return checkSystem(system, { ...options, about: aboutOf(changed, overrides) });
    };
    if (raises === undefined) return printOne(await check(scenario), options);
    if (scenario.devices.every((device) => device.raises === 0))
      throw new InputError(`every device of ${scenario.name} has raises: 0, which --raises leaves as it is; give one raises: 1 or more`);
    if (raises.from === raises.to) return printOne(await check(withRaises(scenario, raises.from)), options);
    refuseBesides(command, ['checkpoint']);
    return printRange(raises, await checkRange(raises, (n) => check(withRaises(scenario, n))), options);
  });
}
