/** Linux: one model, named behaviours, a version is a table of them (linux.md 2; without interrupt remapping). */
import { Assembler, AssemblyError, isCheckable, NoRoutineError, programSetup, type MachineSize, type OwnRoutines } from '../../index.js';
import type { ProgramMachine } from '../../../machine/index.js';
import { quote } from '../../../words.js';
import {
  ModelError,
  UnsupportedError,
  type ActiveBehaviour,
  type BuiltModel,
  type KernelModel,
  type OtherValue,
  type Placement,
  type Untargeted,
} from '../model.js';
import { oncePerShape } from './shape.js';
import { behaviourNames, behaviours, type BehaviourName, type Behaviours } from './behaviours.js';
import { activationRoutines } from './activation.js';
import { affinityRoutines } from './affinity.js';
import type { Chip } from './chip.js';
import { chipOf } from './chips.js';
import {
  AMD_IOMMU_VECTOR,
  AVIC_DOORBELL,
  declareData,
  describeSlot,
  isLegacy,
  IRQ_MOVE_CLEANUP_VECTOR,
  MANAGED_IRQ_SHUTDOWN_VECTOR,
  POSTED_INTR_VECTOR,
  POSTED_INTR_WAKEUP_VECTOR,
  POSTED_MSI_NOTIFICATION_VECTOR,
  Slot,
  SPURIOUS_APIC_VECTOR,
  State,
  type LinuxData,
} from './data.js';
import { boot } from './boot.js';
import { entryRoutines } from './entry.js';
import { flowRoutines } from './flow.js';
import { hotplugRoutines } from './hotplug.js';
import { lifeRoutines } from './life.js';
import { pinEntries } from './ioapic.js';
import { irqKinds } from './irqKinds.js';
import { invariants, oneshotMasked } from './invariants.js';
import { addJudges } from './judges.js';
import { measurableOf } from './measurable.js';
import { mootReason } from './moot.js';
import { injectedRoutines, operation } from './operations.js';
import { postingOperations } from './posting.js';
import { versions } from './releases.js';
import { remapSize } from './remap.js';
import { isAmd, isRemapped } from './target.js';
import { teardownRoutines } from './teardown.js';
import { threadRoutines } from './threads.js';
import { usesOf } from './uses.js';
import { amdTable, type AmdTable } from './amdVi.js';
import { avicEvents, avicUnits } from './avic.js';
import { guestVectors, type GuestEvents } from './guest.js';
import { piEvents } from './piDescriptor.js';
import { describeVcpus, vcpuRoutines } from './vcpu.js';
import { vectorRoutines } from './vector.js';
import { isKnownVersion, refusesPostedMsi, versionTable } from './versions.js';

/** What each behaviour may be. */
export const linuxBehaviours: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(behaviours).map(([name, { values }]) => [name, Object.keys(values)]),
);

export { isKnownVersion };

function isBehaviour(name: string): name is BehaviourName {
  return Object.hasOwn(behaviours, name);
}

/** What is to be otherwise than in the version. */
export interface LinuxChanges {
  /** single behaviours, e.g. `{ settleDelay: 'none' }` */
  readonly behaviours?: Readonly<Record<string, string>>;
  /** routines by the kernel's names, each with a body in place of the model's */
  readonly replace?: OwnRoutines;
  /** how verdicts call the model; default `linux-VERSION`, with own routines `linux-VERSION-own` */
  readonly name?: string;
}

