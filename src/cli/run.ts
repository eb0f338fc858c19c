/** `irqlab run`: the same scenario with time, seeded; or a schedule replayed. */
import type { Command } from 'commander';
import { timedRun, type RunResult } from '../campaign/index.js';
import { drawDiagram, explain, wrap } from '../check/index.js';
import { memoryOf, restsOn, type MemoryUse } from '../scenario/index.js';
import { injectedText, wayText, workText } from './counts.js';
import { deadlineText } from './deadline.js';
import { loadTimed, overridesOf, simulatedSeconds, systemOptions, wholeNumber, type SystemOptions } from './options.js';
import { count, Exit, field, headline, InputError, Interrupt, plural, print, printJson, Progress, style, width } from './output.js';
import { expectPicture, writePictures } from './picture.js';
import { kebab } from '../words.js';
import { follow, followedNotes, type Followed } from './token.js';

interface RunOptions extends SystemOptions {
  readonly seed?: number;
  readonly seconds?: number;
  readonly deadline?: number;
  readonly schedule?: string;
  readonly diagram?: boolean;
  readonly svg?: string;
}

/** How a run looks at its machine. */
const RECORDED = { timed: true, record: 1, ring: 0 } as const;
/** What a check takes at most: of such a machine nobody asks what it takes. */
const FEW_CPUS = 16;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** What a run came to, in a few lines. */
export function runText(result: RunResult, memory?: MemoryUse): string {
  const { system, verdict, failed, latency: l } = result;
  const unchecked = system.scenario.assert.length;
  const time = `${result.seconds.toFixed(2)} simulated seconds`;
  const [words, paint] = {
    failed: [`FAILED ${failed.map(kebab).join(', ')} after ${time}`, style.alarm] as const,
    interrupted: [`interrupted after ${time}`, style.unsure] as const,
    passed: [`no failure in ${time}`, style.good] as const,
  }[verdict];
  return [
    headline(`${system.scenario.name}, ${system.model.name}, seed ${result.seed}`, words, paint),
    ...wayText(result, l),
    ...(result.deadline === undefined ? [] : deadlineText(result.deadline)),
    ...injectedText(result.injected),
    ...workText(result, result.cycles),
    ...field('events', `digest ${result.digest}`),
    ...(memory === undefined
      ? []
      : field('memory', `${megabytes(memory.bytes)}; ${plural(memory.perCpu, 'byte')} a CPU, ${count(memory.perIrq)} an irq`)),
    ...(unchecked === 0
      ? []
      : field('unchecked', `${plural(unchecked, 'assertion')} of the scenario: check looks at every state, a run does not`)),
    '',
  ].join('\n');
}

function runJson(result: RunResult, memory: MemoryUse): unknown {
  const { system, ...rest } = result;
  return {
    command: 'run',
    scenario: system.scenario.name,
    model: system.model.name,
    assumptions: restsOn(system),
    ...rest,
    latencies: undefined,
    failed: rest.failed.map(kebab),
    memory,
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

/** How a replay ended. On its own model a schedule ends where it was found, which need not be at rest. */
function replayedText(followed: Followed): string {
  const { replay, exact, skipped, repeats } = followed.replayed;
  const broken = replay.broken();
  const visible = replay.steps.filter((step) => step.visible).length;
  const [words, paint] = repeats
    ? [`LIVELOCK: the loop is closed${broken.length > 0 ? `; FAILED ${broken.map(kebab).join(', ')}` : ''}`, style.alarm]
    : broken.length > 0
      ? [`FAILED ${broken.map(kebab).join(', ')}`, style.alarm]
      : [replay.machine.quiet === 'rest' ? 'runs to rest without a failure' : 'no failure up to the end of the schedule', style.good];
  const found = exact && skipped.length === 0 ? '; every step is the one that was found' : '';
  const notes = [`${count(replay.steps.length)} steps, ${count(visible)} of them visible${found}`, ...followedNotes(followed)];
  const { scenario, model } = replay.system;
  return [
    headline(`${scenario.name}, ${model.name}`, words, paint),
    ...notes.flatMap((note) => wrap(note, width() - 4).map((line, i) => `${i === 0 ? '  ' : '    '}${line}`)),
  ].join('\n');
}

async function replaySchedule(options: RunOptions): Promise<void> {
  const followed = await follow(options.schedule ?? '', options);
  const { system, replayed } = followed;
  const { replay, exact, skipped, repeats } = replayed;
  const { loop } = followed.token;
  const broken = replay.broken();
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
      steps: replay.steps.length,
      visible,
      atRest: replay.machine.quiet === 'rest',
      ...(loop !== undefined && { loop: { from: loop + 1, repeats } }),
    });
  } else {
    print(replayedText(followed));
  }
  if (options.svg !== undefined || options.diagram) {
    const path = replay.steps.map((step) => step.action);
    const [property] = broken;
    const explanation = await explain(system, {
      path,
      property,
      loop: repeats && loop !== undefined ? { from: loop, never: [] } : undefined,
    });
    if (options.diagram && options.format !== 'json') print(`\n${drawDiagram(explanation, width(), style)}`);
    writePictures(options.svg, [{ scenario: system.scenario.name, model: system.model.name, property, steps: visible, explanation }]);
  }
  process.exitCode = broken.length > 0 || repeats ? Exit.failed : Exit.ok;
}

export function addRun(program: Command): void {
  systemOptions(program.command('run').summary('run a scenario with time, seeded; or replay a schedule'), 'xhci-loop')
    .description(
      'Runs a scenario with time until its bound or the first failure. Same scenario and seed: same events. What the scenario asserts is for check. With --schedule it replays a counterexample instead; --model replays it on another kernel.',
    )
    .option('--seed <n>', 'seed of all random streams (default: what the scenario says)', wholeNumber)
    .option('--seconds <n>', 'simulated seconds (default: what the scenario says)', simulatedSeconds)
    .option(
      '--deadline <cycles>',
      'cycles within which each event has to be handled: tells late from lost, by how much, and what held it up (3000 a microsecond)',
      wholeNumber,
    )
    .option('--schedule <token>', 'replay the schedule that check printed')
    .option('--diagram', 'draw what the schedule does')
    .option('--svg <file>', 'with --schedule: draw it as a picture, in a file or a directory')
    .action(async (options: RunOptions) => {
      if (options.svg !== undefined && options.schedule === undefined)
        throw new InputError('--svg draws a schedule: give --schedule too; irqlab check --svg draws what it finds');
      if (options.deadline !== undefined && options.schedule !== undefined)
        throw new InputError('a schedule has no time, so no event of it is late: leave out --deadline or --schedule');
      expectPicture(options.svg);
      if (options.schedule !== undefined) return replaySchedule(options);
      const scenario = loadTimed(options.scenario);
      const overrides = await overridesOf(options);
      const result = await runScenario(scenario, overrides, {
        seed: options.seed,
        seconds: options.seconds,
        deadline: options.deadline,
      });
      const memory = await memoryOf(result.system, RECORDED);
      const isLarge = result.system.names.cpus.length > FEW_CPUS;
      if (options.format === 'json') printJson(runJson(result, memory));
      else print(runText(result, isLarge ? memory : undefined));
      process.exitCode = { passed: Exit.ok, failed: Exit.failed, interrupted: Exit.interrupted }[result.verdict];
      return undefined;
    });
}
