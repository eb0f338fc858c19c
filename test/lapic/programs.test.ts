/** Micro-programs reach the same registers by their offsets, in a timed run; a check says what it does not know. */
import { describe, expect, test } from 'vitest';
import { defaultLapicModel, type LapicModel } from '../../src/machine/lapic.js';
import { MASKED, to } from './board.js';
import type { Assembler } from '../../src/kernel/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { Lapic, Lvt, Table } from '../../src/core/index.js';
import { act, handler, only, run, steps, task, toy } from '../engine/toy.js';

describe('timed', () => {
  test('the timer interrupts the program that has started it', async () => {
    const { machine } = await toy(
      (k) => ({
        handlers: { 0x41: handler(k, 'tick', (b) => b.note('moved')) },
        run: {
          0: task(k, 't', (b) => {
            b.lapicWrite('divide', 0xb);
            b.lapicWrite('lvtTimer', 0x20041);
            b.lapicWrite('initialCount', 1000);
          }),
        },
      }),
      { timed: true },
    );
    const times = run(machine, 100_000)
      .filter((e) => e.kind === 'accept')
      .map((e) => Number(e.time));
    expect(times).toEqual([30_605, 60_605, 90_605]);
    expect(machine.note('moved')).toBe(3);
  });

  test('ICR sends: to all others, and to itself', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            b.lapicWrite('icr', 0x41 | to.others);
            b.lapicWrite('icr', 0x42 | to.self);
          }),
        },
      }),
      { cpus: 3, timed: true },
    );
    const events = run(machine, 10_000);
    expect(only(events, 'accept')).toEqual([
      ['accept', 0, 0x42, 0],
      ['accept', 1, 0x41, 0],
      ['accept', 2, 0x41, 0],
    ]);
    expect(only(events, 'acknowledge')).toHaveLength(3);
  });
});

describe('a check', () => {
  test('refuses LAPICs whose footprints it does not know', async () => {
    const checked = (lapic: Partial<LapicModel>) => toy(() => ({}), { lapic: { ...defaultLapicModel, ...lapic } });
    await expect(checked({ lowestPriPolicy: 'rotate' })).rejects.toThrow(/cannot rotate.*use 'hashVector', 'minTpr' or 'first'/);
    await expect(checked({ allowXapicIdWrite: true })).rejects.toThrow(/leave out allowXapicIdWrite/);
    await expect(checked({ lowestPriPolicy: 'first', lowPriIpi: true })).resolves.toBeDefined();
  });

  test.each(['icr', 'initialCount', 'lvtError'] as const)('refuses a program that writes %s', async (register) => {
    const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.lapicWrite(register, 0x41)) } }));
    expect(() => act(machine, 'cpu')).toThrow(expect.objectContaining({ kind: 'opcode' }));
  });

  test('an image holds the local vector table of a program that writes it, and only of such a one', async () => {
    const bytes = async (writes: boolean) => {
      const { machine } = await toy(
        (k, d) => {
          const out = d.variable('out', 'u32', []);
          return {
            out,
            run: {
              0: task(k, 't', (b) => {
                if (writes) b.lapicWrite('lvtThermal', 0x42);
                b.store(out, [], b.lapicRead('lvtThermal'));
              }),
            },
          };
        },
        { universe: [0x20, 0x22] },
      );
      return machine;
    };
    const machine = await bytes(true);
    const before = machine.image();
    steps(machine, 0, 1);
    const after = machine.image();
    machine.setImage(before);
    machine.setImage(after);
    steps(machine, 0, 2);
    expect(machine.variable(0)).toBe(0x42);
    const other = await bytes(false);
    steps(other, 0, 2);
    expect(other.variable(0)).toBe(MASKED);
    expect(after.length - other.image().length).toBeGreaterThan(32);
  });
});

describe('registers that nothing looks at', () => {
  const program = (k: Assembler): { run: Record<number, ReturnType<typeof task>> } => ({
    run: {
      0: task(k, 't', (b) => {
        b.atomic(() => {
          b.lapicLook('version');
          b.lapicLocal('lvtThermal', 0x42);
          b.lapicLocal('lvtError', 0xfe);
          b.lapicLocal('esr', 0);
          b.lapicLook('irr', 7);
          b.ipiInitDeassert(1);
          b.ipiSipiAgain(1);
          b.lapicWrite('tpr', 0x20);
        });
      }),
    },
  });
  const thermal = (machine: ProgramMachine): number => {
    const { core } = machine;
    return core.u32(core.exports.table(Table.lapics) + Lapic.lvt + 4 * Lvt.thermal);
  };

  test('a check passes over them, in one step with a visible one, and has them in no image', async () => {
    const { machine } = await toy(program, { cpus: 2 });
    const { machine: bare } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.lapicWrite('tpr', 0x20)) } }), { cpus: 2 });
    act(machine, 'cpu');
    act(bare, 'cpu');
    expect(machine.image()).toHaveLength(bare.image().length);
    expect([machine.cpu(0).tpr, machine.inspect('inFlight'), thermal(machine)]).toEqual([0x20, 0, MASKED]);
  });

  test('where time counts they are written; a SIPI that is sent once more is no message', async () => {
    const { machine } = await toy(program, { cpus: 2, timed: true });
    const events = run(machine, 100_000);
    expect(thermal(machine)).toBe(0x42);
    expect(events.filter(({ kind }) => kind === 'ipi' || kind === 'drop')).toEqual([]);
  });

  test('of a program that depends on one, a check executes each', async () => {
    const { machine } = await toy(
      (k, d) => {
        const out = d.variable('out', 'u32', []);
        return {
          run: {
            0: task(k, 't', (b) => {
              b.lapicLocal('lvtThermal', 0x42);
              b.store(out, [], b.lapicRead('lvtThermal'));
            }),
          },
        };
      },
      { cpus: 2 },
    );
    const before = machine.image();
    act(machine, 'cpu');
    expect(machine.image()).not.toEqual(before);
    steps(machine, 0, 2);
    expect(machine.variable(0)).toBe(0x42);
  });
});

test('ids above 254 put the LAPICs into x2APIC mode; programs see the same registers', async () => {
  const { machine } = await toy(
    (k, d) => {
      const out = d.variable('out', 'u32', []);
      return {
        run: {
          0: task(k, 't', (b) => {
            b.store(out, [], b.lapicRead('id'));
            b.ipi(0x12345, 0x41);
          }),
        },
      };
    },
    { cpus: 3, apicIds: [0x45, 0x145, 0x12345], timed: true },
  );
  const events = run(machine, 10_000);
  expect(only(events, 'accept')).toEqual([['accept', 2, 0x41, 0]]);
  expect(machine.variable(0)).toBe(0x45000000);
});

test.each([
  [{ maxPhyAddr: 30 }, /36 to 52 bits/],
  [{ maxPhyAddr: 40.5 }, /36 to 52 bits/],
  [{ timerTick: 0 }, /1 to 65535 cycles/],
] as const)('a model that is none is refused: %o', async (model, message) => {
  await expect(toy(() => ({}), { lapic: { ...defaultLapicModel, ...model } })).rejects.toThrow(message);
});
