/** Differences between two states: named as users know things, and the same as a look at the machine before and after finds. */
import { describe, expect, test } from 'vitest';
import {
  changeText,
  elementsOf,
  lapicOf,
  locksOf,
  msiOf,
  variablesOf,
  vectorTable,
  whereIs,
  Walk,
  type Taken,
} from '../../../src/check/index.js';
import type { ProgramMachine } from '../../../src/machine/index.js';
import type { System } from '../../../src/scenario/index.js';
import { Dice, randomSystem } from '../../engine/systems.js';
import { given, systemFrom } from '../help.js';

function take(walk: Walk, name: string): Taken {
  return walk.take(given(walk.choices().find((choice) => choice.name === name)).action);
}

/** Everything that the machine's own functions show, by names made here. */
function look(system: System, machine: ProgramMachine): Map<string, string> {
  const { cpus } = system.scenario.machine;
  const seen = new Map<string, string>();
  const numbers = {
    cpu: cpus.map((c) => `cpu ${c.cpu}`),
    irq: system.names.irqs.map((irq) => `irq ${irq}`),
    vector: Array.from({ length: 256 }, (_, v) => `0x${v.toString(16)}`),
    device: system.names.devices,
  };
  const of = (dim: string | undefined): readonly string[] => (dim === undefined ? [''] : (numbers[dim as 'cpu'] ?? []));
  for (const variable of system.built.variables) {
    of(variable.dims[0]).forEach((first, i) => {
      of(variable.dims[1]).forEach((second, j) => {
        const name = [variable.name, ...(first === '' ? [] : [`[${first}]`]), ...(second === '' ? [] : [`[${second}]`])].join('');
        if (variable.form === 'mask') {
          const members = machine.maskBits(variable.slot, i).map((bit) => of(variable.over)[bit]);
          seen.set(name, members.join(', '));
        } else seen.set(name, String(machine.variable(variable.slot, i, j)));
      });
    });
  }
  system.names.cpus.forEach((name, c) => {
    const { irr, isr, svr, tpr, ppr, interruptsOn, run } = machine.cpu(c);
    const list = (vectors: readonly number[]): string => vectors.map((v) => numbers.vector[v]).join(', ');
    Object.entries({ IRR: list(irr), ISR: list(isr), SVR: svr, TPR: tpr, PPR: ppr, IF: interruptsOn, state: run }).forEach(
      ([what, value]) => seen.set(`${name} ${what}`, String(value)),
    );
  });
  system.names.devices.forEach((name, d) => {
    const { control, addrLo, addrHi, data } = machine.msiOf(d);
    Object.entries({ control, address: addrLo, 'address high': addrHi, data }).forEach(([what, value]) =>
      seen.set(`${name} MSI ${what}`, String(value)),
    );
  });
  system.names.sources.forEach((name, s) => seen.set(`${name} owed`, String(machine.owed(s))));
  return seen;
}

/** Names of what both ways of looking know. */
function differing(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...after].flatMap(([name, value]) => (before.get(name) === value ? [] : [name])).toSorted();
}

