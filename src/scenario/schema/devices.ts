/** What an entry of the key `devices` takes. */
import * as z from 'zod';
import { choice, flag, list, mapping, mismatch, nonEmpty, whole } from '../fields.js';
import { MOST_DEVICES } from '../groups.js';
import { socketNumber } from './machine.js';
import { cpuList, cpuNumber, deviceName, irqNumber, vcpuNumber, vectorNumber } from './values.js';
import { handlerCycles, interArrival, moderation } from './workload.js';

/** Entries that a table of MSI-X may have at most. */
export const messageCount = whole('the number of messages', 1, 2048);

/** A message of a PCI device; of a comparator of an HPET, of a remapping unit's fault event. */
export const messageTypes = ['msi', 'msix', 'hpet', 'dmar', 'ioapic'] as const;

const irq = mapping(
  {
    irq: irqNumber,
    cpu: cpuNumber.optional().meta({ description: 'Target at the start; default the lowest CPU of the affinity that is online' }),
    vector: vectorNumber.optional().meta({ description: 'Default: the lowest of the universe that is free on that CPU' }),
    affinity: cpuList.optional().meta({ description: 'Default: all CPUs' }),
    managed: flag().optional().meta({ description: 'Its affinity is the kernel’s: with its last CPU it is shut down. Default false' }),
    threaded: flag().optional().meta({ description: 'The driver’s handler runs in a thread. Default false' }),
    vcpu: vcpuNumber.optional().meta({ description: 'The vCPU that its messages are posted to at the start. Default: none' }),
    requested: flag().optional().meta({ description: 'Whether a driver has requested it at the start. Default true' }),
  },
  '{irq: 122, cpu: 3}',
);

/** Irqs in a short form, each of which begins at another CPU. */
const irqGroup = mapping(
  {
    count: messageCount,
    first: irqNumber.optional().meta({ description: 'Number of the first; default: behind all before, from 24 on' }),
    affinity: z
      .union([cpuList, z.literal(['socket', 'cpu'])], {
        error: ({ input }) => mismatch('a list of CPUs', input, 'for example [0, 3]; or socket, cpu: the one that it begins at'),
      })
      .optional()
      .meta({ description: 'Each begins at the next CPU of it. Default: all CPUs' }),
    managed: flag().optional(),
    threaded: flag().optional(),
    requested: flag().optional(),
  },
  '{count: 8}',
);

export const device = mapping(
  {
    name: deviceName,
    count: whole('the number of devices', 1, MOST_DEVICES).optional().meta({ description: 'So many of them, called NAME.0, NAME.1 ...' }),
    socket: socketNumber.optional().meta({ description: 'Default: devices are split among sockets evenly, in order' }),
    kind: choice('kind of device', ['handshake', 'free', 'level']).default('handshake'),
    message: mapping(
      {
        type: choice('type of message', messageTypes).default('msi'),
        address64: flag().optional().meta({ description: 'MSI: the address has an upper half; default true' }),
        maskable: flag().optional().meta({ description: 'MSI: each message has a mask bit; default false' }),
        vectors: messageCount.optional().meta({ description: 'Default: as many as there are irqs, for MSI rounded up to a power of two' }),
        pin: whole('pin', 0, 119).optional().meta({ description: 'Input of the IOAPIC; default 0' }),
        trigger: choice('trigger', ['edge', 'level']).optional().meta({ description: 'Of the pin; default edge, for kind: level level' }),
      },
      '{type: msi, address64: true}',
    ).prefault({}),
    raises: whole('the number of raises', 0, 15).default(3),
    interArrival: interArrival.default({ us: [100] }),
    moderation: moderation
      .optional()
      .meta({ description: 'Time from a message of an irq to its next, at least; events in between are one. Default: none' }),
    handlerCycles: handlerCycles.default(3000),
    irqs: z.union([list(irq, '[{irq: 122, cpu: 3}]').min(1, nonEmpty('[{irq: 122, cpu: 3}]')), irqGroup], {
      error: ({ input }) => mismatch('a list of irqs', input, 'for example [{irq: 122, cpu: 3}], or {count: 8}'),
    }),
  },
  '{name: nic, irqs: [{irq: 24}]}',
);
