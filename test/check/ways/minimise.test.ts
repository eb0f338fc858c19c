/** Counterexamples without what they do not need, and the two steps whose order decides. */
import { beforeAll, describe, expect, test } from 'vitest';
import { explain, minimise, type Failure, type ProgramMachine, type System } from '../../../src/index.js';
import { findRace, Replay } from '../../../src/check/index.js';
import { Actor } from '../../../src/core/index.js';
import { allFailures, type Found } from '../failures.js';
import { given, searchOf, systemFrom } from '../help.js';

const EACH = 120_000;

interface Walked {
  readonly visible: number;
  readonly broken: 'step' | 'rest' | 'deadlock' | undefined;
}

function judged(machine: ProgramMachine, property: string): Walked['broken'] {
  machine.enabled();
  if (machine.quiet === 'deadlock') return property === 'progress' ? 'deadlock' : undefined;
  const atRest: readonly string[] = machine.quiet === 'rest' ? machine.brokenAtRest() : [];
  return atRest.includes(property) ? 'rest' : undefined;
}

/** Every action must be possible; the property may break in the last step only, or by the state behind it. */
function walk(machine: ProgramMachine, path: readonly number[], property: string): Walked | undefined {
  let visible = 0;
  for (const [i, action] of path.entries()) {
    if (!machine.enabled().includes(action)) return undefined;
    const step = machine.apply(action);
    if (step.visible) visible++;
    if ((step.broken as readonly string[]).includes(property)) return i + 1 < path.length ? undefined : { visible, broken: 'step' };
  }
  return { visible, broken: judged(machine, property) };
}

async function walked(system: System, path: readonly number[], property: string): Promise<Walked | undefined> {
  return walk(await system.machine({ timed: false, record: 0 }), path, property);
}

/** CPU or device of an action, as far as these scenarios need it: one source a device, operations on CPU 0. */
function partyOf(system: System, action: number): string {
  const [actor, which] = [action >>> 12, action & 0xfff];
  const devices = system.names.devices.length;
  if (actor === Actor.cpu || actor === Actor.interrupt) return `cpu${which}`;
  if (actor === Actor.operation) return `cpu${given(system.built.operations[which]).cpu}`;
  if (actor === Actor.probe) return 'probe';
  if (actor === Actor.message) return which >>> 4 < devices ? `device${which >>> 4}` : `ipi${(which >>> 4) - devices}`;
  return `device${which}`;
}

function switches(system: System, path: readonly number[]): number {
  return path.filter((action, i) => i > 0 && partyOf(system, action) !== partyOf(system, given(path[i - 1]))).length;
}

let found: Found[];
let minimised: Failure[];
beforeAll(async () => {
  found = await allFailures();
  minimised = [];
  for (const { system, failure } of found) minimised.push(await minimise(system, failure));
}, EACH);

describe('every failure of the built-in scenarios', () => {
  test('there are such', () => expect(found.length).toBeGreaterThan(12));

  test('fails the same way, with as many visible steps, and no more switches from party to party', async () => {
    for (const [n, { name, system, failure }] of found.entries()) {
      const less = given(minimised[n]);
      const [before, after] = [await walked(system, failure.path, failure.property), await walked(system, less.path, less.property)];
      expect([name, after]).toEqual([name, before]);
      expect(after?.broken).toBeDefined();
      expect([name, after?.visible]).toEqual([name, failure.length]);
      expect(switches(system, less.path)).toBeLessThanOrEqual(switches(system, failure.path));
      expect(less.property).toBe(failure.property);
    }
  });

  test(
    'is 1-minimal: without any one step it does not fail this way',
    async () => {
      for (const [n, { name, system, failure }] of found.entries()) {
        const { path, property } = given(minimised[n]);
        const machine = await system.machine({ timed: false, record: 0 });
        const start = machine.image();
        const kind = walk(machine, path, property)?.broken;
        for (let i = 0; i < path.length; i++) {
          machine.setImage(start);
          const without = walk(machine, path.toSpliced(i, 1), property);
          const isAsGood = without !== undefined && without.broken === kind && without.visible <= failure.length;
          expect([`${name}, without step ${i}`, isAsGood]).toEqual([`${name}, without step ${i}`, false]);
        }
      }
    },
    EACH,
  );

  test('is the same whenever it is minimised, and when it is minimised again', async () => {
    for (const n of [0, found.length - 1]) {
      const { system, failure } = given(found[n]);
      const once = given(minimised[n]);
      expect((await minimise(system, failure)).path).toEqual(once.path);
      expect((await minimise(system, once)).path).toHaveLength(once.path.length);
    }
  });
});

