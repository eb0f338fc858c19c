/** How to see on a real system what a model has shown: on which machine, with which device, by which commands, and what to look at. */
import type { Operation } from '../scenario/index.js';
import type { Program } from './program.js';
import { kindOf, platformOf } from './universe.js';

function command(operation: Operation): string {
  if ('move' in operation) return `echo ${operation.move.to.join(',')} > /proc/irq/IRQ/smp_affinity_list`;
  if ('offline' in operation) return `echo 0 > /sys/devices/system/cpu/cpu${operation.offline}/online`;
  if ('online' in operation) return `echo 1 > /sys/devices/system/cpu/cpu${operation.online}/online`;
  if ('suspend' in operation) return 'rtcwake -m mem -s 5';
  if ('free' in operation) return '# the driver frees its irq: ip link set IF down, or close the port';
  if ('request' in operation) return '# the driver requests its irq: ip link set IF up, or open the port';
  if ('teardown' in operation) return 'echo 0000:BB:DD.F > /sys/bus/pci/drivers/DRIVER/unbind';
  if ('allocate' in operation) return 'echo 0000:BB:DD.F > /sys/bus/pci/drivers/DRIVER/bind';
  if ('disable' in operation) return '# the driver calls disable_irq: netconsole or netpoll on a network card does';
  return 'enable' in operation ? '# the driver calls enable_irq' : '';
}

/** What tells on a real system that a property does not hold. */
const signs: Readonly<Record<string, string>> = {
  noLoss: 'the device stops: its count in /proc/interrupts stands still while it has work, and its driver reports a timeout',
  noStray: '"No irq handler for vector" in the log',
  noLeak:
    'vectors of a CPU in /sys/kernel/debug/irq/domains/VECTOR that no irq of /sys/kernel/debug/irq/irqs has; irq_matrix events show no free',
  inStep: 'lspci -vv, or the entries in /sys/kernel/debug/iommu/intel/ir_translation_struct, beside /sys/kernel/debug/irq/irqs/IRQ',
  noStuckLine: '/sys/kernel/debug/irq/irqs/IRQ and the pin in the IOAPIC dump of apic=debug: Remote IRR stays set',
  noStuckIsr: 'other irqs of the CPU stand still too: their priority is not higher than that of the vector in service',
  noFault: '"DMAR: [INTR-REMAP] Request device" or "AMD-Vi: Event logged" in the log; irqlab explain reads it',
  noWildWrite: 'a fault of the IOMMU, or memory that changes, at an address that is no interrupt’s',
  progress: '/proc/irq/IRQ/effective_affinity stays what it was, or a task hangs (echo w > /proc/sysrq-trigger)',
};

/** Events that show the steps. */
const EVENTS = 'trace-cmd record -e irq_vectors -e irq_matrix -e irq:irq_handler_entry -e cpuhp';

export interface Confirmation {
  readonly machine: string;
  readonly device: string;
  readonly commands: readonly string[];
  readonly events: string;
  readonly sign: string;
}

export function confirmation(program: Program, property: string): Confirmation {
  const start = program.start === 0 ? 0 : 1;
  const place = kindOf(program).managed === true ? [] : [`echo ${start} > /proc/irq/IRQ/smp_affinity_list`];
  return {
    machine: `${platformOf(program).real}; ${program.cpus} CPUs online or more`,
    device: `${kindOf(program).real}, under load`,
    commands: [
      ...place,
      'while :; do',
      ...program.operations.map((each) => `  ${command(each)}`),
      ...undoing(program).map((each) => `  ${each}`),
      'done',
    ],
    events: EVENTS,
    sign: signs[property] ?? 'what the model asserts is not to be seen from outside; read the variables with a debugger or bpftrace',
  };
}

/** What brings the machine back to where the program begins. */
function undoing({ operations, start }: Program): readonly string[] {
  const gone = new Set<number>();
  let moved = false;
  let held: Operation | undefined;
  let disabled = false;
  for (const operation of operations) {
    if ('offline' in operation) gone.add(operation.offline);
    else if ('online' in operation) gone.delete(operation.online);
    else if ('move' in operation) moved = true;
    else if ('free' in operation) held = { request: operation.free };
    else if ('request' in operation) held = undefined;
    else if ('disable' in operation) disabled = true;
    else if ('enable' in operation) disabled = false;
  }
  const last = operations.findLast((each) => 'teardown' in each || 'allocate' in each);
  return [
    ...[...gone].map((cpu) => command({ online: cpu })),
    ...(last !== undefined && 'teardown' in last ? [command({ allocate: last.teardown })] : held === undefined ? [] : [command(held)]),
    ...(disabled ? [command({ enable: 0 })] : []),
    ...(moved || gone.size > 0 ? [command({ move: { irq: 0, to: [start] } })] : []),
  ];
}
