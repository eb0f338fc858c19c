/** `irqlab check`: every interleaving within bounds; a shortest counterexample per property, or safe. */
import type { Command } from 'commander';
import {
  drawDiagram,
  explain,
  minimise,
  search,
  tokenOf,
  wrap,
  type Coverage,
  type Explanation,
  type Failure,
  type SearchLimits,
  type SearchResult,
} from '../check/index.js';
import { assumptionText, type Assumptions } from '../machine/index.js';
import { assembleSystem, type System } from '../scenario/index.js';
import { bytes, loadScenario, orInputError, overridesOf, systemOptions, wholeNumber, type SystemOptions } from './options.js';
import {
  count,
  Exit,
  FIELD,
  field,
  headline,
  InputError,
  Interrupt,
  kebab,
  plural,
  print,
  printJson,
  Progress,
  seconds,
  style,
  width,
} from './output.js';
import { expectPicture, SVG_TEXT, writePictures } from './picture.js';

interface CheckOptions extends SystemOptions {
  readonly memory?: number;
  readonly states?: number;
  readonly verbose?: boolean;
  readonly svg?: string;
}

export interface Told {
  readonly failure: Failure;
  readonly explanation: Explanation;
  readonly token: string;
}

export interface Checked {
  readonly system: System;
  readonly result: SearchResult;
  readonly told: readonly Told[];
  readonly ms: number;
}

const MEMORY = 3.5 * 2 ** 30;

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
  limits: { readonly memory?: number | undefined; readonly states?: number | undefined; readonly verbose?: boolean | undefined } = {},
): Promise<Checked & { interrupted: boolean }> {
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
  for (const found of result.failures) {
    const failure = await minimise(system, found);
    const explanation = await explain(system, failure, { verbose: limits.verbose === true });
    told.push({ failure, explanation, token: await tokenOf(system, failure.path) });
  }
  return { system, result, told, ms: performance.now() - began, interrupted: interrupt.stopped };
}

/** The verdict with the properties that fail, or why there is none. */
export function verdictLine({ system, result, ms }: Checked): string {
  const { verdict, failures, reason } = result;
  const words = {
    safe: 'safe',
    failed: `FAILED ${failures.map((f) => kebab(f.property)).join(', ')}`,
    unknown: `unknown: ${reason ?? ''}`,
  };
  const also = verdict === 'failed' && reason !== undefined ? `; the search is not complete: ${reason}` : '';
  const paint = { safe: style.good, failed: style.alarm, unknown: style.unsure }[verdict];
  return headline(`${system.scenario.name}, ${system.model.name}`, `${words[verdict]}${also} (${seconds(ms)})`, paint);
}

/** Each assumption in force, `push=irr`, and what it says. */
function assumptionPairs(assumptions: Assumptions): (readonly [setting: string, text: string])[] {
  return (Object.keys(assumptionText) as (keyof Assumptions)[]).map((key) => {
    const texts: Readonly<Record<string, string>> = assumptionText[key];
    return [`${key}=${assumptions[key]}`, texts[assumptions[key]] ?? ''];
  });
}

function boundsText(system: System): string {
  const { machine, devices, universe, operations } = system.scenario;
  const raises = devices.map((d) => `${d.name} ${d.raises}`).join(', ');
  const setup = system.setup({ timed: false, record: 0 });
  return `${machine.cpus.length} CPUs, ${universe.vectors} vectors per CPU, raises: ${raises}; ${plural(operations.length, 'operation')}; ${setup.messages} messages in flight; ${setup.probeRaises} raises per irq in the probe; kernel memory sequentially consistent`;
}

/** Chance that two states had one fingerprint: n^2 / 2^65. */
function collision(states: number): string {
  return (states ** 2 / 2 ** 65).toExponential(0);
}

function coverageText(c: Coverage): string {
  return `${count(c.states)} states, ${count(c.transitions)} transitions, ${count(c.rest)} states at rest, ${c.depth} visible steps deep; images of ${c.averageImage.toFixed(0)} bytes (largest ${c.largestImage}); 64-bit fingerprints, chance of a collision ${collision(c.states)}${c.poolFull ? '; the pool of messages was full in some state' : ''}`;
}

/** Columns that an assumption takes, before what it says. */
const SETTING = 25;

