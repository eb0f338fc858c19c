/** A model goes through an operation, in program order: a message arrives before a CPU goes on, and one CPU after the other acts. */
import { Actor, Level, Op } from '../core/index.js';
import { decode } from '../kernel/index.js';
import type { KernelModel } from '../kernel/model/index.js';
import type { ProgramMachine } from '../machine/index.js';
import { assembleWith, parseScenario, type System } from '../scenario/index.js';
import { observed, remembered, type Observed } from './observed.js';
import type { Context } from './operations.js';
import type { Round, Stage } from './stage.js';

/** What is let go on first. What is not here never does by itself. */
const order: readonly Actor[] = [Actor.sample, Actor.send, Actor.message, Actor.queue, Actor.interrupt, Actor.cpu, Actor.timer];

/** Contexts of a CPU as recordings call them. */
const contexts: Readonly<Record<number, Context>> = {
  [Level.thread]: 'task',
  [Level.stopper]: 'stop_machine',
  [Level.softirq]: 'softirq',
  [Level.hardirq]: 'hardirq',
};

/** Steps of one round at most; no operation takes so many. */
const MOST = 20_000;

/** The accesses of a model on a stage. Throws `ModelError` where the model cannot be built for it. */
export async function rehearse(model: KernelModel, stage: Stage): Promise<readonly Observed[]> {
  const parsed = parseScenario(stage.scenario, 'conform');
  if ('errors' in parsed) throw new RangeError(parsed.errors.map(({ message }) => message).join('; '));
  const system = assembleWith(parsed.scenario, model, { probeRaises: 0 });
  const machine = await system.machine({ timed: false, record: 2, ring: 4096 });
  machine.events();
  const run = new Rehearsal(system, machine, stage);
  const rounds = stage.rounds.map((round) => run.round(round));
  return partOf(rounds[stage.round] ?? [], stage);
}

/** An access, and the step behind which it stands. */
type Made = Observed | { readonly cpu: number; readonly mark: 'delay' | 'interrupt' };

class Rehearsal {
  readonly #system: System;
  readonly #machine: ProgramMachine;

  readonly #stage: Stage;
  readonly #queued: string[] = [];

  constructor(system: System, machine: ProgramMachine, stage: Stage) {
    this.#system = system;
    this.#machine = machine;
    this.#stage = stage;
  }

  /** What begins it happens at once, then everyone goes on until nothing is left to do. */
  round({ operation, raises = [], early }: Round): Made[] {
    const begins = [
      ...(operation === undefined ? [] : [(Actor.operation << 12) | operation]),
      ...raises.map((source) => (Actor.raise << 12) | source),
    ];
    const made = begins.flatMap((action) => (this.#machine.enabled().includes(action) ? this.#apply(action) : []));
    const going = order.filter((actor) => actor !== Actor.timer || early === undefined);
    for (let i = 0; i < MOST; i++) {
      const enabled = this.#machine.enabled();
      const next = going.flatMap((actor) => enabled.filter((action) => action >>> 12 === actor))[0];
      if (next === undefined) break;
      made.push(...this.#apply(next));
    }
    return made;
  }

  #apply(action: number): Made[] {
    const before = remembered(this.#system, this.#machine);
    const context = contexts[this.#machine.core.exports.currentLevel(action & 0xfff)] ?? 'task';
    this.#machine.apply(action);
    const records = this.#machine.events();
    const self = action & 0xfff;
    const isCpu = action >>> 12 === Actor.cpu;
    const { irq, irqs = 1 } = this.#stage;
    const around = { self, context, records, before, queued: this.#queued, irq, irqs };
    const accesses = isCpu ? observed(this.#system, this.#machine, around) : [];
    const marks: Made[] = [];
    for (const { kind, a, b } of records) {
      if (kind === 'acknowledge') marks.push({ cpu: a, mark: 'interrupt' });
      if (kind === 'step' && decode(this.#system.built.program.code, b).op === Op.delay) marks.push({ cpu: a, mark: 'delay' });
    }
    return [...accesses, ...marks];
  }
}

/** What of a round is compared. */
function partOf(made: readonly Made[], { cpu, part }: Stage): Observed[] {
  const own = made.filter((each) => cpu === undefined || each.cpu === cpu);
  const isAccess = (each: Made): each is Observed => 'access' in each;
  const marked = (mark: string, after = 0): number => own.findIndex((each, i) => i >= after && !isAccess(each) && each.mark === mark);
  const delay = marked('delay');
  const from = (at: number): Observed[] => own.slice(at).filter(isAccess);
  switch (part) {
    case 'all':
      return from(0);
    case 'hardirq': {
      // of several interrupts the first
      const next = marked('interrupt', marked('interrupt') + 1);
      return own.slice(0, next < 0 ? own.length : next).filter((each): each is Observed => isAccess(each) && each.context === 'hardirq');
    }
    case 'beforeDelay':
      return own.slice(0, delay < 0 ? own.length : delay).filter(isAccess);
    case 'afterDelay':
      return from(delay < 0 ? own.length : delay).filter(({ access: { at, parts } }) => at === 'icr' || parts[0] === 'reads IRR');
    case 'device':
      return from(0).filter(({ access: { at } }) => at !== 'lapic' && at !== 'icr');
    case 'local':
      return from(delay < 0 ? 0 : delay).filter(({ access: { at, parts } }) => at === 'lapic' && parts[0] !== 'reads IRR');
  }
}
