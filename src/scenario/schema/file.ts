/**
 * The format of a scenario file, version 1: what each key takes, its bounds, its default, and what is said when it is wrong.
 *
 * One definition for three uses: validation, the types of the input, and the published JSON Schema. What needs more than one key
 * to be judged (does this CPU exist?) stands in references.ts.
 */
import * as z from 'zod';
import { describe } from '../../words.js';
import { flag, list, mapping, mismatch, nonEmpty, text } from '../fields.js';
import { MOST_DEVICES } from '../groups.js';
import { device } from './devices.js';
import { event, policy } from './events.js';
import { machine, universe } from './machine.js';
import { assertion, operation } from './operations.js';
import { assumptions, run, timing } from './settings.js';
import { scenarioName } from './values.js';

/** The default model: the newest that is safe in the scenarios of the thread. */
const DEFAULT_MODEL = 'linux-5.9';

const namedText = (example: string) =>
  z.string({
    error: ({ input }) =>
      mismatch('a text', input, typeof input === 'number' || typeof input === 'boolean' ? `write "${input}"` : `for example ${example}`),
  });

/** The whole file, as its author may write it. */
export const scenarioFile = mapping(
  {
    version: z.literal(1, { error: ({ input }) => `version is ${describe(input)}, this program reads version 1; write version: 1` }),
    name: scenarioName,
    about: namedText('about: what it shows').optional(),
    model: text('the name of a model', /^[a-z][a-z0-9.-]*$/, () => `for example ${DEFAULT_MODEL}`).default(DEFAULT_MODEL),
    behaviours: z
      .record(z.string(), namedText('settleDelay: none'), {
        error: ({ input }) => mismatch('a mapping', input, 'for example {settleDelay: none}'),
      })
      .default({}),
    assumptions: assumptions.prefault({}),
    machine,
    universe: universe.prefault({}),
    devices: list(device, '[{name: nic, irqs: [{irq: 24}]}]')
      .min(1, nonEmpty('[{name: nic, irqs: [{irq: 24}]}]'))
      .max(MOST_DEVICES, { error: `more than ${MOST_DEVICES} devices; write ${MOST_DEVICES} at most` }),
    operations: list(operation, '[{offline: 3}]').default([]),
    parallel: flag().default(false).meta({
      description: 'Operations begin in any order; what takes no CPU offline or online runs beside that, if a CPU besides one stays online',
    }),
    events: list(event, '[{at: {us: 300}, offline: 2}]')
      .default([])
      .meta({ description: 'Timed: operations that begin at a time, beside those of the list' }),
    policies: list(policy, '[{storm: {perSecond: 10000}}]')
      .default([])
      .meta({ description: 'Timed: what moves irqs and plugs CPUs while the machine runs' }),
    assert: list(assertion, '[{name: nothing-owed, atRest: "!owed[irq 24]"}]').default([]),
    run: run.prefault({}),
    timing: timing.default({}),
  },
  'version: 1',
);

/** A file that the schema accepts, with the defaults that need no look at another key. */
export type ScenarioFile = z.output<typeof scenarioFile>;

/** How a key is written that is missing, for the message that says so. */
export const examples: Readonly<Record<string, string>> = {
  version: 'version: 1',
  name: 'name: my-scenario',
  machine: 'machine: {cpus: 2}',
  cpus: 'cpus: 2',
  cpu: 'cpu: 0',
  devices: 'devices: [{name: nic, irqs: [{irq: 24}]}]',
  irqs: 'irqs: [{irq: 24}]',
  count: 'count: 8',
  irq: 'irq: 24',
  to: 'to: [1]',
  us: 'us: 300',
  at: 'at: {us: 300}',
  perSecond: 'perSecond: 10000',
  everyUs: 'everyUs: 1000',
  gap: 'gap: {us: 2}',
  pause: 'pause: {us: 500}',
  events: 'events: 16',
  median: 'median: 3000',
  p99: 'p99: 20000',
  fast: 'fast: 2000',
  slow: 'slow: 40000',
  slowPercent: 'slowPercent: 5',
  vcpu: 'vcpu: 0',
  min: 'min: 6000',
  default: 'default: 7200',
  max: 'max: 9000',
};

/** JSON Schema (draft 2020-12) of a scenario file, for editors. References between keys are beyond it. */
export function jsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(scenarioFile, { io: 'input' });
  return { $schema, title: 'irqlab scenario, version 1', ...rest };
}
