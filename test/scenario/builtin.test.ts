/** The scenarios that come with the program. */
import { describe, expect, test } from 'vitest';
import { builtinScenarios, findScenario } from '../../src/scenario/index.js';
import { given } from './help.js';

describe('built-in scenarios', () => {
  test('are these', () => {
    const names = [...builtinScenarios.keys()];
    expect(names.slice(0, 5)).toEqual(['xhci-hotplug', 'xhci-torn-offline', 'torn-move', 'move-hotplug', 'xhci-loop']);
    expect(names.length).toBeGreaterThan(40);
    // each kind of irq, with and without remapping
    for (const name of ['msi-move', 'masked-msi-move-back', 'msix-managed', 'remapped-multi-msi-two-moves', 'remapped-msix-no-vector'])
      expect(names).toContain(name);
    expect(findScenario('none')).toBeUndefined();
  });

  test.each([...builtinScenarios])(
    '%s has the name it is found by, says what it is about, and is explained',
    (name, { scenario, text }) => {
      expect(scenario.name).toBe(name);
      expect(scenario.about).toMatch(/\.$/);
      // the first are read like a page; the others are small variations
      const comments = text.split('\n').filter((line) => line.trim().startsWith('#')).length;
      expect(comments > 4 || [...builtinScenarios.keys()].indexOf(name) >= 5).toBe(true);
      expect(text.split('\n').every((line) => line.length <= 140)).toBe(true);
    },
  );

  test('xhci-hotplug: two CPUs, one irq on a vector that is free on both', () => {
    const { machine, devices, operations, universe } = given(findScenario('xhci-hotplug')?.scenario);
    expect(machine.cpus).toEqual([
      { cpu: 0, apicId: 0, online: true },
      { cpu: 3, apicId: 6, online: true },
    ]);
    expect(devices.map(({ name, kind, raises, irqs }) => ({ name, kind, raises, irqs }))).toEqual([
      { name: 'xhci', kind: 'handshake', raises: 3, irqs: [{ irq: 122, cpu: 3, vector: 0x21, affinity: [0, 3] }] },
    ]);
    expect([operations, universe]).toEqual([[{ offline: 3 }], { vectors: 2 }]);
  });

  test('xhci-torn-offline: the same, with the vector in use on the other CPU', () => {
    const plain = given(findScenario('xhci-hotplug')?.scenario);
    const torn = given(findScenario('xhci-torn-offline')?.scenario);
    expect([torn.machine, torn.universe, torn.operations, torn.devices[0]]).toEqual([
      plain.machine,
      plain.universe,
      plain.operations,
      plain.devices[0],
    ]);
    expect(torn.devices[1]).toMatchObject({ name: 'enp0s31f6', raises: 0, irqs: [{ irq: 121, cpu: 0, vector: 0x21 }] });
  });

  test('torn-move: the old vector is an empty slot on the new CPU, a lower one is free', () => {
    const { devices, operations, universe } = given(findScenario('torn-move')?.scenario);
    expect(devices).toMatchObject([{ kind: 'free', raises: 3, irqs: [{ cpu: 0, vector: 0x22, affinity: [0, 1] }] }]);
    expect([operations, universe]).toEqual([[{ move: { irq: 122, to: [1] } }], { vectors: 2 }]);
  });

  test('move-hotplug: a move, then the old CPU goes offline', () => {
    const { devices, operations, parallel } = given(findScenario('move-hotplug')?.scenario);
    expect(devices).toMatchObject([{ kind: 'handshake', raises: 3, irqs: [{ cpu: 1 }] }]);
    expect([operations, parallel]).toEqual([[{ move: { irq: 122, to: [0] } }, { offline: 1 }], false]);
  });
});
