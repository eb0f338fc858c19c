/**
 * Machines of a few lines for the tests of the engine: a toy kernel written with the assembler, CPUs that run a task from the
 * first cycle on, devices that raise when the test says so. What happened is read back from events, CPUs and variables.
 */
import { Assembler, Declarations, programSetup, type Builder, type MachineSize, type Parts, type Routine } from '../../src/kernel/index.js';
import type { Share } from '../../src/check/engine/engine.js';
import { Alone } from '../../src/check/engine/explorer.js';
import { Paths } from '../../src/check/engine/paths.js';
import { Actor, Cpu, Ctx, Level, loadModule, Msg, MsgKind, Src, Status, Table } from '../../src/core/index.js';
import {
  defaultAssumptions,
  ProgramMachine,
  propertiesOf,
  type Assumptions,
  type FunctionModel,
  type EventRecord,
  type MachineSetup,
} from '../../src/machine/index.js';

type Task = Routine<Record<never, never>, undefined>;
type Handler = Routine<{ vector: 'vector' }, undefined>;
type AnyRoutine = Parameters<Assembler['entry']>[0];

/** What a test's kernel hands out; whatever else it needs for itself stands beside. */
export interface ToyKernel {
  /** what each CPU runs from the start on, CPUs that idle left out */
  readonly run?: Readonly<Record<number, Task>>;
  /** by vector; left out, all vectors have one that writes EOI and returns */
  readonly handlers?: Readonly<Record<number, Handler>>;
  readonly operations?: readonly { cpu: number; routine: AnyRoutine; args?: readonly [number, number]; pause?: number }[];
  /** where a CPU starts after SIPI */
  readonly start?: Task;
  readonly judgeRest?: Task;
  readonly judgeProbe?: Task;
  /** says of each irq whether its events are to be handled (`Started`); left out: all are */
  readonly started?: { readonly slot: number };
  readonly boot?: (machine: ProgramMachine) => void;
}

interface Source {
  readonly device?: number;
  readonly message?: number;
  readonly kind?: 'handshake' | 'free' | 'level';
  readonly raises?: number;
  readonly gaps?: readonly number[];
  readonly handlerCycles?: number;
}

export interface ToyOptions extends Partial<Omit<MachineSetup, 'sources' | 'functions' | 'program' | 'assumptions' | 'universe'>> {
  readonly cpus?: number;
  /** one device a source, if `devices` is left out */
  readonly sources?: number | readonly Source[];
  readonly devices?: readonly ToyDevice[];
  readonly assumptions?: Partial<Assumptions>;
  /** how the expressions of invariants call the parts; left out, by index, and devices d0, d1 ... */
  readonly parts?: Partial<Parts>;
  /** elements of variables that are indexed by entries of remapping tables */
  readonly tableRows?: number;
  /** first vector of the universe, one behind its last */
  readonly universe?: readonly [number, number];
  /** virtual CPUs */
  readonly vcpus?: number;
}

/** A device with MSI, or with MSI-X if it has entries, or one of the chipset. */
export interface ToyDevice {
  readonly address64?: boolean;
  readonly maskable?: boolean;
  readonly vectors?: 1 | 2 | 4 | 8 | 16 | 32;
  readonly entries?: number;
  readonly entryCache?: 'off' | 'latch-at-unmask';
  readonly chipset?: 'hpet' | 'dmar' | 'pins';
  /** left out: the first has 8, the next one 16 */
  readonly requester?: number;
}

function deviceModel(
  { address64 = true, maskable = false, vectors = 1, entries, entryCache = 'off', chipset, requester }: ToyDevice,
  d: number,
): FunctionModel {
  return {
    requester: requester ?? (d + 1) << 3,
    chipset,
    msi: entries === undefined && chipset === undefined ? { address64, maskable, vectors } : undefined,
    msix: entries === undefined ? undefined : { vectors: entries, entryCache },
    bmeOffPolicy: 'retain',
    softReset: false,
  };
}

export interface Toy<K> {
  readonly machine: ProgramMachine;
  readonly kernel: K;
  readonly setup: MachineSetup;
  /** another machine, set up alike */
  again(changes?: Partial<MachineSetup>): Promise<ProgramMachine>;
}

const MSI = { control: 1, addrLo: 0xfee00000, addrHi: 0, data: 0x4000 } as const;

/** The message for a vector at the CPU with this APIC id, fixed, physical, edge. */
export function msi(apicId: number, vector: number): { control: number; addrLo: number; addrHi: number; data: number } {
  return { ...MSI, addrLo: 0xfee00000 + apicId * 0x1000, data: 0x4000 + vector };
}

