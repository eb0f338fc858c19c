/** A model goes through an operation, in program order: a message arrives before a CPU goes on, and one CPU after the other acts. */
import { Actor, Op } from '../core/index.js';
import { decode } from '../kernel/index.js';
import type { KernelModel } from '../kernel/model/index.js';
import type { ProgramMachine } from '../machine/index.js';
import { assembleWith, parseScenario, type System } from '../scenario/index.js';
import type { Access } from './access.js';
import { observed, remembered, type Observed } from './observed.js';
import type { Stage } from './stage.js';

/** What is let go on first. What is not here never does by itself. */
const order: readonly Actor[] = [Actor.sample, Actor.send, Actor.message, Actor.queue, Actor.interrupt, Actor.cpu, Actor.timer];

/** Steps of one round at most; no operation takes so many. */
const MOST = 20_000;

/** The accesses of a model on a stage. Throws `ModelError` where the model cannot be built for it. */
export async function rehearse(model: KernelModel, stage: Stage): Promise<Access[]> {
  const parsed = parseScenario(stage.scenario, 'conform');
  if ('errors' in parsed) throw new RangeError(parsed.errors.map(({ message }) => message).join('; '));
  const system = assembleWith(parsed.scenario, model, { probeRaises: 0 });
  const machine = await system.machine({ timed: false, record: 2, ring: 4096 });
  machine.events();
  const run = new Rehearsal(system, machine);
  const rounds = [run.round((action) => action === Actor.operation << 12)];
  for (const raises of stage.rounds) {
    const all = raises.map((source) => (Actor.raise << 12) | source);
    rounds.push(run.round((action) => all.includes(action), all.length));
  }
  return partOf(rounds[stage.round] ?? [], stage).map(({ access }) => access);
}

/** An access, and the step behind which it stands. */
type Made = Observed | { readonly cpu: number; readonly mark: 'delay' };

class Rehearsal {
  readonly #system: System;
  readonly #machine: ProgramMachine;
  /** by CPU, how many interrupts it is in */
  readonly #depth = new Map<number, number>();

  constructor(system: System, machine: ProgramMachine) {
    this.#system = system;
    this.#machine = machine;
  }

  /** `times` steps that `begins` chooses, all at the start, then everyone goes on until nothing is left to do. */
  round(begins: (action: number) => boolean, times = 1): Made[] {
    const made: Made[] = [];
    for (let i = 0; i < times; i++) {
      const action = this.#machine.enabled().find(begins);
      if (action !== undefined) made.push(...this.#apply(action));
    }
    for (let i = 0; i < MOST; i++) {
      const enabled = this.#machine.enabled();
      const next = order.flatMap((actor) => enabled.filter((action) => action >>> 12 === actor))[0];
      if (next === undefined) break;
      made.push(...this.#apply(next));
    }
    return made;
  }

  #apply(action: number): Made[] {
    const before = remembered(this.#system, this.#machine);
    this.#machine.apply(action);
    const records = this.#machine.events();
    const self = action & 0xfff;
    const isCpu = action >>> 12 === Actor.cpu;
    const hardirq = (this.#depth.get(self) ?? 0) > 0;
    const accesses = isCpu ? observed(this.#system, this.#machine, { self, hardirq, records, before }) : [];
    const marks: Made[] = [];
    for (const { kind, a, b } of records) {
      if (kind === 'acknowledge') this.#depth.set(a, (this.#depth.get(a) ?? 0) + 1);
      if (kind !== 'step') continue;
      const { op } = decode(this.#system.built.program.code, b);
      if (op === Op.iret) this.#depth.set(a, (this.#depth.get(a) ?? 1) - 1);
      if (op === Op.delay) marks.push({ cpu: a, mark: 'delay' });
    }
    return [...accesses, ...marks];
  }
}

/** What of a round is compared. */
function partOf(made: readonly Made[], { cpu, part }: Stage): Observed[] {
  const own = made.filter((each) => cpu === undefined || each.cpu === cpu);
  const isAccess = (each: Made): each is Observed => 'access' in each;
  const delay = own.findIndex((each) => !isAccess(each));
  const from = (at: number): Observed[] => own.slice(at).filter(isAccess);
  switch (part) {
    case 'all':
      return from(0);
    case 'hardirq':
      return from(0).filter(({ hardirq }) => hardirq);
    case 'beforeDelay':
      return own.slice(0, delay < 0 ? own.length : delay).filter(isAccess);
    case 'afterDelay':
      return from(delay < 0 ? own.length : delay).filter(({ access: { at, parts } }) => at === 'icr' || parts[0] === 'reads IRR');
    case 'svr':
      return from(delay < 0 ? 0 : delay).filter(({ access: { at, parts } }) => at === 'lapic' && parts[0] !== 'reads IRR');
  }
}