/** Everything a verdict rests on. */
export function foundations({ system, result }: Checked, verbose: boolean): string {
  const { vacuity } = result;
  const assumed = assumptionPairs(system.assumptions).flatMap(([setting, text]) =>
    wrap(text, width() - FIELD - SETTING).map((line, i) => (i === 0 ? setting : '').padEnd(SETTING) + line),
  );
  return [
    ...field('bounds', boundsText(system)),
    ...assumed.map((line, i) => (i === 0 ? '  assumptions' : '').padEnd(FIELD) + line),
    ...field('searched', coverageText(result.coverage)),
    ...field(
      'not vacuous',
      `${count(vacuity.handlerRuns)} handler runs, ${count(vacuity.retriggers)} re-triggers, ${count(vacuity.swallowed)} swallowed vectors; ${vacuity.notExecuted.length} of ${vacuity.microOps} micro-ops never executed${verbose ? ':' : ' (--verbose lists them)'}`,
    ),
    ...(verbose ? vacuity.notExecuted.flatMap((label) => field('', label)) : []),
    ...field('behaviours', system.model.behaviours.map((b) => `${b.name}=${b.value} (${b.evidence})`).join(', ')),
    '',
  ].join('\n');
}

export function toldText({ failure, explanation, token }: Told): string {
  return [
    `${style.alarm(kebab(failure.property))}: the shortest way to it has ${failure.length} visible steps`,
    '',
    drawDiagram(explanation, width(), style),
    style.dim('Replay it:'),
    `  irqlab run --schedule ${token}`,
    '',
  ].join('\n');
}

function checkedJson({ system, result, told, ms }: Checked): unknown {
  const { scenario, model, assumptions } = system;
  return {
    command: 'check',
    scenario: scenario.name,
    model: model.name,
    fingerprint: system.built.fingerprint,
    verdict: result.verdict,
    reason: result.reason ?? null,
    failures: told.map(({ failure, token, explanation }) => ({
      property: kebab(failure.property),
      steps: failure.length,
      token,
      diagram: drawDiagram(explanation, 100),
    })),
    bounds: {
      cpus: scenario.machine.cpus.length,
      vectors: scenario.universe.vectors,
      raises: Object.fromEntries(scenario.devices.map((d) => [d.name, d.raises])),
      operations: scenario.operations.length,
    },
    assumptions,
    behaviours: Object.fromEntries(model.behaviours.map((b) => [b.name, { value: b.value, evidence: b.evidence }])),
    coverage: { ...result.coverage, collisionChance: Number(collision(result.coverage.states)) },
    vacuity: result.vacuity,
    seconds: ms / 1000,
  };
}

export function addCheck(program: Command): void {
  systemOptions(program.command('check').summary('search every interleaving of a small scenario'), 'xhci-hotplug')
    .description(
      'Searches every interleaving of a scenario within its bounds. Prints a shortest counterexample for each property that fails, or "safe" with the assumptions that rests on.',
    )
    .option('--memory <bytes>', 'memory for the search, e.g. 512m; it ends as unknown when that is used up (default: 3.5g)', bytes)
    .option('--states <n>', 'end as unknown after so many states (default: no limit)', wholeNumber)
    .option('--verbose', 'tell every step of a counterexample; list the micro-ops that were never executed')
    .option('--svg <file>', SVG_TEXT)
    .action(async (options: CheckOptions) => {
      expectPicture(options.svg);
      const scenario = loadScenario(options.scenario);
      const system = orInputError(() => assembleSystem(scenario, overridesOf(options)));
      const checked = await checkSystem(system, options);
      if (options.format === 'json') {
        printJson(checkedJson(checked));
      } else {
        print(verdictLine(checked));
        print('');
        for (const each of checked.told) print(`${toldText(each)}\n`);
        print(foundations(checked, options.verbose === true));
      }
      writePictures(
        options.svg,
        checked.told.map(({ failure, explanation }) => ({
          scenario: scenario.name,
          model: system.model.name,
          property: failure.property,
          steps: failure.length,
          explanation,
        })),
      );
      if (checked.interrupted) process.exitCode = Exit.interrupted;
      else process.exitCode = { safe: Exit.ok, failed: Exit.failed, unknown: Exit.unknown }[checked.result.verdict];
    });
}