describe('differences', () => {
  test('are those that the machine shows before and after, along random walks', async () => {
    const dice = new Dice(122);
    let found = 0;
    for (let i = 0; i < 12; i++) {
      const system = randomSystem(dice, { hotplug: true, assumptions: true });
      const walk = await Walk.begin(system);
      let before = look(system, walk.machine);
      for (let n = 0; n < 100; n++) {
        const choices = walk.choices();
        if (choices.length === 0) break;
        const { changes } = walk.take(dice.of(choices).action);
        const after = look(system, walk.machine);
        const names = [...new Set(changes.map((change) => change.name))].filter((name) => after.has(name)).toSorted();
        expect(names).toEqual(differing(before, after));
        for (const { name, from, to } of changes) {
          expect(`${name}${from}${to}`).not.toMatch(/NaN|\?/);
        }
        // what came to a set is in it, what went is not
        const sets = changes.filter(({ name, from, to }) => after.has(name) && (from === undefined || to === undefined));
        for (const { name, from, to } of sets)
          expect(
            after
              .get(name)
              ?.split(', ')
              .includes(to ?? from ?? ''),
          ).toBe(to !== undefined);
        found += changes.length;
        before = after;
      }
    }
    expect(found).toBeGreaterThan(1000);
  });

  test('read as in the kernel and in the manuals', async () => {
    const walk = await Walk.begin(systemFrom('xhci-hotplug', { model: '5.9' }));
    const lines = (taken: Taken): string[] => taken.changes.map(changeText);
    expect(lines(take(walk, 'xhci.raise'))).toEqual([
      'xhci owed: no -> yes',
      'xhci raised, not sampled: no -> yes',
      'xhci raises left: 3 -> 2',
    ]);
    expect(lines(take(walk, 'xhci.sample'))).toEqual(['xhci raised, not sampled: yes -> no', 'in flight: + xhci -> CPU 3 vector 0x21']);
    expect(lines(take(walk, 'xhci.m0'))).toEqual([
      'in flight xhci -> CPU 3 vector 0x21: on the way to the root complex -> on the way to the LAPIC',
    ]);
    expect(lines(take(walk, 'xhci.m0'))).toEqual(['CPU 3 IRR: + 0x21', 'in flight: - xhci -> CPU 3 vector 0x21']);
    expect(lines(take(walk, 'cpu3.irq'))).toEqual([
      'CPU 3 IF: 1 -> 0',
      'CPU 3 contexts: + hardirq',
      'CPU 3 PPR: 0x10 -> 0x20',
      'CPU 3 IRR: - 0x21',
      'CPU 3 ISR: + 0x21',
    ]);
    expect(take(walk, 'cpu3').text).toBe('vector_irq[cpu 3][0x21]: irq 122');
    expect(lines(take(walk, 'cpu3'))).toEqual(['desc_lock[irq 122]: free -> cpu 3']);
  });

  test('between two states of a way, not only of neighbours', async () => {
    const walk = await Walk.begin(systemFrom('xhci-hotplug'));
    const before = walk.states.capture();
    take(walk, 'op0');
    const steps = walk.rest().length;
    const after = walk.states.capture();
    expect(steps).toBeGreaterThan(50);
    expect(walk.states.differences(before, after).map(changeText)).toEqual(
      expect.arrayContaining([
        'vector_irq[cpu 0][0x21]: UNUSED -> irq 122',
        'cpu_online_mask: - cpu 3',
        'xhci MSI address: 0xfee06000 -> 0xfee00000',
      ]),
    );
    expect(walk.states.differences(after, before)).toHaveLength(walk.states.differences(before, after).length);
    expect(walk.states.differences(after, after)).toEqual([]);
  });
});

describe('inspection', () => {
  test('vector tables, registers, locks and variables by the user’s numbers', async () => {
    const walk = await Walk.begin(systemFrom('xhci-hotplug'));
    expect(vectorTable(walk, 1)).toEqual([{ name: '0x21', text: 'irq 122', zero: false }]);
    expect(vectorTable(walk, 0)).toEqual([]);
    const msi = Object.fromEntries(msiOf(walk, 0).map(({ name, text }) => [name, text]));
    expect(msi).toMatchObject({ 'MSI data': '0x4021', owed: 'no', message: 'CPU 3, vector 0x21', kernel: 'agrees' });
    expect(Object.fromEntries(lapicOf(walk, 1).map(({ name, text }) => [name, text]))).toMatchObject({
      IRR: '-',
      SVR: '0x1ff',
      IF: '1',
      state: 'running',
    });
    expect(locksOf(walk)).toEqual([]);
    expect(whereIs(walk, 1)).toMatchObject({ name: 'CPU 3', idle: 'idle', contexts: [] });
    const affinity = given(variablesOf(walk).find(({ name }) => name === 'irq_affinity'));
    expect(elementsOf(walk, affinity, [0])).toMatchObject([{ name: 'irq_affinity[irq 122]' }]);
    expect(elementsOf(walk, affinity, [1])).toEqual([]);
    for (const name of ['xhci.raise', 'xhci.sample', 'xhci.m0', 'xhci.m0', 'cpu3.irq', 'cpu3', 'cpu3']) take(walk, name);
    expect(locksOf(walk)).toEqual([{ name: 'desc_lock[irq 122]', holder: 'CPU 3', waiters: [] }]);
    expect(whereIs(walk, 1).contexts).toMatchObject([
      { level: 'hardirq', current: true, stack: [{ routine: 'handle_edge_irq', line: 2 }, { routine: 'common_interrupt' }] },
    ]);
  });
});
