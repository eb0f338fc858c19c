/** What entries of the keys `events` and `policies` take: what happens to a machine while it runs with time. */
import { exactlyOne, list, mapping, nonEmpty, whole } from '../fields.js';
import { cpuList, cpuNumber, irqNumber, microseconds } from './values.js';
import { time } from './workload.js';

const eventKeys = ['offline', 'online', 'move'] as const;

export const event = exactlyOne(
  mapping(
    {
      at: time('at', '{us: 300}', 0).meta({
        description: 'From the beginning of the run; it begins then, or as soon as a CPU has time for it',
      }),
      offline: cpuNumber.optional(),
      online: cpuNumber.optional(),
      move: mapping(
        {
          irq: irqNumber,
          to: cpuList,
          on: cpuNumber.optional().meta({ description: 'Who is asked first to do it; default: the first CPU that has nothing else to do' }),
        },
        '{irq: 24, to: [1]}',
      ).optional(),
    },
    '{at: {us: 300}, offline: 2}',
  ),
  'an event',
  eventKeys,
  1,
);

const irqs = list(irqNumber, '[24]')
  .min(1, nonEmpty('[24]'))
  .optional()
  .meta({ description: 'Those that are moved; default all but managed ones' });
const cpus = cpuList.optional().meta({ description: 'Default: all' });

const periodic = (example: string) => mapping({ everyUs: microseconds, irqs, cpus }, example).optional();

export const policyKeys = ['storm', 'roundRobin', 'balancer', 'numa', 'hotplugStorm'] as const;

export const policy = exactlyOne(
  mapping(
    {
      storm: mapping({ perSecond: whole('the rate', 1, 10_000_000), irqs, cpus }, '{perSecond: 10000}')
        .optional()
        .meta({ description: 'A random irq goes to a random CPU, at random times of this rate' }),
      roundRobin: periodic('{everyUs: 1000}').meta({ description: 'The next irq goes to the next CPU' }),
      balancer: periodic('{everyUs: 10000}').meta({ description: 'Irqs go from the CPU with the most load to the one with the least' }),
      numa: periodic('{everyUs: 10000}').meta({ description: 'The same within the node of the irq’s device' }),
      hotplugStorm: mapping(
        {
          everyUs: microseconds.meta({ description: 'The mean time from one to the next; each waits for the one before' }),
          keep: whole('the number of CPUs', 1, 4096).default(1).meta({ description: 'CPUs that stay online at least' }),
          cpus: cpuList.optional().meta({ description: 'Those that go and come; default all' }),
        },
        '{everyUs: 5000, keep: 2}',
      )
        .optional()
        .meta({ description: 'A random CPU goes offline, or one that is offline comes back' }),
    },
    '{storm: {perSecond: 10000}}',
  ),
  'a policy',
  policyKeys,
);
