/** What a machine of a scenario is to who injects operations into it. */
import { ModelError, type BuiltModel } from '../kernel/model/index.js';
import type { Scenario } from './scenario.js';
import type { Host } from './scenarioMachine.js';
import { socketOf } from './sockets.js';

/** Operations that may be injected and have not ended, besides the events of a file: by hand, and by policies. */
const FEW_INJECTED = 64;
const MANY_INJECTED = 1024;

/** Slots that a timed run has for operations. `asked`: how many there are to be besides those of the events. */
export function roomOf({ events, policies }: Scenario, asked: number = policies.length === 0 ? FEW_INJECTED : MANY_INJECTED): number {
  return events.length + asked;
}

/** A check knows no times. Throws `ModelError`. */
export function refuseTimes({ events, policies }: Scenario): void {
  if (events.length > 0)
    throw new ModelError('events have times, and a check has none; write them under operations, where each begins at any step, or use run');
  if (policies.length > 0)
    throw new ModelError('policies go on for as long as a run does, and a check has no time; write operations instead, or use run');
}

/** The numbers of a file by index. */
export function hostOf({ machine, devices, operations, policies }: Scenario, model: string, built: BuiltModel): Host {
  return {
    model,
    control: built.control,
    cpus: machine.cpus.map(({ cpu }) => cpu),
    nodes: machine.cpus.map((_, i) => socketOf(i, machine.cpus.length, machine.sockets ?? 1)),
    irqs: devices.flatMap(({ irqs, socket = 0 }) => irqs.map(({ irq, managed = false }) => ({ irq, managed, node: socket }))),
    othersPlug:
      operations.some((o) => 'offline' in o || 'online' in o || 'suspend' in o) || policies.some((policy) => 'hotplugStorm' in policy),
    guests: (machine.vcpus ?? []).length > 0,
  };
}
