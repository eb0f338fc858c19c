/** `irqlab check`: every interleaving within bounds; a shortest counterexample per property, or safe. */
import type { Command } from 'commander';
import {
  checkResultOf,
  explain,
  firsts,
  isComplete,
  raisesResultOf,
  search,
  tokenOf,
  verdictOf,
  withRaises,
  type Checked,
  type RaisesRange,
  type SearchLimits,
  type SearchResult,
  type Told,
} from '../check/index.js';
import { assembleSystem, type Scenario, type System } from '../scenario/index.js';
import { bytes, loadScenario, orInputError, overridesOf, systemOptions, wholeNumber, type SystemOptions } from './options.js';
import { junit } from './junit.js';
import { count, Exit, InputError, Interrupt, print, printJson, Progress } from './output.js';
import { kebab } from '../words.js';
import { foundations, raisesText, toldText, verdictLine } from './verdict.js';

interface CheckOptions extends Omit<SystemOptions, 'format'> {
  readonly format: 'text' | 'json' | 'junit';
  readonly raises?: RaisesRange;
  readonly memory?: number;
  readonly states?: number;
  readonly verbose?: boolean;
}

const MEMORY = 3.5 * 2 ** 30;
/** What a scenario file may say, and an image holds. */
const MOST_RAISES = 15;

/** Searches. Throws `InputError` for a scenario that is too large for a check. */
async function searched(system: System, limits: SearchLimits): Promise<SearchResult> {
  try {
    return await search(system, limits);
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(error.message);
    throw error;
  }
}

/** Searches and explains; progress on stderr. */
export async function checkSystem(
  system: System,
  limits: { readonly memory?: number | undefined; readonly states?: number | undefined } = {},
): Promise<Checked> {
  const progress = new Progress();
  const interrupt = new Interrupt();
  const began = performance.now();
  const result = await searched(system, {
    memory: limits.memory ?? MEMORY,
    states: limits.states ?? Infinity,
    progress: async (c) => {
      progress.show(`${system.scenario.name}, ${system.model.name}: ${count(c.states)} states, depth ${c.depth}`);
      return interrupt.look();
    },
  });
  progress.done();
  interrupt.done();
  const told: Told[] = [];
  for (const failure of result.failures) {
    told.push({ failure, explanation: await explain(system, failure), token: await tokenOf(system, failure.path) });
  }
  return { system, result, told, ms: performance.now() - began, interrupted: interrupt.stopped };
}

/** `3`, or `1..4`. */
function raisesRange(text: string): RaisesRange {
  const [, first, last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || from < 1 || to < from || to > MOST_RAISES)
    throw new InputError(`"${text}" is no bound of raises; write e.g. 3, or 1..4 to search each, ${MOST_RAISES} at most`);
  return { from, to };
}

/** Searches with each bound in turn, until one search does not come to its end. */
async function checkRange(range: RaisesRange, systemWith: (raises: number) => System, limits: CheckOptions): Promise<Checked[]> {
  const all: Checked[] = [];
  for (let raises = range.from; raises <= range.to; raises++) {
    const checked = await checkSystem(systemWith(raises), limits);
    all.push(checked);
    if (checked.interrupted || !isComplete(checked.result)) break;
  }
  return all;
}

function setExit(verdict: SearchResult['verdict'], interrupted: boolean): void {
  process.exitCode = interrupted ? Exit.interrupted : { safe: Exit.ok, failed: Exit.failed, unknown: Exit.unknown }[verdict];
}

function printOne(checked: Checked, { format, verbose }: CheckOptions): void {
  if (format === 'json') printJson(checkResultOf(checked));
  else if (format === 'junit') print(junit([checked]));
  else {
    print(verdictLine(checked));
    print('');
    for (const each of checked.told) print(`${toldText(each)}\n`);
    print(foundations(checked, verbose === true));
  }
  setExit(checked.result.verdict, checked.interrupted);
}

function printRange(range: RaisesRange, checks: readonly Checked[], { format, verbose }: CheckOptions): void {
  const all = firsts(checks.map((checked, i) => ({ raises: range.from + i, checked })));
  if (format === 'json') printJson(raisesResultOf(range, all));
  else if (format === 'junit') print(junit(checks));
  else {
    print(raisesText(range, all, verbose === true));
    for (const { checked, first } of all) {
      const told = checked.told.filter(({ failure }) => first.failures.includes(kebab(failure.property)));
      for (const each of told) print(`${toldText(each)}\n`);
    }
    const last = checks.at(-1);
    if (last !== undefined) print(foundations(last, verbose === true));
  }
  setExit(
    verdictOf(all).verdict,
    checks.some(({ interrupted }) => interrupted),
  );
}

export function addCheck(program: Command): void {
  systemOptions(program.command('check').summary('search every interleaving of a small scenario'), 'xhci-hotplug', [
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
    .option('--memory <bytes>', 'memory for the search, e.g. 512m; it ends as unknown when that is used up (default: 3.5g)', bytes)
    .option('--states <n>', 'end as unknown after so many states (default: no limit)', wholeNumber)
    .option('--verbose', 'list the micro-ops that were never executed')
    .action(async (options: CheckOptions) => {
      const { raises } = options;
      const scenario = loadScenario(options.scenario);
      const overrides = overridesOf(options);
      const systemOf = (changed: Scenario): System => orInputError(() => assembleSystem(changed, overrides));
      if (raises === undefined) return printOne(await checkSystem(systemOf(scenario), options), options);
      if (scenario.devices.every((device) => device.raises === 0))
        throw new InputError(`every device of ${scenario.name} has raises: 0, which --raises leaves as it is; give one raises: 1 or more`);
      const systemWith = (n: number): System => systemOf(withRaises(scenario, n));
      if (raises.from === raises.to) return printOne(await checkSystem(systemWith(raises.from), options), options);
      return printRange(raises, await checkRange(raises, systemWith, options), options);
    });
}
