/**
 * What a file says about CPUs, irqs and operations, as far as it can be read: the basis of the checks that need more than one key.
 *
 * It reads the values before the schema has accepted them, so that a file with a mistake in one place is still checked in the
 * others. What the schema refuses is absent here, and no second finding is made of it.
 */
import * as z from 'zod';
import {
  apicIdNumber,
  cpuCount,
  cpuNumber,
  irqNumber,
  messageCount,
  messageTypes,
  socketCount,
  socketNumber,
  universeVectors,
  vcpuCount,
  vcpuNumber,
  vectorNumber,
} from './schema/index.js';
import { writtenOut, type Entry, type Written } from './groups.js';
import { socketOf } from './sockets.js';
import type { Path } from './source.js';
import { MOST_VECTORS } from './vectors.js';

/** A value that the schema accepts, and where it stands. */
export interface At<T> {
  readonly value: T;
  readonly path: Path;
}

export interface CpuOutline {
  readonly cpu: At<number>;
  readonly apicId: At<number> | undefined;
  readonly online: boolean;
}

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

/** A device, of an entry that may stand for several. */
export interface DeviceOutline {
  readonly path: Path;
  readonly name: string | undefined;
  /** of an entry that stands for several, all of its devices */
  readonly isGroup: boolean;
  readonly socket: number;
}

/** The key `message` of a device; what the schema refuses is as if it were not there. */
export interface MessageOutline {
  readonly path: Path;
  readonly type: (typeof messageTypes)[number];
  /** keys that stand there */
  readonly given: readonly string[];
  readonly vectors: number | undefined;
  readonly isLevel: boolean;
  readonly trigger: unknown;
  /** of the IOAPIC; undefined: the device is on none, or it cannot be read */
  readonly pin: At<number> | undefined;
  /** name of the device; undefined: it has none */
  readonly device: string | undefined;
  /** how many irqs the device has */
  readonly irqs: number;
}
const lifeKinds = ['request', 'free', 'disable', 'enable'] as const;
export type LifeKind = (typeof lifeKinds)[number];

const vcpuKinds = ['preempt', 'block', 'wake'] as const;
export type VcpuKind = (typeof vcpuKinds)[number];

export type OperationOutline =
  | { readonly kind: 'offline' | 'online'; readonly cpu: At<number> }
  | {
      readonly kind: 'move';
      readonly path: Path;
      readonly irq: At<number> | undefined;
      readonly to: readonly At<number>[];
      readonly on: At<number> | undefined;
    }
  | { readonly kind: LifeKind; readonly irq: At<number> }
  | { readonly kind: 'teardown' | 'allocate'; readonly device: At<string> }
  | { readonly kind: 'suspend'; readonly path: Path }
  | { readonly kind: 'post'; readonly irq: At<number>; readonly vcpu: At<number> }
  | { readonly kind: 'unpost'; readonly irq: At<number> }
  | { readonly kind: 'load'; readonly vcpu: At<number>; readonly cpu: At<number> }
  | { readonly kind: VcpuKind; readonly vcpu: At<number> }
  /** A pause, or not readable: what the machine looks like afterwards is not known. */
  | { readonly kind: 'other'; readonly pause: boolean };

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

type Mapping = Readonly<Record<string, unknown>>;

