/** A scenario and a kernel model made into a machine that can start. */
import { instantiate, loadModule, loadTimedModule } from '../core/index.js';
import { ExpressionError } from '../kernel/index.js';
import { findModel, ModelError, placeOf, type BuiltModel, type KernelModel, type Placement } from '../kernel/model/index.js';
import { assumptionsAbout, type Assumptions, type EventRecord, type MachineSetup, type OperationSetup } from '../machine/index.js';
import { ownProperty, partsOf } from './assertions.js';
import { hostOf, refuseTimes, roomOf } from './host.js';
import { metersOf } from './meters.js';
import { functionOf, ioapicsFor, numberOf } from './message.js';
import { remapping, unitModels, unitOfDevices } from './remapping.js';
import { requestsOf } from './requests.js';
import type { Scenario } from './scenario.js';
import { ScenarioMachine } from './scenarioMachine.js';
import { universeOf } from './vectors.js';
import { workloadsOf } from './workload.js';

/** How a scenario is looked at. */
export interface Mode {
  readonly timed: boolean;
  /** 0 nothing, 1 events, 2 micro-ops too */
  readonly record: 0 | 1 | 2;
  readonly seed?: number | undefined;
  /** capacity of the event ring, records; 0: events are counted and digested only */
  readonly ring?: number;
  /** kinds of events that the ring keeps; default all. A run goes faster that keeps neither `eoi` nor `serve`. */
  readonly kinds?: readonly EventRecord['kind'][];
  /** what holds up each event is recorded (timed); `all`: found the long way, which a test compares; default: it is not */
  readonly holds?: boolean | 'all';
  /** operations that may be injected and have not ended, besides the events of the file (timed); default 64, with policies 1024 */
  readonly injected?: number;
  /** what operations cost is measured, and no failure ends the run (timed); default: neither */
  readonly measure?: boolean;
}

/** What is set in place of the file, whichever the model. */
export interface Settings {
  readonly assumptions?: Readonly<Partial<Assumptions>> | undefined;
  /** raises per irq in the probe (design 4); default 4. 0: there is no probe, and what is judged after it is not */
  readonly probeRaises?: number | undefined;
  /**
   * the devices raise without bound in a check as in a run, and there is no probe: for a check of liveness. A source then has at most one
   * message in flight, so that it never takes the room of others
   */
  readonly unbounded?: boolean | undefined;
}

/** What the command line sets in place of the file. */
export interface Overrides extends Settings {
  /** a built-in model by its name, or one of the user's own */
  readonly model?: string | KernelModel | undefined;
  readonly behaviours?: Readonly<Record<string, string>> | undefined;
}

/** Messages in flight at once: a bound of a check, and more than ever fly in a timed run, where a machine's parts add to it. */
const CHECK_MESSAGES = 12;
const TIMED_MESSAGES = 64;
/** As many as the pool of a machine can have. */
const MOST_MESSAGES = 0xffff;
/** What a check tells apart, and an image has room for. */
const MOST_CHECKED_VECTORS = 16;
/** Raises per irq in the probe (design 4). */
const PROBE_RAISES = 4;
/** A check knows no time. */
const NO_LOAD = { gaps: [], handlerCycles: 0 } as const;
/** Messages that may be in flight in a timed run: more than ever do. */
export function messagesFor(cpus: number, sources: number): number {
  return Math.min(TIMED_MESSAGES + 4 * (cpus + sources), MOST_MESSAGES);
}

/** An operation that is nothing but time. */
const pauseOf = (pause: number): OperationSetup => ({ entry: 0, cpu: 0, args: [0, 0], pause });

/** Capacity of the event ring, records. */
const RING = 1 << 14;

/** Names of the parts by index, as the user calls them. */
export interface Names {
  readonly cpus: readonly string[];
  /** by interrupt source */
  readonly sources: readonly string[];
  readonly devices: readonly string[];
  readonly irqs: readonly number[];
  readonly operations: readonly string[];
}

/** A scenario with a model: everything needed to make machines of it, and to talk about them. */
export interface System {
  readonly scenario: Scenario;
  readonly model: KernelModel;
  readonly built: BuiltModel;
  readonly names: Names;
  readonly assumptions: Assumptions;
  /** the devices raise without bound */
  readonly unbounded: boolean;
  /** number of the first list of accesses on their way to devices, one a device: behind the lists of all who send messages */
  readonly firstAccess: number;
  /** how many IOAPICs there are */
  readonly ioapics: number;
  /** what a check checks: built-in properties, then the model's and the user's own */
  readonly properties: readonly string[];
  setup(mode: Mode): MachineSetup;
  /** A machine in the state in which the scenario starts. */
  machine(mode: Mode): Promise<ScenarioMachine>;
}

