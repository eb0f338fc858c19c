import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eq, type Builder } from '../../src/kernel/index.js';
import { Status } from '../../src/core/index.js';
import { Alone } from '../../src/check/engine/explorer.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { findScenario } from '../../src/scenario/index.js';
import { machineOf, system } from '../engine/systems.js';
import { explore, search, task, toy } from '../engine/toy.js';

/** CPUs that each execute so many independent stores, then end. */
const independent = (stores: readonly number[]) =>
  toy(
    (k, d) => ({
      run: Object.fromEntries(
        stores.map((n, c) => {
          const x = d.variable(`x${c}`, 'u8', []);
          const t = task(k, `t${c}`, (b) => {
            for (let i = 0; i < n; i++) b.store(x, [], i);
          });
          return [c, t];
        }),
      ),
    }),
    { cpus: stores.length },
  );

describe('the states that are visited', () => {
  test.each([[[1, 1]], [[4, 4]], [[2, 7]], [[3, 3, 3]], [[0, 5]], [[20, 20, 20]]])(
    '%j independent micro-ops and an end each: the product',
    async (stores) => {
      const { machine } = await independent(stores);
      const found = await search(machine);
      const lengths = stores.map((n) => n + 2);
      const states = lengths.reduce((product, n) => product * n, 1);
      expect(found.states).toBe(states);
      // from each state one step for each CPU that has not ended
      expect(found.transitions).toBe(lengths.reduce((sum, n) => sum + (states / n) * (n - 1), 0));
      expect(found.rest).toBe(1);
      // each state is found once: all other steps that lead to it sleep
      expect(found.executed).toBe(states - 1);
    },
  );

  test('are those of an enumeration by hand, in number and steps, for any small program', async () => {
    await fc.assert(
      fc.asyncProperty(programs, async (p) => {
        const { machine, again } = await small(p);
        let transitions = 0;
        let rest = 0;
        const states = explore(await again(), (m, actions) => {
          transitions += actions.length;
          rest += m.quiet === 'rest' ? 1 : 0;
        });
        expect(await search(machine)).toMatchObject({ status: 'done', states, transitions, rest });
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  test('are the same on every run', async () => {
    const s = system(findScenario('torn-move')?.text ?? '', 'linux-5.5');
    const [first, second] = [await search(await machineOf(s, false)), await search(await machineOf(s, false))];
    expect(first.failures).not.toEqual({});
    expect(second).toEqual(first);
  });

  test('a second search on the same machine starts from the state as it is', async () => {
    const { machine, again } = await independent([5, 5]);
    machine.apply(machine.enabled()[0] ?? 0);
    const found = await search(machine);
    expect(found.states).toBe(6 * 7);
    const fresh = await again();
    expect((await search(fresh)).states).toBe(49);
  });
});

type Op = { readonly op: 'store' | 'show' | 'check' | 'wait' | 'ipi' | 'config'; readonly at: number; readonly value: number };
type Programs = readonly (readonly Op[])[];

/** Two or three CPUs with up to three instructions each, on two shared variables. */
const programs: fc.Arbitrary<Programs> = fc.array(
  fc.array(
    fc.record({
      op: fc.constantFrom('store', 'show', 'check', 'wait', 'ipi', 'config'),
      at: fc.integer({ min: 0, max: 1 }),
      value: fc.integer({ min: 0, max: 2 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  { minLength: 2, maxLength: 2 },
);

/** `show` is a visible store, `store` weighs nothing; `check` flags a value. */
const small = (programsOf: Programs) =>
  toy(
    (k, d) => {
      const plain = [0, 1].map((i) => d.variable(`plain${i}`, 'u8', [], { bits: 2 }));
      const shown = [0, 1].map((i) => d.variable(`shown${i}`, 'u8', [], { bits: 2, visible: true }));
      const one = (b: Builder, { op, at, value }: Op): void => {
        const [p, s] = [plain[at], shown[at]];
        if (!p || !s) return;
        if (op === 'store') b.store(p, [], value);
        else if (op === 'show') b.store(s, [], value);
        else if (op === 'wait') b.waitEq(s, [], value);
        else if (op === 'ipi') b.ipi(at, 0x40);
        else if (op === 'config') b.cfgWrite(0, 'data', 0x4030 + value);
        else b.if(eq(b.load(at === 0 ? p : s), value), () => b.flag(at === 0 ? 'noStray' : 'noLeak'));
      };
      const tasks = programsOf.map((ops, c) => task(k, `t${c}`, (b) => ops.forEach((op) => one(b, op))));
      return { run: Object.fromEntries(tasks.map((t, c) => [c, t])) };
    },
    { cpus: programsOf.length, sources: [{ raises: 1 }], properties: ['noStray', 'noLeak', 'progress'] },
  );

/** Fewest visible steps to each property, over every path: depth first, without remembering states. */
function bruteForce(machine: ProgramMachine): Record<string, number> {
  const best: Record<string, number> = {};
  const note = (names: readonly string[], length: number): void => {
    for (const name of names) best[name] = Math.min(best[name] ?? Infinity, length);
  };
  let paths = 0;
  const go = (visible: number): void => {
    if (++paths > 3000) throw new RangeError('too many paths');
    const at = machine.snapshot();
    const actions = machine.enabled();
    if (machine.quiet === 'deadlock') note(['progress'], visible);
    for (const action of actions) {
      machine.restore(at);
      const step = machine.apply(action);
      const length = visible + (step.visible ? 1 : 0);
      note(step.broken, length);
      go(length);
    }
    machine.restore(at);
  };
  go(0);
  return best;
}

test('a counterexample is as short as the shortest of all paths (0-1 breadth first)', async () => {
  let failing = 0;
  await fc.assert(
    fc.asyncProperty(programs, async (p) => {
      const { machine, again } = await small(p);
      let expected: Record<string, number>;
      try {
        expected = bruteForce(await again({ record: 0, ring: 0 }));
      } catch (error) {
        if (error instanceof RangeError) return;
        throw error;
      }
      const checked = machine.setup.properties as readonly string[];
      const wanted = Object.fromEntries(Object.entries(expected).filter(([name]) => checked.includes(name)));
      failing += Object.keys(wanted).length;
      const found = Object.fromEntries(Object.entries((await search(machine)).failures).map(([name, { length }]) => [name, length]));
      expect(found).toEqual(wanted);
    }),
    { numRuns: 60, seed: 2 },
  );
  expect(failing).toBeGreaterThan(10);
});

test('a state found by a visible step, and again without one, counts without it', async () => {
  const { machine } = await toy(
    (k, d) => {
      const x = d.variable('x', 'bool', []);
      const plain = d.variable('plain', 'u8', []);
      const shown = d.variable('shown', 'u8', [], { visible: true });
      // both ways end in the same state, the visible one is met first
      const t = task(k, 't', (b) => {
        b.if(
          b.load(x),
          () => {
            b.store(plain, [], 0);
            b.store(plain, [], 0);
          },
          () => b.store(shown, [], 0),
        );
        b.flag('noStray');
      });
      return { run: { 0: t, 1: task(k, 'u', (b) => b.store(x, [], 1)) } };
    },
    { cpus: 2, properties: ['noStray'] },
  );
  expect((await search(machine)).failures.noStray?.length).toBe(0);
});

test('a search that runs out of memory says so', async () => {
  const { machine, again } = await independent([60, 60, 60]);
  const within = (memory: number): Promise<Status> =>
    new Alone(machine, { memory, wide: false, spill: undefined, resumed: false, reduction: 0 }).run({
      states: Infinity,
      first: false,
      depth: Infinity,
      look: () => false,
    });
  expect(await within(0)).toBe(Status.memory);
  expect(await within(4 << 20)).toBe(Status.memory);
  expect(await search(await again())).toMatchObject({ status: 'done', states: 62 ** 3 });
});
