/** What the reduction rests on, action by action: declared footprints, independence, futures, joined steps. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Actor } from '../../src/core/index.js';
import { ModelFault, type ProgramMachine } from '../../src/machine/index.js';
import { Instrumented } from '../engine/instrumented.js';
import { randomKernel } from '../engine/kernels.js';
import { checkDeclared, footprintAt, namesOf, PASSING, resourceMap, type Footprint } from '../engine/resources.js';
import { Dice, machineOf, randomSystem } from '../engine/systems.js';

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

/** False: the kernel is at fault. */
function applied(machine: ProgramMachine, a: number): boolean {
  try {
    machine.apply(a);
    return true;
  } catch (error) {
    if (error instanceof ModelFault) return false;
    throw error;
  }
}

/** Walks at random; `visit` sees every few states with their enabled actions. */
function walk(machine: ProgramMachine, dice: Dice, steps: number, visit: (actions: readonly number[]) => void): void {
  for (let i = 0; i < steps; i++) {
    const actions = machine.enabled();
    if (actions.length === 0) return;
    if (dice.below(3) === 0) visit(actions);
    // raises and operations are rare among the actions, and what happens is theirs
    if (!applied(machine, dice.of(actions))) return;
  }
}

const isMessage = (a: number): boolean => a >>> 12 === Actor.message;
const isTimer = (a: number): boolean => a >>> 12 === Actor.timer;
const isCpu = (a: number): boolean => a >>> 12 === Actor.cpu || a >>> 12 === Actor.interrupt || isTimer(a);
const cpuOf = (a: number): number => (isTimer(a) ? (a & 0xfff) >>> 4 : a & 0xfff);
/** Raise, sample and send are one actor; so are micro-op, interrupt and timers. */
const actorOf = (a: number): string =>
  isCpu(a) ? `cpu ${cpuOf(a)}` : isMessage(a) || a >>> 12 >= Actor.operation ? String(a) : `source ${a & 0xfff}`;

/** The action's name once `first` was done: an earlier message of the same origin may have landed. */
function renamed(a: number, first: number, landed: boolean): number {
  const earlier = isMessage(a) && isMessage(first) && a >>> 4 === first >>> 4 && (first & 15) < (a & 15);
  return earlier && landed ? a - 1 : a;
}

function image(machine: ProgramMachine): string {
  return Buffer.from(machine.image()).toString('latin1');
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

/** Messages of the origin of a message's action. */
function messageCount(machine: ProgramMachine, a: number): number {
  const { core, setup } = machine;
  const ranks = Array.from({ length: setup.messages }, (_, m) => core.exports.table(12) + m * 32);
  return ranks.filter((at) => core.u8(at) !== 0 && core.u16(at + 2) === (a & 0xfff) >>> 4).length;
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
        const { exports } = machine.core;
        const block = machine.snapshot();
        const [cpus, sources, operations] = [dice.below(1 << machine.setup.apicIds.length), dice.below(2), dice.below(4)];
        const at = exports.futureWithout(cpus, sources, operations);
        const future: Footprint | undefined = at === 0 ? undefined : footprintAt(machine, at);
        const isMember = (a: number): boolean => {
          const mask = isCpu(a) ? cpus : actorOf(a).startsWith('source') ? sources : a >>> 12 === Actor.operation ? operations : 0;
          return ((mask >>> (isCpu(a) ? cpuOf(a) : a & 0xfff)) & 1) !== 0;
        };
        if (!future) return;
        for (let i = 0; i < 60; i++) {
          const free = machine.enabled().filter((a) => !isMember(a) && a >>> 12 !== Actor.probe);
          if (free.length === 0) break;
          const next = dice.of(free);
          const declared = footprintAt(machine, exports.declaredBy(next));
          // a CPU in the shadow of sti declares everything
          const anything = declared.reads === (1n << 320n) - 1n;
          const beyond = ((declared.reads & ~(future.reads | future.writes)) | (declared.writes & ~future.writes)) & ~PASSING;
          if (!anything && beyond !== 0n) problems.add(`seed ${seed}: ${actorOf(next)} ${Actor[next >>> 12]} ${namesOf(beyond)}`);
          if (!applied(machine, next)) break;
          steps++;
        }
        machine.restore(block);
      });
    }
    expect([...problems].slice(0, 20)).toEqual([]);
    expect(steps).toBeGreaterThan(2000);
  });
});