/**
 * Assembles a kernel and makes a machine of it. Unless said otherwise: every step is tried (no clock), LAPICs are enabled, TPR 0,
 * IF=1, device i sends vector 0x30 + i to CPU 0, every event is recorded, all vectors from 0x10 on are in the universe.
 */
export async function toy<K extends ToyKernel>(build: (k: Assembler, d: Declarations) => K, options: ToyOptions = {}): Promise<Toy<K>> {
  const {
    cpus = 1,
    sources: given = 0,
    assumptions,
    tableRows,
    universe: [lo, hi] = [0x10, 0x100],
    parts: called,
    vcpus = 0,
    ...rest
  } = options;
  const list: readonly Source[] = typeof given === 'number' ? Array.from({ length: given }, () => ({})) : given;
  const sources = list.map((s, i) => ({ device: i, message: 0, kind: 'free' as const, raises: 4, gaps: [], handlerCycles: 0, ...s }));
  const devices = (options.devices ?? sources.map((): ToyDevice => ({}))).map(deviceModel);
  const d = new Declarations();
  const number = (_: unknown, i: number): number => i;
  const parts = {
    cpus: Array.from({ length: cpus }, number),
    irqs: sources.map(number),
    devices: devices.map((_, i) => `d${i}`),
    vectors: { lo, hi },
    systemVectors: [],
    ...called,
  };
  const k = new Assembler(d, parts);
  const kernel = build(k, d);
  const { run: tasksOf = {}, operations = [], start, judgeRest, judgeProbe } = kernel;
  const handlers = kernel.handlers ?? everyVector(handler(k, 'any_vector'));
  for (const routine of new Set(Object.values(handlers))) k.interruptEntry(routine);
  for (const routine of new Set([...Object.values(tasksOf), ...operations.map((o) => o.routine), start])) if (routine) k.entry(routine);
  // as tasks: a test's judge may do what a model's must not
  for (const routine of new Set([judgeRest, judgeProbe])) if (routine) k.entry(routine);
  const counts = { cpus, irqs: sources.length, devices: devices.length, irtes: tableRows ?? options.irtes ?? 0, vcpus };
  const size: MachineSize = { ...counts, vectors: 256, vectorLo: lo, vectorHi: hi };
  const program = k.assemble(size);
  const entry = (routine?: { readonly name: string }): number => (routine ? (program.entries.get(routine.name) ?? 0) : 0);
  const fromKernel = programSetup(program, d, size, {
    handlers: new Map(Object.entries(handlers).map(([vector, routine]) => [Number(vector), entry(routine)])),
    apStart: entry(start),
    ...(kernel.started && { started: kernel.started.slot }),
  });
  const setup: MachineSetup = {
    apicIds: Array.from({ length: cpus }, (_, c) => c),
    operations: operations.map(({ cpu, routine, args = [0, 0], pause = 0 }) => ({ entry: entry(routine), cpu, args, pause })),
    systemVectors: [],
    messages: 8,
    timed: false,
    timing: {},
    jitter: false,
    parallel: false,
    repeat: false,
    seed: 1,
    properties: [],
    probeRaises: 0,
    record: 1,
    ring: 4096,
    ...rest,
    assumptions: { ...defaultAssumptions, ...assumptions },
    sources,
    functions: devices,
    universe: { lo, hi },
    program: {
      ...fromKernel,
      judgeRest: entry(judgeRest) || fromKernel.judgeRest,
      judgeProbe: entry(judgeProbe) || fromKernel.judgeProbe,
    },
  };
  const again = async (changes: Partial<MachineSetup> = {}): Promise<ProgramMachine> => {
    const machine = await ProgramMachine.instantiate({ ...setup, ...changes }, await loadModule());
    for (let c = 0; c < cpus; c++) {
      machine.setCpu(c, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true });
      if (tasksOf[c]) startTask(machine, c, entry(tasksOf[c]));
    }
    devices.forEach(({ msix }, i) => {
      const message = msi(setup.apicIds[0] ?? 0, 0x30 + i);
      machine.setDevice(i, message);
      if (msix) machine.setMsix(i, 0x8000);
      for (let n = 0; n < (msix?.vectors ?? 0); n++) machine.setEntry(i, n, { ...message, data: message.data + n, masked: false });
    });
    kernel.boot?.(machine);
    machine.start();
    return machine;
  };
  return { machine: await again(), kernel, setup, again };
}

