/** The irqs of the devices of a file. */
import { cpuNumber, irqNumber, vcpuNumber, vectorNumber } from '../schema/index.js';
import type { Written } from '../groups.js';
import type { Path } from '../source.js';
import type { DeviceOutline } from './devices.js';
import { accepting, items, mapping, numbers, type At, type Mapping } from './reading.js';

export interface IrqOutline {
  readonly path: Path;
  /** Absent: its device has no name that can be read. */
  readonly device: string | undefined;
  readonly irq: At<number> | undefined;
  readonly cpu: At<number> | undefined;
  readonly vector: At<number> | undefined;
  /** Absent: all CPUs. */
  readonly affinity: readonly At<number>[] | undefined;
  readonly managed: boolean;
  readonly requested: boolean;
  /** that it is posted to at the start */
  readonly vcpu: At<number> | undefined;
  /** One of several in a short form, which begin at one CPU after the other; `alone`: that one is its affinity. */
  readonly spread: 'affinity' | 'alone' | undefined;
  /** Whether cpu, vector and affinity are what the author wrote, not what is left of it. */
  readonly whole: boolean;
}

/** The irqs of all devices in order; `cpus`: numbers of those of each socket. */
export function irqsOf(
  entries: readonly Mapping[],
  written: readonly Written[],
  devices: readonly Pick<DeviceOutline, 'socket'>[],
  cpus: readonly (readonly number[])[],
): readonly IrqOutline[] {
  /** by entry, and socket where that matters: irqs that share a list share one object, by which others know */
  const shared = new Map<string, Omit<IrqOutline, 'device' | 'irq'>>();
  return written.flatMap(({ entry, name, irqs: known }, d) => {
    const { irqs } = entries[entry] ?? {};
    if (Array.isArray(irqs)) return irqs.map((irq, j) => irqOf(mapping(irq), ['devices', entry, 'irqs', j], name));
    const path: Path = ['devices', entry, 'irqs'];
    const socket = devices[d]?.socket ?? 0;
    const key = mapping(irqs)['affinity'] === 'socket' ? `${entry} ${socket}` : String(entry);
    const common = shared.get(key) ?? groupOf(mapping(irqs), path, cpus[socket] ?? []);
    shared.set(key, common);
    return known.map((irq): IrqOutline => ({ ...common, device: name, irq: irq === undefined ? undefined : { value: irq, path } }));
  });
}

/** What irqs in a short form have in common. */
function groupOf(group: Mapping, path: Path, ofSocket: readonly number[]): Omit<IrqOutline, 'device' | 'irq'> {
  const { affinity, managed, requested } = group;
  const listed = affinity === 'socket' ? ofSocket.map((value) => ({ value, path })) : numbers(affinity, [...path, 'affinity']);
  return {
    path,
    cpu: undefined,
    vector: undefined,
    affinity: listed,
    managed: managed === true,
    requested: requested !== false,
    vcpu: undefined,
    spread: affinity === 'cpu' ? 'alone' : 'affinity',
    whole: listed === undefined || (listed.length > 0 && (affinity === 'socket' || listed.length === items(affinity).length)),
  };
}

function irqOf(irq: Mapping, path: Path, device: string | undefined): IrqOutline {
  const affinity = irq['affinity'] === undefined ? undefined : numbers(irq['affinity'], [...path, 'affinity']);
  const cpu = accepting(cpuNumber, irq['cpu'], [...path, 'cpu']);
  const vector = accepting(vectorNumber, irq['vector'], [...path, 'vector']);
  return {
    path,
    device,
    irq: accepting(irqNumber, irq['irq'], [...path, 'irq']),
    cpu,
    vector,
    affinity,
    managed: irq['managed'] === true,
    requested: irq['requested'] !== false,
    vcpu: accepting(vcpuNumber, irq['vcpu'], [...path, 'vcpu']),
    spread: undefined,
    whole:
      (cpu !== undefined || irq['cpu'] === undefined) &&
      (vector !== undefined || irq['vector'] === undefined) &&
      (irq['affinity'] === undefined ||
        (affinity !== undefined && affinity.length > 0 && affinity.length === items(irq['affinity']).length)),
  };
}
