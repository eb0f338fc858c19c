/** A way through a check, walked by hand: steps taken, taken back and taken again, each with what it changed. */
import { InsnFlag, NONE, Op, type Property } from '../../core/index.js';
import { decode } from '../../kernel/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';
import { cpuOfAction, irqNumber, isLeftAtRest } from '../names/index.js';
import { brokenMark, narrate } from '../narration/index.js';
import type { PropertyName } from '../search/index.js';
import { Replay, tokenOf, type ReplayedStep } from '../ways/index.js';
import { States, type Change } from './changes.js';
import { Choices, type Blocked, type Choice } from './choices.js';
import { Standings } from './stands.js';

/** A step that was taken. */
export interface Taken {
  /** 1 for the first of the way */
  readonly number: number;
  readonly action: number;
  /** as tokens call it */
  readonly name: string;
  /** where the CPU stood, if it is a CPU's micro-op */
  readonly at: string | undefined;
  /** what it did */
  readonly text: string;
  /** others see it */
  readonly visible: boolean;
  readonly changes: readonly Change[];
  /** properties that it broke */
  readonly broken: readonly PropertyName[];
  /** what else is to be said: drops, swallowed vectors, a loss, kernel and device that part */
  readonly remarks: readonly string[];
}

/** What a state at which everybody rests, or nobody can go on, says about the properties that are checked. */
export interface Judgement {
  readonly quiet: 'rest' | 'deadlock';
  readonly holds: readonly PropertyName[];
  /** here, or on the way */
  readonly fails: readonly PropertyName[];
  /** those that only the state after the probe tells */
  readonly open: readonly PropertyName[];
}

/** Judged by the state after the probe (design 4). */
const afterProbe: ReadonlySet<string> = new Set<keyof typeof Property>(['noLeak', 'inStep', 'progress']);
/** Events that leave no trace in the state, or not one that explains itself. */
const telling: ReadonlySet<string> = new Set(['drop', 'note', 'flag', 'init']);
/** Steps between two points to come back to. */
const STRIDE = 64;
/** Steps that `rest` takes at most; no model takes so many. */
const MOST = 20_000;

/** A machine and the way it has come. */
export class Walk {
  readonly system: System;
  readonly machine: ProgramMachine;
  readonly states: States;
  readonly standings: Standings;
  readonly #choices: Choices;
  readonly #replay: Replay;
  readonly #taken: Taken[] = [];
  readonly #back: (() => void)[] = [];
  /** source by source, why kernel and device disagreed at the start */
  readonly #apart: readonly (string | undefined)[];
  #position = 0;

  private constructor(system: System, replay: Replay) {
    this.system = system;
    this.machine = replay.machine;
    this.#replay = replay;
    this.states = new States(system, this.machine);
    this.standings = new Standings(system, this.machine, this.states);
    this.#choices = new Choices(system, this.machine, this.states, this.standings);
    this.#apart = system.names.sources.map((_, s) => system.built.disagreement(this.machine, s));
  }

  /** At the start of the scenario, or at the end of a way. */
  static async begin(system: System, way: readonly number[] = []): Promise<Walk> {
    const walk = new Walk(system, await Replay.begin(system));
    for (const action of way) walk.take(action);
    return walk;
  }

  /** Steps taken so far; what was taken back is not among them. */
  get taken(): readonly Taken[] {
    return this.#taken.slice(0, this.#position);
  }

  /** Steps that `go` can take again. */
  get ahead(): number {
    return this.#taken.length - this.#position;
  }

  /** The steps that are enabled. */
  choices(): Choice[] {
    return this.#choices.all();
  }

  blocked(): Blocked[] {
    return this.#choices.blocked();
  }

  /** Takes a step; what had been taken back is forgotten. Throws `RangeError` for one that is not enabled. */
  take(action: number): Taken {
    if (!this.machine.enabled().includes(action)) throw new RangeError(`action ${action} is not enabled`);
    this.#taken.length = this.#position;
    this.#back.length = Math.min(this.#back.length, Math.ceil(this.#position / STRIDE));
    const { name, at, text } = this.#choices.describe(action);
    const before = this.states.capture();
    const step = this.#apply(action);
    const taken: Taken = {
      number: this.#position,
      action,
      name,
      at,
      text: text + this.#outcome(step),
      visible: step.visible,
      changes: this.states.differences(before, this.states.capture()),
      broken: step.broken.filter((property) => this.machine.setup.properties.includes(property)),
      remarks: this.#remarks(step),
    };
    this.#taken.push(taken);
    return taken;
  }