export function outlineOf(value: unknown): Outline {
  const root = mapping(value);
  const entries = items(root['devices']).map(mapping);
  const written = writtenOut(entries.map(entryOf));
  const cpus = cpusOf(mapping(root['machine'])['cpus']);
  const sockets = accepted(socketCount, mapping(root['machine'])['sockets']) ?? 1;
  const devices = written.map(({ entry, name }, place): DeviceOutline => {
    const given = accepted(socketNumber, entries[entry]?.['socket']);
    return {
      path: ['devices', entry],
      name,
      isGroup: entries[entry]?.['count'] !== undefined,
      socket: given ?? socketOf(place, written.length, sockets),
    };
  });
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
    irqs: irqsOf(entries, written, devices, cpus, sockets),
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

/** How many devices an entry is, and their irqs. */
function entryOf({ name, count, irqs }: Mapping): Entry {
  const first = accepted(irqNumber, mapping(irqs)['first']);
  return {
    name: textOf(name),
    count: count === undefined ? undefined : (accepted(z.int().min(1), count) ?? 1),
    irqs: Array.isArray(irqs)
      ? irqs.map((irq) => accepted(irqNumber, mapping(irq)['irq']))
      : { count: accepted(messageCount, mapping(irqs)['count']) ?? 0, first },
  };
}

/** The irqs of all devices in order. */
function irqsOf(
  entries: readonly Mapping[],
  written: readonly Written[],
  devices: readonly DeviceOutline[],
  cpus: Outline['cpus'],
  sockets: number,
): readonly IrqOutline[] {
  const sorted = cpus?.map(({ cpu }) => cpu.value).toSorted((a, b) => a - b) ?? [];
  const ofSocket = Array.from({ length: sockets }, (_, s) => sorted.filter((_cpu, i) => socketOf(i, sorted.length, sockets) === s));
  /** by entry, and socket where that matters: irqs that share a list share one object, by which others know */
  const shared = new Map<string, Omit<IrqOutline, 'device' | 'irq'>>();
  return written.flatMap(({ entry, name, irqs: known }, d) => {
    const { irqs } = entries[entry] ?? {};
    if (Array.isArray(irqs)) return irqs.map((irq, j) => irqOf(mapping(irq), ['devices', entry, 'irqs', j], name));
    const path: Path = ['devices', entry, 'irqs'];
    const socket = devices[d]?.socket ?? 0;
    const key = mapping(irqs)['affinity'] === 'socket' ? `${entry} ${socket}` : String(entry);
    const common = shared.get(key) ?? groupOf(mapping(irqs), path, ofSocket[socket] ?? []);
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

function messageOf({ message, kind }: Mapping, path: Path, name: string | undefined, irqs: number): MessageOutline {
  const { type, vectors, pin = 0 } = mapping(message);
  return {
    path: message === undefined ? path : [...path, 'message'],
    type: messageTypes.find((each) => each === type) ?? 'msi',
    given: Object.keys(mapping(message)),
    vectors: accepted(messageCount, vectors),
    isLevel: kind === 'level',
    trigger: mapping(message)['trigger'],
    pin: type === 'ioapic' ? at(pin, [...path, 'message'], (read) => (typeof read === 'number' ? read : undefined)) : undefined,
    device: name,
    irqs,
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

function operationOf(operation: Mapping, path: Path): OperationOutline {
  const keys = Object.keys(operation);
  const kind = keys.length === 1 ? keys[0] : undefined;
  if (kind === 'offline' || kind === 'online') {
    const cpu = accepting(cpuNumber, operation[kind], [...path, kind]);
    return cpu === undefined ? { kind: 'other', pause: false } : { kind, cpu };
  }
  const life = lifeKinds.find((each) => each === kind);
  if (life !== undefined) {
    const irq = accepting(irqNumber, operation[life], [...path, life]);
    return irq === undefined ? { kind: 'other', pause: false } : { kind: life, irq };
  }
  if (kind === 'teardown' || kind === 'allocate') {
    const device = at(operation[kind], [...path, kind], textOf);
    return device === undefined ? { kind: 'other', pause: false } : { kind, device };
  }
  const onVcpu = vcpuKinds.find((each) => each === kind);
  if (onVcpu !== undefined) return whole({ kind: onVcpu, vcpu: accepting(vcpuNumber, operation[onVcpu], [...path, onVcpu]) });
  if (kind === 'unpost') return whole({ kind, irq: accepting(irqNumber, operation[kind], [...path, kind]) });
  if (kind === 'post' || kind === 'load') {
    const given = mapping(operation[kind]);
    const vcpu = accepting(vcpuNumber, given['vcpu'], [...path, kind, 'vcpu']);
    return kind === 'post'
      ? whole({ kind, vcpu, irq: accepting(irqNumber, given['irq'], [...path, kind, 'irq']) })
      : whole({ kind, vcpu, cpu: accepting(cpuNumber, given['cpu'], [...path, kind, 'cpu']) });
  }
  if (kind === 'suspend' && operation['suspend'] === true) return { kind, path: [...path, kind] };
  if (kind !== 'move') return { kind: 'other', pause: kind === 'pause' };
  const { irq, to, on } = mapping(operation['move']);
  return {
    kind,
    path: [...path, 'move', 'to'],
    irq: accepting(irqNumber, irq, [...path, 'move', 'irq']),
    to: numbers(to, [...path, 'move', 'to']) ?? [],
    on: accepting(cpuNumber, on, [...path, 'move', 'on']),
  };
}

/** With all that it needs, or not readable. */
function whole<T extends { readonly kind: string }>(
  operation: T,
): { readonly [K in keyof T]: NonNullable<T[K]> } | { readonly kind: 'other'; readonly pause: false } {
  const is = Object.values(operation).every((value) => value !== undefined);
  return is ? (operation as { readonly [K in keyof T]: NonNullable<T[K]> }) : { kind: 'other', pause: false };
}

function numbers(value: unknown, path: Path): readonly At<number>[] | undefined {
  return Array.isArray(value) ? value.flatMap((item: unknown, i) => accepting(cpuNumber, item, [...path, i]) ?? []) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function mapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function accepted<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  const result = schema.safeParse(value);
  return result.success ? result.data : undefined;
}

function accepting<T>(schema: z.ZodType<T>, value: unknown, path: Path): At<T> | undefined {
  return at(value, path, (read) => accepted(schema, read));
}

function at<T>(value: unknown, path: Path, read: (value: unknown) => T | undefined): At<T> | undefined {
  const found = read(value);
  return found === undefined ? undefined : { value: found, path };
}
