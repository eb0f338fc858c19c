import { describe, expect, test } from 'vitest';
import { board, rte } from './help.js';

const LEVEL = rte.level | 0x51;
const SERVED = rte.level | rte.remoteIrr | 0x51;

describe('edge-triggered (B.3)', () => {
  test('inactive to active sends one message; active to inactive nothing', async () => {
    const b = await board();
    b.setLow(1, 0x31);
    b.pin(1, true);
    expect(b.low(1)).toBe(0x31 | rte.pending);
    b.settle();
    expect(b.low(1)).toBe(0x31);
    b.pin(1, false);
    b.pin(1, false);
    b.settle();
    expect(b.events('pin')).toHaveLength(1);
    expect(b.irr()).toEqual([0x31]);
    expect(b.tmr()).toEqual([]);
  });

  test('an active pin that is driven active again is no edge', async () => {
    const b = await board();
    b.setLow(1, 0x31);
    b.pin(1, true);
    b.settle();
    b.pin(1, true);
    b.settle();
    expect(b.events('pin')).toHaveLength(1);
  });

  test('an edge outlives its pulse: it is latched until a LAPIC accepts it, and edges before that are one', async () => {
    const b = await board();
    b.setLow(1, 0x31);
    b.pulse(1);
    b.pulse(1);
    b.advance(500);
    b.pulse(1);
    b.settle();
    expect(b.events('pin')).toHaveLength(1);
    expect(b.diagnostic('edgeMerged')).toBe(2);
    b.pulse(1);
    b.settle();
    expect(b.events('pin')).toHaveLength(1);
    expect(b.irr()).toEqual([0x31]);
  });

  test('an edge latched before the mask leaves after it', async () => {
    const b = await board();
    b.setLow(1, 0x31);
    b.pulse(1);
    b.setLow(1, rte.masked | 0x31);
    b.settle();
    expect(b.irr()).toEqual([]);
    b.setLow(1, 0x31);
    b.settle();
    expect(b.irr()).toEqual([0x31]);
  });

  test('an edge that waits is gone once its entry is level-triggered', async () => {
    const b = await board();
    b.setLow(1, 0x31);
    b.pulse(1);
    b.setLow(1, LEVEL);
    b.setLow(1, 0x31);
    b.settle();
    expect(b.events('pin')).toEqual([]);
  });

  test('unmasking an active pin sends nothing: that needs an edge', async () => {
    const b = await board();
    b.pin(1, true);
    b.setLow(1, 0x31);
    b.settle();
    expect(b.events('pin')).toEqual([]);
    b.pin(1, false);
    b.pin(1, true);
    b.settle();
    expect(b.events('pin')).toHaveLength(1);
  });

  test('an EOI is ignored', async () => {
    const b = await board();
    b.setLow(1, 0x31);
    b.pin(1, true);
    b.settle();
    b.write(b.window(0x40), 0x31);
    b.settle();
    expect(b.events('pin')).toHaveLength(1);
  });
});

