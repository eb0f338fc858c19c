/** Scenarios from a trace: its fatal move for a check, its loop for a run. */
import {
  FIRST_VECTOR,
  parseScenario,
  type CpuDescription,
  type DeviceDescription,
  type Operation,
  type Scenario,
} from '../scenario/index.js';
import { ASSUMED_KERNEL, type Import } from './imported.js';
import type { Loop } from './loop.js';
import type { Move } from './moves.js';
import { offlineInterval, requestedGaps, settlingInterval } from './rhythm.js';
import { configAccess } from './steps.js';
import { apicIdOf, cpuOf } from './topology.js';

const MAX_VECTORS = 16;
const MAX_CPUS = 255;
const MAX_US = 1_000_000_000;

/**
 * The fatal move and nothing else: the two CPUs, the irq, its vectors, the operation. Without a death in the trace, the last thing that
 * happened to the irq is taken. Undefined if no move between two CPUs is known.
 */
export function checkScenario(trace: Import): Scenario | undefined {
  const move = fatalMove(trace);
  if (move === undefined) return undefined;
  const { irq, cpu: from, cause } = move;
  const to = cpuOf(trace.topology, move.apicId) as number;
  const [oldVector, vector] = withinUniverse(move);
  // The kernel takes the lowest free vector: those below it were in use on the new CPU.
  const others = Array.from({ length: vector - FIRST_VECTOR }, (_, i) => FIRST_VECTOR + i).map((taken, i) => ({
    name: `other-${taken.toString(16)}`,
    raises: 0,
    irqs: [{ irq: irq < 1000 ? irq + 1 + i : irq - 1 - i, cpu: to, vector: taken }],
  }));
  return scenarioOf({
    version: 1,
    name: nameOf(trace),
    about: `Imported from ${titleOf(trace.file)}: irq ${irq} leaves CPU ${from} for CPU ${to}.`,
    model: modelOf(trace),
    machine: { cpus: cpusOf(trace, [from, to]) },
    universe: { vectors: Math.max(2, oldVector - FIRST_VECTOR + 1, vector - FIRST_VECTOR + 1) },
    devices: [{ name: deviceName(trace, irq), irqs: [{ irq, cpu: from, vector: oldVector }], ...pace(trace, irq) }, ...others],
    operations: [cause.kind === 'offline' ? { offline: from } : { move: { irq, to: [to] } }],
    ...timingOf(trace),
  });
}

/** The loop with the traced traffic. Undefined if the trace shows no irq. */
export function runScenario(trace: Import): Scenario | undefined {
  const irqs = irqsOf(trace);
  if (irqs.length === 0) return undefined;
  const loop = trace.options.loop ?? seenLoop(trace);
  const toggled = new Set(loop.toggled);
  const start = Array.from({ length: loop.cpus }, (_, cpu) => cpu).find((cpu) => !toggled.has(cpu)) ?? 0;
  const taken = new Set<number>();
  return scenarioOf({
    version: 1,
    name: `${nameOf(trace)}-loop`,
    about: `Imported from ${titleOf(trace.file)}: CPUs go offline and online under the traced traffic.`,
    model: modelOf(trace),
    machine: {
      cpus: cpusOf(
        trace,
        Array.from({ length: loop.cpus }, (_, cpu) => cpu),
      ).map((cpu) => ({ ...cpu, online: !toggled.has(cpu.cpu) })),
    },
    universe: { vectors: universeOf(trace) },
    devices: irqs.map((irq) => {
      const vector = vectorAt(trace, irq, start, taken);
      if (vector !== undefined) taken.add(vector);
      return {
        name: deviceName(trace, irq),
        ...pace(trace, irq),
        irqs: [{ irq, cpu: start, ...(vector === undefined ? {} : { vector }) }],
      };
    }),
    operations: operationsOf(
      loop,
      irqs.toSorted((a, b) => a - b),
      settlingInterval(trace.traffic, trace.traced, trace.parts)?.us,
      offlineInterval(trace.parts)?.us,
    ),
    run: { repeat: true, seconds: 60 },
    ...timingOf(trace),
  });
}

