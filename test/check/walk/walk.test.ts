/** A check walked by hand: the shortest failure step by step, back and forth, and words for whatever can happen. */
import { describe, expect, test } from 'vitest';
import { locksOf, Walk, type Taken } from '../../../src/check/index.js';
import { Actor } from '../../../src/core/index.js';
import { parseToken, replayToken, systemOf } from '../../../src/index.js';
import { Dice, randomSystem } from '../../engine/systems.js';
import { given, searchOf, small, systemFrom } from '../help.js';

function take(walk: Walk, name: string): Taken {
  return walk.take(given(walk.choices().find((choice) => choice.name === name)).action);
}

/** Steps of a CPU until it stands there. */
function until(walk: Walk, name: string, routine: string, line: number): void {
  const cpu = walk.system.scenario.machine.cpus.findIndex((c) => `cpu${c.cpu}` === name);
  for (;;) {
    const stands = walk.standings.current(cpu);
    if (stands?.routine === routine && stands.line === line) return;
    take(walk, name);
  }
}

/** The shortest way of Linux 5.6 to lose the interrupt, up to the step that loses it. */
async function toTheLoss(): Promise<{ walk: Walk; loss: Taken }> {
  const walk = await Walk.begin(systemFrom('xhci-hotplug', { model: '5.6' }));
  take(walk, 'op0');
  until(walk, 'cpu0', 'multi_cpu_stop', 1);
  until(walk, 'cpu3', 'multi_cpu_stop', 3);
  until(walk, 'cpu0', 'multi_cpu_stop', 5);
  until(walk, 'cpu3', '__pci_write_msi_msg', 3);
  for (const name of ['xhci.raise', 'xhci.sample', 'cpu3', 'xhci.m0']) expect(take(walk, name).broken).toEqual([]);
  return { walk, loss: take(walk, 'xhci.m0') };
}

describe('the shortest failure of xhci-hotplug on Linux 5.6, by hand', () => {
  test('the loss is reported at the step that drops the message, and the state at rest says so', async () => {
    const { walk, loss } = await toTheLoss();
    expect(loss.text).toBe('xhci -> CPU 3 vector 0x21 reaches the LAPIC');
    expect(loss.broken).toEqual(['noLoss']);
    expect(loss.remarks).toEqual(['LAPIC: 0x21 dropped: the LAPIC is disabled', 'LOST here: nothing carries the event of xhci any more']);
    expect(walk.judgement()).toBeUndefined();
    walk.rest();
    expect(walk.judgement()).toMatchObject({ quiet: 'rest', fails: ['noLoss'], open: ['noLeak', 'inStep', 'progress'] });
    // as long as the one that the search finds
    const { failures } = await searchOf('xhci-hotplug', { model: '5.6' });
    expect(walk.taken.filter((step) => step.visible)).toHaveLength(given(failures[0]).length);
  });

  test('kernel and device part where the LAPIC is disabled, and agree again with the new address', async () => {
    const { walk } = await toTheLoss();
    const said = walk.taken.filter((step) => step.remarks.some((remark) => /part|agree/.test(remark)));
    expect(said.map((step) => [step.at, ...step.remarks])).toEqual([
      ['take_cpu_down:2', 'from here kernel and xhci part: its message goes to a LAPIC that is disabled'],
      ['__pci_write_msi_msg:3', 'kernel and xhci agree again'],
    ]);
  });

  test('its token replays to the same image', async () => {
    const { walk } = await toTheLoss();
    const token = parseToken(await walk.token());
    const { replay, exact, skipped } = await replayToken(token, systemOf(token));
    expect([exact, skipped, replay.broken()]).toEqual([true, [], ['noLoss']]);
    expect(replay.machine.image()).toEqual(walk.machine.image());
  });

  test('who waits, and for what', async () => {
    const { walk } = await toTheLoss();
    expect(walk.blocked()).toEqual([{ name: 'cpu0', at: 'multi_cpu_stop:5', waitsFor: 'stop_state == EXIT, now RUN' }]);
    walk.go(walk.taken.length - 2);
    expect(walk.blocked().map((each) => each.waitsFor)).toContain('the completion of its config access, behind xhci -> CPU 3 vector 0x21');
    expect(walk.states.messages()).toMatchObject([{ text: 'xhci -> CPU 3 vector 0x21', awaitedBy: [{ cpu: 1, level: 'stopper' }] }]);
  });
});