/** A CPU's thread context stands at an entry before the machine starts. */
export function startTask(machine: ProgramMachine, c: number, entry: number): void {
  const { core } = machine;
  core.setU16(core.exports.table(Table.contexts) + c * 4 * Ctx.size + Ctx.pc, entry);
  core.setU8(core.exports.table(Table.cpus) + c * Cpu.size + Cpu.active, 1 << Level.thread);
}

/** A task without parameters, ended properly. */
export function task(k: Assembler, name: string, body: (b: Builder) => void): Task {
  return k.routine(name, {}, (b) => {
    body(b as unknown as Builder);
    b.end();
  });
}

/** An operation's routine: its body, then it has ended. */
export function operation(k: Assembler, name: string, body: (b: Builder) => void): Routine<{ op: 'u8' }, undefined> {
  return k.routine(name, { op: 'u8' }, (b, { op }) => {
    body(b as unknown as Builder);
    b.opEnd(op);
    b.end();
  });
}

/** An IOAPIC of four pins with an EOI register. */
export const smallIoapic = {
  version: 0x20,
  pins: 4,
  address: 0xfec00000,
  id: 0,
  resendDelay: 60,
  retryInterval: 3000,
  requester: 0xff00,
} as const;

/** Low half of the entry of a pin: fixed, physical. */
export function entryLow(vector: number, { level = false, masked = false } = {}): number {
  return vector | (level ? 0x8000 : 0) | (masked ? 0x10000 : 0);
}

export function everyVector(routine: Handler): Record<number, Handler> {
  return Object.fromEntries(Array.from({ length: 240 }, (_, i) => [i + 16, routine]));
}

/** A handler that does `body`, writes EOI and returns. */
export function handler(k: Assembler, name: string, body: (b: Builder) => void = () => undefined): Handler {
  return k.routine(name, { vector: 'vector' }, (b) => {
    body(b as unknown as Builder);
    b.lapicWrite('eoi', 0);
    b.iret();
  });
}

/** What a LAPIC record holds beside what `cpu()` shows; irrv to isrWords are derived from IRR, ISR and TPR. */
export function lapic(machine: ProgramMachine, c = 0): { irrv: number; isrv: number; irrWords: number; isrWords: number; tmr: number[] } {
  const { core } = machine;
  const at = core.exports.table(Table.cpus) + c * Cpu.size;
  const tmr = Array.from({ length: 256 }, (_, v) => v).filter((v) => (core.u32(at + Cpu.tmr + (v >>> 5) * 4) >>> (v & 31)) & 1);
  const [irrv, isrv] = [core.u8(at + Cpu.irrv), core.u8(at + Cpu.isrv)];
  return { irrv, isrv, irrWords: core.u8(at + Cpu.irrWords), isrWords: core.u8(at + Cpu.isrWords), tmr };
}

/** A message on its way; `stage` 0 before the root complex, 1 behind it. */
export interface InFlight {
  readonly origin: number;
  readonly stage: number;
  readonly address: number;
  readonly data: number;
}

/** Messages in flight, by origin (device, devices + CPU for an IPI, behind those by device writes to it) and in order. */
export function inFlight(machine: ProgramMachine): InFlight[] {
  const { core, setup } = machine;
  const base = core.exports.table(Table.messages);
  const lists = setup.functions.some(({ msix }) => msix !== undefined) ? setup.functions.length : 0;
  const others = (setup.ioapics ?? []).length + (setup.iommus ?? []).length;
  const origins = setup.functions.length + setup.apicIds.length + others + lists;
  const heads = new Map<number, number>();
  const messages = Array.from({ length: setup.messages }, (_, m) => base + m * Msg.size);
  const pointed = new Set(messages.filter((at) => core.u8(at) !== 0).map((at) => core.u16(at + Msg.next)));
  messages.forEach((at, m) => {
    if (core.u8(at) !== MsgKind.free && !pointed.has(m + 1)) heads.set(core.u16(at + Msg.origin), m + 1);
  });
  const list: InFlight[] = [];
  for (let origin = 0; origin < origins; origin++) {
    for (let next = heads.get(origin) ?? 0; next !== 0;) {
      const at = base + (next - 1) * Msg.size;
      list.push({ origin, stage: core.u8(at + Msg.stage), address: core.u32(at + Msg.address), data: core.u32(at + Msg.data) });
      next = core.u16(at + Msg.next);
    }
  }
  return list;
}

// --- step by step

const number = (actor: keyof typeof Actor, which: number): number => (Actor[actor] << 12) | which;

