/** Random register traffic on random machines: `npm run fuzz` does the same at length. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Dice } from '../../bench/random/dice.js';
import { Invariants } from '../../bench/random/invariants.js';
import { postedTrial } from '../../bench/random/posted.js';
import { trial } from '../../bench/random/trial.js';
import { UnitInvariants } from '../../bench/random/units.js';
import { Cpu, Iec, Iommu, Pin, Table } from '../../src/core/index.js';
import { Machine } from '../../src/machine/library.js';

describe('whatever the host does to registers and pins', () => {
  test('the invariants of hardware.md A.3, A.4, B.3, D.1, D.4 and D.7 hold, nothing traps, and a restored machine goes on as before', async () => {
    const sum = { accepted: 0, used: 0, fetched: 0, recorded: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const { failure, ...counts } = await trial(seed, 400);
        for (const name of ['accepted', 'used', 'fetched', 'recorded'] as const) sum[name] += counts[name];
        expect(failure).toBeUndefined();
      }),
      { seed: 20, numRuns: 80 },
    );
    expect(sum.accepted).toBeGreaterThan(1000);
    expect(Math.min(sum.used, sum.fetched, sum.recorded)).toBeGreaterThan(100);
  });

  test('each request that is to be posted ends as a bit in PIR, with a message if E.2 says so, or as a fault, recorded unless FPD hides it', async () => {
    const sum = { posted: 0, notified: 0, blocked: 0, hidden: 0 };
    for (let seed = 1; seed <= 15; seed++) {
      const { failure, ...counts } = await postedTrial(seed, 120);
      for (const name of ['posted', 'notified', 'blocked', 'hidden'] as const) sum[name] += counts[name];
      expect(failure).toBeUndefined();
    }
    expect(sum.posted).toBeGreaterThan(500);
    expect(Math.min(sum.notified, sum.blocked, sum.hidden)).toBeGreaterThan(100);
  });

  test('a restored machine of the same make goes on as the one that was copied, messages in flight', async () => {
    const options = { cpus: 3, jitter: true, seed: 5 };
    const [one, other] = [await Machine.create(options), await Machine.create({ ...options, seed: 5 })];
    for (const cpu of one.cpus) cpu.writeMmio(0xfee000f0, 0x1ff, 4);
    for (let v = 0x20; v < 0x60; v++) one.dmaWrite32({ requester: v & 3, address: 0xfee00000 + ((v % 3) << 12), data: v });
    one.advance(900);
    other.restore(one.snapshot());
    expect(other.settle(0)).toBe(false);
    expect([one.settle(), other.settle()]).toEqual([true, true]);
    expect([other.digest(), other.eventDigest(), other.cpu(1).irr]).toEqual([one.digest(), one.eventDigest(), one.cpu(1).irr]);
  });
});

describe('the invariants themselves see', () => {
  const broken = async (breakIt: (machine: Machine, cpu: number, pin: number) => void): Promise<string | undefined> => {
    const machine = await Machine.create({ cpus: 2 });
    const invariants = new Invariants(machine.core, 2, 24, true);
    expect(invariants.broken()).toBeUndefined();
    const table = machine.core.exports.table;
    breakIt(machine, table(Table.cpus) + Cpu.size, table(Table.pins) + 3 * Pin.size);
    return invariants.broken();
  };

  test.each<[string, Parameters<typeof broken>[0], RegExp]>([
    ['a vector below 16', ({ core }, cpu) => core.setU32(cpu + Cpu.tmr, 0x8000), /CPU 1: a vector below 16/],
    ['two vectors of one class in service', ({ core }, cpu) => core.setU32(cpu + Cpu.isr + 8, 0x30000), /two vectors of one class/],
    ['a PPR that does not follow', ({ core }, cpu) => core.setU8(cpu + Cpu.tpr, 0x35), /PPR is 0, from TPR 53/],
    ['a highest vector that is kept wrongly', ({ core }, cpu) => core.setU32(cpu + Cpu.irr + 8, 1), /highest vectors 64/],
    ['Remote IRR on an edge entry', ({ core }, _, pin) => core.setU32(pin + Pin.low, 0x4031), /pin 3: Remote IRR/],
  ])('%s', async (_, breakIt, sentence) => {
    expect(await broken(breakIt)).toMatch(sentence);
  });
});

describe('the invariants of remapping units see', () => {
  const broken = async (breakIt: (machine: Machine, unit: number) => void): Promise<string | undefined> => {
    const machine = await Machine.create({ iommus: [{}] });
    const invariants = new UnitInvariants(machine);
    expect(invariants.broken()).toBeUndefined();
    breakIt(machine, machine.core.exports.table(Table.iommus));
    return invariants.broken();
  };
  const cache = ({ core }: Machine, entry: number, index: number): void => {
    const at = core.exports.table(Table.iecs) + entry * Iec.size;
    core.setU32(at + Iec.epoch, core.u32(core.exports.table(Table.iommus) + Iommu.epoch));
    core.setU32(at + Iec.index, index);
    core.setU32(at + Iec.low, 1);
  };

  test.each<[string, Parameters<typeof broken>[0], RegExp]>([
    ['a status that no command sets', ({ core }, unit) => core.setU32(unit + Iommu.gsts, 1), /GSTS is 1/],
    ['a head without a queue', ({ core }, unit) => core.setU32(unit + Iommu.iqh, 16), /IQH is 16 while the queue is off/],
    [
      'a fault that is not counted',
      ({ core }) => core.setU32(core.exports.table(Table.faultRecords) + 12, 0x80000022),
      /1 faults are pending, 0/,
    ],
    ['an event without a fault', ({ core }, unit) => core.setU32(unit + Iommu.fectl, 0x40000000), /a fault event is pending/],
    ['an entry in another set', (machine) => cache(machine, 0, 1), /entry 1 is cached in another set/],
    ['an entry twice', (machine) => [0, 1].forEach((way) => cache(machine, way, 16)), /entry 16 is cached twice/],
  ])('%s', async (_, breakIt, sentence) => {
    expect(await broken(breakIt)).toMatch(sentence);
  });
});

test('the dice are the same everywhere', () => {
  const dice = new Dice(1);
  expect([dice.word(), dice.word(), dice.below(100)]).toEqual([2693262067, 11749833, 52]);
});
