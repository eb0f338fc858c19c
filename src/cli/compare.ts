/** `irqlab compare`: strategies side by side, on the same workloads and machines, with the same seeds. */
import type { Command } from 'commander';
import { openPool } from '../campaign/index.js';
import {
  compare,
  comparisonDocument,
  instantiate,
  machineNamed,
  subjectsOf,
  workloads,
  type Plan,
  type Setting,
  type Strategy,
} from '../compare/index.js';
import { joined } from '../words.js';
import { comparisonText } from './comparison.js';
import { pageAssets, writePage } from './comparisonPage.js';
import {
  duration,
  formatOption,
  loadScenario,
  modelNamed,
  orInputError,
  several,
  simulatedSeconds,
  threadCount,
  wholeNumber,
} from './options.js';
import { clock, count, Exit, InputError, Interrupt, print, printJson, Progress, type Format } from './output.js';

interface CompareOptions {
  readonly strategy?: readonly string[];
  readonly workload?: readonly string[];
  readonly machine?: readonly string[];
  readonly seed: number;
  readonly repeats: number;
  readonly seconds?: number;
  readonly budget?: number;
  readonly workers?: number;
  readonly precision?: number;
  readonly html?: string;
  readonly format: Format;
}

const DEFAULT_STRATEGIES = ['linux-5.4', 'linux-5.9', 'linux-6.1', 'linux-6.12', 'linux-7.0'];
const DEFAULT_MACHINE = '8';
const DEFAULT_BUDGET = 240_000;
const FIVE_PERCENT = 0.05;

function percentage(text: string): number {
  const n = Number(text);
  if (!(n > 0) || n > 100) throw new InputError(`"${text}" is no percentage; write more than 0 and 100 at most`);
  return n / 100;
}

/** `linux-6.1`, `my.js`, `linux-6.1+cleanup=timer,settleDelay=none`. */
async function strategyNamed(text: string): Promise<Strategy> {
  const [name = '', changes, ...rest] = text.split('+');
  if (rest.length > 0) throw new InputError(`"${text}" is no strategy; write e.g. linux-6.1+cleanup=timer,settleDelay=none`);
  const behaviours: Record<string, string> = {};
  for (const change of changes?.split(',') ?? []) {
    const [behaviour = '', value = '', ...more] = change.split('=');
    if (behaviour === '' || value === '' || more.length > 0)
      throw new InputError(`"${change}" in ${text} is no setting; write behaviour=value, e.g. cleanup=timer`);
    behaviours[behaviour] = value;
  }
  const model = await modelNamed(name);
  if (Object.keys(behaviours).length > 0) {
    if (model.set === undefined) throw new InputError(`${model.name} has no behaviours; write ${name}`);
    orInputError(() => model.set?.(behaviours));
  }
  return { name: text, model: name, behaviours };
}

/** A built-in workload on each of the machines, a scenario on its own. */
function settingsOf(name: string, machines: readonly string[]): Setting[] {
  const builtin = workloads.find((each) => each.name === name);
  if (builtin === undefined) {
    const scenario = loadScenario(
      name,
      `; workloads are ${joined(
        workloads.map((each) => each.name),
        'or',
      )}`,
    );
    return [{ workload: scenario.name, machine: undefined, scenario }];
  }
  return machines.map((machine) => {
    const kind = machineNamed(machine);
    if (kind === undefined)
      throw new InputError(
        `"${machine}" is no machine; write a number of CPUs, with -vtd, -posted or -amd behind it for remapping, e.g. 8 or 64-vtd`,
      );
    try {
      return { workload: name, machine, scenario: instantiate(builtin, kind) };
    } catch (error) {
      throw error instanceof RangeError ? new InputError(error.message) : error;
    }
  });
}