test('a lock is waited for, held by another', async () => {
  const scenario = small({ devices: [{ cpu: 1, affinity: [0, 1] }], operations: ['move: {irq: 24, to: [0]}'] });
  const walk = await Walk.begin(systemFrom(scenario));
  for (const name of ['op0', 'cpu0', 'cpu0', 'd0.raise', 'd0.sample', 'd0.m0', 'd0.m0', 'cpu1.irq', 'cpu1']) take(walk, name);
  expect(walk.choices().map(({ name }) => name)).toEqual(['cpu0']);
  expect(walk.blocked()).toEqual([{ name: 'cpu1', at: 'handle_edge_irq:1', waitsFor: 'desc_lock[irq 24], held by cpu0' }]);
  expect(locksOf(walk)).toEqual([{ name: 'desc_lock[irq 24]', holder: 'CPU 0', waiters: ['CPU 1 hardirq'] }]);
});

describe('back and forth', () => {
  test('every state of a way comes back, byte for byte, and so do its steps', async () => {
    const walk = await Walk.begin(systemFrom('xhci-hotplug', { model: '5.6' }));
    take(walk, 'xhci.raise');
    take(walk, 'op0');
    const states = [{ image: walk.machine.image(), digest: walk.machine.digest() }];
    for (let next = 0; next < 150; next++) {
      const { action } = given(walk.choices()[0]);
      walk.take(action);
      states.push({ image: walk.machine.image(), digest: walk.machine.digest() });
      if (walk.judgement() !== undefined) break;
    }
    const last = walk.taken.length;
    expect(last).toBeGreaterThan(110);
    const steps = walk.taken;
    for (const to of [last - 1, 5, last, 64, 63, 65, 100, 2, last]) {
      walk.go(to);
      expect([to, walk.machine.image(), walk.machine.digest()]).toEqual([to, given(states[to - 2]).image, given(states[to - 2]).digest]);
      expect([walk.taken.length, walk.ahead]).toEqual([to, last - to]);
    }
    expect(walk.taken).toEqual(steps);
  });

  test('a step taken after going back forgets what was ahead', async () => {
    const walk = await Walk.begin(systemFrom('xhci-hotplug'));
    for (const name of ['op0', 'cpu0', 'cpu0']) take(walk, name);
    walk.go(1);
    take(walk, 'xhci.raise');
    expect([walk.taken.map(({ name }) => name), walk.ahead]).toEqual([['op0', 'xhci.raise'], 0]);
    expect(() => walk.go(3)).toThrow(RangeError);
    expect(() => walk.take(Actor.send << 12)).toThrow(RangeError);
  });

  test('a judge at rest leaves nothing behind', async () => {
    const walk = await Walk.begin(systemFrom('move-hotplug'));
    take(walk, 'probe');
    walk.rest();
    while (walk.choices().length > 0) walk.take(given(walk.choices()[0]).action);
    const before = Buffer.from(walk.machine.snapshot());
    expect(walk.judgement()).toMatchObject({ quiet: 'rest', open: [], fails: [] });
    expect(before.equals(walk.machine.snapshot())).toBe(true);
  });
});

describe('random walks over random systems', () => {
  test('every enabled step has words, everybody who is blocked a reason, and nothing throws', async () => {
    const dice = new Dice(20200318);
    const waits = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const system = randomSystem(dice, { hotplug: true, assumptions: i % 2 === 1 });
      const walk = await Walk.begin(system);
      for (let n = 0; n < 300; n++) {
        const choices = walk.choices();
        if (choices.length === 0) break;
        expect(new Set(choices.map(({ name }) => name)).size).toBe(choices.length);
        for (const { name, text, at } of choices) {
          expect(text).toMatch(/^\S.*\S$/);
          expect(text).not.toMatch(/undefined|\?$|NaN|index/);
          expect(at !== undefined).toBe(/^cpu\d+$/.test(name));
        }
        // what a context waits for is said exactly where the core says that it cannot go on
        const has = (actor: Actor, c: number) => choices.some(({ action }) => action === ((actor << 12) | c));
        const current = system.names.cpus.flatMap((_, c) => (has(Actor.interrupt, c) ? [] : (walk.standings.current(c) ?? [])));
        expect(current.filter(({ waitsFor }) => waitsFor === undefined)).toEqual(current.filter(({ cpu }) => has(Actor.cpu, cpu)));
        for (const { waitsFor } of walk.blocked()) waits.add(waitsFor.replace(/[[,].*|->.*|CPU.*|( [!=]=.*)/, ''));
        const taken = walk.take(dice.of(choices).action);
        expect(taken.text).toMatch(/^\S.*\S$/);
      }
      const image = walk.machine.image();
      const steps = walk.taken.length;
      for (const to of [dice.below(steps), dice.below(steps), steps]) walk.go(to);
      expect(walk.machine.image()).toEqual(image);
      walk.rest();
      walk.judgement();
    }
    expect([...waits]).toEqual(expect.arrayContaining(['stop_state', 'stop_nr_todo', 'cpu_state', 'desc_lock', 'vector_lock']));
  });
});
