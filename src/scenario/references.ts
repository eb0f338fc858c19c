/** Mistakes that show only when two keys are seen together: CPUs and irqs that don't exist, duplicates, vectors that collide. */
import { cpuListMistakes, duplicates, finding, missingCpu, type Finding } from './findings.js';
import { messageMistakes } from './message.js';
import { operationMistakes } from './operations.js';
import type { CpuOutline, IrqOutline, Outline } from './outline.js';
import { placeIrqs } from './placement.js';
import { FIRST_VECTOR } from './scenario.js';
import { unitMistakes } from './units.js';
import { vcpuMistakes } from './vcpus.js';
import { cpusListed, hex, quote } from '../words.js';

export function referenceMistakes(outline: Outline): Finding[] {
  const { cpus, irqs, deviceNames, messages, timing } = outline;
  return [
    ...duplicates(deviceNames, (name) => `two devices are named ${quote(name)}; give one of them another name`),
    ...duplicates(
      irqs.flatMap(({ irq }) => irq ?? []),
      (irq) => `irq ${irq} stands here a second time; every irq has a number of its own`,
    ),
    ...messages.flatMap(messageMistakes),
    ...duplicates(
      messages.flatMap(({ pin }) => pin ?? []),
      (pin) => `two devices are on pin ${pin}; give one of them another pin`,
    ),
    ...unitMistakes(outline),
    ...vcpuMistakes(outline),
    ...(cpus === undefined
      ? []
      : [...machineMistakes(cpus), ...irqs.flatMap((irq) => targetMistakes(irq, cpus)), ...operationMistakes(outline, cpus)]),
    ...vectorMistakes(outline),
    ...timing.flatMap(({ path, min, default: middle, max }) =>
      min <= middle && middle <= max ? [] : [finding(path, `${min}, ${middle}, ${max} are not in order; write min <= default <= max`)],
    ),
  ];
}

function machineMistakes(cpus: readonly CpuOutline[]): Finding[] {
  // Without an APIC id of its own a CPU has its number; that too may be another's.
  const apicIds = cpus.map(({ cpu, apicId }) => apicId ?? cpu);
  return [
    ...duplicates(
      cpus.map(({ cpu }) => cpu),
      (cpu) => `CPU ${cpu} stands here a second time; every CPU has a number of its own`,
    ),
    ...duplicates(apicIds, (id) => `two CPUs have the APIC id ${id}; every CPU has an APIC id of its own`),
    ...(cpus.some(({ online }) => online)
      ? []
      : [finding(['machine', 'cpus'], 'no CPU is online at the start; leave out online: false for one of them')]),
  ];
}

/** Start and affinity of one irq against the CPUs of the machine. */
function targetMistakes({ path, irq, cpu, affinity, whole }: IrqOutline, cpus: readonly CpuOutline[]): Finding[] {
  const wrong = [...(cpu === undefined ? [] : missingCpu(cpu, cpus)), ...cpuListMistakes(affinity ?? [], cpus)];
  if (wrong.length > 0 || !whole) return wrong;
  const name = irq === undefined ? 'the irq' : `irq ${irq.value}`;
  const allowed = affinity?.map(({ value }) => value);
  const online = cpus.filter((candidate) => candidate.online).map((candidate) => candidate.cpu.value);
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
  const last = FIRST_VECTOR + vectors - 1;
  const range = vectors === 1 ? hex(FIRST_VECTOR) : `${hex(FIRST_VECTOR)} to ${hex(last)}`;
  const outside = irqs.flatMap(({ vector }) =>
    vector === undefined || (vector.value >= FIRST_VECTOR && vector.value <= last)
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
