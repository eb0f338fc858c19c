/** Threads that answer questions, each one at a time: how a command uses all cores where a question is work for one. */
import { availableParallelism } from 'node:os';
import { parentPort, Worker } from 'node:worker_threads';

/** More would spend their time on what each of them reads first. */
const MOST_THREADS = 16;

export class Threads<Question> {
  readonly #threads: readonly Worker[];

  /** `module`: of the thread, which calls `answer`; `task`: what each of them begins with. */
  constructor(module: URL, task?: unknown) {
    const n = Math.min(MOST_THREADS, availableParallelism());
    this.#threads = Array.from({ length: n }, () => new Worker(module, { workerData: task }));
  }

  /** Asks all of them; ends when the last is answered, or at once when `stopped`: the thread at work is not waited for. */
  async ask<T>(questions: readonly Question[], stopped: () => boolean, got: (answer: T, number: number) => void): Promise<void> {
    let next = 0;
    const work = async (thread: Worker): Promise<void> => {
      while (next < questions.length && !stopped()) {
        const number = next++;
        const said = await answerOf<T>(thread, questions[number]);
        if (!stopped()) got(said, number);
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

function answerOf<T>(thread: Worker, question: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', (said: T) => {
      thread.off('error', reject);
      resolve(said);
    });
    thread.postMessage(question);
  });
}

/** Of a thread: what it answers to a question. If that fails the thread ends with it, and whoever asked is told. */
export function answer<Question>(to: (question: Question) => Promise<unknown>): void {
  parentPort?.on('message', (question: Question) => {
    void to(question).then(
      (said) => parentPort?.postMessage(said),
      (error: unknown) => {
        setImmediate(() => {
          throw error;
        });
      },
    );
  });
}