/** A name that fits into a token and a file's name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Linux of a version, with changes. Throws `ModelError` for what does not exist. */
export function linux(version: string, changes: LinuxChanges = {}): KernelModel {
  const { behaviours: set = {}, replace = {} } = changes;
  const own = Object.keys(replace);
  const called = changes.name ?? `linux-${version}${own.length > 0 ? '-own' : ''}`;
  if (!NAME.test(called))
    throw new ModelError(`a model cannot be called ${quote(called)}; use letters, digits, dashes and points, e.g. my-linux`);
  const table = versionTable(version);
  if (table === undefined) throw new ModelError(`there is no model of Linux ${version}; there are ${versions.join(', ')}`);
  for (const [name, value] of Object.entries(set)) {
    if (!isBehaviour(name)) throw new ModelError(`linux has no behaviour ${name}; it has ${behaviourNames.join(', ')}`);
    const values = Object.keys(behaviours[name].values);
    if (!values.includes(value)) throw new ModelError(`behaviour ${name} cannot be ${value}; it is one of ${values.join(', ')}`);
  }
  const chosen = Object.fromEntries(behaviourNames.map((name) => [name, set[name] ?? table[name].value])) as unknown as Behaviours;
  const noPostedMsi = refusesPostedMsi(version);
  const has = { postedMsi: noPostedMsi === undefined };
  const active = behaviourNames.map((name): ActiveBehaviour => {
    const texts: Readonly<Record<string, string>> = behaviours[name].values;
    const others = Object.keys(texts).filter((each) => each !== chosen[name]);
    return {
      name,
      value: chosen[name],
      about: behaviours[name].text,
      text: texts[chosen[name]] ?? '',
      evidence: name in set ? 'set' : table[name].evidence,
      others: others.map((value): OtherValue => {
        const moot = mootReason(chosen, name, value, has);
        return { value, text: texts[value] ?? '', ...(moot === undefined ? {} : { moot }) };
      }),
    };
  });
  const built = oncePerShape((size, shape) => assemble(chosen, replace, size, shape));
  return {
    name: called,
    behaviours: active,
    ...(own.length > 0 ? { own } : {}),
    set: (more) => linux(version, { ...changes, name: called, behaviours: { ...set, ...more } }),
    data: declareData({
      operations: 0,
      life: true,
      managed: true,
      teardown: true,
      pins: true,
      levels: true,
      threads: true,
      postedMsi: true,
      vcpus: true,
      descriptors: true,
      avic: true,
      x2apic: false,
      reachesLegacy: false,
    }).declarations,
    systemVectors: systemVectorsOf(chosen),
    invariants: [...invariants, oneshotMasked],
    build: (size, placement) => {
      if (placement.postedMsi === true && noPostedMsi !== undefined) throw new UnsupportedError(noPostedMsi);
      return orModelError(own, () => built(size, placement));
    },
  };
}

/** Vectors besides the universe's that are in use. */
function systemVectorsOf({ cleanup }: Behaviours): readonly number[] {
  return cleanup === 'ipi' ? [IRQ_MOVE_CLEANUP_VECTOR] : [];
}

/** A request has the entry's index in nine bits of its data (hardware.md F.3). */
const MOST_AMD_ENTRIES = 512;

function refuseTooMany(placement: Placement): void {
  if (!isRemapped(placement) || !isAmd(placement)) return;
  const beyond = placement.irqs.find(({ message }) => message >= MOST_AMD_ENTRIES);
  if (beyond === undefined) return;
  const name = placement.parts?.devices[beyond.device] ?? String(beyond.device);
  throw new UnsupportedError(
    `a device behind an AMD-Vi unit has ${MOST_AMD_ENTRIES} remapping entries, and ${name} has more irqs; give some of them to another device`,
  );
}

/** What is wrong with own routines is the user's to mend; in the model's own it is a bug, and stays one. */
function orModelError(own: readonly string[], make: () => BuiltModel): BuiltModel {
  try {
    return make();
  } catch (error) {
    if (own.length > 0 && error instanceof NoRoutineError) throw new UnsupportedError(error.message, { cause: error });
    if (own.length > 0 && error instanceof AssemblyError) throw new ModelError(error.message, { cause: error });
    throw error;
  }
}