describe('level-triggered (B.3)', () => {
  test('active sends, acceptance sets remote IRR and TMR', async () => {
    const b = await board();
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.advance(60 + 900 + 299);
    expect(b.low(1)).toBe(LEVEL | rte.pending);
    b.advance(1);
    expect(b.low(1)).toBe(SERVED);
    expect([b.irr(), b.tmr()]).toEqual([[0x51], [0x51]]);
  });

  test('while remote IRR is 1 nothing is sent', async () => {
    const b = await board();
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.settle();
    b.pulse(1);
    b.pin(1, true);
    b.settle();
    expect(b.events('pin')).toHaveLength(1);
  });

  test('becoming inactive cancels a request that has not left, and leaves remote IRR alone', async () => {
    const b = await board();
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.advance(59);
    b.pin(1, false);
    expect(b.low(1)).toBe(LEVEL);
    b.settle();
    expect(b.irr()).toEqual([]);
    b.pin(1, true);
    b.settle();
    b.pin(1, false);
    expect(b.low(1)).toBe(SERVED);
  });

  test('a new request takes its own time to leave, whatever was cancelled before it', async () => {
    const b = await board();
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.advance(30);
    b.pin(1, false);
    expect(b.settle()).toBe(true);
    expect(b.now).toBe(30);
    b.pin(1, true);
    b.settle();
    expect(b.events('pin').map(([time]) => time)).toEqual([90]);
  });

  test('one that has left arrives, and is in service', async () => {
    const b = await board();
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.advance(60);
    b.pin(1, false);
    b.settle();
    expect(b.low(1)).toBe(SERVED);
    expect(b.irr()).toEqual([0x51]);
  });

  test('unmasking an active pin sends at once', async () => {
    const b = await board();
    b.setLow(1, rte.masked | LEVEL);
    b.pin(1, true);
    b.settle();
    expect(b.events('pin')).toEqual([]);
    b.setLow(1, LEVEL);
    b.settle();
    expect(b.low(1)).toBe(SERVED);
  });

  test('masking holds back a request, and keeps remote IRR', async () => {
    const b = await board();
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.advance(59);
    b.setLow(1, rte.masked | LEVEL);
    expect(b.low(1)).toBe(rte.masked | LEVEL);
    b.settle();
    expect(b.irr()).toEqual([]);
    b.setLow(1, LEVEL);
    b.settle();
    b.setLow(1, rte.masked | LEVEL);
    expect(b.low(1)).toBe(rte.masked | SERVED);
  });

  test('masked while its message is on the way: in service when it is accepted', async () => {
    const b = await board();
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.advance(100);
    b.setLow(1, rte.masked | LEVEL);
    b.settle();
    expect(b.low(1)).toBe(rte.masked | SERVED);
  });

  test('an EOI clears remote IRR; a pin that is still active sends again after the resend delay', async () => {
    const b = await board({ resendDelay: 77 });
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.settle();
    b.write(b.window(0x40), 0x51);
    expect(b.low(1)).toBe(LEVEL | rte.pending);
    const at = b.now;
    b.settle();
    expect(b.events('pin').map(([time]) => time)).toEqual([60, at + 77]);
    b.pin(1, false);
    b.write(b.window(0x40), 0x51);
    b.settle();
    expect(b.low(1)).toBe(LEVEL);
    expect(b.events('pin')).toEqual([]);
  });

  test('a masked pin is not sent again', async () => {
    const b = await board();
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.settle();
    b.setLow(1, rte.masked | LEVEL);
    b.write(b.window(0x40), 0x51);
    b.settle();
    expect(b.events('pin')).toHaveLength(1);
    expect(b.low(1)).toBe(rte.masked | LEVEL);
  });

  test('trigger mode to edge clears remote IRR: how software ends the service of version 0x11', async () => {
    const b = await board({ ioapics: [{ version: 0x11 }] });
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.settle();
    b.setLow(1, rte.masked | 0x51);
    expect(b.low(1)).toBe(rte.masked | 0x51);
    b.setLow(1, rte.masked | LEVEL);
    expect(b.low(1)).toBe(rte.masked | LEVEL);
    b.setLow(1, LEVEL);
    b.settle();
    expect(b.events('pin')).toHaveLength(2);
    expect(b.low(1)).toBe(SERVED);
  });

  test('to several LAPICs: remote IRR is set once, the first EOI clears it', async () => {
    const b = await board();
    b.setDestination(1, 0xff);
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.settle();
    expect([b.irr(0), b.irr(1)]).toEqual([[0x51], [0x51]]);
    b.pin(1, false);
    expect(b.acknowledge(0)).toBe(0x51);
    b.eoi(0);
    b.settle();
    expect(b.low(1)).toBe(LEVEL);
    expect(b.irr(1)).toEqual([0x51]);
  });
});