/** What a scenario file may leave out is left out here too, so that the defaults stand in one place. */
function scenarioOf(file: {
  readonly [key: string]: unknown;
  readonly devices: readonly (Partial<Omit<DeviceDescription, 'irqs'>> & { readonly irqs: readonly unknown[] })[];
}): Scenario {
  // JSON is YAML.
  const parsed = parseScenario(JSON.stringify(file), 'import');
  if ('errors' in parsed)
    throw new Error(`a scenario made from a trace has mistakes: ${parsed.errors.map(({ message }) => message).join(', ')}`);
  return parsed.scenario;
}

/**
 * The move to look at: of the first part whose irq is dead, the first after the last interrupt. Otherwise the first that takes the irq
 * off a dying CPU after its last interrupt in a part; then any move; those with a known old vector first.
 */
function fatalMove({ silences, moves, traced, topology }: Import): Move | undefined {
  const usable = (move: Move | undefined): move is Move => {
    const to = move && cpuOf(topology, move.apicId);
    return move !== undefined && to !== undefined && to !== move.cpu && to < MAX_CPUS && move.cpu < MAX_CPUS;
  };
  const dead = silences.flatMap(({ dead: died, move }) => (died && usable(move) ? [move] : []));
  const last = silences
    .flatMap(({ part, last: run }) => part.moves.filter((move) => move.irq === traced && (move.lines[0] ?? 0) > run.line).slice(0, 1))
    .filter(usable);
  const own = moves.filter((move) => move.irq === traced).filter(usable);
  const candidates = [
    ...dead,
    ...preferred(last.filter(({ cause }) => cause.kind === 'offline')),
    ...preferred(own),
    ...preferred(moves.filter(usable)),
  ];
  return candidates[0];
}

function preferred(moves: readonly Move[]): readonly Move[] {
  return [...moves.filter(({ oldVector }) => oldVector !== undefined), ...moves.filter(({ oldVector }) => oldVector === undefined)];
}

/** Old and new vector; renamed if the universe cannot hold them, the same ones staying the same. */
function withinUniverse({ oldVector, vector, steps }: Move): readonly [number, number] {
  // Two steps are taken only if the vector changes.
  const from = oldVector ?? (steps === 'two-step' ? (vector === FIRST_VECTOR ? FIRST_VECTOR + 1 : FIRST_VECTOR) : vector);
  const fits = [from, vector].every((one) => one >= FIRST_VECTOR && one < FIRST_VECTOR + MAX_VECTORS);
  if (fits) return [from, vector];
  return from === vector
    ? [FIRST_VECTOR, FIRST_VECTOR]
    : from < vector
      ? [FIRST_VECTOR, FIRST_VECTOR + 1]
      : [FIRST_VECTOR + 1, FIRST_VECTOR];
}

/** CPUs with their APIC ids; one whose id by rule is another's or too large gets the lowest that is free. */
function cpusOf({ topology }: Import, cpus: readonly number[]): readonly CpuDescription[] {
  const ids = cpus.map((cpu) => apicIdOf(topology, cpu));
  const taken = new Set(ids.flatMap(({ how, apicId }) => (how === 'read' ? [apicId] : [])));
  return ids.map(({ cpu, apicId, how }) => {
    if (how === 'read') return { cpu, apicId, online: true };
    const free =
      taken.has(apicId) || apicId >= MAX_CPUS
        ? (Array.from({ length: MAX_CPUS }, (_, id) => id).find((id) => !taken.has(id)) ?? 0)
        : apicId;
    taken.add(free);
    return { cpu, apicId: free, online: true };
  });
}

/** The traced irq first, then the others that moved. */
function irqsOf({ moves, traced }: Import): readonly number[] {
  const irqs = new Set(moves.map(({ irq }) => irq));
  const others = [...irqs].filter((irq) => irq !== traced).toSorted((a, b) => a - b);
  return (traced === undefined ? others : [traced, ...others]).slice(0, MAX_VECTORS);
}

/** The vector that an irq has on a CPU, by its moves, or else any that it ever had; undefined to let the lowest free be taken. */
function vectorAt({ moves, topology }: Import, irq: number, cpu: number, taken: ReadonlySet<number>): number | undefined {
  const own = moves.filter((move) => move.irq === irq);
  const there = own.flatMap((move) => [
    ...(cpuOf(topology, move.apicId) === cpu ? [move.vector] : []),
    ...(move.cpu === cpu ? [move.oldVector] : []),
  ]);
  return [...there, ...own.flatMap(({ oldVector, vector }) => [vector, oldVector])].find(
    (vector) => vector !== undefined && !taken.has(vector) && vector >= FIRST_VECTOR && vector < FIRST_VECTOR + MAX_VECTORS,
  );
}

