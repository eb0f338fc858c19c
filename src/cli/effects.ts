/** What each behaviour of a model is for: every other value of every behaviour, tried on all cores. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Standard, VerdictEffect } from '../check/index.js';
import type { SequenceChange } from '../conform/index.js';
import type { KernelModel } from '../kernel/model/index.js';
import type { Scenario } from '../scenario/index.js';
import { Interrupt, Progress } from './output.js';

/** What a thread begins with. */
export interface EffectTask {
  /** a name or a file */
  readonly model: string;
  readonly scenarios: readonly Scenario[];
  /** recordings that the model is compared with */
  readonly folders: readonly string[];
  /** after which a search is given up */
  readonly states: number;
}

/** One other value of one behaviour, and what it changes. */
export interface Effect extends Partial<VerdictEffect> {
  readonly behaviour: string;
  readonly value: string;
  /** if no verdict changes: the first recorded sequence that does */
  readonly sequence?: SequenceChange | undefined;
  /** the model cannot be built with it */
  readonly refused?: string;
}

/** What a thread is asked; the answer carries the same number. */
export type Question = { readonly number: number } &
  /** one of the scenarios on the model as it is */
  (
    | { readonly ask: 'standard'; readonly scenario: number }
    | { readonly ask: 'effect'; readonly behaviour: string; readonly value: string; readonly standards: readonly Standard[] }
  );

type Asked = Question extends infer Q ? (Q extends Question ? Omit<Q, 'number'> : never) : never;

/** More would spend their time on reading the recordings. */
const MOST_THREADS = 16;

/** Threads that answer questions, each one at a time. */
class Threads {
  readonly #threads: readonly Worker[];

  constructor(task: EffectTask) {
    const n = Math.min(MOST_THREADS, availableParallelism());
    this.#threads = Array.from({ length: n }, () => new Worker(new URL('effectThread.js', import.meta.url), { workerData: task }));
  }

  /** Asks all of them; ends when the last is answered, or at once when `stopped`: the thread at work is not waited for. */
  async ask<T>(questions: readonly Asked[], stopped: () => boolean, got: (answer: T, number: number) => void): Promise<void> {
    let next = 0;
    const work = async (thread: Worker): Promise<void> => {
      while (next < questions.length && !stopped()) {
        const number = next++;
        const answer = await answerOf<T>(thread, { ...questions[number], number } as Question);
        if (!stopped()) got(answer, number);
      }
    };
    const all = Promise.all(this.#threads.map(work));
    let watch: NodeJS.Timeout | undefined;
    const stop = new Promise<void>((resolve) => {
      watch = setInterval(() => stopped() && resolve(), 50);
    });
    await Promise.race([all, stop]).finally(() => clearInterval(watch));
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}

function answerOf<T>(thread: Worker, question: Question): Promise<T> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', (answer: T) => {
      thread.off('error', reject);
      resolve(answer);
    });
    thread.postMessage(question);
  });
}

/** The effects of all other values, in the order of the behaviours; undefined: not reached before Ctrl-C. */
export async function effectsOf(
  model: KernelModel,
  task: EffectTask,
): Promise<{ readonly effects: readonly (Effect | undefined)[]; readonly interrupted: boolean }> {
  const { scenarios } = task;
  const others = model.behaviours.flatMap(({ name, others: values = [] }) => values.map(({ value }) => ({ behaviour: name, value })));
  const standards: Standard[] = [];
  const effects: (Effect | undefined)[] = others.map(() => undefined);
  const progress = new Progress();
  const interrupt = new Interrupt();
  const threads = new Threads(task);
  const stopped = (): boolean => interrupt.stopped;
  let done = 0;
  const tell = (): void => progress.show(`${model.name}: ${done++} of ${scenarios.length + others.length}`);
  try {
    tell();
    const firsts = scenarios.map((_, scenario) => ({ ask: 'standard', scenario }) as const);
    await threads.ask<Standard>(firsts, stopped, (standard) => {
      standards.push(standard);
      tell();
    });
    const questions = others.map((other) => ({ ask: 'effect', ...other, standards }) as const);
    await threads.ask<Effect>(questions, stopped, (effect, number) => {
      effects[number] = effect;
      tell();
    });
  } finally {
    progress.done();
    interrupt.done();
    await threads.close();
  }
  return { effects, interrupted: interrupt.stopped };
}
