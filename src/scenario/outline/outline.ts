/**
 * What a file says about CPUs, irqs and operations, as far as it can be read: the basis of the checks that need more than one key.
 *
 * It reads the values before the schema has accepted them, so that a file with a mistake in one place is still checked in the
 * others. What the schema refuses is absent here, and no second finding is made of it.
 */
import { apicIdNumber, cpuCount, cpuNumber, socketCount, socketNumber, universeVectors, vcpuCount } from '../schema/index.js';
import { writtenOut } from '../groups.js';
import { cpusOfSockets } from '../sockets.js';
import type { Path } from '../source.js';
import { MOST_VECTORS } from '../vectors.js';
import { devicesOf, entryOf, messageOf, type DeviceOutline, type MessageOutline } from './devices.js';
import { irqsOf, type IrqOutline } from './irqs.js';
import { operationOf, type OperationOutline } from './operations.js';
import { accepted, accepting, at, items, mapping, numbers, textOf, type At, type Mapping } from './reading.js';

export interface CpuOutline {
  readonly cpu: At<number>;
  readonly apicId: At<number> | undefined;
  readonly online: boolean;
}

export interface Outline {
  /** Absent if it cannot be read: then nothing can be said about CPU numbers. */
  readonly cpus: readonly CpuOutline[] | undefined;
  /** Absent if it cannot be read. */
  readonly vectors: number | undefined;
  readonly sockets: number;
  readonly devices: readonly DeviceOutline[];
  readonly deviceNames: readonly At<string>[];
  readonly messages: readonly MessageOutline[];
  /** How many vCPUs there are, or the CPU of each; absent if there are none. */
  readonly vcpus: At<number | readonly At<number>[]> | undefined;
  /** Nothing can be said about vCPU numbers. */
  readonly vcpusUnread: boolean;
  /** What the file says of remapping units. */
  readonly iommu: Readonly<Record<string, unknown>>;
  /** What remapping units say of their devices; undefined for one that takes the rest, and one of a socket. */
  readonly units: readonly (readonly At<string>[] | undefined)[];
  /** What they say of their socket. */
  readonly unitSockets: readonly (At<number> | undefined)[];
  readonly irqs: readonly IrqOutline[];
  readonly operations: readonly OperationOutline[];
  readonly parallel: boolean;
  readonly repeat: boolean;
  readonly timing: readonly { readonly path: Path; readonly min: number; readonly default: number; readonly max: number }[];
}

export function outlineOf(value: unknown): Outline {
  const root = mapping(value);
  const entries = items(root['devices']).map(mapping);
  const written = writtenOut(entries.map(entryOf));
  const cpus = cpusOf(mapping(root['machine'])['cpus']);
  const sockets = accepted(socketCount, mapping(root['machine'])['sockets']) ?? 1;
  const numbered = (cpus ?? []).map(({ cpu }) => ({ cpu: cpu.value })).toSorted((a, b) => a.cpu - b.cpu);
  const devices = devicesOf(entries, written, sockets);
  const units = items(mapping(mapping(root['machine'])['iommu'])['units']);
  const vectors = mapping(root['universe'])['vectors'];
  const vcpus = vcpusOf(mapping(root['machine'])['vcpus'], ['machine', 'vcpus']);
  return {
    cpus,
    vectors: vectors === undefined ? 4 : countOf(accepted(universeVectors, vectors)),
    sockets,
    devices,
    deviceNames: devices.flatMap(({ name, path }) => (name === undefined ? [] : { value: name, path: [...path, 'name'] })),
    messages: written.map(({ entry, name, irqs }) => messageOf(entries[entry] ?? {}, ['devices', entry], name, irqs.length)),
    vcpus,
    vcpusUnread: vcpus === undefined && mapping(root['machine'])['vcpus'] !== undefined,
    iommu: iommuOf(mapping(root['machine'])['iommu']),
    unitSockets: units.map((unit, i) => accepting(socketNumber, mapping(unit)['socket'], ['machine', 'iommu', 'units', i, 'socket'])),
    units: units.map((unit, i) => {
      const names = mapping(unit)['devices'];
      return names === undefined
        ? undefined
        : items(names).flatMap((name, j) => at(name, ['machine', 'iommu', 'units', i, 'devices', j], textOf) ?? []);
    }),
    irqs: irqsOf(entries, written, devices, cpusOfSockets({ cpus: numbered, sockets })),
    operations: items(root['operations']).map((operation, i) => operationOf(mapping(operation), ['operations', i])),
    parallel: root['parallel'] === true,
    repeat: mapping(root['run'])['repeat'] === true,
    timing: Object.entries(mapping(root['timing'])).flatMap(([id, entry]) => {
      const { min, default: middle, max } = mapping(entry);
      return typeof min === 'number' && typeof middle === 'number' && typeof max === 'number'
        ? [{ path: ['timing', id], min, default: middle, max }]
        : [];
    }),
  };
}

/** What `all` stands for. */
function countOf(vectors: number | 'all' | undefined): number | undefined {
  return vectors === 'all' ? MOST_VECTORS : vectors;
}

/** A type alone is short for a mapping. */
function iommuOf(value: unknown): Mapping {
  return typeof value === 'string' ? { type: value } : mapping(value);
}

function vcpusOf(value: unknown, path: Path): Outline['vcpus'] {
  if (!Array.isArray(value)) return accepting<number>(vcpuCount, value, path);
  const cpus = numbers(value, path);
  return cpus === undefined || cpus.length === 0 ? undefined : { value: cpus, path };
}

function cpusOf(value: unknown): readonly CpuOutline[] | undefined {
  if (Array.isArray(value)) {
    const entries = value.map((entry: unknown, i) => {
      const { cpu, apicId, online } = mapping(entry);
      const path = ['machine', 'cpus', i];
      const number = accepting(cpuNumber, cpu, [...path, 'cpu']);
      return number && { cpu: number, apicId: accepting(apicIdNumber, apicId, [...path, 'apicId']), online: online !== false };
    });
    // An unreadable CPU might be the one that is referred to.
    return entries.every((entry) => entry !== undefined) && entries.length > 0 ? entries : undefined;
  }
  const count = accepted(cpuCount, value);
  return count === undefined
    ? undefined
    : Array.from({ length: count }, (_, cpu) => ({ cpu: { value: cpu, path: ['machine', 'cpus'] }, apicId: undefined, online: true }));
}
