/** What the reduction rests on, action by action: declared footprints, independence, futures, joined steps. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Actor } from '../../src/core/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { Instrumented } from '../engine/instrumented.js';
import { randomKernel } from '../engine/kernels.js';
import { checkDeclared, resourceMap } from '../engine/resources.js';
import { Dice, machineOf, randomSystem } from '../engine/systems.js';
import { cpuOf, imageOf as image, isCpu, isMessage, messageCount, outsideFutures, renamed, walk } from './walks.js';

const action = (actor: Actor, which: number): number => (actor << 12) | which;

/** All actions a machine may ever have, messages by the ranks that occur. */
function allActions({ setup }: ProgramMachine): number[] {
  const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  const cpus = numbers(setup.apicIds.length).flatMap((c) => [action(Actor.cpu, c), action(Actor.interrupt, c)]);
  const timers = setup.program.timers?.length ?? 0;
  const armed = numbers(setup.apicIds.length).flatMap((c) => numbers(timers).map((t) => action(Actor.timer, (c << 4) | t)));
  const sources = numbers(setup.sources.length).flatMap((s) => [Actor.raise, Actor.sample, Actor.send].map((a) => action(a, s)));
  const pins = (setup.ioapics ?? []).flatMap(({ pins: n }, i) => numbers(n).map((pin) => action(Actor.pin, (i << 8) | pin)));
  return [...cpus, ...armed, ...pins, ...sources, ...numbers(setup.operations.length).map((o) => action(Actor.operation, o))];
}

/** A random machine: a scenario on a model, or a kernel of a few lines; `timed`: one with timers. */
async function randomMachine(dice: Dice, timed = false): Promise<ProgramMachine> {
  if (timed || dice.below(2) === 0) {
    for (;;) {
      const found = await randomKernel(dice, timed);
      if (found) return found.machine;
    }
  }
  return machineOf(randomSystem(dice, { hotplug: true, assumptions: true }), false, { record: 0, ring: 0 });
}

interface Order {
  readonly image: string;
  readonly broken: readonly string[];
}

/** Both actions, one after the other; undefined if the second cannot be done any more. */
function both(machine: ProgramMachine, first: number, second: number): Order | undefined {
  const messages = messageCount(machine, first);
  const one = machine.apply(first);
  const next = renamed(second, first, messages > messageCount(machine, first));
  if (!machine.enabled().includes(next)) return undefined;
  const two = machine.apply(next);
  return { image: image(machine), broken: [...one.broken, ...two.broken].toSorted() };
}

/** Every action of every state of random walks stays inside of the footprint it declares; runs before others load the module. */
describe('verified footprints', () => {
  let instrumented: Instrumented;
  beforeAll(async () => {
    instrumented = await Instrumented.build();
  }, 60_000);

  test('every step reads and writes nothing but what it declares, its guard included', async () => {
    const problems = new Set<string>();
    let steps = 0;
    let guards = 0;
    for (let seed = 0; seed < 60; seed++) {
      const dice = new Dice(seed);
      const machine = await instrumented.used(() => randomMachine(dice, seed >= 40));
      machine.image();
      machine.core.exports.openReduction();
      const resource = resourceMap(machine);
      walk(machine, dice, 150, (enabled) => {
        const block = machine.snapshot();
        for (const a of new Set([...allActions(machine), ...enabled])) {
          const checked = checkDeclared(machine, instrumented, resource, a);
          if (checked === undefined) continue;
          if (checked.done) steps++;
          else guards++;
          if (checked.beyond !== '') problems.add(checked.beyond);
          machine.restore(block);
        }
      });
    }
    expect([...problems]).toEqual([]);
    expect(steps).toBeGreaterThan(1500);
    expect(guards).toBeGreaterThan(1500);
  });
});

describe('on random states', () => {
  test('level 1: a joinable step commutes with every other enabled action', async () => {
    let pairs = 0;
    for (let seed = 0; seed < 80; seed++) {
      const dice = new Dice(1000 + seed);
      const machine = await randomMachine(dice, seed >= 60);
      walk(machine, dice, 200, (enabled) => {
        const block = machine.snapshot();
        machine.setup.apicIds.forEach((_, c) => {
          if (!machine.core.exports.isJoinable(c)) return;
          const step = action(Actor.cpu, c);
          expect(enabled).toContain(step);
          for (const other of enabled) {
            if (isCpu(other) && cpuOf(other) === c) continue;
            const [one, two] = [both(machine, step, other), (machine.restore(block), both(machine, other, step))];
            machine.restore(block);
            // an arrival may bring an interrupt, which comes first
            if (one && !two && isMessage(other)) continue;
            expect(one).toEqual(two);
            expect(one).toBeDefined();
            pairs++;
          }
        });
      });
    }
    expect(pairs).toBeGreaterThan(300);
  });

  test('level 1: the normal form has nothing left to join, whoever is first', async () => {
    let joined = 0;
    for (let seed = 0; seed < 60; seed++) {
      const dice = new Dice(2000 + seed);
      const machine = await randomMachine(dice, seed >= 40);
      walk(machine, dice, 200, () => {
        const block = machine.snapshot();
        const forms = [0, 1].map((backwards) => {
          const cpus = machine.setup.apicIds.map((_, c) => c);
          if (backwards) cpus.reverse();
          for (const c of cpus) {
            for (; machine.core.exports.isJoinable(c); joined++) {
              expect(machine.enabled()).toContain(action(Actor.cpu, c));
              machine.apply(action(Actor.cpu, c));
            }
          }
          const form = image(machine);
          expect(machine.core.exports.joinNext()).toBe(-1);
          machine.restore(block);
          return form;
        });
        expect(forms[0]).toBe(forms[1]);
      });
    }
    expect(joined).toBeGreaterThan(1000);
  });

  test('level 2: enabled actions whose footprints do not conflict commute', async () => {
    let pairs = 0;
    for (let seed = 0; seed < 80; seed++) {
      const dice = new Dice(3000 + seed);
      const machine = await randomMachine(dice, seed >= 60);
      machine.image();
      machine.core.exports.openReduction();
      walk(machine, dice, 200, (enabled) => {
        const block = machine.snapshot();
        for (const [i, a] of enabled.entries()) {
          for (const b of enabled.slice(i + 1)) {
            if (a >>> 12 === Actor.probe || b >>> 12 === Actor.probe || machine.core.exports.areDependent(a, b)) continue;
            const [one, two] = [both(machine, a, b), (machine.restore(block), both(machine, b, a))];
            machine.restore(block);
            if (!one || !two) console.log(seed, Actor[a >>> 12], a & 0xfff, Actor[b >>> 12], b & 0xfff, !!one, !!two);
            expect(one).toEqual(two);
            expect(one).toBeDefined();
            pairs++;
          }
        }
      });
    }
    expect(pairs).toBeGreaterThan(1500);
  });

  test('level 2: what others do while members stand still is inside of their futures', async () => {
    const problems = new Set<string>();
    let steps = 0;
    for (let seed = 0; seed < 80; seed++) {
      const dice = new Dice(4000 + seed);
      const machine = await randomMachine(dice, seed >= 60);
      machine.image();
      machine.core.exports.openReduction();
      walk(machine, dice, 120, () => {
        if (dice.below(3) !== 0) return;
        const found = outsideFutures(machine, dice);
        found.problems.forEach((each) => problems.add(`seed ${seed}: ${each}`));
        steps += found.steps;
      });
    }
    expect([...problems].slice(0, 20)).toEqual([]);
    expect(steps).toBeGreaterThan(2000);
  });
});
