/** Actions of a check as users and tokens call them. */
import { Actor } from '../../core/index.js';
import type { System } from '../../scenario/index.js';

/** One step of a schedule: whose it is, which of its steps, and the action the core knows. */
export interface Step {
  /** `cpu3`, `xhci`, `op0`, `probe` */
  readonly actor: string;
  /**
   * which step where an actor has several: `irq`, `raise`, `sample`, `send`, `t0` for a CPU's timer, or the rank of a message (`m0`, of a
   * write `w0`); '' for a CPU's micro-op
   */
  readonly choice: string;
  readonly action: number;
}

/** Name of a CPU in schedules: `cpu` and the number the user knows it by. */
function cpuName(system: System, cpu: number): string {
  return `cpu${system.scenario.machine.cpus[cpu]?.cpu ?? cpu}`;
}

/** Whose list of messages in flight it is: a device's, a CPU's, an IOAPIC's, a unit's, or what CPUs write to a device. By index. */
export function originOf(
  { names, firstAccess, ioapics }: System,
  origin: number,
): { readonly kind: 'device' | 'cpu' | 'ioapic' | 'iommu' | 'access'; readonly index: number } {
  const devices = names.devices.length;
  if (origin >= firstAccess) return { kind: 'access', index: origin - firstAccess };
  if (origin < devices) return { kind: 'device', index: origin };
  const cpus = names.cpus.length;
  if (origin < devices + cpus) return { kind: 'cpu', index: origin - devices };
  const index = origin - devices - cpus;
  return index < ioapics ? { kind: 'ioapic', index } : { kind: 'iommu', index: index - ioapics };
}

/** Names are those of the scenario, so a token can be read. */
export function describeAction(system: System, action: number): Step {
  const which = action & 0xfff;
  const source = system.names.sources[which] ?? String(which);
  switch (action >>> 12) {
    case Actor.cpu:
      return { actor: cpuName(system, which), choice: '', action };
    case Actor.interrupt:
      return { actor: cpuName(system, which), choice: 'irq', action };
    case Actor.message: {
      const { kind, index } = originOf(system, which >>> 4);
      const isOfChipset = kind === 'ioapic' || kind === 'iommu';
      const actor = kind === 'cpu' ? cpuName(system, index) : isOfChipset ? `${kind}${index}` : (system.names.devices[index] ?? '?');
      return { actor, choice: `${kind === 'access' ? 'w' : 'm'}${which & 15}`, action };
    }
    case Actor.raise:
      return { actor: source, choice: 'raise', action };
    case Actor.sample:
      return { actor: source, choice: 'sample', action };
    case Actor.send:
      return { actor: source, choice: 'send', action };
    case Actor.operation:
      return { actor: `op${which}`, choice: '', action };
    case Actor.pin:
      return { actor: `ioapic${which >>> 8}`, choice: `pin${which & 0xff}`, action };
    case Actor.queue:
      return { actor: `iommu${which}`, choice: 'queue', action };
    case Actor.drop:
      return { actor: `iommu${which >>> 8}`, choice: `drop${which & 0xff}`, action };
    case Actor.timer:
      return { actor: cpuName(system, which >>> 4), choice: `t${which & 15}`, action };
    default:
      return { actor: 'probe', choice: which === 0 ? '' : 'raise', action };
  }
}

/** The CPU (index) whose context the action runs, or undefined: it is nobody's micro-op. */
export function cpuOfAction(action: number): number | undefined {
  return action >>> 12 === Actor.cpu ? action & 0xfff : undefined;
}

/** Steps that a state at rest may have: raises, operations that begin, and cached entries that go. */
export function isLeftAtRest(action: number): boolean {
  const actor = action >>> 12;
  return actor === Actor.raise || actor === Actor.operation || actor === Actor.probe || actor === Actor.drop;
}

/** Device (index) on a pin of an IOAPIC; the first of all pins if `pin` is left out. */
export function deviceOnPin({ scenario }: System, pin?: number): number {
  const on = scenario.devices.findIndex(({ message }) => message.type === 'ioapic' && (pin === undefined || message.pin === pin));
  return Math.max(on, 0);
}

/** A device whose one message stands in registers of the chipset. */
export function isChipset({ scenario }: System, device: number): boolean {
  const type = scenario.devices[device]?.message.type;
  return type === 'hpet' || type === 'dmar';
}

/** Device (index) that raises a source. */
export function deviceOf(system: System, source: number): number {
  let first = 0;
  return system.scenario.devices.findIndex((device) => source < (first += device.irqs.length));
}

/**
 * Who takes a step: `cpu0`, `device0`, `ipi0`, the IPIs that CPU 0 has sent, or `access0`, what is on its way to device 0. A
 * device's messages are the device's. An operation
 * belongs to the CPU that its task runs on. CPUs and devices by index.
 */
export function partyOf(system: System, action: number): string {
  const which = action & 0xfff;
  switch (action >>> 12) {
    case Actor.cpu:
    case Actor.interrupt:
      return `cpu${which}`;
    case Actor.timer:
      return `cpu${which >>> 4}`;
    case Actor.message: {
      const { kind, index } = originOf(system, which >>> 4);
      return `${kind === 'cpu' ? 'ipi' : kind}${index}`;
    }
    case Actor.operation:
      return `cpu${system.built.operations[which]?.cpu ?? 0}`;
    case Actor.probe:
      return 'probe';
    case Actor.pin:
      return `ioapic${which >>> 8}`;
    case Actor.queue:
      return `iommu${which}`;
    case Actor.drop:
      return `iommu${which >>> 8}`;
    default:
      return `device${deviceOf(system, which)}`;
  }
}

export function isProbe(action: number): boolean {
  return action >>> 12 === Actor.probe;
}
