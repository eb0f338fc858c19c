/** Posted MSI on bare metal (hardware.md E.5): a descriptor a CPU, whose notification's handler calls those of the vectors it finds. */
import { describe, expect, test } from 'vitest';
import { verdict } from '../engine/posted.js';
import { postedMsiKernel, type PostedMsiVariant } from '../engine/postedMsi.js';
import type { ToyOptions } from '../engine/toy.js';

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
