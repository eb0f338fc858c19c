/** What the keys `assumptions`, `run` and `timing` take. */
import * as z from 'zod';
import { assumptionValues } from '../../machine/index.js';
import { choice, flag, mapping, mismatch, whole } from '../fields.js';
import { cycles } from './values.js';

export const assumptions = mapping(
  {
    sampling: choice('value of sampling', assumptionValues.sampling).default('at-once'),
    push: choice('value of push', assumptionValues.push).default('irr'),
    delivery: choice('value of delivery', assumptionValues.delivery).default('within-mdelay'),
    recognition: choice('value of recognition', assumptionValues.recognition).default('prompt'),
    softDisabled: choice('value of softDisabled', assumptionValues.softDisabled).default('dispatches'),
    iecDrain: choice('value of iecDrain', assumptionValues.iecDrain).default('irr'),
    irteFetch: choice('value of irteFetch', assumptionValues.irteFetch).default('whole'),
    ioapicEdge: choice('value of ioapicEdge', assumptionValues.ioapicEdge).default('lost'),
  },
  '{delivery: unbounded}',
);

const timingValue = z.union(
  [
    cycles('the time'),
    mapping({ min: cycles('the time'), default: cycles('the time'), max: cycles('the time') }, '{min: 6000, default: 7200, max: 9000}'),
  ],
  { error: ({ input }) => mismatch('a number of cycles', input, 'for example 9000, or {min: 6000, default: 7200, max: 9000}') },
);

const MAX_SECONDS = 1_000_000;
const seconds = z
  .number({ error: ({ input }) => mismatch('a number of seconds', input, 'for example 60') })
  .gt(0, { error: ({ input }) => `${String(input)} seconds is out of range; write more than 0` })
  .max(MAX_SECONDS, { error: ({ input }) => `${String(input)} seconds is out of range; write ${MAX_SECONDS} at most` });

export const run = mapping(
  { repeat: flag().default(false), seconds: seconds.default(1), seed: whole('seed', 0, 0xffff_ffff).default(1) },
  '{seconds: 60, seed: 1}',
);

export const timing = z.record(z.string(), timingValue, {
  error: ({ input }) => mismatch('a mapping', input, 'for example {cfg.write: 9000}'),
});