function universeOf({ moves }: Import): number {
  const used = moves
    .flatMap(({ oldVector, vector }) => [oldVector ?? vector, vector])
    .filter((vector) => vector < FIRST_VECTOR + MAX_VECTORS);
  // One more per irq than the highest in use: every irq finds a place, whatever the renaming.
  return Math.min(MAX_VECTORS, Math.max(4, new Set(moves.map(({ irq }) => irq)).size, ...used.map((vector) => vector - FIRST_VECTOR + 1)));
}

/** More gaps than these make a file that nobody reads, and draw no differently. */
const MAX_GAPS = 500;
/** Of an irq that the trace shows too rarely to tell. */
const RARELY = [1_000_000];

/** The gaps of a device: of the traced one between entries of its handler; of another between moves inside of its interrupts. */
function pace({ parts, traced, traffic }: Import, irq: number): { readonly interArrival: { readonly us: readonly number[] } } {
  const gaps = irq === traced ? traffic.gaps : requestedGaps(parts, irq);
  const us = gaps.map((gap) => gap.us).filter((gap) => gap > 0 && gap <= MAX_US);
  const every = Math.ceil(us.length / MAX_GAPS);
  return { interArrival: { us: us.length === 0 ? RARELY : us.filter((_, i) => i % every === 0) } };
}

/** The loop as far as the lines show it, where nobody tells: the CPUs that died go offline and online. */
function seenLoop({ topology, moves }: Import): Loop {
  const targets = moves.flatMap(({ apicId }) => cpuOf(topology, apicId) ?? []);
  const highest = [...topology.seen.keys(), ...targets].filter((cpu) => cpu < MAX_CPUS).reduce((most, cpu) => Math.max(most, cpu), 0);
  const cpus = Math.max(2, highest + 1);
  const dying = moves.flatMap(({ cpu, cause }) => (cause.kind === 'offline' && cpu < cpus ? [cpu] : []));
  const toggled = [...new Set(dying)].toSorted((a, b) => a - b);
  // One has to stay.
  if (toggled.length === cpus) toggled.shift();
  const all = Array.from({ length: cpus }, (_, cpu) => cpu);
  return { cpus, toggled, masks: toggled.length === 0 ? [[1], [0]] : [toggled, all], devices: {} };
}

function operationsOf(
  { toggled, masks }: Loop,
  irqs: readonly number[],
  settling: number | undefined,
  offline: number | undefined,
): readonly Operation[] {
  return [
    ...toggled.map((cpu): Operation => ({ online: cpu })),
    ...masks.flatMap((to) => [...irqs.map((irq): Operation => ({ move: { irq, to } })), ...pauseOf(settling)]),
    ...toggled.flatMap((cpu, i): Operation[] => [...(i === 0 ? [] : pauseOf(offline)), { offline: cpu }]),
  ];
}

function pauseOf(us: number | undefined): Operation[] {
  return us === undefined || us < 1 || us > MAX_US ? [] : [{ pause: { us } }];
}

function timingOf({ written }: Import): { readonly timing?: Scenario['timing'] } {
  if (written === undefined) return {};
  const access = configAccess(written);
  return { timing: { 'cfg.read': access, 'cfg.write': access } };
}

function deviceName({ options: { loop }, parts, traced }: Import, irq: number): string {
  const source = parts.flatMap(({ runs }) => runs.slice(0, 1))[0]?.source;
  return loop?.devices[irq] ?? (irq === traced && source !== undefined && /^(?!irq\d)[a-z0-9]/.test(source) ? source : `irq${irq}`);
}

function modelOf({ options: { kernel = ASSUMED_KERNEL } }: Import): string {
  // 5.6-rc6 is 5.6 to the models.
  return `linux-${/^\d+\.\d+/.exec(kernel)?.[0] ?? kernel.toLowerCase().replace(/[^a-z0-9.-]/g, '-')}`;
}

function titleOf(file: string): string {
  return file.split(/[\\/]/).at(-1) ?? file;
}

function nameOf({ file }: Import): string {
  const name = titleOf(file)
    .replace(/\.[^.]*$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return name === '' ? 'trace' : name;
}