/**
 * Joins a scenario and a model. What the scenario says of the behaviours of its own model is passed over for a model of the user's
 * own. Throws `ModelError` if the model or a behaviour does not exist.
 */
export function assembleSystem(scenario: Scenario, overrides: Overrides = {}): System {
  const { model = scenario.model, behaviours } = overrides;
  if (typeof model === 'object') return assembleWith(scenario, withBehaviours(model, behaviours), overrides);
  return assembleWith(scenario, findModel(model, { ...scenario.behaviours, ...behaviours }), overrides);
}

function withBehaviours(model: KernelModel, behaviours: Overrides['behaviours']): KernelModel {
  const [first] = Object.keys(behaviours ?? {});
  if (behaviours === undefined || first === undefined) return model;
  if (model.set === undefined) throw new ModelError(`${model.name} has no behaviours, so ${first} cannot be set`);
  return model.set(behaviours);
}

/** Joins a scenario and a model of the user's own; the model and the behaviours that the scenario names are passed over. */
export function assembleWith(scenario: Scenario, model: KernelModel, settings: Settings = {}): System {
  const assumptions: Assumptions = { ...scenario.assumptions, ...settings.assumptions };
  const { unbounded = false } = settings;
  const probeRaises = unbounded ? 0 : (settings.probeRaises ?? PROBE_RAISES);
  const cpus = scenario.machine.cpus;
  const cpuIndex = new Map(cpus.map((c, i) => [c.cpu, i]));
  const indexOf = (cpu: number): number => cpuIndex.get(cpu) ?? 0;
  // most irqs share a list, which is as long as there are CPUs
  const lists = new Map<readonly number[], readonly number[]>();
  const indexesOf = (list: readonly number[]): readonly number[] => {
    const known = lists.get(list) ?? list.map(indexOf);
    lists.set(list, known);
    return known;
  };
  const sources = scenario.devices.flatMap((device, d) => device.irqs.map((irq, n) => ({ device, d, irq, message: numberOf(device, n) })));
  const irqIndex = new Map(sources.map(({ irq }, i) => [irq.irq, i]));

  const requested = requestsOf(scenario, {
    cpu: indexOf,
    irq: (irq) => irqIndex.get(irq) ?? 0,
    device: (name) => scenario.devices.findIndex((device) => device.name === name),
  });
  const functions = scenario.devices.map((device, d) => functionOf(scenario, device, d));
  const iommus = unitModels(scenario, functions);
  const universe = universeOf(scenario.universe.vectors);
  const size = {
    cpus: cpus.length,
    irqs: sources.length,
    devices: scenario.devices.length,
    vectors: 256,
    vectorLo: universe.lo,
    vectorHi: universe.hi,
  } as const;
  const built = builtModel(model, size, {
    online: cpus.map((c) => c.online),
    apicIds: cpus.map((c) => c.apicId),
    devices: functions,
    irqs: sources.map(({ device, d, irq, message }) => ({
      device: d,
      message,
      vector: irq.vector,
      cpu: indexOf(irq.cpu),
      affinity: indexesOf(irq.affinity),
      managed: irq.managed,
      requested: irq.requested,
      threaded: irq.threaded,
      vcpu: irq.vcpu,
      level: device.kind === 'level',
    })),
    operations: requested.requests,
    ...(scenario.machine.iommu === undefined ? {} : { units: unitOfDevices(scenario), iommus }),
    ...(scenario.machine.iommu?.type === 'vtd' && scenario.machine.iommu.postedMsi === true && { postedMsi: true }),
    ...(scenario.machine.iommu?.type === 'vtd' &&
      scenario.machine.iommu.entries !== undefined && { entries: scenario.machine.iommu.entries }),
    ...(scenario.machine.vcpus !== undefined && { vcpus: scenario.machine.vcpus.map(indexOf) }),
    ...(scenario.machine.ioapic === undefined ? {} : { ioapicVersion: scenario.machine.ioapic.version }),
    parts: partsOf(
      cpus,
      sources.map(({ irq }) => irq.irq),
      scenario.devices,
      scenario.universe,
    ),
    own: scenario.assert.map(ownProperty),
  });
  const names: Names = {
    cpus: cpus.map((c) => `CPU ${c.cpu}`),
    // one of several has its number behind it
    sources: sources.map(({ device, irq }) => (device.irqs.length === 1 ? device.name : `${device.name}:${irq.irq}`)),
    devices: scenario.devices.map((device) => device.name),
    irqs: sources.map(({ irq }) => irq.irq),
    operations: requested.names,
  };
  const lines = scenario.devices.some(({ message }) => message.type === 'ioapic') ? (['noStuckLine'] as const) : [];
  const properties = [...CHECKED, ...lines, ...(built.program.own ?? [])];
  const sourcesOf = (mode: Mode): MachineSetup['sources'] => {
    if (!mode.timed) refuseTimes(scenario);
    const workloads = mode.timed ? workloadsOf(scenario.devices) : [];
    return sources.map(({ device, d, message }) => ({
      device: d,
      message,
      kind: device.kind,
      raises: (mode.timed || unbounded) && device.raises > 0 ? Infinity : device.raises,
      ...(workloads[d] ?? NO_LOAD),
    }));
  };
  const setup = (mode: Mode): MachineSetup => {
    const { vectors } = scenario.universe;
    if (!mode.timed && vectors > MOST_CHECKED_VECTORS)
      throw new RangeError(`a check has at most ${MOST_CHECKED_VECTORS} vectors, not ${vectors}; a timed run may have more`);
    return setupOf(mode);
  };
  const setupOf = (mode: Mode): MachineSetup => ({
    apicIds: cpus.map((c) => c.apicId),
    functions,
    ioapics: ioapicsFor(scenario),
    ...remapping(scenario, iommus, built),
    sources: sourcesOf(mode),
    operations: mode.timed && requested.pause > 0 ? [...built.operations, pauseOf(requested.pause)] : built.operations,
    program: built.program,
    universe,
    systemVectors: built.systemVectors,
    messages: mode.timed ? messagesFor(cpus.length, sources.length) : CHECK_MESSAGES,
    flying: unbounded && !mode.timed ? 1 : 0,
    timed: mode.timed,
    assumptions,
    timing: scenario.timing,
    jitter: mode.timed,
    parallel: scenario.parallel,
    repeat: mode.timed && scenario.run.repeat,
    seed: mode.seed ?? scenario.run.seed,
    properties: mode.measure === true ? [] : mode.timed ? ['noLoss', 'noStray', 'noStuckIsr', 'noFault', 'noWildWrite'] : properties,
    probeRaises,
    record: mode.record,
    // a run stops to have it drained when it has no room for an event of every source
    ring: mode.ring ?? (mode.record === 0 ? 0 : RING + 2 * sources.length),
    ...(mode.kinds && { kinds: mode.kinds }),
    holds: mode.holds ?? false,
    injected: roomOf(scenario, mode.injected),
    ...(mode.measure === true && built.measurable !== undefined && { meters: metersOf(built.program, built.measurable) }),
  });
  const host = hostOf(scenario, model.name, built);
  const machine = async (mode: Mode): Promise<ScenarioMachine> => {
    const core = await instantiate(await (mode.timed ? loadTimedModule() : loadModule()));
    const made = ScenarioMachine.of(core, setup(mode), host, (instruction) => placeOf(built, instruction));
    built.boot(made);
    made.start();
    if (mode.timed) made.schedule(scenario.events);
    return made;
  };
  const ioapics = ioapicsFor(scenario).length;
  const firstAccess = functions.length + cpus.length + ioapics + (scenario.machine.iommu?.units.length ?? 0);
  return { scenario, model, built, names, assumptions, unbounded, firstAccess, ioapics, properties, setup, machine };
}

