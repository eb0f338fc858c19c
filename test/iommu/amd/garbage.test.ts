import { expect, test } from 'vitest';
import { AmdReg } from '../../../src/core/index.js';
import { AmdTraffic } from '../../../bench/random/amd.js';
import { Dice } from '../../../bench/random/dice.js';
import { amd, DEVICES, type AmdOptions } from './help.js';

const units: readonly AmdOptions[] = [
  {},
  { ga: true, unit: { cache: { entries: 1, deviceEntries: 1, randomEvict: true } }, assumptions: { irteFetch: 'halves' } },
  { guest: true, xt: true, unit: { capabilities: { numIntRemap: true }, cache: { entries: 8, ways: 8 } }, messages: 3 },
  { memory: 0x8000, assumptions: { iecDrain: 'none' }, messages: 1 },
];

test.each(units.map((options, i) => [i, options] as const))(
  'whatever tables, commands and registers hold, nothing traps; a snapshot goes on as the machine does (unit %i)',
  async (i, options) => {
    const a = await amd({ memory: 0x40000, jitter: true, seed: 7 + i, ...options });
    const dice = new Dice(99 + i);
    const traffic = new AmdTraffic(a.machine, dice);
    const words = (): number => dice.of([dice.word(), dice.below(256), 0xffffffff, 0, 1 << dice.below(32)]) >>> 0;
    const act = (): void => {
      traffic.step(a.unit);
      if (dice.oneIn(6)) a.poke(DEVICES + 4 * dice.below(0x100), words());
      if (dice.oneIn(6)) a.poke(4 * dice.below(0x1c00), words());
      if (dice.oneIn(20)) a.unit.write(dice.below(0x1000) * 4, words(), 4);
      a.machine.advance(dice.below(300));
      if (dice.oneIn(50)) a.got();
    };
    let logged = 0;
    for (let n = 0; n < 6000; n++) {
      act();
      logged += a.unit.eventLog.length > 0 ? 1 : 0;
    }
    const saved = a.machine.snapshot();
    const finish = (): string => {
      a.machine.settle();
      return a.machine.digest();
    };
    const end = finish();
    a.machine.restore(saved);
    expect(finish()).toBe(end);
    expect(a.machine.counter('messages')).toBeGreaterThan(500);
    expect(logged).toBeGreaterThan(100);
    expect(a.unit.read(AmdReg.features, 4)).toBe(0x2000c4);
  },
);
