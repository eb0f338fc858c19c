/**
 * The search once more, slowly and with nothing clever: a map from whole images to the fewest visible steps. It shares with
 * the module only what a single step does.
 */
import type { PropertyName } from '../../src/check/index.js';
import type { ProgramMachine, System } from '../../src/index.js';

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  readonly rest: number;
  /** fewest visible steps to each property that fails */
  readonly failures: Readonly<Partial<Record<PropertyName, number>>>;
}

function key(image: Uint8Array): string {
  return Buffer.from(image).toString('latin1');
}

/** `joins`: over normal forms, as level 1 of the reduction has them, where they are needed. */
export async function bruteForce(system: System, joins = false): Promise<Explored> {
  return exploreAll(await system.machine({ timed: false, record: 0 }), joins);
}

export function exploreAll(machine: ProgramMachine, joins: boolean): Explored {
  const checked = machine.setup.properties;
  const failures: Partial<Record<PropertyName, number>> = {};
  const fail = (names: readonly PropertyName[], steps: number): void => {
    for (const name of names) if (checked.includes(name)) failures[name] = Math.min(failures[name] ?? Infinity, steps);
  };
  // Dijkstra with weights 0 and 1: one list of images for each number of visible steps
  const best = new Map<string, number>();
  const queues: Uint8Array[][] = [];
  const reach = (image: Uint8Array, steps: number): void => {
    const name = key(image);
    if ((best.get(name) ?? Infinity) <= steps) return;
    best.set(name, steps);
    (queues[steps] ??= []).push(image);
  };
  const joined = (broken: readonly PropertyName[]): readonly PropertyName[] => {
    const next = joins ? machine.core.exports.joinNext() : -1;
    return next < 0 ? broken : joined([...broken, ...machine.apply(next).broken]);
  };
  joined([]);
  fail(machine.judge(machine.setup.program.judgeAlways ?? 0), 0);
  reach(machine.image().slice(), 0);
  const expanded = new Set<string>();
  let transitions = 0;
  let rest = 0;
  for (let steps = 0; steps < queues.length; steps++) {
    const queue = queues[steps] ?? [];
    for (let i = 0; i < queue.length; i++) {
      const image = queue[i] as Uint8Array;
      const name = key(image);
      if (expanded.has(name)) continue;
      expanded.add(name);
      machine.setImage(image);
      const actions = machine.enabled();
      const { quiet } = machine;
      if (quiet === 'deadlock') fail(['progress'], steps);
      if (quiet === 'rest') {
        rest++;
        fail(machine.brokenAtRest(), steps);
      }
      for (const action of actions) {
        machine.setImage(image);
        const { visible, broken } = machine.apply(action);
        transitions++;
        const after = steps + (visible ? 1 : 0);
        fail(joined(broken), after);
        reach(machine.image().slice(), after);
      }
    }
  }
  return { states: expanded.size, transitions, rest, failures };
}
