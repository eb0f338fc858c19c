/** The work behind `irqlab hunt`: threads that try programs, the file that keeps what is done, and what is told of the findings. */
import { existsSync } from 'node:fs';
import {
  headOf,
  Hunt,
  inOrder,
  Keeper,
  keptHunt,
  KeptError,
  reported,
  shownOf,
  type Answer,
  type Head,
  type HuntReport,
  type Item,
  type Only,
  type Shown,
  type Stretch,
  type Told,
} from '../hunt/index.js';
import type { KernelModel } from '../kernel/model/index.js';
import { clock, count, InputError, Progress, type Interrupt } from './output.js';
import { Threads } from './threads.js';

/** What a thread begins with. */
export interface HuntTask {
  /** names or files of the kernels that are hunted, and of all that a finding is tried on */
  readonly models: readonly string[];
  readonly all: readonly string[];
  /** after which a search is given up */
  readonly states: number;
}

/** What a thread is asked. */
export type HuntQuestion = { readonly ask: 'examine'; readonly batch: readonly Item[] } | { readonly ask: 'tell'; readonly shown: Shown };

export interface HuntLimits {
  /** milliseconds */
  readonly budget: number;
  /** of the largest programs */
  readonly size: number;
  readonly only: Only;
  readonly workers: number;
}

/** What is kept in a file, if it is there. Throws `InputError`. */
export function keptIn(file: string | undefined): ReturnType<typeof keptHunt> | undefined {
  if (file === undefined || !existsSync(file)) return undefined;
  try {
    return keptHunt(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (error instanceof KeptError) throw new InputError(error.message);
    if (code !== undefined) throw new InputError(`${file} cannot be read (${code}); name the file of a hunt, or a new one`);
    throw error;
  }
}

/** Begins or goes on with a file. Throws `InputError` if it is of another hunt, or cannot be written. */
function keeperOf(file: string, head: Head, before: Head | undefined): Keeper {
  if (before !== undefined && before.digest !== head.digest)
    throw new InputError(`${file} is of a hunt with other programs or other kernels; begin again with a new file`);
  try {
    return new Keeper(file, head);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new InputError(`the hunt cannot be kept in ${file} (${code}); name a file that can be written`);
  }
}

export interface Hunted {
  readonly report: HuntReport;
  /** the file to go on with, if there is more to do */
  readonly kept: string | undefined;
}

/** Hunts until the budget ends, all is done, or Ctrl-C. `file`: where it is kept as it goes, else in `spare` when it ends early. */
export async function hunt(
  task: HuntTask,
  models: readonly KernelModel[],
  limits: HuntLimits,
  files: { readonly file: string | undefined; readonly spare: string },
  interrupt: Interrupt,
): Promise<Hunted> {
  const before = keptIn(files.file);
  const head = headOf(models, task.models, limits.only, task);
  const keeper = files.file === undefined ? undefined : keeperOf(files.file, head, before?.head);
  const unkept: Stretch[] = [];
  const work = new Hunt(limits.size, limits.only, before?.stretches ?? [], (stretch) =>
    keeper === undefined ? unkept.push(stretch) : keeper.add(stretch),
  );
  const progress = new Progress();
  const began = performance.now();
  const first = work.findings.tally.items;
  const stopped = (): boolean => interrupt.stopped || performance.now() - began > limits.budget;
  const tell = (): void => {
    const { items } = work.findings.tally;
    const passed = performance.now() - began;
    const rate = ((items - first) / Math.max(1, passed)) * 1000;
    const left = limits.budget === Infinity ? '' : `, ${clock(limits.budget - passed)} left`;
    progress.show(
      `size ${work.size}: ${count(items)} programs, ${rate.toFixed(1)} a second, ${count(work.findings.all.length)} findings${left}`,
    );
  };
  const threads = new Threads<HuntQuestion, Answer>('huntThread.js', task, limits.workers);
  try {
    const questions = (function* () {
      for (const batch of work.batches()) yield { ask: 'examine', batch } as const;
    })();
    await threads.ask(questions, stopped, (answer: Answer, number, { batch }) => {
      work.take(number, batch, answer);
      tell();
    });
  } finally {
    progress.done();
    await threads.close();
  }
  const complete = !stopped();
  if (keeper === undefined && !complete) {
    const spare = keeperOf(files.spare, head, keptIn(files.spare)?.head);
    for (const stretch of unkept) spare.add(stretch);
  }
  const findings = await tellAll(task, work, models, limits.workers, progress);
  const { tally } = work.findings;
  const report = { models: models.map(({ name }) => name), size: work.size, complete, tally, findings };
  return { report, kept: complete ? undefined : (files.file ?? files.spare) };
}

/** What is told of each finding, on all cores. */
async function tellAll(
  task: HuntTask,
  work: Hunt,
  models: readonly KernelModel[],
  workers: number,
  progress: Progress,
): Promise<HuntReport['findings']> {
  const findings = inOrder(work.findings);
  const shown = findings.flatMap((finding) => shownOf(finding) ?? []);
  const told: Told[] = [];
  const threads = new Threads<HuntQuestion, Told>('huntThread.js', task, Math.min(workers, Math.max(1, shown.length)));
  try {
    const questions = shown.map((each) => ({ ask: 'tell', shown: each }) as const);
    await threads.ask(
      questions,
      () => false,
      (answer: Told, number) => {
        told[number] = answer;
        progress.show(`telling ${Object.keys(told).length} of ${shown.length} findings`);
      },
    );
  } finally {
    progress.done();
    await threads.close();
  }
  return findings.map((finding, i) =>
    reported(
      finding,
      told[i] as Told,
      models.map(({ name }) => name),
    ),
  );
}
