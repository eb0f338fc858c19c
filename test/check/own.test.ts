/** Own properties in a search: found as early as they break, told, replayed; and what was never asked is said. */
import { describe, expect, test } from 'vitest';
import {
  assembleSystem,
  drawDiagram,
  explain,
  parseToken,
  replayToken,
  search,
  systemOf,
  tokenOf,
  type SearchResult,
  type System,
} from '../../src/index.js';
import { neverJudged } from '../../src/check/engine/evaluated.js';
import { act, handler, interrupt, search as searchCore, settle, steps, task, toy } from '../engine/toy.js';
import { bruteForce } from './brute.js';
import { given, LIMITS, scenarioOf, small, systemFrom } from './help.js';

const base = { cpus: [0, 3], devices: [{ name: 'xhci', irq: 122, cpu: 3, vector: 0x21, raises: 1 }], operations: ['offline: 3'] } as const;
const asserting = (...lines: readonly string[]): string =>
  small({ ...base, more: `assert:\n${lines.map((line) => `  - ${line}`).join('\n')}` });

function found({ failures }: SearchResult): Record<string, number> {
  return Object.fromEntries(failures.map(({ property, length }) => [property, length]));
}

describe('in a search', () => {
  const text = asserting(
    '{name: stays, always: "apicd_cpu[irq 122] == cpu 3"}',
    '{name: start, always: "in_flight > 0"}',
    '{name: rests-on-3, atRest: "apicd_cpu[irq 122] == cpu 3"}',
    '{name: quiet, atRest: "in_flight == 0 && vector_lock == free"}',
    '{name: one-slot, always: "all v in vector: !(vector_irq[cpu 0][v] == irq 122 && vector_irq[cpu 3][v] == irq 122)"}',
    '{name: never-pending, always: "!irr[cpu 0][0x21]"}',
    '{name: follows, afterProbe: "all i in irq: vector_irq[apicd_cpu[i]][apicd_vector[i]] == i"}',
  );

  test.each(['5.6', '5.9'])(
    '%s: the shortest ways are those of brute force, and the states are those without assertions',
    async (model) => {
      const result = await search(systemFrom(text, { model }), LIMITS);
      const brute = await bruteForce(systemFrom(text, { model }));
      expect(found(result)).toEqual(brute.failures);
      expect(found(result)).toMatchObject({ start: 0, stays: expect.any(Number), 'one-slot': expect.any(Number) });
      expect(Object.keys(found(result))).not.toContain('quiet');
      expect(Object.keys(found(result))).not.toContain('follows');
      const plain = await search(systemFrom(small(base), { model }), LIMITS);
      expect(result.coverage.states).toBe(plain.coverage.states);
      expect(result.coverage.transitions).toBe(plain.coverage.transitions);
    },
  );

  test('operations that have ended are counted, as far as the probe', async () => {
    const lines = ['always', 'atRest', 'afterProbe'].map((when) => `{name: ${when.toLowerCase()}, ${when}: "operations_ended == 0"}`);
    const brute = await bruteForce(systemFrom(asserting(...lines)));
    for (const reduction of [0, 1, 2] as const) {
      const { failures } = await search(systemFrom(asserting(...lines)), { ...LIMITS, reduction });
      expect(Object.fromEntries(failures.map(({ property, length }) => [property, length]))).toEqual(brute.failures);
    }
    expect(Object.keys(brute.failures).toSorted()).toEqual(['always', 'atrest']);
  });

  test('22 own properties have a bit each', async () => {
    const names = Array.from({ length: 21 }, (_, i) => `p${i}`);
    const lines = names.map((name, i) => `{name: ${name}, always: "${i % 2 === 0 ? 'apicd_cpu[irq 122] == cpu 3' : 'in_flight < 100'}"}`);
    const { failures } = await search(systemFrom(asserting(...lines)), LIMITS);
    expect(failures.map(({ property }) => property).toSorted()).toEqual(names.filter((_, i) => i % 2 === 0).toSorted());
  });

  test('a property of every state sees those that no step of its own makes', async () => {
    // the value is there between two private stores only
    const { machine } = await toy(
      (k, d) => {
        const x = d.variable('x', 'u8', [], { visible: false });
        const t = task(k, 't', (b) => {
          b.store(x, [], 1);
          b.store(x, [], 0);
        });
        k.invariant('never-one', 'x == 0');
        return { run: { 0: t } };
      },
      { properties: ['never-one'] },
    );
    expect((await searchCore(machine)).failures['never-one']?.length).toBe(0);
    expect(machine.setup.program.own).toEqual(['never-one']);
  });

  test('a judge in between leaves a CPU what it carries: the event of an IRR bit that it has read and sends again', async () => {
    const { machine } = await toy(
      (k) => {
        k.invariant('p', 'in_flight < 100');
        const t = task(k, 't', (b) => {
          b.cli();
          b.irrBit(0x30);
          b.ipi(1, 0x31);
          b.sti();
        });
        const again = handler(k, 'again', (b) => b.serve(0, 0));
        return { run: { 0: t }, handlers: { 0x30: handler(k, 'first'), 0x31: again } };
      },
      { cpus: 2, sources: 1, properties: ['noLoss', 'p'] },
    );
    steps(machine, 0, 1);
    interrupt(machine, 0);
    expect([...Array.from({ length: 3 }, () => act(machine, 'cpu', 0)).flat(), ...settle(machine)]).toEqual([]);
    expect([machine.counter('lost'), machine.counter('served')]).toEqual([0, 1]);
  });
});