  /** Goes back or forth on the way, to where so many steps have been taken. Throws `RangeError` outside of it. */
  go(steps: number): void {
    if (!Number.isInteger(steps) || steps < 0 || steps > this.#taken.length)
      throw new RangeError(`the way has ${this.#taken.length} steps; ${steps} is not on it`);
    if (steps < this.#position) {
      const point = Math.floor(steps / STRIDE);
      this.#back[point]?.();
      this.#position = point * STRIDE;
    }
    while (this.#position < steps) this.#apply(this.#taken[this.#position]?.action ?? 0);
  }

  /** Lets everyone go on in a fixed order, without raises and operations, until nothing is enabled. */
  rest(): Taken[] {
    const taken: Taken[] = [];
    while (taken.length < MOST) {
      const next = this.machine.enabled().find((action) => !isLeftAtRest(action));
      if (next === undefined) break;
      taken.push(this.take(next));
    }
    return taken;
  }

  /** What this state says, if nothing is under way in it. */
  judgement(): Judgement | undefined {
    const enabled = this.machine.enabled();
    const { quiet } = this.machine;
    if (quiet === undefined) return undefined;
    const { properties } = this.machine.setup;
    const fails = new Set<PropertyName>(this.taken.flatMap((step) => step.broken));
    if (quiet === 'deadlock') fails.add('progress');
    else for (const property of this.#brokenHere()) fails.add(property);
    // the probe is over when it has begun and has nothing left to raise
    const probed = quiet === 'rest' && enabled.length === 0;
    const open = properties.filter((property) => !fails.has(property) && !probed && afterProbe.has(property));
    return {
      quiet,
      fails: properties.filter((property) => fails.has(property)),
      open,
      holds: properties.filter((property) => !fails.has(property) && !open.includes(property)),
    };
  }

  /** The way so far as a token. Throws `RangeError` for one without a step. */
  async token(): Promise<string> {
    if (this.#position === 0) throw new RangeError('a way without a step has no token');
    return tokenOf(
      this.system,
      this.taken.map((step) => step.action),
    );
  }

  /** A judge leaves its traces among the records; the way goes on without them. */
  #brokenHere(): PropertyName[] {
    const block = this.machine.snapshot();
    const broken = this.machine.brokenAtRest();
    this.machine.restore(block);
    return broken;
  }

  #apply(action: number): ReplayedStep {
    if (this.#position % STRIDE === 0) this.#back[this.#position / STRIDE] ??= this.#replay.mark();
    const step = this.#replay.apply(action);
    this.#position++;
    return step;
  }

  /** What a read came to. */
  #outcome({ action, events }: ReplayedStep): string {
    const event = events.find((e) => e.kind === 'step' || e.kind === 'complete');
    if (cpuOfAction(action) === undefined || event?.kind !== 'step') return '';
    const insn = decode(this.system.built.program.code, event.b);
    if ((insn.flags & InsnFlag.joined) !== 0) return '';
    const variable = this.system.built.variables[insn.slot];
    switch (insn.op) {
      case Op.load:
        return variable?.form === 'value' ? `: ${this.states.fields.valueText(variable, event.c)}` : '';
      case Op.cfgRead:
      case Op.mmioRead:
      case Op.pinRead:
        return `: ${hex(event.c)}`;
      case Op.irrBit:
      case Op.tmrBit:
      case Op.maskTest:
        return event.c === 0 ? ': no' : ': yes';
      case Op.maskCount:
        return `: ${event.c}`;
      case Op.scan:
        return event.c === NONE ? ': none' : `: ${hex(event.c)}`;
      default:
        return '';
    }
  }

  #remarks(step: ReplayedStep): string[] {
    const { names } = this.system;
    const { steps } = this.#replay;
    const told = narrate(this.system, { ...step, events: step.events.filter((e) => telling.has(e.kind)) }).map((line) => line.text);
    const merged = step.events.filter((e) => e.kind === 'accept' && e.c !== 0).map((e) => `IRR[${hex(e.b)}] was set already`);
    const broken = step.broken
      .filter((property) => this.machine.setup.properties.includes(property))
      .map((property) => brokenMark(this.system, property, step.events.find((e) => e.kind === 'lost')?.a));
    const before = steps.at(-2)?.apart ?? this.#apart;
    const parted = names.sources.flatMap((name, s) => {
      const [was, is] = [before[s], step.apart[s]];
      if (was === is) return [];
      return is === undefined ? [`kernel and ${name} agree again`] : [`from here kernel and ${name} part: ${irqNumber(this.system, is)}`];
    });
    return [...told, ...merged, ...parted, ...broken];
  }
}
