/** The local vector table and the LINT pins (hardware.md A.8), and errors (A.10). */
import { describe, expect, test } from 'vitest';
import { board, MASKED, mode, reg, type Board } from './board.js';

const LEVEL = 0x8000;
const LOW = 0x2000;
const REMOTE = 0x4000;

const set = (b: Board, pin: 0 | 1, level: boolean): void => b.e.lintSet(0, pin, level ? 1 : 0);
const pulse = (b: Board, pin: 0 | 1): void => {
  set(b, pin, true);
  set(b, pin, false);
};

describe('LINT pins (A.8.2)', () => {
  test('an edge is one event, a level that stays is none', async () => {
    const b = await board();
    b.write(0, reg.lint0, 0x41);
    set(b, 0, true);
    expect([b.acknowledge(), b.tmr()]).toEqual([0x41, []]);
    b.eoi();
    set(b, 0, true);
    set(b, 0, false);
    expect(b.irr()).toEqual([]);
    set(b, 0, true);
    expect(b.irr()).toEqual([0x41]);
  });

  test('active low: the falling edge counts', async () => {
    const b = await board();
    set(b, 1, true);
    b.write(0, reg.lint1, 0x41 | LOW);
    set(b, 1, true);
    expect(b.irr()).toEqual([]);
    set(b, 1, false);
    expect(b.irr()).toEqual([0x41]);
  });

  test('a level sets remote IRR, and is sent again after the EOI while it lasts', async () => {
    const b = await board();
    b.write(0, reg.lint0, 0x41 | LEVEL);
    set(b, 0, true);
    expect([b.read(0, reg.lint0), b.tmr()]).toEqual([0x41 | LEVEL | REMOTE, [0x41]]);
    expect(b.acknowledge()).toBe(0x41);
    expect(b.irr()).toEqual([]);
    b.eoi();
    expect([b.irr(), b.read(0, reg.lint0)]).toEqual([[0x41], 0x41 | LEVEL | REMOTE]);
    b.acknowledge();
    set(b, 0, false);
    b.eoi();
    expect([b.irr(), b.read(0, reg.lint0)]).toEqual([[], 0x41 | LEVEL]);
  });

  test('the EOI of another vector leaves remote IRR', async () => {
    const b = await board();
    b.write(0, reg.lint0, 0x41 | LEVEL);
    set(b, 0, true);
    b.acknowledge();
    b.raise(0x61, true);
    b.acknowledge();
    b.eoi();
    expect(b.read(0, reg.lint0) & REMOTE).toBe(REMOTE);
  });

  test('remote IRR is read-only, and gone when the trigger mode becomes edge', async () => {
    const b = await board();
    b.write(0, reg.lint0, 0x41 | LEVEL | REMOTE);
    expect(b.read(0, reg.lint0)).toBe(0x41 | LEVEL);
    set(b, 0, true);
    b.write(0, reg.lint0, 0x41 | LEVEL | MASKED);
    expect(b.read(0, reg.lint0)).toBe(0x41 | LEVEL | MASKED | REMOTE);
    b.write(0, reg.lint0, 0x41 | MASKED);
    expect(b.read(0, reg.lint0)).toBe(0x41 | MASKED);
  });

  test('a level that was masked is delivered on unmask, or on a change of polarity, if it is active', async () => {
    const b = await board();
    b.write(0, reg.lint0, 0x41 | LEVEL | LOW);
    expect(b.irr()).toEqual([0x41]);
    const other = await board();
    other.write(0, reg.lint0, 0x41 | LEVEL | LOW | MASKED);
    other.e.lintSet(0, 0, 1);
    other.write(0, reg.lint0, 0x41 | LEVEL | LOW);
    expect(other.irr()).toEqual([]);
    other.write(0, reg.lint0, 0x41 | LEVEL);
    expect(other.irr()).toEqual([0x41]);
  });

  test('NMI, SMI and INIT are edges whatever the trigger mode says', async () => {
    const b = await board({ cpus: 1 });
    b.write(0, reg.lint1, mode.nmi | LEVEL);
    set(b, 1, true);
    b.write(0, reg.lint1, mode.nmi | LEVEL);
    expect(b.got(0, 'nmi')).toBe(1);
    b.write(0, reg.lint0, mode.smi);
    pulse(b, 0);
    expect([b.got(0, 'smi'), b.irr(), b.read(0, reg.lint1)]).toEqual([1, [], mode.nmi | LEVEL]);
    b.write(0, reg.lint0, mode.init);
    pulse(b, 0);
    expect([b.got(0, 'init'), b.read(0, reg.lint0), b.read(0, reg.svr)]).toEqual([1, MASKED, 0xff]);
  });

  test('ExtINT is a level: it waits as long as the pin is active, past TPR (A.8.4)', async () => {
    const b = await board();
    b.write(0, reg.tpr, 0xff);
    b.write(0, reg.lint0, mode.extInt);
    set(b, 0, true);
    expect([b.e.takeExtInt(0), b.e.takeExtInt(0), b.got(0, 'extInt'), b.irr()]).toEqual([1, 1, 1, []]);
    b.write(0, reg.lint0, mode.extInt | MASKED);
    expect(b.e.takeExtInt(0)).toBe(0);
    b.write(0, reg.lint0, mode.extInt);
    set(b, 0, false);
    expect(b.e.takeExtInt(0)).toBe(0);
  });
});

