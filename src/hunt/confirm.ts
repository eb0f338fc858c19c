/** How to see on a real system what a model has shown: on which machine, with which device, by which commands, and what to look at. */
import type { Operation } from '../scenario/index.js';
import { startsPosted, VCPU, vcpuPlace, type Program } from './program.js';
import { isMovable, kindOf, platformOf } from './universe.js';

const place = (cpu: number): string => `taskset -pc ${cpu} VCPU`;

/** Where a guest has the device: VFIO requests and frees what is the host's. */
function guestCommand(operation: Operation): string | undefined {
  if ('free' in operation) return '# in the guest: unbind the driver of the device';
  if ('request' in operation) return '# in the guest: bind the driver of the device';
  if ('teardown' in operation) return 'echo 0000:BB:DD.F > /sys/bus/pci/drivers/vfio-pci/unbind # with the guest shut down';
  if ('allocate' in operation) return 'echo 0000:BB:DD.F > /sys/bus/pci/drivers/vfio-pci/bind # then boot the guest';
  return undefined;
}

function vcpuCommand(operation: Operation): string | undefined {
  if ('post' in operation) return '# in the guest: unmask the vector (enable_irq), so that its irqfd is back';
  if ('unpost' in operation) return '# in the guest: mask the vector (disable_irq), so that its irqfd goes';
  if ('load' in operation) return place(operation.load.cpu);
  if ('preempt' in operation)
    return '# a task of higher priority takes the CPU of VCPU for a while: chrt -f 50 taskset -c CPU timeout 0.01 yes > /dev/null';
  if ('block' in operation) return '# in the guest: nothing to run, so that it executes HLT';
  return 'wake' in operation ? '# in the guest: a timer expires, as that of sleep 0.01' : undefined;
}

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
  if ('enable' in operation) return '# the driver calls enable_irq';
  return vcpuCommand(operation) ?? '';
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
const guestEvents = (log: string): string =>
  `trace-cmd record -e kvm:kvm_pi_irte_update${log} -e kvm:kvm_vcpu_wakeup -e kvm:kvm_entry -e kvm:kvm_exit -e sched:sched_switch -e sched:sched_migrate_task -e irq_matrix -e cpuhp`;
const GUEST_EVENTS = { vtd: guestEvents(''), amd: guestEvents(' -e kvm:kvm_avic_ga_log') };

/** `noLoss` of what is posted to a vCPU, by the unit that posts; vectors that notify are counted on Intel's machines only. */
const guestLoss = (notified: string): string =>
  `the count of the device in /proc/interrupts of the guest stands still while it has work${notified}; an event of another kind (virsh inject-nmi) brings it back`;
const GUEST_LOSS = {
  vtd: guestLoss(', and so do PIN and PIW in that of the host'),
  amd: guestLoss(', and no kvm_avic_ga_log event follows'),
};

export interface Confirmation {
  readonly machine: string;
  readonly device: string;
  readonly commands: readonly string[];
  readonly events: string;
  readonly sign: string;
}

export function confirmation(program: Program, property: string): Confirmation {
  const start = program.start === 0 ? 0 : 1;
  const affinity = isMovable(kindOf(program)) ? [`echo ${start} > /proc/irq/IRQ/smp_affinity_list`] : [];
  const home = vcpuPlace(program);
  const isGuest = home !== undefined;
  const { real, iommu } = platformOf(program);
  const unit = iommu?.type ?? 'vtd';
  const told = (operation: Operation): string => (isGuest ? guestCommand(operation) : undefined) ?? command(operation);
  return {
    machine: `${real}; ${program.cpus} CPUs online or more`,
    device: `${kindOf(program).real}, under load`,
    commands: [
      ...affinity,
      ...(isGuest ? [place(home)] : []),
      ...(isGuest && !startsPosted(program) ? [told({ unpost: 0 })] : []),
      'while :; do',
      ...[...program.operations, ...undoing(program)].map((each) => `  ${told(each)}`),
      'done',
    ],
    events: isGuest ? GUEST_EVENTS[unit] : EVENTS,
    sign:
      (isGuest && property === 'noLoss' ? GUEST_LOSS[unit] : signs[property]) ??
      'what the model asserts is not to be seen from outside; read the variables with a debugger or bpftrace',
  };
}

/** What brings the machine back to where the program begins. */
function undoing(program: Program): readonly Operation[] {
  const { operations, start } = program;
  const gone = new Set<number>();
  const home = vcpuPlace(program);
  let isAway = false;
  let moved = false;
  let held: Operation | undefined;
  let posted = startsPosted(program);
  let disabled = false;
  for (const operation of operations) {
    if ('offline' in operation) gone.add(operation.offline);
    else if ('online' in operation) gone.delete(operation.online);
    else if ('move' in operation) moved = true;
    else if ('load' in operation) isAway = operation.load.cpu !== home;
    else if ('post' in operation) posted = true;
    else if ('unpost' in operation) posted = false;
    else if ('free' in operation) held = { request: operation.free };
    else if ('request' in operation) held = undefined;
    else if ('disable' in operation) disabled = true;
    else if ('enable' in operation) disabled = false;
    if ('offline' in operation && operation.offline === home) isAway = true;
  }
  const last = operations.findLast((each) => 'teardown' in each || 'allocate' in each);
  return [
    ...[...gone].map((cpu): Operation => ({ online: cpu })),
    ...(last !== undefined && 'teardown' in last ? [{ allocate: last.teardown }] : []),
    ...(held === undefined || (last !== undefined && 'teardown' in last) ? [] : [held]),
    ...(disabled ? [{ enable: 0 }] : []),
    ...(posted === startsPosted(program) ? [] : [posted ? { unpost: 0 } : { post: { irq: 0, vcpu: VCPU } }]),
    ...(home !== undefined && isAway ? [{ load: { vcpu: VCPU, cpu: home } }] : []),
    ...(isMovable(kindOf(program)) && (moved || gone.size > 0) ? [{ move: { irq: 0, to: [start] } }] : []),
  ];
}
