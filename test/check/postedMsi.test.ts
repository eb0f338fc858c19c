/** Posted MSI on bare metal (hardware.md E.5): a descriptor a CPU, whose notification's handler calls those of the vectors it finds. */
import { describe, expect, test } from 'vitest';
import { eq, harvest, SELF, type Builder } from '../../src/kernel/index.js';
import { ANV, control, postedEntry, postedToy, remapAll, remapping, setControl, setRow, VECTOR, verdict } from '../engine/posted.js';
import { postedMsiKernel, type PostedMsiVariant } from '../engine/postedMsi.js';
import { entryLow, only, run, smallIoapic, type ToyOptions } from '../engine/toy.js';

const verdictOf = (variant: PostedMsiVariant, options?: ToyOptions): Promise<string> => verdict(postedMsiKernel(variant), options);

describe('the handler of the notification (E.5)', () => {
  test.each([
    ['harvests, clears ON and harvests once more', {}, 'safe'],
    ['clears ON, then harvests', { handler: ['clear', 'harvest'] }, 'safe'],
    ['T62 harvests, then clears ON', { handler: ['harvest', 'clear'] }, 'noLoss'],
    ['never clears ON', { handler: ['harvest', 'harvest'] }, 'noLoss'],
    ['a retriggered vector whose handler writes EOI itself', { retrigger: 'eoi' }, 'safe'],
    ['a retriggered vector whose handler leaves EOI to that of a notification', { retrigger: 'no eoi' }, 'noStuckIsr'],
  ] as const)('%s', async (_, variant, expected) => {
    expect(await verdictOf(variant)).toBe(expected);
  });
});

describe('an affinity change (D.5, E.5)', () => {
  test.each([
    ['by one store of 16 bytes', { move: 'whole' }, 'safe'],
    ['T48 by two stores of 8: a request finds half of either address', { move: 'halves' }, 'noFault,noLoss'],
    ['the old vector is forgotten once it is not in the old PIR', { move: 'whole', cleanup: 'pir' }, 'safe'],
    ['T45 it is forgotten as soon as requests are drained', { move: 'whole', cleanup: 'at once' }, 'noLoss,noStray'],
  ] as const)('%s', async (_, variant, expected) => {
    expect(await verdictOf(variant)).toBe(expected);
  });

  test.each([
    ['irr', 'safe'],
    ['root-complex', 'safe'],
    ['none', 'noLoss,noStray'],
  ] as const)('a wait drains posted requests (D.4.3): %s', async (iecDrain, expected) => {
    expect(await verdictOf({ move: 'whole', cleanup: 'pir' }, { assumptions: { iecDrain } })).toBe(expected);
  });
});

describe('a level-triggered line that is posted (T35)', () => {
  const PIN = 2;
  /** The vector in the pin's own entry: what a directed EOI has to name (B.3). */
  const LINE = 0x41;
  const line = (directed: boolean): Promise<string> =>
    verdict(
      (k, d) => {
        const table = remapping(d);
        const pid = d.descriptors('pid', 'cpu');
        const notification = k.routine('notification', { vector: 'vector' }, (b) => {
          b.clearOn(pid, SELF);
          harvest(b as unknown as Builder, pid, SELF, (vector) => {
            b.if(eq(vector, VECTOR), () => b.serve(0, 0));
            if (directed) b.pinEoi(0, LINE);
          });
          b.lapicWrite('eoi', 0);
          b.iret();
        });
        return {
          handlers: { [ANV]: notification },
          boot: (machine) => {
            remapAll(machine, table);
            setRow(machine, table.irte, 0, postedEntry(machine.descriptorAddress(pid.slot, 0)));
            setControl(machine, pid, 0, control(), 0);
            // remappable format, entry 0
            machine.ioapic(0).write(0x11 + 2 * PIN, 0x10000);
            machine.ioapic(0).write(0x10 + 2 * PIN, entryLow(LINE, { level: true }));
          },
        };
      },
      {
        ioapics: [smallIoapic],
        devices: [{ chipset: 'pins' }],
        sources: [{ device: 0, message: PIN, kind: 'level', raises: 2 }],
        properties: ['noLoss', 'noStuckLine', 'noStuckIsr', 'noFault'],
      },
    );

  test('is an edge to the LAPIC: a directed EOI lets the line ask again', async () => expect(await line(true)).toBe('safe'));
  test('no EOI of the LAPIC is broadcast, and without a directed one Remote IRR stays', async () =>
    expect(await line(false)).toBe('noLoss,noStuckLine'));
});

test('timed: a post that finds ON set notifies nobody, and what PIR carries is not taken for lost', async () => {
  const { machine } = await postedToy(postedMsiKernel({}), {
    timed: true,
    record: 1,
    ring: 4096,
    jitter: true,
    sources: [{ kind: 'free', raises: Infinity, gaps: [150, 300, 2500], handlerCycles: 400 }],
    properties: ['noLoss', 'noStray', 'noStuckIsr', 'noFault'],
  });
  const events = run(machine, 400_000);
  const posts = only(events, 'post').length;
  const notified = events.filter(({ kind, b }) => kind === 'post' && b & 0x100).length;
  const taken = only(events, 'acknowledge').length;
  expect(only(events, 'lost', 'fault', 'drop')).toEqual([]);
  expect(posts).toBeGreaterThan(200);
  expect(notified).toBeLessThan(posts * 0.9);
  // the last may still be on its way
  expect(notified - taken).toBeLessThanOrEqual(1);
  expect(only(events, 'serve').length).toBeGreaterThanOrEqual(taken);
});
