import { describe, expect, test } from 'vitest';
import { loadModule, Op, Operand } from '../../src/core/index.js';
import { ProgramMachine, type MachineSetup } from '../../src/machine/index.js';
import { settle, startTask, task, toy } from '../engine/toy.js';

/** A machine whose CPU 0 starts at instruction 1 of `code`, words of `Op` in assembly/state/abi. */
async function raw(
  code: readonly (readonly [op: number, a: number, b: number, c: number, imm: number, w2?: number, flags?: number])[],
): Promise<ProgramMachine> {
  const rows = [[Op.end, Operand.none, Operand.none, Operand.none, 0] as const, ...code];
  const words = rows.flatMap(([op, a, b, c, imm, w2 = 0, flags = 0]) => [(op | (a << 8) | (b << 16) | (c << 24)) >>> 0, imm, w2, flags]);
  const { setup } = await toy((_k, d) => {
    d.variable('small', 'u8', ['cpu'], { bits: 3 });
    d.mask('mask', 'cpu', []);
    d.list('list', ['cpu'], 'cpu');
    return {};
  });
  const program: MachineSetup['program'] = {
    ...setup.program,
    code: Uint32Array.from(words),
    live: new Uint8Array(rows.length * 8),
    handlers: new Map(),
  };
  const machine = await ProgramMachine.instantiate({ ...setup, program }, await loadModule());
  machine.setCpu(0, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true });
  startTask(machine, 0, 1);
  return machine;
}

const N = Operand.none;
const I = Operand.imm;

describe('what no program may do is a fault with its instruction, never a trap', () => {
  const end = [Op.end, N, N, N, 0] as const;
  const faults: [string, string, number, Parameters<typeof raw>[0]][] = [
    ['an index out of range', 'index', 2, [[Op.move, 0, N, I, 1], [Op.load, 1, 0, N, 0], end]],
    ['a slot that does not exist', 'index', 1, [[Op.load, 1, N, N, 0, 99], end]],
    ['a value wider than its variable is declared', 'index', 1, [[Op.store, I, N, N, 8], end]],
    ['a counter below zero', 'index', 1, [[Op.fetchAdd, 0, N, N, -1 >>> 0], end]],
    ['a bit beyond the mask', 'index', 1, [[Op.maskSet, N, N, I, 1, 1], end]],
    ['a reference to nowhere', 'index', 2, [[Op.move, 0, N, I, 0xfffffff0], [Op.maskTest, 1, 0, I, 0, 1, 4], end]],
    ['a reference into the program', 'index', 2, [[Op.move, 0, N, I, 64], [Op.maskSet, N, 0, I, 0, 1, 4], end]],
    ['a reference far behind the state', 'index', 2, [[Op.ref, 0, N, N, 0, 1], [Op.maskSet, N, 0, I, 0xffff0000, 1, 4], end]],
    ['a list node out of range', 'index', 1, [[Op.listPush, N, N, I, 3, 2 | (3 << 16)], end]],
    ['an unknown instruction', 'opcode', 1, [[31, N, N, N, 0], end]],
    ['an unknown observable instruction', 'opcode', 1, [[200, N, N, N, 0], end]],
    ['a jump out of the program', 'opcode', 4000, [[Op.jump, N, N, N, 4000], end]],
    ['running off the end', 'opcode', 2, [[Op.nop, N, N, N, 0]]],
    ['calls that nest too deep', 'depth', 1, [[Op.call, N, N, N, 1], end]],
    ['a return from nowhere', 'depth', 1, [[Op.ret, N, N, N, 0], end]],
    ['a loop without a step', 'runaway', 1, [[Op.jump, N, N, N, 1], end]],
    ['waking a task of a CPU that does not exist', 'context', 2, [[Op.move, 0, N, I, 5], [Op.wake, N, 0, I, 1], end]],
    ['the handler of a source that does not exist', 'index', 1, [[Op.serve, I, N, N, 9], end]],
    ['the control half of what is no descriptor', 'index', 1, [[Op.controlSet, 0, N, N, 0], end]],
    ['a row that has no four words', 'index', 1, [[Op.storeRow, N, N, N, 0], end]],
    ['an exchange with an index out of range', 'index', 2, [[Op.move, 0, N, I, 1], [Op.exchange, 1, 0, N, 0], end]],
    ['more than seven locks held', 'depth', 8, [...Array.from({ length: 8 }, () => [Op.preemptOff, N, N, N, 0] as const), end]],
  ];
  test.each(faults)('%s: %s', async (_, kind, at, code) => {
    const machine = await raw(code);
    const go = (): void => {
      machine.start();
      settle(machine, 'cpu');
    };
    const message = expect.stringMatching(`^the kernel model is at fault at instruction ${at}: [a-z]`) as string;
    expect(go).toThrow(expect.objectContaining({ kind, instruction: at, message }));
  });

  test('a vector without a handler', async () => {
    const { machine } = await toy(() => ({ handlers: {} }), { sources: 1 });
    settle(machine);
    const s = machine.enabled();
    expect(s).toHaveLength(1);
    for (let i = 0; i < 4; i++) machine.apply(machine.enabled()[0] ?? 0);
    expect(() => machine.apply(machine.enabled()[0] ?? 0)).toThrow(
      'the kernel model is at fault: an interrupt came on a vector that has no routine',
    );
    // it is in service all the same (A.5)
    expect(machine.cpu(0).isr).toEqual([0x30]);
  });

  test('actions that are not enabled, or are none', async () => {
    const { machine } = await toy(
      (k, d) => {
        const lock = d.lock('lock', []);
        const t = task(k, 't', (b) => {
          b.withLock(lock, [], () => b.ipi(1, 0x41));
          b.cfgWrite(0, 'data', 0x4042);
          b.delay(5);
        });
        return { run: { 0: t, 1: task(k, 'u', (b) => b.withLock(lock, [], () => b.ipiInit(0))) } };
      },
      { cpus: 2, sources: 2, messages: 3 },
    );
    const start = machine.snapshot();
    let state = 12345;
    for (let round = 0; round < 200; round++) {
      machine.restore(start);
      for (let i = 0; i < 200; i++) {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        machine.core.exports.apply(state >>> 16);
        machine.core.exports.enabledActions();
      }
    }
    expect(machine.now).toBe(0n);
  });
});