/** The program for placements of one shape, and what it is in each of them. */
function assemble(chosen: Behaviours, replace: OwnRoutines, machineSize: MachineSize, placement: Placement): (at: Placement) => BuiltModel {
  const several = placement.devices.findIndex(({ msi }) => (msi?.vectors ?? 1) > 1);
  if (several >= 0 && !isRemapped(placement))
    throw new ModelError(
      `Linux gives a device several MSI only with interrupt remapping; write one irq for ${placement.parts?.devices[several] ?? several}, or machine iommu`,
    );
  refuseTooMany(placement);
  const table = remapSize(placement);
  const vcpuCount = placement.vcpus?.length ?? 0;
  const size = { ...machineSize, ...(table && { irtes: table.rows }), ...(vcpuCount > 0 && { vcpus: vcpuCount }) };
  const uses = usesOf(placement, size);
  const data = declareData(uses);
  const { parts = { cpus: [], irqs: [], devices: [] }, own = [] } = placement;
  const vectors = { lo: size.vectorLo, hi: size.vectorHi };
  const systemVectors = [
    ...systemVectorsOf(chosen),
    ...(uses.reserved ? [MANAGED_IRQ_SHUTDOWN_VECTOR] : []),
    ...(uses.postedMsi ? [POSTED_MSI_NOTIFICATION_VECTOR] : []),
    ...(uses.descriptors ? [POSTED_INTR_WAKEUP_VECTOR, POSTED_INTR_VECTOR] : []),
    ...(uses.avic ? [AVIC_DOORBELL, ...avicUnits(placement).map((u) => AMD_IOMMU_VECTOR - u)] : []),
  ];
  const k = new Assembler(data.declarations, { ...parts, vectors, systemVectors }, replace);
  const guest = guestVectors(placement, size);
  const amd = isRemapped(placement) && isAmd(placement) ? amdTable(k, data, guest, chosen, placement) : undefined;
  const events = eventsOf(k, data, amd, guest, chosen, placement);
  const vcpus = data.vcpus && events && vcpuRoutines(k, data, data.vcpus, events, placement);
  const routines = vectorRoutines(k, data, vcpus, chosen, size);
  const kinds = irqKinds(data, placement);
  const pins = data.rteMasked && pinEntries(data, data.rteMasked, kinds, placement);
  const chip = chipOf(k, data, routines, kinds, pins, guest, amd, chosen, placement);
  const activation = data.life && activationRoutines(k, data, data.life, routines, chip, kinds, chosen);
  const threads = data.threads && threadRoutines(k, data, data.threads, chip, kinds, vcpus);
  const affinity = affinityRoutines(k, data, routines, chip, activation, chosen);
  const handleIrq = flowRoutines(k, data, routines, affinity, chip, kinds, threads, chosen);
  const entries = entryRoutines(k, data, handleIrq, vcpus, chosen);
  const hotplug = hotplugRoutines(k, data, routines, affinity, activation, threads, vcpus, chosen);
  for (const entry of [entries.commonInterrupt, entries.spuriousInterrupt]) k.interruptEntry(entry);
  if (routines.cleanupInterrupt) k.interruptEntry(routines.cleanupInterrupt);
  k.entry(affinity.setAffinityOperation);
  k.entry(hotplug.cpuDown);
  k.entry(hotplug.cpuUp);
  k.entry(hotplug.startSecondary);
  if (data.life && activation) {
    const life = {
      ...lifeRoutines(k, data, data.life, activation, chip, kinds, threads, chosen),
      ...(data.teardown ? teardownRoutines(k, data, data.life, routines, activation, chip, placement) : {}),
    };
    for (const kind of new Set(placement.operations.map((o) => o.kind))) {
      const routine = kind in life ? life[kind as keyof typeof life] : undefined;
      if (routine) k.entry(routine);
    }
  }
  if (uses.reserved) k.interruptEntry(entries.shutdownInterrupt);
  if (entries.postedInterrupt) k.interruptEntry(entries.postedInterrupt);
  const guestOperations = { ...vcpus?.operations, ...(chip.posting && postingOperations(k, data, chip.posting)) };
  for (const kind of new Set(placement.operations.map((o) => o.kind))) {
    const routine = kind in guestOperations ? guestOperations[kind as keyof typeof guestOperations] : undefined;
    if (routine) k.entry(routine);
  }
  for (const handler of vcpus?.handlers.values() ?? []) k.interruptEntry(handler);
  addJudges(k, data, chip);
  // a machine that no check takes is only run with time, where properties of states are not asked for
  const promised = data.threads?.oneshot ? [...invariants, oneshotMasked] : invariants;
  const judged = isCheckable(size) ? promised : [];
  for (const { name, expression, when } of [...judged, ...own]) k.invariant(name, expression, when);
  const program = k.assemble(size);
  const entry = (name: string): number => program.entries.get(name) ?? 0;
  const firstOf = (device: number): number => placement.irqs.findIndex((each) => each.device === device);

  const handlers = new Map<number, number>();
  for (let v = 0x20; v < 256; v++) handlers.set(v, entry('common_interrupt'));
  if (routines.cleanupInterrupt) handlers.set(IRQ_MOVE_CLEANUP_VECTOR, entry(routines.cleanupInterrupt.name));
  handlers.set(SPURIOUS_APIC_VECTOR, entry('spurious_interrupt'));
  if (uses.reserved) handlers.set(MANAGED_IRQ_SHUTDOWN_VECTOR, entry(entries.shutdownInterrupt.name));
  if (entries.postedInterrupt) handlers.set(POSTED_MSI_NOTIFICATION_VECTOR, entry(entries.postedInterrupt.name));
  for (const [vector, { name }] of vcpus?.handlers ?? []) handlers.set(vector, entry(name));

  const setup = programSetup(program, data.declarations, size, {
    handlers,
    apStart: entry('start_secondary'),
    started: data.started.slot,
    doorbellVector: uses.avic ? AVIC_DOORBELL : undefined,
  });
  const measurable = measurableOf(data, program.labels);
  return (at) => ({
    program: setup,
    labels: program.labels,
    variables: program.variables,
    fingerprint: program.fingerprint,
    operations: at.operations.map((o, i) => operation(o, entry, data.operationMasks[i]?.slot ?? 0, firstOf)),
    systemVectors,
    measurable,
    ...(table === undefined ? {} : { irtes: table.used }),
    ...(data.vcpus && { vcpus: (machine: ProgramMachine) => describeVcpus(machine, data, vcpuCount) }),
    control: {
      ...injectedRoutines(entry),
      online: data.cpuOnlineMask.slot,
      target: data.apicdCpu.slot,
      shutdown: { slot: data.started.slot, value: State.SHUTDOWN },
    },
    boot: (machine) => {
      boot(machine, data, chip, kinds, size, at);
      vcpus?.boot(machine);
    },
    disagreement: (machine, source) => disagreement(machine, data, chip, source),
    untargeted: (machine) => untargeted(machine, data, size),
    slots: (machine, cpu) =>
      Array.from({ length: size.vectorHi - size.vectorLo }, (_, i) => size.vectorLo + i)
        .map((vector) => ({ vector, value: machine.variable(data.vectorIrq.slot, cpu, vector) }))
        .filter(({ value }) => value !== Slot.UNUSED)
        .map(({ vector, value }) => ({ vector, text: describeSlot(value) })),
  });
}

