/** What entries of the keys `operations` and `assert` take. */
import { exactlyOne, mapping, mark, text } from '../fields.js';
import { cpuList, cpuNumber, deviceName, irqNumber, microseconds, scenarioName, vcpuNumber } from './values.js';

const operationKeys = [
  'offline',
  'online',
  'move',
  'request',
  'free',
  'disable',
  'enable',
  'teardown',
  'allocate',
  'suspend',
  'post',
  'unpost',
  'load',
  'preempt',
  'block',
  'wake',
  'pause',
] as const;

export const operation = exactlyOne(
  mapping(
    {
      offline: cpuNumber.optional(),
      online: cpuNumber.optional(),
      move: mapping(
        {
          irq: irqNumber,
          to: cpuList,
          on: cpuNumber.optional().meta({ description: 'Whose task asks for it; default the lowest CPU that stays online' }),
        },
        '{irq: 122, to: [1]}',
      ).optional(),
      request: irqNumber.optional().meta({ description: 'A driver requests the irq' }),
      free: irqNumber.optional().meta({ description: 'The driver frees it; its device is quiet from then on' }),
      disable: irqNumber.optional(),
      enable: irqNumber.optional(),
      teardown: deviceName
        .optional()
        .meta({ description: 'The driver gives the irqs of its device back, which it has freed: vectors, remapping entries, MSI enable' }),
      allocate: deviceName.optional().meta({ description: 'It allocates them again' }),
      suspend: mark('suspend')
        .optional()
        .meta({ description: 'Devices lose power, all CPUs but one go offline, come back, and devices have power again' }),
      post: mapping({ irq: irqNumber, vcpu: vcpuNumber }, '{irq: 24, vcpu: 0}')
        .optional()
        .meta({ description: 'Messages of the irq are posted to a vCPU (hardware.md D.3.2)' }),
      unpost: irqNumber.optional().meta({ description: 'They go to the host again' }),
      load: mapping({ vcpu: vcpuNumber, cpu: cpuNumber }, '{vcpu: 0, cpu: 1}')
        .optional()
        .meta({ description: 'The thread of a vCPU goes to a CPU; one that is blocked blocks there' }),
      preempt: vcpuNumber.optional().meta({ description: 'The vCPU loses its CPU, and has it again at some later time' }),
      block: vcpuNumber.optional().meta({ description: 'The guest executes HLT, if it runs; an event of a device wakes the vCPU' }),
      wake: vcpuNumber.optional().meta({ description: 'Something other than a device wakes it' }),
      pause: mapping({ us: microseconds }, '{us: 300}').optional(),
    },
    'offline: 3',
  ),
  'an operation',
  operationKeys,
);

const expression = text('an expression', /\S/, () => 'write a condition in quotes, for example "!owed[irq 24]"').meta({
  description: 'A condition on the state, e.g. all i in irq: !owed[i]; irqlab models NAME --names lists what it can name',
});

export const assertionKeys = ['always', 'atRest', 'afterProbe'] as const;

export const assertion = exactlyOne(
  mapping(
    { name: scenarioName, always: expression.optional(), atRest: expression.optional(), afterProbe: expression.optional() },
    '{name: nothing-owed, atRest: "!owed[irq 24]"}',
  ),
  'an assertion',
  assertionKeys,
  1,
);
