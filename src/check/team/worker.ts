/** A worker of a team: a thread with an engine of its own. It searches without a pause, then answers questions. */
import { parentPort, workerData } from 'node:worker_threads';
import { Bag, Status } from '../../core/index.js';
import { ProgramMachine } from '../../machine/index.js';
import { CheckpointReader, CheckpointWriter } from '../engine/checkpoint.js';
import { activityOf, behindRound, Engine } from '../engine/index.js';
import { Spill } from '../engine/spill.js';
import { Post, reportOf, Word } from './post.js';
import { Report, reportedNumber, type Question, type WorkerEnd, type WorkerTask } from './task.js';

const BATCH = 500;
const Decision = { again: 0, onward: 1, deeper: 2, end: 3 } as const;

/** A number as two words of a report. */
function two(n: number): [number, number] {
  return [n >>> 0, Math.floor(n / 2 ** 32)];
}

class Searcher {
  readonly #task: WorkerTask;
  readonly engine: Engine;
  readonly spill: Spill;
  readonly #post: Post;

  constructor(task: WorkerTask, machine: ProgramMachine) {
    this.#task = task;
    this.#post = new Post(task.team, task.worker, task.workers);
    this.#post.begin();
    this.spill = new Spill();
    const { memory, wide, worker, workers, reduction } = task;
    this.engine = new Engine(machine, { memory, wide, worker, workers, reduction, spill: this.spill, resumed: task.resume !== undefined });
    if (this.engine.status !== Status.more) this.#fail(this.engine.status);
    if (task.resume !== undefined) this.#resume(task.resume);
  }

  #resume(path: string): void {
    const reader = new CheckpointReader(path);
    if (!reader.restore(this.engine)) this.#fail(Status.memory);
    reader.close();
  }

  #fail(status: Status): void {
    Atomics.compareExchange(this.#post.control, Word.fatal, 0, status);
  }

  get #halted(): boolean {
    const { control } = this.#post;
    return Atomics.load(control, Word.stop) !== 0 || Atomics.load(control, Word.fatal) !== 0;
  }

  readonly #read = (message: Uint8Array): void => {
    if (Atomics.load(this.#post.control, Word.fatal) !== 0) return;
    const status = this.engine.receive(message);
    if (status !== Status.more) this.#fail(status);
  };

  /** Searches to the end; all workers of the team end with the same status. */
  run(): Status {
    const post = this.#post;
    for (let rounds = 1; ; rounds++) {
      this.#expand();
      post.finishRound(rounds, this.#read);
      this.#report();
      post.barrier();
      if (this.#task.worker === 0) Atomics.store(post.control, Word.decision, this.#decide());
      post.barrier();
      const decision = Atomics.load(post.control, Word.decision);
      if (decision >= Decision.end) return decision - Decision.end;
      if (decision === Decision.again) continue;
      const status = this.engine.nextRound(decision === Decision.deeper);
      if (status !== Status.more) this.#fail(status);
    }
  }

  /** This worker's part of the round. */
  #expand(): void {
    let left = true;
    while (left && !this.#halted) {
      const status = this.engine.run(BATCH);
      if (status === Status.round) left = false;
      else if (status !== Status.more) this.#fail(status);
      this.#ship(false);
      this.#post.takeAll(this.#read);
      this.#report();
    }
    this.#ship(true);
  }

  #ship(all: boolean): void {
    for (let to = 0; to < this.#task.workers; to++) {
      if (to === this.#task.worker) continue;
      this.engine.ship(to, all, (records) => this.#post.send(to, records, this.#read));
    }
  }

  #report(): void {
    const { states, transitions, depth } = this.engine.share();
    const has = (bag: Bag): number => (this.engine.has(bag) ? 1 : 0);
    this.#post.report([
      ...two(states),
      ...two(transitions),
      depth,
      has(Bag.now),
      has(Bag.then),
      has(Bag.later),
      this.engine.knowsFirst ? 1 : 0,
    ]);
  }

  /** What comes next, for all: decided by one, from what all have reported. */
  #decide(): number {
    const { control } = this.#post;
    const { workers } = this.#task;
    const fatal = Atomics.load(control, Word.fatal);
    if (fatal !== 0) return Decision.end + fatal;
    if (Atomics.load(control, Word.stop) !== 0) return Decision.end + Status.more;
    const all = Array.from({ length: workers }, (_, worker) => worker);
    const anyone = (word: number): boolean => all.some((worker) => reportOf(control, worker, word) !== 0);
    if (anyone(Report.now)) return Decision.again;
    const states = all.reduce((n, worker) => n + reportedNumber(control, worker, Report.states), 0);
    const next = behindRound(
      {
        onward: anyone(Report.onward),
        deeper: anyone(Report.deeper),
        states,
        knowsFirst: anyone(Report.knowsFirst),
        level: this.engine.level,
      },
      this.#task,
    );
    return typeof next === 'string' ? Decision[next] : Decision.end + next;
  }
}

async function work(task: WorkerTask): Promise<void> {
  const machine = await ProgramMachine.instantiate(task.setup, task.module);
  machine.restore(task.block);
  const searcher = new Searcher(task, machine);
  const status = searcher.run();
  const { engine, spill } = searcher;
  const { exports } = machine.core;
  const end: WorkerEnd = {
    status,
    findings: { share: engine.share(), failures: engine.failures(), activity: activityOf(machine) },
    fault: [exports.faultKind(), exports.faultAt()],
    disk: spill.bytes,
    level: engine.level,
    round: engine.round,
  };
  parentPort?.postMessage(end);
  parentPort?.on('message', (question: Question) => {
    const { number } = question;
    if (question.ask === 'lookUp') {
      parentPort?.postMessage({ number, answer: engine.lookUp(question.prefix) });
      return;
    }
    if (question.ask === 'save') {
      const writer = new CheckpointWriter(question.path);
      writer.write(engine);
      writer.close();
      parentPort?.postMessage({ number, answer: [] });
      return;
    }
    spill.close();
    parentPort?.close();
  });
}

await work(workerData as WorkerTask);