describe('what is left out', () => {
  test('an interrupt that was handled before all that', async () => {
    const { system, failure } = given(found[0]);
    const replay = await Replay.begin(system);
    const raise = given(failure.path.find((action) => action >>> 12 === Actor.raise));
    replay.apply(raise);
    replay.toRest();
    const before = replay.steps.map(({ action }) => action);
    expect(before.length).toBeGreaterThan(10);
    const long = [...before, ...failure.path];
    const longer = await walked(system, long, failure.property);
    expect(longer?.broken).toBe('rest');
    expect(longer?.visible).toBeGreaterThan(failure.length);
    const { path } = await minimise(system, { path: long, property: failure.property });
    expect(path).toHaveLength(given(minimised[0]).path.length);
    expect((await walked(system, path, failure.property))?.visible).toBe(failure.length);
  });

  test('a single step of a CPU that goes on while another one fails', async () => {
    const n = found.findIndex(({ name }) => name.startsWith('torn-move {"model":"5.5"}'));
    const [{ system, failure }, { path }] = [given(found[n]), given(minimised[n])];
    const more = path.toSpliced(-1, 0, Actor.cpu << 12);
    expect(await walked(system, more, failure.property)).toEqual({ visible: failure.length, broken: 'step' });
    expect((await minimise(system, { path: more, property: failure.property })).path).toEqual(path);
  });

  test('nothing of a way that breaks nothing, or not what it says', async () => {
    const { system, failure } = given(found[0]);
    const half = failure.path.slice(0, 40);
    expect((await minimise(system, { path: half })).path).toBe(half);
    expect((await minimise(system, { path: half, property: 'noLoss' })).path).toBe(half);
    expect((await minimise(system, { path: failure.path, property: 'noStray' })).path).toBe(failure.path);
    expect((await minimise(system, { path: failure.path, property: 'nobody-knows' })).path).toBe(failure.path);
  });
});

describe('the race', () => {
  /** A swapped schedule led to rest: everything of the way that is possible, then everybody in the machine's order, then the probe. */
  function leadOn(machine: ProgramMachine, actions: readonly number[], property: string, probe: boolean): boolean {
    const isOutside = (action: number): boolean => [Actor.raise, Actor.operation, Actor.probe].includes(action >>> 12);
    const take = (action: number): boolean => {
      if (!machine.enabled().includes(action)) return false;
      if ((machine.apply(action).broken as readonly string[]).includes(property)) throw new Error('it fails');
      return true;
    };
    let waiting: number[] = [];
    for (const action of actions.filter((each) => each >>> 12 !== Actor.probe)) {
      waiting = waiting.filter((each) => !take(each));
      if (!take(action) && isOutside(action)) waiting.push(action);
    }
    const raises = Array.from({ length: 4 * machine.setup.sources.length }, () => (Actor.probe << 12) | 1);
    for (const next of [...waiting, ...(probe ? [Actor.probe << 12, ...raises] : []), undefined]) {
      for (;;) {
        const inside = machine.enabled().find((each) => !isOutside(each));
        if (inside === undefined) break;
        take(inside);
      }
      if (judged(machine, property) !== undefined) return false;
      if (next !== undefined) take(next);
    }
    return machine.quiet === 'rest';
  }

  test('with the second step before the first the property holds: replayed here for each failure that has a pair', async () => {
    let pairs = 0;
    for (const [n, { name, system }] of found.entries()) {
      const way = given(minimised[n]);
      const marked = (await explain(system, way)).rows.flatMap(({ steps, marks }) =>
        marks.some((m) => m.kind === 'race') ? [steps[0]] : [],
      );
      if (marked.length === 0) continue;
      pairs++;
      const [first, second] = marked as [number, number];
      expect(first).toBeLessThan(second);
      const party = partyOf(system, given(way.path[first]));
      expect(partyOf(system, given(way.path[second]))).not.toBe(party);
      const machine = await system.machine({ timed: false, record: 0 });
      for (const action of way.path.slice(0, first)) machine.apply(action);
      const later: number[] = [];
      const held = new Set([party]);
      for (const action of way.path.slice(first + 1, second)) {
        if (!held.has(partyOf(system, action)) && machine.enabled().includes(action)) machine.apply(action);
        else {
          held.add(partyOf(system, action));
          later.push(action);
        }
      }
      const b = given(way.path[second]);
      expect(machine.enabled()).toContain(b);
      machine.apply(b);
      const rest = [given(way.path[first]), ...later, ...way.path.slice(second + 1)];
      const probed = way.path.some((action) => action >>> 12 === Actor.probe);
      expect([name, leadOn(machine, rest, way.property, probed)]).toEqual([name, true]);
    }
    expect(pairs).toBeGreaterThan(10);
  });

  test('a leak that no order prevents has none', async () => {
    const system = systemFrom('torn-move', { model: '5.8' });
    const failure = given((await searchOf('torn-move', { model: '5.8' })).failures.find((f) => f.property === 'noLeak'));
    const { path, property } = await minimise(system, failure);
    expect(await findRace(system, { path, property }, path.length - 1)).toBe('none');
    expect((await explain(system, { path, property })).notes).toEqual(['No two steps were found whose order alone decides it.']);
  });

  test('none is looked for where nothing breaks', async () => {
    const { system, failure } = given(found[0]);
    expect(await findRace(system, { path: failure.path }, failure.path.length - 1)).toBeUndefined();
    expect(await findRace(system, { path: failure.path, property: 'noStray' }, failure.path.length - 1)).toBeUndefined();
  });
});
