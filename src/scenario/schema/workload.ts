/** What the keys `interArrival`, `moderation` and `handlerCycles` of a device take: its load in a timed run. */
import * as z from 'zod';
import { choice, exactlyOne, list, mapping, mark, mismatch, nonEmpty, text, whole } from '../fields.js';
import { replayUnits } from '../scenario.js';
import { cycles, irqNumber, microseconds } from './values.js';

const gapCycles = whole('the gap', 1, 1_000_000_000_000);

/** Exactly one of `us` and `cycles`. */
export function time(what: string, example: string, least: 0 | 1 = 1) {
  const us = whole('the time', least, 1_000_000_000).optional();
  return exactlyOne(mapping({ us, cycles: whole('the time', least, 1_000_000_000_000).optional() }, example), what, ['us', 'cycles']);
}

const gaps = list(microseconds, '[50, 120]').min(1, nonEmpty('[50, 120]'));
const cycleGaps = list(gapCycles, '[150000]').min(1, nonEmpty('[150000]'));

const eventCount = whole('the number of events', 1, 1_000_000);

const bounds = (of: typeof eventCount, example: string) =>
  mapping({ min: of, max: of }, example).refine(({ min, max }) => min <= max, {
    error: ({ input }) => {
      const { min, max } = input as { min: number; max: number };
      return `min ${min} is more than max ${max}; write min <= max`;
    },
  });

const poisson = exactlyOne(
  mapping(
    {
      perSecond: whole('the rate', 1, 1_000_000_000).optional(),
      us: microseconds.optional().meta({ description: 'The mean gap' }),
      cycles: gapCycles.optional().meta({ description: 'The mean gap' }),
    },
    '{perSecond: 20000}',
  ),
  'poisson',
  ['perSecond', 'us', 'cycles'],
);

const bursty = mapping(
  {
    events: z
      .union([eventCount, bounds(eventCount, '{min: 8, max: 64}')], {
        error: ({ input }) => mismatch('a number of events or bounds', input, 'for example 16, or {min: 8, max: 64}'),
      })
      .meta({ description: 'Events of a burst; between bounds each number is as likely' }),
    gap: time('gap', '{us: 2}').meta({ description: 'Between two events of a burst' }),
    pause: time('pause', '{us: 500}').meta({ description: 'Mean of the exponential pauses in front of bursts' }),
  },
  '{events: 16, gap: {us: 2}, pause: {us: 500}}',
);

const replay = exactlyOne(
  mapping(
    {
      us: gaps.optional(),
      cycles: cycleGaps.optional(),
      file: text('the name of a file', /\S/, () => 'for example gaps.txt')
        .optional()
        .meta({ description: 'A gap a line, or a trace; its place is seen from the scenario’s' }),
      unit: choice('unit', replayUnits).optional().meta({ description: 'Of a file with a gap a line; default us' }),
      irq: irqNumber.optional().meta({ description: 'Whose interrupts are meant, if the file is a trace' }),
      repeat: mark('repeat').optional().meta({ description: 'The list begins again; otherwise the device is quiet behind it' }),
    },
    '{file: gaps.txt}',
  ),
  'replay',
  ['us', 'cycles', 'file'],
).refine(({ file, unit, irq }) => file !== undefined || (unit === undefined && irq === undefined), {
  error: 'unit and irq are about a file; leave them out, or write file',
});

export const interArrival = exactlyOne(
  mapping(
    {
      us: gaps.optional().meta({ description: 'Gaps, each as likely; one alone: the device is periodic' }),
      cycles: cycleGaps.optional(),
      poisson: poisson.optional().meta({ description: 'Exponential gaps, by their rate or their mean' }),
      bursty: bursty.optional(),
      replay: replay.optional().meta({ description: 'Gaps one after the other' }),
    },
    '{us: [50, 120, 600]}',
  ),
  'interArrival',
  ['us', 'cycles', 'poisson', 'bursty', 'replay'],
);

export const moderation = exactlyOne(
  mapping({ us: whole('the interval', 1, 1_000_000).optional(), cycles: whole('the interval', 1, 3_000_000_000).optional() }, '{us: 50}'),
  'moderation',
  ['us', 'cycles'],
);

const cost = cycles('the cost of the handler');
const percent = whole('the share', 1, 99);

export const handlerCycles = z.union(
  [
    cost,
    exactlyOne(
      mapping(
        {
          uniform: bounds(cost, '{min: 2000, max: 6000}').optional(),
          exponential: whole('the mean', 1, 1_000_000_000).optional().meta({ description: 'The mean' }),
          lognormal: mapping(
            { median: whole('the median', 1, 1_000_000_000), p99: whole('the quantile', 1, 1_000_000_000) },
            '{median: 3000, p99: 20000}',
          )
            .refine(({ median, p99 }) => median < p99, { error: 'one in a hundred takes more than p99; write a p99 above the median' })
            .optional(),
          bimodal: mapping({ fast: cost, slow: cost, slowPercent: percent }, '{fast: 2000, slow: 40000, slowPercent: 5}').optional(),
        },
        '{uniform: {min: 2000, max: 6000}}',
      ),
      'handlerCycles',
      ['uniform', 'exponential', 'lognormal', 'bimodal'],
    ),
  ],
  {
    error: ({ input }) => mismatch('a number of cycles or a distribution', input, 'for example 3000, or {exponential: 3000}'),
  },
);
