import { describe, expect, test } from 'vitest';
import type { ProgramMachine } from '../../src/machine/index.js';
import { Dice, machineOf, randomSystem } from '../engine/systems.js';
import { act, msi, settle, steps, task, toy } from '../engine/toy.js';

describe('snapshot, restore and digest (design 3)', () => {
  test('a restored machine goes on identically, messages in flight and clock included', async () => {
    const dice = new Dice(6);
    for (let i = 0; i < 20; i++) {
      const s = randomSystem(dice, { hotplug: true });
      const machine = await machineOf(s, true, { properties: [], ring: 0 });
      machine.run(200_000 + dice.below(50_000));
      while (machine.counter('messages') === 0 && machine.now < 10_000_000n) machine.run(50_000);
      const snapshot = machine.snapshot();
      const on = (m: ProgramMachine): string[] => {
        m.run(300_000);
        return [m.digest(), m.eventDigest()];
      };
      const once = on(machine);
      machine.restore(snapshot);
      expect(on(machine)).toEqual(once);
      const other = await machineOf(s, true, { properties: [], ring: 0, seed: 99 });
      other.run(1000);
      other.restore(snapshot);
      expect(on(other)).toEqual(once);
    }
  });

  test('a digest covers everything but the record class', async () => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const state = d.variable('state', 'u8', []);
        const constant = d.variable('constant', 'u8', [], { class: 'fixed' });
        const record = d.variable('record', 'u8', [], { class: 'record' });
        return { state, constant, record, run: { 0: task(k, 't', (b) => b.note('moved')) } };
      },
      { sources: 1 },
    );
    const before = machine.digest();
    const differs = (change: () => void): boolean => {
      const snapshot = machine.snapshot();
      change();
      const after = machine.digest();
      machine.restore(snapshot);
      return after !== before;
    };
    expect(differs(() => machine.setVariable(kernel.record.slot, 0, 0, 1))).toBe(false);
    expect(differs(() => machine.events())).toBe(false);
    expect(differs(() => machine.setVariable(kernel.state.slot, 0, 0, 1))).toBe(true);
    expect(differs(() => machine.setVariable(kernel.constant.slot, 0, 0, 1))).toBe(true);
    expect(differs(() => machine.setDevice(0, { ...msi(0, 0x30), data: 1 }))).toBe(true);
    expect(differs(() => act(machine, 'raise'))).toBe(true);
    expect(differs(() => steps(machine, 0, 1))).toBe(true);
    settle(machine);
    expect(machine.counter('events')).toBeGreaterThan(0);
  });
});
