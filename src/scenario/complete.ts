/** From a file without mistakes to the scenario: the defaults that need a look at more than one key. */
import { messageOf } from './message.js';
import { eventOf, policyOf } from './events.js';
import type { Outline } from './outline.js';
import { placeIrqs } from './placement.js';
import { unitsOf } from './units.js';
import { handlerOf, interArrivalOf, timeOf } from './workload.js';
import { lastCpus } from './vcpus.js';
import {
  FIRST_VECTOR,
  type Assertion,
  type CpuDescription,
  type DeviceDescription,
  type MachineDescription,
  type Operation,
  type Scenario,
} from './scenario.js';
import type { ScenarioFile } from './schema/index.js';

export function completed(file: ScenarioFile, outline: Outline): Scenario {
  const { version, name, about, model, behaviours, assumptions, universe, devices, operations, parallel, assert, run, timing } = file;
  const { events, policies } = file;
  const cpus = cpusOf(file);
  const all = cpus.map(({ cpu }) => cpu);
  const online = cpus.filter((cpu) => cpu.online).map(({ cpu }) => cpu);
  const placements = placeIrqs(outline.irqs, online, universe.vectors);
  // The outline lists the irqs of all devices in the order of the file.
  let place = 0;
  return {
    version,
    name,
    ...(about === undefined ? {} : { about }),
    model,
    behaviours,
    assumptions,
    machine: { cpus, ...iommuOf(file), ...vcpusOf(file, online), ...ioapicOf(file) },
    universe,
    devices: devices.map(({ moderation, ...device }): DeviceDescription => ({
      ...device,
      ...levelOf(device),
      interArrival: interArrivalOf(device.interArrival),
      ...(moderation !== undefined && { moderation: timeOf(moderation) }),
      handlerCycles: handlerOf(device.handlerCycles),
      irqs: device.irqs.map(({ irq, affinity, managed = false, threaded = false, requested = true, vcpu: postedTo }) => {
        const { cpu = 0, vector = FIRST_VECTOR } = placements[place++] ?? {};
        const placed = { irq, cpu, vector, affinity: affinity === undefined ? all : ascending(affinity) };
        const kept = { ...(managed && { managed }), ...(threaded && { threaded }), ...(!requested && { requested }) };
        return { ...placed, ...kept, ...(postedTo !== undefined && { vcpu: postedTo }) };
      }),
    })),
    operations: operations.map(operationOf),
    parallel,
    events: events.map(eventOf),
    policies: policies.map(policyOf),
    assert: assert.map(assertionOf),
    run,
    timing,
  };
}

function iommuOf({ machine: { iommu } }: ScenarioFile): Pick<MachineDescription, 'iommu'> {
  return iommu === undefined ? {} : { iommu: unitsOf(typeof iommu === 'string' ? { type: iommu, units: [{}] } : iommu) };
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
function levelOf(device: Pick<ScenarioFile['devices'][number], 'kind' | 'message' | 'irqs'>): Pick<DeviceDescription, 'kind' | 'message'> {
  const message = messageOf(device);
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
