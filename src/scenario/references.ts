/** Mistakes that show only when two keys are seen together: CPUs and irqs that don't exist, duplicates, vectors that collide. */
import { cpuListMistakes, duplicates, finding, missingCpu, type Finding } from './findings.js';
import { MOST_DEVICES, MOST_IRQS } from './groups.js';
import { messageMistakes } from './message.js';
import { operationMistakes } from './operations.js';
import type { CpuOutline, IrqOutline, Outline } from './outline/index.js';
import { placeIrqs } from './placement.js';
import { FIRST_VECTOR } from './scenario.js';
import type { Path } from './source.js';
import { unitMistakes } from './units.js';
import { vcpuMistakes } from './vcpus.js';
import { vectorsOf } from './vectors.js';
import { cpusListed, hex, quote } from '../words.js';

export function referenceMistakes(outline: Outline): Finding[] {
  const { cpus, irqs, deviceNames, messages, timing } = outline;
  return [
    ...duplicates(deviceNames, (name) => `two devices are named ${quote(name)}; give one of them another name`),
    ...oncePerGroup(
      duplicates(
        irqs.flatMap(({ irq }) => irq ?? []),
        (irq) => `irq ${irq} stands here a second time; every irq has a number of its own`,
      ),
    ),
    ...sizeMistakes(outline),
    ...perEntry(messages).flatMap(messageMistakes),
    ...duplicates(
      perEntry(messages).flatMap(({ pin }) => pin ?? []),
      (pin) => `two devices are on pin ${pin}; give one of them another pin`,
    ),
    ...unitMistakes(outline),
    ...vcpuMistakes(outline),
    ...(cpus === undefined ? [] : [...machineMistakes(outline, cpus), ...targetsMistakes(irqs, cpus), ...operationMistakes(outline, cpus)]),
    ...oncePerGroup(vectorMistakes(outline)),
    ...timing.flatMap(({ path, min, default: middle, max }) =>
      min <= middle && middle <= max ? [] : [finding(path, `${min}, ${middle}, ${max} are not in order; write min <= default <= max`)],
    ),
  ];
}

/** What is wrong with one irq of a short form is wrong with many. */
function oncePerGroup(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<Path>();
  return findings.filter(({ path }) => path.at(-1) !== 'irqs' || (!seen.has(path) && seen.add(path)));
}

function isSame(a: Path, b: Path | undefined): boolean {
  return a === b || (a.length === b?.length && a.every((step, i) => step === b[i]));
}

/** One of those that stand at the same place of the file. */
function perEntry<T extends { readonly path: Path }>(all: readonly T[]): readonly T[] {
  return all.filter(({ path }, i) => !isSame(path, all[i - 1]?.path));
}

const LAST_IRQ = 65_535;

/** Devices and irqs in a short form may become too many; and what is no device of its own is one only. */
function sizeMistakes({ devices, irqs, messages }: Outline): Finding[] {
  const tooMany = devices[MOST_DEVICES];
  const excess = irqs[MOST_IRQS];
  const beyond = irqs.find(({ irq }) => irq !== undefined && irq.value > LAST_IRQ);
  return [
    ...(tooMany === undefined ? [] : [finding(tooMany.path, `more than ${MOST_DEVICES} devices; write ${MOST_DEVICES} at most`)]),
    ...(excess === undefined ? [] : [finding(excess.path, `more than ${MOST_IRQS} irqs; write ${MOST_IRQS} at most`)]),
    ...(beyond === undefined ? [] : [finding(beyond.path, `the numbers of these irqs go beyond ${LAST_IRQ}; write a lower first`)]),
    ...perEntry(devices.map((device, i) => ({ ...device, message: messages[i] }))).flatMap(({ isGroup, path, message }) => {
      if (!isGroup || message === undefined) return [];
      if (irqs.some((irq) => irq.spread === undefined && irq.path[1] === path[1]))
        return [finding([...path, 'irqs'], 'each device of a count has irqs of its own; write how many, for example irqs: {count: 1}')];
      return message.type === 'msi' || message.type === 'msix'
        ? []
        : [finding(message.path, `there is one device of type ${message.type} at its place; leave out count, or write type: msi or msix`)];
    }),
  ];
}

/** Without interrupt remapping, or with entries of 32 bits, a message has 8 bits of destination, and 255 is the broadcast (hardware.md A.7.1). */
const LAST_SHORT_ID = 254;

function destinationMistakes({ iommu }: Outline, cpus: readonly CpuOutline[]): Finding[] {
  const { type, ga, xt = ga !== false } = iommu;
  const beyond = cpus.find(({ cpu, apicId }) => (apicId ?? cpu).value > LAST_SHORT_ID);
  if (beyond === undefined || type === 'vtd' || (type === 'amd' && xt === true)) return [];
  const { value, path } = beyond.apicId ?? beyond.cpu;
  const right =
    type === 'amd'
      ? 'leave out ga: false and xt: false'
      : `write machine iommu: vtd or amd, or ${beyond.apicId === undefined ? `${LAST_SHORT_ID + 1} CPUs` : `an id of ${LAST_SHORT_ID}`} at most`;
  return [finding(path, `a message to APIC id ${value} needs interrupt remapping with destinations of 32 bits; ${right}`)];
}