describe('a failure', () => {
  const text = asserting(
    '{name: stays, always: "apicd_cpu[irq 122] == cpu 3"}',
    '{name: start, always: "in_flight > 0"}',
    '{name: rests-on-3, atRest: "apicd_cpu[irq 122] == cpu 3"}',
  );
  const failing = async (system: System, name: string) =>
    given((await search(system, LIMITS)).failures.find(({ property }) => property === name));

  test('has its mark in the diagram at the step that breaks it, and a token that does it again', async () => {
    const system = systemFrom(text);
    const failure = await failing(system, 'stays');
    const drawn = drawDiagram(await explain(system, failure));
    expect(drawn).toMatch(/vector_irq of\n[^]*?>>> stays does not hold from here\n/);
    const token = await tokenOf(system, failure.path);
    expect(token).toMatch(/^irqlab1\/~/);
    const again = await replayToken(parseToken(token), systemOf(parseToken(token)));
    expect([again.exact, again.skipped, again.replay.broken()]).toEqual([true, [], ['start', 'stays']]);
    const other = await replayToken(parseToken(token), systemOf(parseToken(token), { model: 'linux-5.6' }));
    expect([other.exact, other.replay.broken()]).toEqual([false, ['start', 'stays', 'rests-on-3']]);
  });

  test('at the start: a mark without a step, a token without a schedule', async () => {
    const system = systemFrom(text);
    const failure = await failing(system, 'start');
    expect([failure.length, failure.path]).toEqual([0, []]);
    const drawn = drawDiagram(await explain(system, failure));
    expect(drawn).toMatch(/^ +>>> start does not hold at the start\n\nState at the start:\n {2}xhci: MSI address/);
    const token = await tokenOf(system, failure.path);
    expect(token).toMatch(/\/-\/-$/);
    const again = await replayToken(parseToken(token), systemOf(parseToken(token)));
    expect([again.exact, again.replay.steps.length, again.replay.broken()]).toEqual([true, 0, ['start']]);
  });

  test('at rest: the way ends where nothing is on its way any more', async () => {
    const system = systemFrom(text);
    const failure = await failing(system, 'rests-on-3');
    expect(drawDiagram(await explain(system, failure))).toContain('>>> rests-on-3 does not hold here');
  });
});

describe('what was never asked', () => {
  test('a part that what stands before it always decides is told', async () => {
    const { vacuity, verdict } = await search(
      systemFrom(asserting('{name: implied, always: "in_flight < 100 || cleanup_list[cpu 3][irq 122]"}')),
      LIMITS,
    );
    expect(verdict).toBe('safe');
    expect(vacuity.neverEvaluated).toEqual([
      'of implied, "cleanup_list[cpu 3][irq 122]" was never evaluated: what stands before it decides in every state',
    ]);
  });

  test('nothing is told of one that was, nor of the model’s invariants', async () => {
    const { vacuity } = await search(systemFrom(asserting('{name: both, always: "in_flight < 100 && lapic_enabled[cpu 0]"}')), LIMITS);
    expect(vacuity.neverEvaluated).toEqual([]);
  });

  test('an assertion that no state was asked about makes a verdict vacuous', async () => {
    const system = systemFrom(asserting('{name: a, atRest: "in_flight == 0"}', '{name: b, always: "in_flight < 100"}'));
    const machine = await system.machine({ timed: false, record: 0 });
    expect(neverJudged(system, [...machine.coverage()])).toBe('vacuous: a, b was never evaluated: no state was at rest');
    machine.judge(system.built.program.judgeAlways ?? 0);
    expect(neverJudged(system, [...machine.coverage()])).toBe('vacuous: a was never evaluated: no state was at rest');
    machine.judge(system.built.program.judgeRest);
    expect(neverJudged(system, [...machine.coverage()])).toBe(undefined);
  });
});

describe('Linux: the states of a move (linux.md 2.1)', () => {
  const moves = small({
    devices: [{ cpu: 1, raises: 1 }],
    operations: ['move: {irq: 24, to: [0]}', 'move: {irq: 24, to: [1]}'],
  });

  test.each(['5.5', '5.6', '5.8', '5.9'])('%s: move-state holds at rest', async (model) => {
    for (const source of [moves, 'torn-move', 'xhci-hotplug']) {
      const { failures, vacuity } = await search(systemFrom(source, { model }), LIMITS);
      expect(failures.map(({ property }) => property)).not.toContain('move-state');
      expect(vacuity.neverEvaluated).toEqual([]);
    }
  });

  test('and is no empty phrase: each of its parts fails by itself where a move is under way', async () => {
    const scenario = scenarioOf(moves);
    const assert = [
      { name: 'idle', atRest: '!apicd_move_in_progress[irq 24]' },
      { name: 'kept', atRest: 'apicd_prev_vector[irq 24] == 0' },
      { name: 'between', always: '(apicd_move_in_progress[irq 24] || apicd_queued[irq 24]) == (apicd_prev_vector[irq 24] != 0)' },
    ];
    const { failures } = await search(assembleSystem({ ...scenario, assert }), LIMITS);
    expect(failures.map(({ property }) => property).toSorted()).toEqual(['between', 'idle', 'kept']);
  });
});