describe('acceptance (B.3)', () => {
  test('remote IRR is set only if a LAPIC has accepted; if none has, the message is sent again every retry interval', async () => {
    const b = await board({ retryInterval: 5000 });
    b.enable(0, false);
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.advance(16_000);
    expect(b.low(1)).toBe(LEVEL | rte.pending);
    const tries = [60, 60 + 6200, 60 + 2 * 6200];
    expect(b.events('pin').map(([time]) => time)).toEqual(tries);
    b.enable(0);
    b.advance(6200);
    expect(b.low(1)).toBe(SERVED);
    expect(b.irr()).toEqual([0x51]);
  });

  test('one of several suffices', async () => {
    const b = await board();
    b.enable(0, false);
    b.setDestination(1, 0xff);
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.settle();
    expect(b.low(1)).toBe(SERVED);
  });

  test('an edge that nobody accepts stays latched and is tried again too', async () => {
    const b = await board();
    b.setDestination(1, 7);
    b.setLow(1, 0x31);
    b.pulse(1);
    b.settle();
    expect(b.low(1)).toBe(0x31 | rte.pending);
    b.setDestination(1, 1);
    b.settle();
    expect(b.irr(1)).toEqual([0x31]);
    expect(b.low(1)).toBe(0x31);
  });

  test('a refused level that becomes inactive is tried no more', async () => {
    const b = await board();
    b.enable(0, false);
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.settle();
    b.pin(1, false);
    b.enable(0);
    b.advance(100_000);
    expect(b.irr()).toEqual([]);
    expect(b.events('pin')).toHaveLength(1);
  });

  test('... and its next assertion is a new request', async () => {
    const b = await board();
    b.enable(0, false);
    b.setLow(1, LEVEL);
    b.pin(1, true);
    b.settle();
    b.pin(1, false);
    b.enable(0);
    b.pin(1, true);
    expect(b.settle()).toBe(true);
    expect(b.low(1)).toBe(SERVED);
  });

  test('an illegal vector is accepted by nobody (A.3)', async () => {
    const b = await board();
    b.setLow(1, rte.level | 0x0f);
    b.pin(1, true);
    b.settle();
    expect(b.low(1)).toBe(rte.level | rte.pending | 0x0f);
  });

  describe('an entry rewritten while its message is on the way', () => {
    test.each([
      ['vector', (b: Awaited<ReturnType<typeof board>>) => b.setLow(1, rte.level | 0x61), 0, 0x61],
      ['destination', (b: Awaited<ReturnType<typeof board>>) => b.setDestination(1, 1), 1, 0x51],
    ] as const)('%s: the old message sets no remote IRR, the line sends again', async (_, rewrite, cpu, vector) => {
      const b = await board();
      b.setLow(1, LEVEL);
      b.pin(1, true);
      b.advance(100);
      rewrite(b);
      b.advance(60 + 900 + 300 - 100);
      expect(b.irr()).toEqual([0x51]);
      expect(b.low(1) & rte.remoteIrr).toBe(0);
      b.settle();
      expect(b.low(1)).toBe(rte.level | rte.remoteIrr | vector);
      expect(b.irr(cpu)).toContain(vector);
      expect(b.diagnostic('remoteIrrStuck')).toBe(0);
    });

    test('to edge: no remote IRR, and no new edge', async () => {
      const b = await board();
      b.setLow(1, LEVEL);
      b.pin(1, true);
      b.advance(100);
      b.setLow(1, 0x51);
      b.settle();
      expect(b.low(1)).toBe(0x51);
      expect(b.events('pin')).toHaveLength(1);
    });

    test('to edge and back to what it was: in service', async () => {
      const b = await board();
      b.setLow(1, LEVEL);
      b.pin(1, true);
      b.advance(100);
      b.setLow(1, rte.masked | 0x51);
      b.setLow(1, LEVEL);
      b.settle();
      expect(b.low(1)).toBe(SERVED);
      expect(b.events('pin')).toHaveLength(1);
    });
  });
});

describe('polarity and sharing (B.3.1)', () => {
  test('active low: the pin is active while its line is low', async () => {
    const b = await board();
    b.pin(1, true);
    b.setLow(1, rte.low | LEVEL);
    b.settle();
    expect(b.events('pin')).toEqual([]);
    b.pin(1, false);
    b.settle();
    expect(b.low(1)).toBe(rte.low | SERVED);
  });

  test('an edge of an active-low pin is its falling one', async () => {
    const b = await board();
    b.pin(1, true);
    b.setLow(1, rte.low | 0x31);
    b.pin(1, false);
    b.settle();
    b.pin(1, true);
    b.settle();
    expect(b.events('pin')).toHaveLength(1);
  });

  test('the electrical level is kept: a change of polarity makes an inactive level active', async () => {
    const b = await board();
    b.pin(1, true);
    b.setLow(1, rte.low | LEVEL);
    b.settle();
    expect(b.irr()).toEqual([]);
    b.setLow(1, LEVEL);
    b.settle();
    expect(b.irr()).toEqual([0x51]);
  });

  test('a line that nothing drives is inactive in both polarities', async () => {
    const b = await board();
    b.setLow(1, rte.low | LEVEL);
    b.settle();
    expect(b.low(1)).toBe(rte.low | LEVEL);
    b.pin(1, false);
    b.settle();
    expect(b.low(1)).toBe(rte.low | SERVED);
  });

  test('a shared active-low line is active while any source holds it low', async () => {
    const b = await board();
    b.pin(1, true, 0);
    b.pin(1, true, 31);
    b.setLow(1, rte.low | LEVEL);
    b.pin(1, false, 31);
    b.settle();
    expect(b.low(1)).toBe(rte.low | SERVED);
    b.pin(1, true, 31);
    b.write(b.window(0x40), 0x51);
    expect(b.low(1)).toBe(rte.low | LEVEL);
  });

  test('pins that do not exist are driven without effect', async () => {
    const b = await board();
    const before = b.digest();
    b.pin(24, true);
    b.pin(0xffffffff, true);
    b.pin(0, true, 0, 9);
    expect(b.digest()).toBe(before);
  });
});
