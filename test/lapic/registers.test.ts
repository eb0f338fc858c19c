import { describe, expect, test } from 'vitest';
import type { Builder, Reg, Variable } from '../../src/kernel/index.js';
import type { LapicReg } from '../../src/core/index.js';
import { act, enabled, handler, interrupt, lapic, only, settle, steps, task, toy } from '../engine/toy.js';

/** Runs a task on CPU 0 that keeps some of what it reads; these values in order. */
async function values(body: (b: Builder, keep: (value: Reg<'u32'>) => void) => void): Promise<number[]> {
  const { machine, kernel } = await toy((k, d) => {
    const outs: Variable<'u32', readonly []>[] = [];
    const t = task(k, 't', (b) =>
      body(b, (value) => {
        const out = d.variable(`out_${outs.length}`, 'u32', []);
        outs.push(out);
        b.store(out, [], value);
      }),
    );
    return { outs, run: { 0: t } };
  });
  settle(machine, 'cpu');
  return kernel.outs.map((out) => machine.variable(out.slot));
}

describe('registers', () => {
  test('write and read back: TPR 8 bits, SVR 9, LDR 31:24, DFR 27:0 ones (A.2)', async () => {
    const read = await values((b, keep) => {
      for (const name of ['tpr', 'svr', 'ldr', 'dfr'] as const) {
        b.lapicWrite(name, 0x12345678);
        keep(b.lapicRead(name));
      }
    });
    expect(read).toEqual([0x78, 0x078, 0x12000000, 0x1fffffff]);
  });

  test('ID is the APIC id in bits 31:24; it and PPR are read-only, EOI reads 0, and none of it is an error (A.2, A.10)', async () => {
    const read = await values((b, keep) => {
      b.lapicWrite('id', 0x55000000);
      keep(b.lapicRead('id'));
      b.lapicWrite('tpr', 0x42);
      b.lapicWrite('ppr', 0);
      keep(b.lapicRead('ppr'));
      keep(b.lapicRead('eoi'));
      b.lapicWrite('esr', 0);
      keep(b.lapicRead('esr'));
    });
    expect(read).toEqual([0, 0x42, 0, 0]);
  });

  test('a reserved offset reads 0 and sets ESR bit 7 (A.2.1, A.10)', async () => {
    // a micro-program names its registers: what has no name is offset 0; all others stand in page.test.ts
    const read = await values((b, keep) => {
      keep(b.lapicRead(offset(0x000)));
      b.lapicWrite('esr', 0);
      keep(b.lapicRead('esr'));
      b.lapicWrite(offset(0x000), 1);
      b.lapicWrite('esr', 0);
      keep(b.lapicRead('esr'));
    });
    expect(read).toEqual([0, 0x80, 0x80]);
  });
});

describe('ESR', () => {
  test('reads show what the last write latched; each write latches and clears (A.10, T17)', async () => {
    const read = await values((b, keep) => {
      b.ipi(0, 0x0f);
      keep(b.lapicRead('esr'));
      b.lapicWrite('esr', 0);
      keep(b.lapicRead('esr'));
      keep(b.lapicRead('esr'));
      b.lapicWrite('esr', 0);
      keep(b.lapicRead('esr'));
    });
    expect(read).toEqual([0, 0x20, 0x20, 0]);
  });

  test('an IPI with vector 0-15 is logged at the sender (bit 5) and not sent (A.10, T16)', async () => {
    const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.ipi(1, 0x0f)) } }), { cpus: 2 });
    steps(machine, 0, 1);
    expect(machine.counter('messages')).toBe(0);
    expect(only(machine.events(), 'ipi', 'drop')).toEqual([['drop', 0, 0x0f, 2]]);
  });
});

describe('IPI', () => {
  test('physical: to the CPU with this APIC id, not the one with this index (A.7.1)', async () => {
    const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h') }, run: { 0: task(k, 't', (b) => b.ipi(2, 0x30)) } }), {
      cpus: 3,
      apicIds: [0, 2, 4],
    });
    steps(machine, 0, 1);
    expect(machine.cpu(1).irr).toEqual([]);
    act(machine, 'message', 0);
    expect([0, 1, 2].map((c) => machine.cpu(c).irr)).toEqual([[], [0x30], []]);
  });

  test('to itself: waits in the IRR while IF=0 (A.6.3)', async () => {
    const t = (b: Builder): void => {
      b.cli();
      b.ipi(0, 0x30);
      b.preemptOff();
      b.sti();
      b.preemptOn();
    };
    const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h') }, run: { 0: task(k, 't', t) } }));
    steps(machine, 0, 2);
    settle(machine, 'message');
    expect(machine.cpu(0).irr).toEqual([0x30]);
    steps(machine, 0, 3);
    expect(enabled(machine)).toEqual(['interrupt 0']);
  });

  test('to nobody: it vanishes, no error anywhere (A.7.1, T28)', async () => {
    const { machine } = await toy((k) => ({ run: { 0: task(k, 't', (b) => b.ipi(7, 0x30)) } }), { cpus: 2 });
    settle(machine);
    expect(machine.counter('noTarget')).toBe(1);
    expect([machine.cpu(0).irr, machine.cpu(1).irr]).toEqual([[], []]);
  });
});