/** What a verdict on this system rests on: assumptions about parts only where there are some. */
export function restsOn({ scenario, ioapics, assumptions }: System): Readonly<Record<string, string>> {
  const idle: readonly string[] = [
    ...(scenario.machine.iommu === undefined ? assumptionsAbout.iommu : []),
    ...(ioapics === 0 ? assumptionsAbout.ioapic : []),
  ];
  return Object.fromEntries(Object.entries(assumptions).filter(([name]) => !idle.includes(name)));
}

/** Built-in properties of a check. */
const CHECKED = ['noLoss', 'noStray', 'noLeak', 'inStep', 'noStuckIsr', 'noFault', 'noWildWrite', 'progress'] as const;

/** Builds the model; what is wrong with an assertion becomes a sentence about it. */
function builtModel(model: KernelModel, size: Parameters<KernelModel['build']>[0], placement: Placement): BuiltModel {
  const twice = placement.own?.find(({ name }) => model.invariants?.some((invariant) => invariant.name === name));
  if (twice !== undefined) throw new ModelError(`${twice.name} is an invariant of ${model.name}; choose another name for the assertion`);
  try {
    return model.build(size, placement);
  } catch (error) {
    if (error instanceof ExpressionError)
      throw new ModelError(
        `assertion ${error.property ?? ''} on ${model.name}, character ${error.at + 1} of its expression: ${error.message}`,
      );
    throw error;
  }
}
