/** Any traffic to functions: nothing traps, and what the rules promise holds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Dice } from '../../bench/random/dice.js';
import { Machine, type DeviceOptions } from '../../src/machine/library.js';
import { addressOf, Bench } from './help.js';

function devices(dice: Dice): DeviceOptions[] {
  return Array.from({ length: 1 + dice.below(3) }, (): DeviceOptions => {
    const vectors = ([1, 2, 4, 8, 16, 32] as const)[dice.below(6)]!;
    return {
      ...(dice.below(4) > 0 && { msi: { vectors, address64: dice.below(2) > 0, maskable: dice.below(2) > 0 } }),
      ...(dice.below(4) > 0 && { msix: { vectors: 1 + dice.below(40), entryCache: dice.below(2) > 0 ? 'latch-at-unmask' : 'off' } }),
      bmeOffPolicy: dice.below(3) > 0 ? 'retain' : 'drop',
      softReset: dice.oneIn(3),
    };
  });
}

/** What would leave nothing to be seen if it came often. */
function rarely(dice: Dice, { core: { exports: e } }: Machine, f: number): void {
  const which = dice.below(10);
  if (which < 4) e.setPower(f, dice.oneIn(3) ? 1 : 0);
  else if (which === 4) e.resetFunction(f);
  else if (which < 7) e.withdrawVector(f, dice.word());
  else e.readCompletion(f, e.readArrival(f, dice.word()) + e.readPushed(f));
}

/** One access to anything, wherever it may be and however wide; now and then one that makes sense. */
function act(dice: Dice, machine: Machine): void {
  const e = machine.core.exports;
  const f = dice.oneIn(5) ? dice.word() : dice.below(machine.devices.length);
  const offset = dice.oneIn(6) ? dice.word() : dice.below(0x80);
  const width = dice.oneIn(8) ? dice.word() : [1, 2, 4][dice.below(3)]!;
  const value = [dice.word(), 0, 1, 0xffffffff, 0x8000, addressOf(dice.below(3))][dice.below(6)]!;
  switch (dice.below(10)) {
    case 0:
      e.configRead(f, offset, width);
      break;
    case 1:
    case 2:
      e.configWrite(f, offset, width, value);
      break;
    case 3:
      e.msixRead(f, dice.oneIn(4) ? 0x8000 + offset : offset, dice.oneIn(4) ? width : 4 << dice.below(2));
      break;
    case 4:
    case 5:
      e.msixWrite(f, dice.oneIn(4) ? dice.word() : 4 * dice.below(160), dice.oneIn(4) ? width : 4 << dice.below(2), value, dice.word());
      break;
    case 6:
    case 7:
      e.raiseVector(f, dice.oneIn(8) ? dice.word() : dice.below(40));
      break;
    case 8:
      rarely(dice, machine, f);
      break;
    default:
      machine.advance(dice.below(2000));
  }
}

describe('whatever is written to functions', () => {
  test('nothing traps, all of it settles, and a restored machine goes on as before', async () => {
    let messages = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const dice = new Dice(seed);
        const machine = await Machine.create({
          cpus: 3,
          devices: devices(dice),
          messages: 4 + dice.below(30),
          jitter: dice.oneIn(2),
          seed,
          memory: 4096,
        });
        for (const cpu of machine.cpus) cpu.writeMmio(0xfee000f0, 0x1ff, 4);
        for (let i = 0; i < 300; i++) act(dice, machine);
        const middle = machine.snapshot();
        const rest = dice.word();
        const end = (): string => {
          const again = new Dice(rest);
          for (let i = 0; i < 100; i++) act(again, machine);
          expect(machine.settle()).toBe(true);
          return machine.digest();
        };
        const digest = end();
        machine.restore(middle);
        expect(end()).toBe(digest);
        messages += machine.counter('messages');
      }),
      { seed: 7, numRuns: 60 },
    );
    expect(messages).toBeGreaterThan(1000);
  });

  test('no event of MSI-X is lost: each is sent, merged into one that is pending, or pending still', async () => {
    let sent = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const dice = new Dice(seed);
      const machine = await Machine.create({ devices: [{ msix: { vectors: 8 } }], jitter: true, seed, messages: 12 });
      const b = new Bench(machine);
      for (let n = 0; n < 8; n++) b.entry(n, 0, 0x40 + n);
      b.control(0x8000);
      machine.events();
      const raised = new Set<number>();
      const served = new Set<number>();
      /** Messages since the last look; a vector that is raised owes one from then on. */
      const look = (): void => {
        for (const { kind, event, data } of machine.events()) {
          if (kind === 'raise') raised.add(event!);
          if (kind !== 'sample') continue;
          expect(raised.delete(data! - 0x40)).toBe(true);
          served.add(data!);
          sent++;
        }
      };
      for (let i = 0; i < 300; i++) {
        const n = dice.below(8);
        if (dice.oneIn(3)) b.mask(n, dice.oneIn(2));
        else if (dice.oneIn(8)) b.device.config.write(b.msix + 2, dice.oneIn(2) ? 0xc000 : 0x8000, 2);
        else if (dice.oneIn(10)) b.device.config.write(4, dice.oneIn(2) ? 2 : 6, 2);
        else b.device.raise(n);
        machine.advance(dice.below(400));
        look();
        expect(new Set(b.device.pending)).toEqual(raised);
      }
      b.settle();
      for (let n = 0; n < 8; n++) {
        b.mask(n, false);
        b.settle();
      }
      b.command(6);
      b.control(0x8000);
      look();
      expect([b.device.pending, raised.size]).toEqual([[], 0]);
    }
    expect(sent).toBeGreaterThan(500);
  });
});