/** How events reach the guests of a machine; undefined: there are none. */
function eventsOf(
  k: Assembler,
  d: LinuxData,
  amd: AmdTable | undefined,
  vectors: ReadonlyMap<number, number>,
  chosen: Behaviours,
  placement: Placement,
): GuestEvents | undefined {
  const { vcpus, pi, avic } = d;
  if (vcpus && pi) return piEvents(k, pi, d.destinations, vcpus, vectors, placement, chosen);
  return vcpus && avic && amd && avicEvents(k, avic, vcpus, amd, vectors, placement, chosen);
}

/** Follows the message the device would send now: its LAPIC, then the slot of the vector there. */
function disagreement(machine: ProgramMachine, d: LinuxData, chip: Chip, source: number): string | undefined {
  const started = machine.variable(d.started.slot, source);
  if (started === State.SHUTDOWN || started === State.SUSPENDED) return undefined;
  const target = chip.target(machine, source);
  if (target === undefined || typeof target === 'string') return target;
  const { cpu, vector } = target;
  if (!machine.cpu(cpu).enabled) return 'its message goes to a LAPIC that is disabled';
  const slot = machine.variable(d.vectorIrq.slot, cpu, vector);
  return slot === source + Slot.FIRST ? undefined : `its message goes to a slot that is ${describeSlot(slot)}`;
}

/** What `judge_no_leak` counts, and who still knows of it (linux.md 2.7). */
function untargeted(machine: ProgramMachine, d: LinuxData, size: MachineSize): Untargeted[] {
  const irqs = Array.from({ length: size.irqs }, (_, irq) => irq);
  const online = machine.maskBits(d.cpuOnlineMask.slot);
  const of = (variable: { readonly slot: number }, irq: number): number => machine.variable(variable.slot, irq);
  const awaits = (cpu: number, vector: number): string | undefined => {
    const irq = irqs.find((each) => of(d.prevCpu, each) === cpu && of(d.prevVector, each) === vector);
    if (irq === undefined) return undefined;
    if (of(d.queued, irq)) return online.includes(cpu) ? 'the cleanup on its CPU is to free it' : undefined;
    return 'the next interrupt at the new target is to have it freed';
  };
  return Array.from({ length: size.cpus }, (_, cpu) => cpu).flatMap((cpu) =>
    machine
      .maskBits(d.allocMap.slot, cpu)
      .filter((vector) => !(d.reachesLegacy && isLegacy(vector)))
      .filter((vector) => !irqs.some((irq) => of(d.apicdCpu, irq) === cpu && of(d.apicdVector, irq) === vector))
      .map((vector) => ({ cpu, vector, awaits: awaits(cpu, vector) })),
  );
}