async function planOf(options: CompareOptions): Promise<Plan> {
  const { strategy = DEFAULT_STRATEGIES, workload = workloads.map(({ name }) => name), machine = [DEFAULT_MACHINE] } = options;
  const strategies: Strategy[] = [];
  for (const text of strategy) strategies.push(await strategyNamed(text));
  const twice = strategies.find(({ name }, i) => strategies.findIndex((each) => each.name === name) < i);
  if (twice !== undefined) throw new InputError(`strategy ${twice.name} is there twice; leave one of them out`);
  if (strategies.length < 2) throw new InputError('one strategy has nothing to be compared with; write --strategy twice or more');
  if (options.repeats === 0) throw new InputError('without runs there is nothing to compare; write --repeats 1 or more');
  const settings = workload.flatMap((name) => settingsOf(name, machine));
  if (options.machine !== undefined && settings.every((setting) => setting.machine === undefined))
    throw new InputError('scenarios have machines of their own; leave out --machine, or name a workload');
  for (const { scenario, workload: name } of settings) {
    if (options.seconds === undefined && scenario.run.seconds > 100)
      throw new InputError(`a run of ${name} takes ${scenario.run.seconds} simulated seconds; write --seconds, e.g. --seconds 1`);
  }
  const { seed, repeats, seconds, precision = FIVE_PERCENT } = options;
  return { strategies, settings, seed, repeats, seconds, precision, alpha: FIVE_PERCENT };
}

async function run(options: CompareOptions): Promise<void> {
  const plan = await planOf(options);
  const { html, budget = DEFAULT_BUDGET, workers } = options;
  const assets = html === undefined ? undefined : pageAssets(html);
  const progress = new Progress();
  const interrupt = new Interrupt();
  const began = performance.now();
  const pool = await openPool(subjectsOf(plan), { workers, models: new URL('model.js', import.meta.url).href });
  try {
    const comparison = await compare(plan, pool, {
      stop: () => (interrupt.stopped ? 'interrupted' : performance.now() - began > budget ? 'budget' : undefined),
      progress: (done, planned) => {
        progress.show(`${count(done)} of ${count(planned)} runs up to the next look, ${clock(performance.now() - began)}`);
      },
    });
    progress.done();
    if (html !== undefined && assets !== undefined) await writePage(html, comparison, assets);
    if (options.format === 'json') printJson(comparisonDocument(comparison));
    else print(comparisonText(comparison));
  } finally {
    progress.done();
    interrupt.done();
    await pool.close();
  }
  process.exitCode = interrupt.stopped ? Exit.interrupted : Exit.ok;
}

export function addCompare(program: Command): void {
  program
    .command('compare')
    .summary('strategies side by side: losses, latencies and costs on the same workloads')
    .description(
      [
        'Runs every strategy with time on every workload and machine, with the same seeds for all, and compares them with the first, seed by seed: lost, stray and duplicate interrupts, latencies, and what moves and hotplug cost. A run goes on after a loss.',
        `Workloads that come with it: ${workloads.map(({ name, about }) => `${name} (${about})`).join('; ')}. A scenario runs on its own machine.`,
        'It looks at the differences at 16 runs (more, where there is more to compare), and at twice as many each time, until each interval is small, or --repeats or --budget ends it. The intervals take nothing for granted about distributions, and hold together with 95 %, however often it looks: each look has half of the error of the one before.',
      ].join('\n\n'),
    )
    .option(
      '--strategy <name|file>',
      `a kernel model, or a file that exports one, with behaviours behind it, e.g. linux-6.1+cleanup=timer; repeated, the first is what the others are compared with (default: ${DEFAULT_STRATEGIES.join(', ')})`,
      several,
    )
    .option('--workload <name|file>', 'a workload, a built-in scenario or a file; may be repeated (default: all workloads)', several)
    .option(
      '--machine <name>',
      `a number of CPUs, with -vtd, -posted or -amd behind it for remapping, e.g. 64-vtd; may be repeated (default: ${DEFAULT_MACHINE})`,
      several,
    )
    .option('--seed <n>', 'seed of the first run; the others follow', wholeNumber, 1)
    .option('--repeats <n>', 'runs of each strategy at most', wholeNumber, 64)
    .option('--seconds <n>', 'simulated seconds of a run (default: what the workload says)', simulatedSeconds)
    .option('--budget <time>', 'time that the runs may take, e.g. 90s, 4m or 1h (default: 4m)', duration)
    .option('--workers <n>', 'threads (default: one per processor)', threadCount)
    .option(
      '--precision <percent>',
      'an interval is small that reaches this far to either side, in percent of the value (default: 5)',
      percentage,
    )
    .option('--html <file>', 'write a page with charts, which needs nothing besides')
    .addOption(formatOption())
    .action(run);
}
