/** What an entry of the key `devices` takes. */
import { choice, flag, list, mapping, nonEmpty, whole } from '../fields.js';
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

export const device = mapping(
  {
    name: deviceName,
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
    irqs: list(irq, '[{irq: 122, cpu: 3}]').min(1, nonEmpty('[{irq: 122, cpu: 3}]')),
  },
  '{name: nic, irqs: [{irq: 24}]}',
);