function socketMistakes({ sockets, unitSockets, units, devices, iommu }: Outline, cpus: readonly CpuOutline[]): Finding[] {
  const none = (at: Path, socket: number): Finding =>
    finding(at, `socket ${socket} does not exist; the machine has ${sockets === 1 ? 'socket 0' : `sockets 0 to ${sockets - 1}`}`);
  return [
    ...(sockets <= cpus.length
      ? []
      : [
          finding(['machine', 'sockets'], `${sockets} sockets need a CPU each, and there are ${cpus.length}; write ${cpus.length} at most`),
        ]),
    ...unitSockets.flatMap((socket) => (socket !== undefined && socket.value >= sockets ? [none(socket.path, socket.value)] : [])),
    ...unitSockets.flatMap((socket, u) =>
      socket !== undefined && units[u] !== undefined
        ? [finding(socket.path, 'a unit has a list of devices or a socket; leave out one')]
        : [],
    ),
    ...duplicates(
      unitSockets.flatMap((socket) => socket ?? []),
      (socket) => `two units are of socket ${socket}; write one`,
    ),
    ...perEntry(devices).flatMap(({ socket, path }) => (socket >= sockets ? [none([...path, 'socket'], socket)] : [])),
    ...(iommu['units'] === 'per-socket' && sockets > MOST_UNITS
      ? [
          finding(
            ['machine', 'iommu', 'units'],
            `${sockets} sockets are more than ${MOST_UNITS} units; write fewer sockets, or a list of units`,
          ),
        ]
      : []),
  ];
}

/** What the schema has as the most units. */
const MOST_UNITS = 64;

/** Start and affinity of irqs; of those in a short form what they have in common. */
function targetsMistakes(irqs: readonly IrqOutline[], cpus: readonly CpuOutline[]): Finding[] {
  const online = cpus.filter((candidate) => candidate.online).map((candidate) => candidate.cpu.value);
  return perEntry(irqs).flatMap((irq) => targetMistakes(irq, cpus, online));
}

function machineMistakes(outline: Outline, cpus: readonly CpuOutline[]): Finding[] {
  // Without an APIC id of its own a CPU has its number; that too may be another's.
  const apicIds = cpus.map(({ cpu, apicId }) => apicId ?? cpu);
  return [
    ...duplicates(
      cpus.map(({ cpu }) => cpu),
      (cpu) => `CPU ${cpu} stands here a second time; every CPU has a number of its own`,
    ),
    ...duplicates(apicIds, (id) => `two CPUs have the APIC id ${id}; every CPU has an APIC id of its own`),
    ...destinationMistakes(outline, cpus),
    ...socketMistakes(outline, cpus),
    ...(cpus.some(({ online }) => online)
      ? []
      : [finding(['machine', 'cpus'], 'no CPU is online at the start; leave out online: false for one of them')]),
  ];
}

/** Start and affinity of one irq against the CPUs of the machine. */
function targetMistakes(
  { path, irq, cpu, affinity, whole }: IrqOutline,
  cpus: readonly CpuOutline[],
  online: readonly number[],
): Finding[] {
  const wrong = [...(cpu === undefined ? [] : missingCpu(cpu, cpus)), ...cpuListMistakes(affinity ?? [], cpus)];
  if (wrong.length > 0 || !whole) return wrong;
  const name = irq === undefined ? 'the irq' : `irq ${irq.value}`;
  const allowed = affinity?.map(({ value }) => value);
  if (cpu === undefined) {
    if (allowed === undefined || online.length === 0 || allowed.some((value) => online.includes(value))) return [];
    return [finding([...path, 'affinity'], `no CPU of this affinity is online at the start; add one of ${cpusListed(online)}`)];
  }
  if (allowed !== undefined && !allowed.includes(cpu.value))
    return [finding(cpu.path, `${name} starts at CPU ${cpu.value}, which is not in its affinity; write one of ${cpusListed(allowed)}`)];
  if (online.length > 0 && !online.includes(cpu.value))
    return [finding(cpu.path, `${name} starts at CPU ${cpu.value}, which is offline at the start; write one of ${cpusListed(online)}`)];
  return [];
}

function vectorMistakes({ irqs, cpus, vectors }: Outline): Finding[] {
  if (vectors === undefined) return [];
  const universe = vectorsOf(vectors);
  const range = vectors === 1 ? hex(FIRST_VECTOR) : `${hex(FIRST_VECTOR)} to ${hex(universe.at(-1) ?? FIRST_VECTOR)}`;
  const outside = irqs.flatMap(({ vector }) =>
    vector === undefined || universe.includes(vector.value)
      ? []
      : [finding(vector.path, `vector ${hex(vector.value)} is outside of the universe; write ${range}, or more universe vectors`)],
  );
  // Placing needs every irq: what one leaves open depends on what the others take.
  if (cpus === undefined || irqs.some(({ whole }) => !whole) || outside.length > 0) return outside;
  const online = cpus.filter((cpu) => cpu.online).map(({ cpu }) => cpu.value);
  const taken = new Map<string, string>();
  return placeIrqs(
    irqs,
    online.toSorted((a, b) => a - b),
    vectors,
  ).flatMap((placement, i) => {
    const { irq, vector, path } = irqs[i] as IrqOutline;
    const name = irq === undefined ? 'another irq' : `irq ${irq.value}`;
    if (placement === undefined) return [];
    if (placement.vector === undefined)
      return [finding(path, `no vector of the universe is free on CPU ${placement.cpu} for ${name}; raise universe vectors`)];
    const slot = `${placement.cpu}:${placement.vector}`;
    const owner = taken.get(slot);
    if (owner === undefined) taken.set(slot, name);
    return owner === undefined
      ? []
      : [
          finding(
            vector?.path ?? path,
            `vector ${hex(placement.vector)} on CPU ${placement.cpu} is taken by ${owner}; write another of ${range}`,
          ),
        ];
  });
}
