/** `irqlab check --liveness`: fair runs that never end, and in which something is never done. */
import type { Command } from 'commander';
import {
  drawDiagram,
  fairnessText,
  livenessResultOf,
  obligations,
  searchLivelocks,
  tellLivelock,
  type LivenessChecked,
  type LivenessResult,
  type ToldLivelock,
} from '../check/index.js';
import type { System } from '../scenario/index.js';
import { kebab } from '../words.js';
import {
  count,
  Exit,
  field,
  headline,
  InputError,
  Interrupt,
  plural,
  print,
  printJson,
  Progress,
  seconds,
  style,
  width,
} from './output.js';
import { writePictures } from './picture.js';
import { MEMORY, type SearchOptions } from './searching.js';
import { assumptionFields, behavioursText, replayLine } from './verdict.js';

interface LivenessOptions extends SearchOptions {
  readonly format: 'text' | 'json' | 'junit';
  readonly svg?: string;
}

/** Options that a check of liveness has no use for, and why. */
const useless: Readonly<Record<string, string>> = {
  assumptions: 'the weakest assumptions are those of safety',
  raises: 'its devices raise without bound',
  first: 'it shows one livelock of each kind in any case',
  checkpoint: 'a check of liveness cannot be gone on with',
  resume: 'a check of liveness cannot be gone on with',
  fingerprint: 'it tells states apart by 64 bits',
};

/** Throws `InputError` for options that do not go with `--liveness`. */
export function refuseWithLiveness(command: Command, { format, reduction }: LivenessOptions): void {
  const given = Object.keys(useless).find((name) => command.getOptionValueSource(name) === 'cli');
  if (given !== undefined) throw new InputError(`--liveness does not go with --${given}: ${useless[given] ?? ''}; leave out one of them`);
  if (reduction === '2')
    throw new InputError('--liveness does not go with --reduction 2, which leaves out steps that a loop may need; use 0 or 1');
  if (format === 'junit') throw new InputError('--liveness prints text or json, no junit');
}

async function searched(
  system: System,
  { memory = MEMORY, states = Infinity, reduction }: SearchOptions,
): Promise<[LivenessResult, boolean]> {
  const progress = new Progress();
  const interrupt = new Interrupt();
  try {
    const result = await searchLivelocks(system, {
      memory,
      states,
      reduction: reduction === '0' ? 0 : 1,
      progress: (n) => {
        progress.show(`${system.scenario.name}, ${system.model.name}: ${count(n)} states`);
        return interrupt.look();
      },
    });
    return [result, interrupt.stopped];
  } catch (error) {
    throw error instanceof RangeError ? new InputError(error.message) : error;
  } finally {
    progress.done();
    interrupt.done();
  }
}

function verdictLine({ system, result, ms }: LivenessChecked): string {
  const { verdict, reason, livelocks } = result;
  const also = verdict === 'failed' && reason !== undefined ? `; the search is not complete: ${reason}` : '';
  const words = {
    safe: 'safe, no livelock',
    failed: `LIVELOCK ${livelocks.map((each) => kebab(each.obligation)).join(', ')}${also}`,
    unknown: `unknown: ${reason ?? ''}`,
  }[verdict];
  const paint = { safe: style.good, failed: style.alarm, unknown: style.unsure }[verdict];
  return headline(`${system.scenario.name}, ${system.model.name}`, `${words} (${seconds(ms)})`, paint);
}

function toldText({ livelock: { obligation, length, raises }, explanation, token }: ToldLivelock, system: System): string {
  const going = raises ? 'devices go on raising in it' : 'it keeps itself going';
  return [
    `${style.alarm(kebab(obligation))}: ${plural(length.stem, 'visible step')}, then a loop of ${length.loop}; ${going}`,
    '',
    drawDiagram(explanation, width(), style),
    style.dim('Replay it:'),
    `  ${replayLine(token, system.model)}`,
    '',
  ].join('\n');
}

function foundations({ system, result }: LivenessChecked): string {
  const { scenario } = system;
  const { coverage: c, reduction } = result;
  const setup = system.setup({ timed: false, record: 0 });
  const pool = c.poolFull ? '; the pool of messages was full in some state' : '';
  const level = reduction.givenUp === undefined ? '' : `; without reduction: ${reduction.givenUp}`;
  return [
    ...field(
      'bounds',
      `${scenario.machine.cpus.length} CPUs, ${scenario.universe.vectors} vectors per CPU, raises without bound; ${plural(scenario.operations.length, 'operation')}; ${setup.messages} messages in flight, ${setup.flying ?? 0} of each source; kernel memory sequentially consistent`,
    ),
    ...field('obligations', obligations.map(kebab).join(', ')),
    ...fairnessText.flatMap((text, i) => field(i === 0 ? 'fairness' : '', text)),
    ...assumptionFields(system),
    ...field(
      'searched',
      `${count(c.states)} states, ${count(c.transitions)} transitions; ${plural(c.loops.raising, 'part')} in which a run may stay while devices go on raising, ${count(c.loops.quiet)} while they do not; 64-bit fingerprints${pool}${level}`,
    ),
    ...behavioursText(system),
    '',
  ].join('\n');
}

/** Checks the liveness of a system whose devices raise without bound, and prints what has come out. */
export async function checkLiveness(system: System, options: LivenessOptions): Promise<void> {
  const began = performance.now();
  const [result, interrupted] = await searched(system, options);
  const told: ToldLivelock[] = [];
  for (const livelock of result.livelocks) told.push(await tellLivelock(system, livelock, options.verbose === true));
  const checked = { system, result, told, ms: performance.now() - began, interrupted };
  if (options.format === 'json') printJson(livenessResultOf(checked));
  else {
    print(verdictLine(checked));
    print('');
    for (const each of told) print(`${toldText(each, system)}\n`);
    print(foundations(checked));
  }
  writePictures(
    options.svg,
    told.map(({ livelock: { obligation, length }, explanation }) => ({
      scenario: system.scenario.name,
      model: system.model.name,
      property: obligation,
      steps: length.stem + length.loop,
      explanation,
    })),
  );
  process.exitCode = interrupted ? Exit.interrupted : { safe: Exit.ok, failed: Exit.failed, unknown: Exit.unknown }[result.verdict];
}
