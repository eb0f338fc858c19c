/** Ways that are tried out: replayed on a machine that records nothing, and judged as the search judges. */
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';

/** How a way breaks its property: by its last step, or by the state at its end. */
export type Broken = 'step' | 'rest' | 'deadlock';

/** What came of a way, or of a part of one. */
export interface Outcome {
  /** the actions that were possible, up to where the property broke */
  readonly applied: readonly number[];
  /** visible ones among them */
  readonly visible: number;
  readonly broken: Broken | undefined;
}

/** A machine that is set to a state, led on and looked at. States are packed images: two that are equal go on alike (design 3). */
export class Trial {
  readonly system: System;
  readonly machine: ProgramMachine;
  /** steps that were tried so far: effort is counted in steps, never in time, so that its bound gives the same result everywhere */
  tried = 0;
  readonly #property: string;

  private constructor(system: System, machine: ProgramMachine, property: string) {
    this.system = system;
    this.machine = machine;
    this.#property = property;
  }

  static async begin(system: System, property: string): Promise<Trial> {
    return new Trial(system, await system.machine({ timed: false, record: 0 }), property);
  }

  /** The enabled actions; counts as a step tried. */
  enabled(): readonly number[] {
    this.tried++;
    return this.machine.enabled();
  }

  /** Executes an action that is enabled. */
  apply(action: number): { readonly visible: boolean; readonly broken: boolean } {
    const { visible, broken } = this.machine.apply(action);
    return { visible, broken: this.#isAmong(broken) };
  }

  /** Whether the state that `enabled` looked at last breaks the property by itself. */
  judge(): Broken | undefined {
    const { quiet } = this.machine;
    if (quiet === 'deadlock') return this.#property === 'progress' ? 'deadlock' : undefined;
    return quiet === 'rest' && this.#isAmong(this.machine.brokenAtRest()) ? 'rest' : undefined;
  }

  /** Leads the machine along, until the property breaks. An action that is not enabled ends it, or is left out if `lenient`. */
  follow(actions: readonly number[], lenient = false): Outcome {
    const applied: number[] = [];
    let visible = 0;
    for (const action of actions) {
      const enabled = this.enabled();
      const quiet = this.judge();
      if (quiet !== undefined) return { applied, visible, broken: quiet };
      if (!enabled.includes(action)) {
        if (lenient) continue;
        return { applied, visible, broken: undefined };
      }
      const step = this.apply(action);
      applied.push(action);
      if (step.visible) visible++;
      if (step.broken) return { applied, visible, broken: 'step' };
    }
    this.enabled();
    return { applied, visible, broken: this.judge() };
  }

  // a name that a scenario brings is none of those the core knows
  #isAmong(names: readonly string[]): boolean {
    return names.includes(this.#property);
  }
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
