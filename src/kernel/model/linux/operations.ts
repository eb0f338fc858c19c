/** Operations of a scenario as tasks: the routine that each begins with, and what it is given. */
import type { OperationSetup } from '../../../machine/index.js';
import type { Control, Placement } from '../model.js';

const VCPU_ROUTINES = { load: 'vcpu_migrate', preempt: 'vcpu_preempt', block: 'kvm_vcpu_halt', wake: 'kvm_vcpu_wake_up' } as const;
const PLUG_ROUTINES = { offline: 'cpu_down', online: 'cpu_up' } as const;
/** cpu_hotplug_lock, as a key: who waits for it is not begun. Behind it a key for each irq, whose moves a user asks for one by one. */
const HOTPLUG_LOCK = 1;

/** The routines of operations that are injected. */
export function injectedRoutines(entry: (name: string) => number): Pick<Control, 'plug' | 'move'> {
  return {
    plug: { offline: entry(PLUG_ROUTINES.offline), online: entry(PLUG_ROUTINES.online), key: HOTPLUG_LOCK },
    move: { entry: entry('irq_set_affinity'), firstKey: HOTPLUG_LOCK + 1 },
  };
}

/** `first`: the first irq of a device. */
export function operation(
  o: Placement['operations'][number],
  entry: (name: string) => number,
  mask: number,
  first: (device: number) => number,
): OperationSetup {
  const { on: cpu, pause } = o;
  if (o.kind === 'move') return { entry: entry('irq_set_affinity'), cpu, pause, args: [o.irq, { mask }] };
  if (o.kind === 'offline' || o.kind === 'online')
    return { entry: entry(PLUG_ROUTINES[o.kind]), cpu, pause, args: [o.cpu, 0], key: HOTPLUG_LOCK, subject: o.cpu };
  if (o.kind === 'teardown' || o.kind === 'allocate')
    return {
      entry: entry(o.kind === 'teardown' ? 'pci_free_irq_vectors' : 'pci_alloc_irq_vectors'),
      cpu,
      pause,
      args: [first(o.device), 0],
    };
  if (o.kind === 'post') return { entry: entry('irq_set_vcpu_affinity'), cpu, pause, args: [o.irq, o.vcpu] };
  if (o.kind === 'unpost') return { entry: entry('irq_set_vcpu_affinity_none'), cpu, pause, args: [o.irq, 0] };
  if ('vcpu' in o) return { entry: entry(VCPU_ROUTINES[o.kind]), cpu, pause, args: [o.vcpu, o.kind === 'load' ? o.cpu : 0] };
  const name = o.kind === 'suspend' || o.kind === 'resume' ? `${o.kind}_devices` : `${o.kind}_irq`;
  return { entry: entry(name), cpu, pause, args: ['irq' in o ? o.irq : 0, 0] };
}
