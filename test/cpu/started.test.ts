/** What a kernel says of an interrupt source, and what its device does then (design 3: a device whose driver keeps it quiet). */
import { describe, expect, test } from 'vitest';
import { Src, Started, Table } from '../../src/core/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { act, enabled, steps, task, toy } from '../engine/toy.js';

/** One free device; the task stores each of the values, then hushes it. */
async function sourceThat(...values: Started[]): Promise<ProgramMachine> {
  const { kernel, setup, again } = await toy(
    (k, d) => {
      const started = d.variable('started', 'u8', ['irq'], { bits: 2, visible: true });
      return {
        started,
        run: {
          0: task(k, 't', (b) => {
            for (const value of values) b.store(started, [0], value);
            b.hush(0);
          }),
        },
      };
    },
    { sources: 1 },
  );
  return again({ program: { ...setup.program, started: kernel.started.slot } });
}

describe('a source', () => {
  test.each([
    ['no', []],
    ['yes', ['raise 0']],
    ['disabled', ['raise 0']],
    ['asleep', []],
  ] as const)('that is started: %s', async (value, expected) => {
    const machine = await sourceThat(Started[value], Started[value]);
    steps(machine, 0, 1);
    expect(enabled(machine).filter((step) => step !== 'cpu 0')).toEqual(expected);
  });

  test('samples nothing once it is not started, though it has raised', async () => {
    const machine = await sourceThat(Started.yes, Started.no);
    steps(machine, 0, 1);
    act(machine, 'raise', 0);
    expect(enabled(machine)).toContain('sample 0');
    steps(machine, 0, 1);
    expect(enabled(machine)).toEqual(['cpu 0']);
  });

  test('owes nothing any more when it is hushed', async () => {
    const machine = await sourceThat(Started.yes);
    steps(machine, 0, 1);
    act(machine, 'raise', 0);
    expect(machine.owed(0)).toBe(true);
    steps(machine, 0, 1);
    expect(machine.owed(0)).toBe(false);
    expect(machine.core.u8(machine.core.exports.table(Table.sourceStates) + Src.condition)).toBe(0);
  });
});
