/** From a file without mistakes to the scenario: the defaults that need a look at more than one key. */
import { messageOf } from './message.js';
import { eventOf, policyOf } from './events.js';
import type { IrqOutline, Outline } from './outline/index.js';
import { placeIrqs, type Placement } from './placement.js';
import { unitsOf } from './units.js';
import { handlerOf, interArrivalOf, timeOf } from './workload.js';
import { lastCpus } from './vcpus.js';
import { MOST_VECTORS } from './vectors.js';
import {
  FIRST_VECTOR,
  type Assertion,
  type CpuDescription,
  type DeviceDescription,
  type IrqDescription,
  type MachineDescription,
  type Operation,
  type Scenario,
} from './scenario.js';
import type { ScenarioFile } from './schema/index.js';

export function completed(file: ScenarioFile, outline: Outline): Scenario {
  const { version, name, about, model, behaviours, assumptions, operations, parallel, assert, run, timing } = file;
  const vectors = file.universe.vectors === 'all' ? MOST_VECTORS : file.universe.vectors;
  const { events, policies } = file;
  const cpus = cpusOf(file);
  const all = cpus.map(({ cpu }) => cpu);
  const online = cpus.filter((cpu) => cpu.online).map(({ cpu }) => cpu);
  const placements = placeIrqs(outline.irqs, online, vectors);
  const lists = new Map<unknown, readonly number[]>();
  /** in ascending order; irqs that share a list go on to do so */
  const listOf = (affinity: IrqOutline['affinity']): readonly number[] => {
    if (affinity === undefined) return all;
    const known = lists.get(affinity) ?? ascending(affinity.map(({ value }) => value));
    lists.set(affinity, known);
    return known;
  };
  return {
    version,
    name,
    ...(about === undefined ? {} : { about }),
    model,
    behaviours,
    assumptions,
    machine: { cpus, ...socketsOf(file), ...iommuOf(file), ...vcpusOf(file, online), ...ioapicOf(file) },
    universe: { vectors },
    devices: devicesOf(file, outline, placements, listOf),
    operations: operations.map(operationOf),
    parallel,
    events: events.map(eventOf),
    policies: policies.map(policyOf),
    assert: assert.map(assertionOf),
    run,
    timing,
  };
}

/** The outline lists all devices, and the irqs of all, in the order of the file. */
function devicesOf(
  file: ScenarioFile,
  outline: Outline,
  placements: readonly (Placement | undefined)[],
  listOf: (affinity: IrqOutline['affinity']) => readonly number[],
): readonly DeviceDescription[] {
  let d = 0;
  let place = 0;
  return file.devices.flatMap((entry) => {
    const { count, irqs } = entry;
    const { count: _count, socket: _socket, irqs: _irqs, moderation, ...device } = entry;
    const each = Array.isArray(irqs) ? irqs.length : irqs.count;
    const common = {
      ...device,
      ...levelOf({ ...device, irqs }, each),
      interArrival: interArrivalOf(device.interArrival),
      ...(moderation !== undefined && { moderation: timeOf(moderation) }),
      handlerCycles: handlerOf(device.handlerCycles),
    };
    return Array.from({ length: count ?? 1 }, (): DeviceDescription => {
      const { name = device.name, socket = 0 } = outline.devices[d++] ?? {};
      return {
        ...common,
        name,
        ...(outline.sockets > 1 && { socket }),
        irqs: Array.from({ length: each }, (__, n): IrqDescription => {
          const given = Array.isArray(irqs) ? irqs[n] : irqs;
          const { managed = false, threaded = false, requested = true } = given ?? {};
          const vcpu = given !== undefined && 'vcpu' in given ? given.vcpu : undefined;
          const { irq, affinity, spread } = outline.irqs[place] ?? {};
          const { cpu = 0, vector = FIRST_VECTOR } = placements[place++] ?? {};
          const placed = { irq: irq?.value ?? 0, cpu, vector, affinity: spread === 'alone' ? [cpu] : listOf(affinity) };
          const kept = { ...(managed && { managed }), ...(threaded && { threaded }), ...(!requested && { requested }) };
          return { ...placed, ...kept, ...(vcpu !== undefined && { vcpu }) };
        }),
      };
    });
  });
}

/** One is not worth a word. */
function socketsOf({ machine: { sockets = 1 } }: ScenarioFile): Pick<MachineDescription, 'sockets'> {
  return sockets === 1 ? {} : { sockets };
}

function iommuOf({ machine: { iommu, sockets = 1 } }: ScenarioFile): Pick<MachineDescription, 'iommu'> {
  return iommu === undefined ? {} : { iommu: unitsOf(typeof iommu === 'string' ? { type: iommu, units: [{}] } : iommu, sockets) };
}

/** As many as the file says from the last CPU down, or on those that it lists. */
function vcpusOf({ machine: { vcpus } }: ScenarioFile, online: readonly number[]): Pick<MachineDescription, 'vcpus'> {
  if (vcpus === undefined) return {};
  return { vcpus: typeof vcpus === 'number' ? lastCpus(vcpus, online) : vcpus };
}

/** What has the default is left out. */
function ioapicOf({ machine: { ioapic } }: ScenarioFile): Pick<MachineDescription, 'ioapic'> {
  return ioapic === undefined || ioapic.version === 0x20 ? {} : { ioapic };
}

/** In ascending order of their numbers. */
export function cpusOf({ machine: { cpus } }: ScenarioFile): readonly CpuDescription[] {
  if (typeof cpus === 'number') return Array.from({ length: cpus }, (_, cpu) => ({ cpu, apicId: cpu, online: true }));
  return cpus.map(({ cpu, apicId = cpu, online }) => ({ cpu, apicId, online })).toSorted((a, b) => a.cpu - b.cpu);
}

/** A level-triggered line makes a device of kind `level`. */
function levelOf(device: ScenarioFile['devices'][number], irqs: number): Pick<DeviceDescription, 'kind' | 'message'> {
  const message = messageOf(device, irqs);
  return { kind: message.type === 'ioapic' && message.trigger === 'level' ? 'level' : device.kind, message };
}

function operationOf(operation: ScenarioFile['operations'][number]): Operation {
  const { offline, online, move, request, free, disable, enable, teardown, allocate, suspend, pause } = operation;
  const { post, unpost, load, preempt, block, wake } = operation;
  if (offline !== undefined) return { offline };
  if (online !== undefined) return { online };
  if (move !== undefined) return { move: { irq: move.irq, to: ascending(move.to), ...(move.on === undefined ? {} : { on: move.on }) } };
  if (request !== undefined) return { request };
  if (free !== undefined) return { free };
  if (disable !== undefined) return { disable };
  if (enable !== undefined) return { enable };
  if (teardown !== undefined) return { teardown };
  if (allocate !== undefined) return { allocate };
  if (suspend !== undefined) return { suspend };
  if (post !== undefined) return { post };
  if (unpost !== undefined) return { unpost };
  if (load !== undefined) return { load };
  if (preempt !== undefined) return { preempt };
  if (block !== undefined) return { block };
  if (wake !== undefined) return { wake };
  if (pause !== undefined) return { pause };
  throw new Error('the schema accepted an operation without a key');
}

function assertionOf({ name, always, atRest, afterProbe }: ScenarioFile['assert'][number]): Assertion {
  if (always !== undefined) return { name, always };
  if (atRest !== undefined) return { name, atRest };
  if (afterProbe !== undefined) return { name, afterProbe };
  throw new Error('the schema accepted an assertion without a key');
}

function ascending(cpus: readonly number[]): readonly number[] {
  return cpus.toSorted((a, b) => a - b);
}
