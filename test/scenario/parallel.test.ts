/** On which CPUs the operations of a scenario run: one after the other on one, in parallel beside each other where that is possible. */
import { describe, expect, test } from 'vitest';
import { assembleSystem } from '../../src/index.js';
import { scenarioOf } from '../check/help.js';

function hosts(cpus: number, operations: string, parallel: boolean): readonly number[] {
  const system = assembleSystem(
    scenarioOf(`version: 1
name: hosts
machine: {cpus: ${cpus}}
devices: [{name: nic, message: {type: msix}, irqs: [{irq: 24, cpu: 1}, {irq: 25, cpu: 0}]}]
operations: [${operations}]
parallel: ${parallel}
`),
  );
  return system.setup({ timed: false, record: 0 }).operations.map(({ cpu }) => cpu);
}

describe('operations run', () => {
  const operations = '{offline: 1}, {online: 1}, {free: 24}, {move: {irq: 25, to: [2]}}';

  test('one after the other on the lowest CPU that stays', () => {
    expect(hosts(4, operations, false)).toEqual([0, 0, 0, 0]);
  });

  test('in parallel beside hotplug, which runs on one CPU, and beside each other', () => {
    expect(hosts(4, operations, true)).toEqual([0, 0, 2, 3]);
    expect(hosts(3, operations, true)).toEqual([0, 0, 2, 2]);
  });

  test('in parallel on the same CPU where no other stays, in any order', () => {
    expect(hosts(2, '{offline: 1}, {online: 1}, {free: 24}', true)).toEqual([0, 0, 0]);
  });
});
