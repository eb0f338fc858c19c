/** What scenarios with remapping units are held to, whoever made them: the slow search, images, reductions, footprints. */
import { expect } from 'vitest';
import { Actor } from '../../src/core/index.js';
import type { System } from '../../src/index.js';
import { Instrumented } from '../engine/instrumented.js';
import { footprintAt, namesOf, resourceMap } from '../engine/resources.js';
import { Dice, machineOf } from '../engine/systems.js';
import { search } from '../engine/toy.js';
import { bruteForce } from './brute.js';
import { compare } from './reduced.js';

/** More states are not searched. */
const MOST = 20_000;

/** Holds so many searches to brute force; how many of them have found a failure. */
export async function asBruteForce(make: () => System, reduction: 0 | 1, times: number): Promise<number> {
  let failed = 0;
  for (let compared = 0; compared < times;) {
    const s = make();
    const machine = await machineOf(s, false, { record: 0, ring: 0 });
    const { status, states, transitions, rest, failures } = await search(machine, reduction, MOST);
    if (status !== 'done') continue;
    const lengths = Object.fromEntries(Object.entries(failures).map(([name, { length }]) => [name, length]));
    expect({ states, transitions, rest, failures: lengths }).toEqual(await bruteForce(s, reduction === 1));
    if (Object.keys(lengths).length > 0) failed++;
    compared++;
  }
  return failed;
}

/** Both levels of the reduction against the full search; how many were compared. */
export async function reducedAlike(make: (i: number) => System, times: number): Promise<number> {
  let compared = 0;
  for (let i = 0; compared < times; i++) {
    const s = make(i);
    const what = JSON.stringify(s.model.behaviours.map(({ name, value }) => [name, value]));
    if (await compare(() => machineOf(s, false, { record: 0, ring: 0 }), MOST, what)) compared++;
  }
  return compared;
}

/** Random walks: what has gone through an image goes on as what has not; steps of all of them. */
export async function imagesGoOn(make: (i: number) => System, dice: Dice, times: number): Promise<number> {
  let steps = 0;
  for (let i = 0; i < times; i++) {
    const s = make(i);
    const [original, other] = [await machineOf(s, false, { record: 0, ring: 0 }), await machineOf(s, false, { record: 0, ring: 0 })];
    for (let n = 0; n < 300; n++) {
      other.setImage(original.image());
      const actions = original.enabled();
      expect(other.enabled()).toEqual(actions);
      if (actions.length === 0) break;
      const action = dice.of(actions);
      expect(other.apply(action)).toEqual(original.apply(action));
      expect(Buffer.compare(other.image(), original.image())).toBe(0);
      steps++;
    }
  }
  return steps;
}

interface Footprints {
  /** what was touched and not declared, and what does not commute */
  readonly problems: readonly string[];
  /** steps that were looked at, by actor */
  readonly seen: ReadonlyMap<number, number>;
  /** pairs without a conflict, one of them a unit's */
  readonly pairs: number;
}

const isOfUnit = (action: number): boolean => action >>> 12 === Actor.queue || action >>> 12 === Actor.drop;

/** Random walks: at some states all steps, and all pairs with one of a unit. */
export async function footprintsOf(make: (dice: Dice, i: number) => System, seed: number, times: number): Promise<Footprints> {
  const instrumented = await Instrumented.build();
  const problems = new Set<string>();
  const seen = new Map<number, number>();
  let pairs = 0;
  for (let i = 0; i < times; i++) {
    const dice = new Dice(seed + i);
    const s = make(dice, i);
    const machine = await instrumented.used(() => machineOf(s, false, { record: 0, ring: 0 }));
    machine.image();
    machine.core.exports.openReduction();
    const resource = resourceMap(machine);
    for (let n = 0; n < 120; n++) {
      const enabled = machine.enabled();
      if (enabled.length === 0) break;
      const block = machine.snapshot();
      if (n % 6 === 0 || enabled.some(isOfUnit)) {
        for (const a of enabled) {
          const declared = footprintAt(machine, machine.core.exports.declaredBy(a));
          const touches = instrumented.during(() => machine.core.exports.tryAlone(a));
          machine.restore(block);
          let [reads, writes] = [0n, 0n];
          for (const { address, bytes, write } of touches) {
            for (let byte = 0; byte < bytes; byte++) {
              if (write) writes |= resource(address + byte);
              else reads |= resource(address + byte);
            }
          }
          const [unread, unwritten] = [reads & ~(declared.reads | declared.writes), writes & ~declared.writes];
          if (unread | unwritten) problems.add(`${Actor[a >>> 12]} reads ${namesOf(unread)}, writes ${namesOf(unwritten)}`);
          seen.set(a >>> 12, (seen.get(a >>> 12) ?? 0) + 1);
        }
        for (const [k, a] of enabled.entries()) {
          for (const b of enabled.slice(k + 1)) {
            const isPair = [a, b].some(isOfUnit) && ![a, b].some((each) => each >>> 12 === Actor.probe);
            if (!isPair || machine.core.exports.areDependent(a, b)) continue;
            const order = (first: number, then: number): Buffer => {
              machine.apply(first);
              machine.apply(then);
              const image = Buffer.from(machine.image());
              machine.restore(block);
              return image;
            };
            if (order(a, b).compare(order(b, a)) !== 0) problems.add(`${Actor[a >>> 12]} and ${Actor[b >>> 12]} do not commute`);
            pairs++;
          }
        }
      }
      // operations are rare among the actions, and what happens is theirs
      const begins = enabled.filter((a) => a >>> 12 === Actor.operation);
      machine.apply(dice.of(begins.length > 0 && dice.below(4) === 0 ? begins : enabled));
    }
  }
  return { problems: [...problems], seen, pairs };
}
