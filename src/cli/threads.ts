/** Threads that answer questions, each one at a time; whoever asks is told as the answers come. */
import { availableParallelism } from 'node:os';
import { Worker, parentPort } from 'node:worker_threads';
import { mistakeOfModel } from './model.js';
import { InputError } from './output.js';
import type { Diagnostic } from '../scenario/index.js';

/** More would spend their time on what each of them reads and assembles for itself. */
export const MOST_THREADS = 16;

export class Threads<Question, Answer> {
  readonly #threads: readonly Worker[];

  /** `file`: a module beside this one that calls `answerAll`; `workerData`: what all of them begin with. */
  constructor(file: string, workerData: unknown, n = Math.min(MOST_THREADS, availableParallelism())) {
    this.#threads = Array.from({ length: n }, () => new Worker(new URL(file, import.meta.url), { workerData }));
  }

  /** Asks all of them; ends when the last is answered, or at once when `stopped`: the thread at work is not waited for. */
  async ask<Q extends Question, A extends Answer>(
    questions: Iterable<Q>,
    stopped: () => boolean,
    got: (answer: A, number: number, question: Q) => void,
  ): Promise<void> {
    const iterator = questions[Symbol.iterator]();
    let next = 0;
    const work = async (thread: Worker): Promise<void> => {
      while (!stopped()) {
        const number = next++;
        const { value, done } = iterator.next();
        if (done === true) return;
        const answer = await answerOf<A>(thread, value);
        if (!stopped()) got(answer, number, value);
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

/** An answer, or the sentence about what the user's model does wrong: errors of own classes do not cross threads. */
interface Reply<A> {
  readonly said?: A;
  readonly mistake?: readonly Diagnostic[];
}

function answerOf<A>(thread: Worker, question: unknown): Promise<A> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', ({ said, mistake }: Reply<A>) => {
      thread.off('error', reject);
      if (mistake === undefined) resolve(said as A);
      else reject(new InputError(mistake));
    });
    thread.postMessage(question);
  });
}

/** In a thread: answers whatever comes. An error ends the thread, and whoever asked is told. */
export function answerAll<Question>(answer: (question: Question) => Promise<unknown>): void {
  parentPort?.on('message', (question: Question) => {
    void answer(question).then(
      (said) => parentPort?.postMessage({ said } satisfies Reply<unknown>),
      (error: unknown) => {
        const mistake = mistakeOfModel(error)?.diagnostics;
        if (mistake !== undefined) return parentPort?.postMessage({ mistake } satisfies Reply<unknown>);
        setImmediate(() => {
          throw error;
        });
      },
    );
  });
}