describe('local events', () => {
  test('thermal, performance counter, CMCI: by the mode of their entries', async () => {
    const b = await board();
    b.write(0, reg.thermal, 0x41);
    b.write(0, reg.perfmon, 0x42);
    b.write(0, reg.cmci, mode.smi);
    for (const which of [0, 1, 2]) b.e.localEvent(0, which);
    expect([b.irr(), b.got(0, 'smi')]).toEqual([[0x41, 0x42], 1]);
    expect(b.read(0, reg.perfmon)).toBe(0x42 | MASKED);
  });

  test('masked, absent, or with a mode that is none of theirs: nothing', async () => {
    const b = await board({ model: { maxLvtIndex: 4 } });
    b.e.localEvent(0, 0);
    b.e.localEvent(0, 2);
    for (const odd of [mode.extInt, mode.init, 0x300, 0x600]) {
      b.write(0, reg.perfmon, odd);
      b.e.localEvent(0, 1);
    }
    b.e.localEvent(0, 7);
    expect([b.irr(), b.got(0, 'init'), b.got(0, 'extInt'), b.e.takeExtInt(0)]).toEqual([[], 0, 0, 0]);
  });

  test('a fixed vector below 16 is an error when it is written, masked or not; other modes have no vector (A.8.2)', async () => {
    const b = await board();
    for (const [offset, value] of [
      [reg.cmci, MASKED],
      [reg.timer, 0xf],
      [reg.error, 1],
      [reg.lint1, 0x8000],
    ] as const) {
      b.write(0, offset, value);
      expect([offset, b.esr()]).toEqual([offset, 0x40]);
    }
    for (const value of [mode.nmi, mode.smi, mode.extInt]) b.write(0, reg.lint0, value);
    b.write(0, reg.thermal, 0x10);
    expect(b.esr()).toBe(0);
  });
});

describe('errors (A.10)', () => {
  test('the error interrupt fires once until ESR is written', async () => {
    const b = await board();
    b.write(0, reg.error, 0xfe);
    b.raise(0x0f);
    expect(b.acknowledge()).toBe(0xfe);
    b.eoi();
    b.read(0, 0x40);
    b.raise(0x0e);
    expect(b.irr()).toEqual([]);
    expect(b.esr()).toBe(0xc0);
    b.raise(0x0d);
    expect(b.irr()).toEqual([0xfe]);
  });

  test('errors are collected while the entry is masked, and a new one fires behind the unmask', async () => {
    const b = await board();
    b.raise(0x0f);
    b.write(0, reg.error, 0xfe);
    b.raise(0x0e);
    expect(b.irr()).toEqual([]);
    b.read(0, 0x40);
    expect(b.irr()).toEqual([0xfe]);
    expect(b.esr()).toBe(0xc0);
  });

  test('an illegal vector of the error entry is an error that fires nothing', async () => {
    const b = await board();
    b.write(0, reg.error, 0x05);
    b.read(0, 0x40);
    expect([b.irr(), b.esr()]).toEqual([[], 0xc0]);
    b.read(0, 0x40);
    expect([b.irr(), b.esr()]).toEqual([[], 0xc0]);
  });

  test('all bits there are: redirectable IPI, send and receive illegal vector, illegal address', async () => {
    const b = await board();
    b.ipi(0, mode.lowest | 0x41, 1);
    b.ipi(0, 0x03, 1);
    b.raise(0x03);
    b.write(0, 0x3f0, 0);
    expect(b.esr()).toBe(0xf0);
    expect(b.esr()).toBe(0);
  });

  test('software that has disabled the LAPIC gets no error interrupt', async () => {
    const b = await board();
    b.write(0, reg.error, 0xfe);
    b.write(0, reg.svr, 0xff);
    b.read(0, 0x40);
    expect([b.irr(), b.esr()]).toEqual([[], 0x80]);
  });
});
