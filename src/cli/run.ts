/** `irqlab run`: the same scenario with time, seeded; or a schedule replayed. */
import type { Command } from 'commander';
import { timedRun, type RunResult } from '../campaign/index.js';
import { parseToken, replayToken, systemOf, TokenError } from '../check/index.js';
import { ModelError } from '../kernel/model/index.js';
import { loadScenario, overridesOf, positive, systemOptions, wholeNumber, type SystemOptions } from './options.js';
import { count, Exit, InputError, Interrupt, kebab, print, printJson, Progress, style } from './output.js';

interface RunOptions extends SystemOptions {
  readonly seed?: number;
  readonly seconds?: number;
  readonly schedule?: string;
}

function us(cycles: number): string {
  return `${(cycles / 3000).toFixed(cycles < 300_000 ? 2 : 0)} us`;
}

/** What a run came to, in five lines. */
export function runText(result: RunResult): string {
  const { system, verdict, failed, latency: l } = result;
  const word =
    verdict === 'failed'
      ? style.alarm(`FAILED ${failed.map(kebab).join(', ')} after ${result.seconds.toFixed(2)} simulated seconds`)
      : verdict === 'interrupted'
        ? style.unsure(`interrupted after ${result.seconds.toFixed(2)} simulated seconds`)
        : style.good(`no failure in ${result.seconds.toFixed(2)} simulated seconds`);
  return [
    `${style.bold(`${system.scenario.name}, ${system.model.name}, seed ${result.seed}`)}: ${word}`,
    `  interrupts  sent ${count(result.sent)}, handled ${count(result.handled)}, lost ${count(result.lost)}`,
    `  latency     raise to handler: median ${us(l.p50)}, 99 % ${us(l.p99)}, 99.9 % ${us(l.p999)}, most ${us(l.max)}`,
    `  kernel      ${count(result.moves)} moves, ${count(result.retriggers)} re-triggers, ${count(result.swallowed)} swallowed, ${count(result.strays)} strays, ${count(result.leaked)} leaked vectors`,
    `  simulated   ${result.cycles.toLocaleString('en-US')} cycles, ${count(result.microOps)} micro-ops, ${count(result.ipis)} IPIs; events ${result.digest}`,
    '',
  ].join('\n');
}

function runJson({ system, ...rest }: RunResult): unknown {
  return {
    command: 'run',
    scenario: system.scenario.name,
    model: system.model.name,
    assumptions: system.assumptions,
    ...rest,
    failed: rest.failed.map(kebab),
  };
}

/** A run with progress on stderr. */
export async function runScenario(...[scenario, overrides, limits = {}]: Parameters<typeof timedRun>): Promise<RunResult> {
  const progress = new Progress();
  const interrupt = new Interrupt();
  let looked = 0;
  const result = await timedRun(scenario, overrides, {
    ...limits,
    progress: async (seconds) => {
      if (seconds - looked < 0.5) return interrupt.stopped;
      looked = seconds;
      progress.show(`${scenario.name}: ${seconds.toFixed(1)} simulated seconds`);
      return interrupt.look();
    },
  });
  progress.done();
  interrupt.done();
  return result;
}

async function replaySchedule(options: RunOptions): Promise<void> {
  try {
    const token = parseToken(options.schedule ?? '');
    const system = systemOf(token, overridesOf(options));
    const { replay, exact, skipped } = await replayToken(token, system);
    const broken = replay.broken();
    const steps = replay.steps.length;
    const visible = replay.steps.filter((step) => step.visible).length;
    if (options.format === 'json') {
      printJson({
        command: 'run',
        schedule: true,
        scenario: system.scenario.name,
        model: system.model.name,
        exact,
        skipped,
        failed: broken.map(kebab),
        steps,
        visible,
        atRest: replay.machine.quiet === 'rest',
      });
    } else {
      const word = broken.length > 0 ? style.alarm(`FAILED ${broken.map(kebab).join(', ')}`) : style.good('runs to rest without a failure');
      print(`${style.bold(`${system.scenario.name}, ${system.model.name}`)}: ${word}`);
      print(`  ${count(steps)} steps, ${count(visible)} of them visible${exact ? '; every step is the one that was found' : ''}`);
      if (!exact)
        print(
          `  the schedule was made with ${token.model} (${token.fingerprint}); each CPU was taken to the same line, then everybody ran to rest`,
        );
      for (const each of skipped) print(style.dim(`  skipped, not possible here: ${each}`));
    }
    process.exitCode = broken.length > 0 ? Exit.failed : Exit.ok;
  } catch (error) {
    if (error instanceof TokenError || error instanceof ModelError) throw new InputError(error.message);
    throw error;
  }
}

export function addRun(program: Command): void {
  systemOptions(program.command('run').summary('run a scenario with time, seeded; or replay a schedule'), 'xhci-loop')
    .description(
      'Runs a scenario with time until its bound or the first failure. Same scenario and seed: same events. With --schedule it replays a counterexample instead; --model replays it on another kernel.',
    )
    .option('--seed <n>', 'seed of all random streams (default: what the scenario says)', wholeNumber)
    .option('--seconds <n>', 'simulated seconds (default: what the scenario says)', positive)
    .option('--schedule <token>', 'replay the schedule that check printed')
    .action(async (options: RunOptions) => {
      if (options.schedule !== undefined) return replaySchedule(options);
      const scenario = loadScenario(options.scenario);
      const overrides = overridesOf(options);
      const result = await runScenario(scenario, overrides, { seed: options.seed, seconds: options.seconds }).catch((error: unknown) => {
        throw error instanceof ModelError ? new InputError(error.message) : error;
      });
      if (options.format === 'json') printJson(runJson(result));
      else print(runText(result));
      process.exitCode = { passed: Exit.ok, failed: Exit.failed, interrupted: Exit.interrupted }[result.verdict];
      return undefined;
    });
}