/** The steps that are enabled, as `cpu 0`; messages as `message origin.rank`. */
export function enabled(machine: ProgramMachine): string[] {
  return machine.enabled().map((action) => {
    const name = Actor[action >>> 12] ?? '?';
    const which = action & 0xfff;
    return name === 'message' ? `message ${which >>> 4}.${which & 15}` : `${name} ${which}`;
  });
}

/** Does one step, which must be enabled; the properties it breaks. */
export function act(machine: ProgramMachine, actor: keyof typeof Actor, which = 0): string[] {
  const action = number(actor, which);
  if (!machine.enabled().includes(action)) throw new Error(`${actor} ${which} is not enabled, but ${enabled(machine).join(', ')}`);
  return machine.apply(action).broken;
}

/** CPU c executes `n` micro-ops. */
export function steps(machine: ProgramMachine, c: number, n: number): void {
  for (let i = 0; i < n; i++) act(machine, 'cpu', c);
}

/** Takes the first enabled step until there is none but raises, operations and the probe; gives the properties broken. */
export function settle(machine: ProgramMachine, kind?: keyof typeof Actor): string[] {
  const broken: string[] = [];
  for (let budget = 100_000; budget > 0; budget--) {
    const next = machine.enabled().find((a) => {
      const actor = a >>> 12;
      return kind ? actor === Actor[kind] : actor !== Actor.raise && actor !== Actor.operation && actor !== Actor.probe;
    });
    if (next === undefined) return broken;
    broken.push(...machine.apply(next).broken);
  }
  throw new Error('the machine does not come to rest');
}

/** Source s raises, whatever its bound, and its message goes all the way to the IRR. */
export function interrupt(machine: ProgramMachine, s: number): void {
  machine.core.setU32(machine.core.exports.table(Table.sourceStates) + s * Src.size + Src.left, 4);
  act(machine, 'raise', s);
  act(machine, 'sample', s);
  settle(machine, 'message');
}

/** Runs a timed machine for so many cycles, whatever it meets; all events. */
export function run(machine: ProgramMachine, cycles: number): EventRecord[] {
  const end = machine.now + BigInt(cycles);
  const events: EventRecord[] = [];
  while (machine.now < end) {
    machine.run(Number(end - machine.now));
    events.push(...machine.events());
  }
  return events;
}

/** The events of some kinds, as [kind, a, b, c]. */
export function only(events: readonly EventRecord[], ...kinds: EventRecord['kind'][]): [string, number, number, number][] {
  return events.filter((e) => kinds.includes(e.kind)).map((e) => [e.kind, e.a, e.b, e.c]);
}

// --- all ways

/** Every state reachable by the enabled steps, by image; `visit` sees each once, with the machine in it. */
export function explore(
  machine: ProgramMachine,
  visit: (machine: ProgramMachine, actions: readonly number[]) => void = () => undefined,
): number {
  const seen = new Set<string>();
  const queue: Uint8Array[] = [];
  const enter = (): void => {
    const image = machine.image();
    const key = Buffer.from(image).toString('latin1');
    if (seen.has(key)) return;
    seen.add(key);
    queue.push(image);
  };
  enter();
  for (let image = queue.pop(); image; image = queue.pop()) {
    machine.setImage(image);
    const actions = machine.enabled();
    visit(machine, actions);
    for (const action of actions) {
      machine.setImage(image);
      machine.apply(action);
      enter();
    }
  }
  return seen.size;
}

export type Found = Pick<Share, 'states' | 'transitions' | 'executed' | 'rest' | 'depth' | 'largestImage' | 'probed'> & {
  status: keyof typeof Status;
  /** visible steps of the shortest way to each property that fails, and the way */
  failures: Record<string, { length: number; path: number[] }>;
};

/** The search of a machine from the state it is in, which it is in again behind that; `most`: it may end after so many states. */
export async function search(machine: ProgramMachine, reduction: 0 | 1 | 2 = 0, most = Infinity): Promise<Found> {
  const start = machine.snapshot();
  const explorer = new Alone(machine, { memory: 2 ** 30, wide: false, spill: undefined, resumed: false, reduction });
  const status = await explorer.run({ states: most, first: false, depth: Infinity, look: () => false });
  const found = explorer.findings();
  machine.restore(start);
  const paths = new Paths(machine, explorer.lookUp, reduction);
  const failures: Found['failures'] = {};
  for (const failure of found.failures) {
    const [name] = propertiesOf(1 << failure.property, machine.setup.program.own);
    if (name !== undefined) failures[name] = { length: failure.length, path: await paths.to(failure) };
  }
  machine.restore(start);
  return { ...found.share, status: Status[status] as keyof typeof Status, failures };
}
