/** Replays a way through a check, step by step, with everything recorded that an explanation needs. */
import type { EventRecord, ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { cpuOfAction, isLeftAtRest } from '../names/index.js';
import type { PropertyName } from '../search/index.js';

/** A way through a check; with the property that it breaks, if it breaks one. */
export interface Way {
  readonly path: readonly number[];
  readonly property?: string | undefined;
  /** its last steps are a loop, from this one on (0 the first), in which these things never happen: a sentence each */
  readonly loop?: { readonly from: number; readonly never: readonly string[] } | undefined;
}

export interface ReplayedStep {
  readonly action: number;
  readonly visible: boolean;
  /** properties that this step broke */
  readonly broken: readonly PropertyName[];
  readonly events: readonly EventRecord[];
  /** sources whose device and kernel do not agree after this step, and why */
  readonly apart: readonly (string | undefined)[];
  /** where the CPU stands after its micro-op: label index and how often it has stood there */
  readonly stands: { readonly label: number; readonly count: number } | undefined;
}

/** Records of the ring, which is drained after each step: more than one step makes, and little to keep in a snapshot. */
const RING = 2048;

/** A machine that is walked by hand, and what happened. */
export class Replay {
  readonly system: System;
  readonly machine: ProgramMachine;
  readonly steps: ReplayedStep[] = [];
  /** properties that the state at the start breaks */
  readonly atStart: readonly PropertyName[];
  readonly #stood = new Map<string, number>();

  private constructor(system: System, machine: ProgramMachine) {
    this.system = system;
    this.machine = machine;
    this.atStart = machine.judge(machine.setup.program.judgeAlways ?? 0);
  }

  static async begin(system: System): Promise<Replay> {
    return new Replay(system, await system.machine({ timed: false, record: 2, ring: RING }));
  }

  /** Label index of the micro-op that a CPU stands in front of; 0 if it idles. */
  labelOf(cpu: number): number {
    const at = this.machine.instruction(cpu);
    return at === undefined ? 0 : (this.system.built.program.code[at * 4 + 3] ?? 0) >>> 8;
  }

  /** How often a CPU has come to stand at a label. */
  countOf(cpu: number, label: number): number {
    return this.#stood.get(`${cpu}:${label}`) ?? 0;
  }

  apply(action: number): ReplayedStep {
    const { visible, broken } = this.machine.apply(action);
    const cpu = cpuOfAction(action);
    let stands: ReplayedStep['stands'];
    if (cpu !== undefined) {
      const label = this.labelOf(cpu);
      const count = this.countOf(cpu, label) + 1;
      this.#stood.set(`${cpu}:${label}`, count);
      stands = { label, count };
    }
    const apart = this.system.names.sources.map((_, s) => this.system.built.disagreement(this.machine, s));
    const step = { action, visible, broken, events: this.machine.events(), apart, stands };
    this.steps.push(step);
    return step;
  }

  /** A point to come back to. */
  mark(): () => void {
    const block = this.machine.snapshot();
    const stood = new Map(this.#stood);
    const length = this.steps.length;
    return () => {
      this.machine.restore(block);
      this.#stood.clear();
      for (const [key, value] of stood) this.#stood.set(key, value);
      this.steps.length = length;
    };
  }

  /** Lets everyone go on in a fixed order, without raises and operations, until nothing is enabled. */
  toRest(limit = 100_000): void {
    for (let i = 0; i < limit; i++) {
      const next = this.machine.enabled().find((action) => !isLeftAtRest(action));
      if (next === undefined) return;
      this.apply(next);
    }
  }

  /** Properties broken on the way, and by the state at its end if that is at rest. */
  broken(): PropertyName[] {
    this.machine.enabled();
    const atEnd =
      this.machine.quiet === 'rest' ? this.machine.brokenAtRest() : this.machine.quiet === 'deadlock' ? (['progress'] as const) : [];
    const checked = this.machine.setup.properties;
    return [...new Set([...this.atStart, ...this.steps.flatMap((step) => step.broken), ...atEnd])].filter((name) => checked.includes(name));
  }
}

/** Replays a path of the search. */
export async function replayPath(system: System, path: readonly number[]): Promise<Replay> {
  const replay = await Replay.begin(system);
  for (const action of path) replay.apply(action);
  return replay;
}