describe('INIT and SIPI', () => {
  /** CPU 0 sends; CPU 1 runs something that never ends. */
  const pair = (send: (b: Builder) => void) =>
    toy(
      (k, d) => {
        const never = d.variable('never', 'bool', []);
        const lives = d.variable('lives', 'u8', []);
        return {
          lives,
          handlers: { 0x30: handler(k, 'h'), 0x40: k.routine('no_eoi', { vector: 'vector' }, (b) => b.iret()) },
          run: {
            0: task(k, 't', send),
            1: task(k, 'u', (b) => {
              b.lapicWrite('tpr', 0x31);
              b.lapicWrite('ldr', 0x02000000);
              b.lapicWrite('dfr', 0);
              b.waitEq(never, [], 1);
            }),
          },
          start: task(k, 'start', (b) => {
            b.fetchAdd(lives, [], 1);
            b.lapicWrite('svr', 0x1ff);
          }),
          boot: (m) => {
            m.setDevice(0, { control: 1, addrLo: 0xfee01000, addrHi: 0, data: 0xc030 });
            m.setDevice(1, { control: 1, addrLo: 0xfee01000, addrHi: 0, data: 0x4040 });
          },
        };
      },
      { cpus: 2, sources: 2 },
    );

  test('INIT clears IRR, ISR, TMR and the registers; what was pending is lost, what was in service gets no EOI (A.11, T20)', async () => {
    const { machine } = await pair((b) => b.ipiInit(1));
    steps(machine, 1, 3);
    interrupt(machine, 1);
    act(machine, 'interrupt', 1);
    steps(machine, 1, 1);
    interrupt(machine, 0);
    expect(machine.cpu(1)).toMatchObject({ irr: [0x30], isr: [0x40], tpr: 0x31 });
    expect(lapic(machine, 1).tmr).toEqual([0x30]);
    steps(machine, 0, 1);
    expect(act(machine, 'message', 2 << 4)).toEqual(['noLoss', 'noStuckIsr']);
    expect(machine.cpu(1)).toMatchObject({ irr: [], isr: [], tpr: 0, ppr: 0, svr: 0xff, run: 'waitForSipi', interruptsOn: false });
    expect(lapic(machine, 1)).toEqual({ irrv: 0, isrv: 0, irrWords: 0, isrWords: 0, tmr: [] });
    // fixed interrupts are not accepted now
    interrupt(machine, 0);
    expect(machine.cpu(1).irr).toEqual([]);
    expect(machine.instruction(1)).toBeUndefined();
  });

  test('SIPI starts a core that waits for it, once; before INIT and afterwards it has no effect and is not kept (A.6.2, T20)', async () => {
    const { machine, kernel } = await pair((b) => {
      b.ipiSipi(1);
      b.ipiInit(1);
      b.ipiSipi(1);
      b.ipiSipi(1);
    });
    for (const run of ['running', 'waitForSipi', 'running', 'running']) {
      steps(machine, 0, 1);
      settle(machine, 'message');
      expect(machine.cpu(1).run).toBe(run);
    }
    settle(machine, 'cpu');
    expect(machine.variable(kernel.lives.slot)).toBe(1);
    expect(only(machine.events(), 'drop')).toEqual([
      ['drop', 1, 0, 3],
      ['drop', 1, 0, 3],
    ]);
    expect(machine.cpu(1).enabled).toBe(true);
    interrupt(machine, 0);
    expect(machine.cpu(1).irr).toEqual([0x30]);
  });

  test('INIT reaches a software-disabled LAPIC and a halted core (A.6.2, A.11)', async () => {
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => b.ipiInit(1)),
          1: task(k, 'u', (b) => {
            b.lapicWrite('svr', 0xff);
            b.park();
          }),
        },
      }),
      { cpus: 2 },
    );
    steps(machine, 1, 2);
    expect(machine.cpu(1).run).toBe('parked');
    settle(machine);
    expect(machine.cpu(1).run).toBe('waitForSipi');
  });
});

test('a halted core accepts into the IRR and dispatches nothing (A.5)', async () => {
  const { machine } = await toy((k) => ({ handlers: { 0x30: handler(k, 'h') }, run: { 0: task(k, 't', (b) => b.park()) } }), {
    sources: 1,
  });
  steps(machine, 0, 1);
  interrupt(machine, 0);
  expect(machine.cpu(0)).toMatchObject({ irr: [0x30], run: 'parked', interruptsOn: false });
  expect(enabled(machine)).toEqual(['raise 0']);
});

/** A register by offset, also one that has no name. */
function offset(at: number): keyof typeof LapicReg {
  return at as unknown as keyof typeof LapicReg;
}
