/**
 * What an interrupt costs at register level, by the number of CPUs, how many of them are busy and how many messages fly at once:
 * lists of register operations that the core executes in one call (assembly/run/batch.ts). CPUs are drawn at random, so that no
 * order helps the caches. Arbitration beside the same algorithm in TypeScript (peer/lapic.ts), in turn, with equal results.
 */
import { BatchOp, instantiate, loadTimedModule, Settings, Size, Table, type Core } from '../src/core/index.js';
import { defaultLapicModel } from '../src/machine/index.js';
import { lapicWords } from '../src/machine/lapic.js';
import { timingTable } from '../src/machine/timing.js';
import { costs, list, refuseDifferent, wordsOf, type Effort, type Operation } from './cost.js';
import { LapicPeer } from './peer/lapic.js';
import type { Column, Table as Figures, Unit } from './report.js';

const CPUS = [1, 8, 64, 512, 4096] as const;
/** Share of CPUs that get an interrupt in a cycle. */
const BUSY = [1, 0.1, 0.01, 0.0001] as const;
/** Interrupts in a list. */
const LIST = 8192;

/** Messages in flight at once, of so many requesters, to so many CPUs. */
const FLYING = [1, 16, 256, 4096] as const;
const REQUESTERS = 64;
const FLIGHT_CPUS = 64;

const SELF_IPI = 0x83f;
const EOI = 0x80b;
const ICR = 0x830;
const SVR = 0x80f;
const LVT_TIMER = 0x832;
const TSC_DEADLINE_MODE = 0x40040;
const TSC_DEADLINE = 0x6e0;
const IRR = 0x820;
const ISR = 0x810;
/** Cycles from ICR to IRR, by the default timing. */
const IPI_CYCLES = 450;
/** From a device's write to the IRR, at most (hardware.md G.2). */
const MSI_CYCLES = 3000;

/** LAPICs in x2APIC mode with ids in order, and nobody who executes anything; it has not begun. */
export async function filled(cpus: number): Promise<Core> {
  const core = await instantiate(await loadTimedModule());
  const size = (word: Size, value: number): void => core.setU32(core.sizesAt + word * 4, value);
  size(Size.cpus, cpus);
  size(Size.messages, 8192);
  size(Size.requesters, REQUESTERS);
  size(Size.vectorHi, 256);
  if (core.exports.prepare() === 0 || core.exports.create() === 0) throw new RangeError(`out of memory for ${cpus} CPUs`);
  const table = (id: Table): number => core.exports.table(id);
  core.write(
    table(Table.apicIds),
    Uint32Array.from({ length: cpus }, (_, i) => i),
  );
  core.write(table(Table.timings), timingTable());
  core.write(table(Table.lapicSetup), lapicWords({ ...defaultLapicModel, startInX2apic: true }));
  core.setU32(table(Table.settings) + Settings.timed * 4, 1);
  return core;
}

/** Enables all LAPICs by software. */
export function enabling(cpus: number): Operation[] {
  return Array.from({ length: cpus }, (_, c) => [BatchOp.msrWrite, c, SVR, 0x1ff] as const);
}

async function lapics(cpus: number): Promise<Core> {
  const core = await filled(cpus);
  core.exports.complete();
  core.exports.timedBegin();
  list(core, enabling(cpus))();
  return core;
}

/** For each interrupt of a list the CPU that gets it, and the idle cycles behind it. */
function schedule(cpus: number, busy: number): { cpu: number; idle: number }[] {
  let state = 12345;
  let owed = 0;
  return Array.from({ length: LIST }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    owed += 1 / (cpus * busy);
    const idle = Math.floor(owed);
    owed -= idle;
    return { cpu: (state >>> 8) % cpus, idle };
  });
}

/** Accept, acknowledge, EOI, by the CPU itself. */
export function own(cpu: number, i: number): Operation[] {
  return [
    [BatchOp.msrWrite, cpu, SELF_IPI, 0x30 + (i % 0xc0)],
    [BatchOp.acknowledge, cpu],
    [BatchOp.msrWrite, cpu, EOI],
  ];
}

/** ICR of another CPU, fabric, clock, accept, acknowledge, EOI. */
export function sent(cpu: number, i: number, cpus: number): Operation[] {
  return [
    [BatchOp.msrWrite, (cpu + 1) % cpus, ICR, 0x30 + (i % 0xc0), cpu],
    [BatchOp.advance, 0, IPI_CYCLES],
    [BatchOp.acknowledge, cpu],
    [BatchOp.msrWrite, cpu, EOI],
  ];
}

/** The same, to a logical destination. */
function sentToSet(cpu: number, i: number, cpus: number): Operation[] {
  const [, ...rest] = sent(cpu, i, cpus);
  const ldr = ((cpu >>> 4) << 16) | (1 << (cpu & 15));
  return [[BatchOp.msrWrite, (cpu + 1) % cpus, ICR, 0x800 + 0x30 + (i % 0xc0), ldr >>> 0], ...rest];
}

/** A list of so many interrupts; `busy`: share of the CPUs that get one in a cycle. */
export function interruptList(cpus: number, busy: number, way: typeof sent): Operation[] {
  return schedule(cpus, busy).flatMap(({ cpu, idle }, i) => {
    const advance: Operation[] = idle === 0 ? [] : [[BatchOp.advance, 0, idle]];
    return [...way(cpu, i, cpus), ...advance];
  });
}

/** Two vectors at once, the lower first; where its class is higher the second nests in the first. */
function nested(cpu: number, i: number): Operation[] {
  const low = 0x30 + (i % 0x60);
  const high = 0x40 + ((i * 7) % 0xb0);
  return [
    [BatchOp.msrWrite, cpu, SELF_IPI, low],
    [BatchOp.acknowledge, cpu],
    [BatchOp.msrWrite, cpu, SELF_IPI, high],
    [BatchOp.acknowledge, cpu],
    [BatchOp.msrWrite, cpu, EOI],
    [BatchOp.msrWrite, cpu, EOI],
    [BatchOp.acknowledge, cpu],
    [BatchOp.msrWrite, cpu, EOI],
  ];
}

/** So many MSIs at once, each of another requester as far as there are, and then their handlers. */
function volley(messages: number): Operation[] {
  const each = Array.from({ length: messages }, (_, i) => ({
    i,
    cpu: i % FLIGHT_CPUS,
    vector: 0x30 + (Math.floor(i / FLIGHT_CPUS) % 0xc0),
  }));
  return [
    ...each.map(({ i, cpu, vector }): Operation => [BatchOp.dmaWrite, i % REQUESTERS, (0xfee00000 | (cpu << 12)) >>> 0, vector]),
    [BatchOp.advance, 0, MSI_CYCLES + messages],
    ...each.flatMap(({ cpu }): Operation[] => [
      [BatchOp.acknowledge, cpu],
      [BatchOp.msrWrite, cpu, EOI],
    ]),
  ];
}

/** 1000 times 10^9 idle cycles of 4096 CPUs, of which `timers` have a TSC deadline long behind all that the bench lets pass. */
async function idleClock(timers: number): Promise<() => void> {
  const core = await lapics(4096);
  for (let c = 0; c < timers; c++) {
    core.exports.msrWrite(c, LVT_TIMER, TSC_DEADLINE_MODE, 0);
    core.exports.msrWrite(c, TSC_DEADLINE, c * 1000, 2 ** 30);
  }
  return () => {
    for (let i = 0; i < 1000; i++) core.exports.runCycles(1_000_000_000, 0);
  };
}

function byShare(unit: Unit): Column[] {
  return BUSY.map((busy) => ({ name: `${busy * 100} % busy`, unit }));
}

/** Nanoseconds of an interrupt by CPUs and busy share, and what 4096 CPUs cost beside 8. */
async function byCpus(title: string, way: typeof sent, effort: Effort): Promise<Figures[]> {
  const subjects = await Promise.all(
    CPUS.map((cpus) => Promise.all(BUSY.map(async (busy) => list(await lapics(cpus), interruptList(cpus, busy, way))))),
  );
  const ns = costs(subjects.flat(), effort).map((n) => n / LIST);
  const rows = CPUS.map((cpus, i) => ({
    name: `${cpus} CPU${cpus === 1 ? '' : 's'}`,
    values: ns.slice(i * BUSY.length, (i + 1) * BUSY.length),
  }));
  const eight = rows[1]?.values ?? [];
  const most = rows.at(-1)?.values.map((n, i) => n / (eight[i] ?? n)) ?? [];
  return [
    { title, columns: byShare('ns'), rows },
    { title: `${title}: by CPUs`, columns: byShare('ratio'), rows: [{ name: '4096 CPUs / 8 CPUs', values: most }] },
  ];
}

async function byMessages(effort: Effort): Promise<Figures> {
  const lists = FLYING.map(volley);
  const subjects = await Promise.all(lists.map(async (operations) => list(await lapics(FLIGHT_CPUS), operations)));
  const ns = costs(subjects, effort).map((n, i) => n / (FLYING[i] ?? 1));
  const one = ns[0] ?? 1;
  return {
    title: 'MSI, fabric, LAPIC, acknowledge, EOI',
    columns: [
      { name: 'interrupt', unit: 'ns' },
      { name: 'beside 1', unit: 'ratio' },
    ],
    rows: FLYING.map((messages, i) => ({
      name: `${messages} message${messages === 1 ? '' : 's'} in flight at once`,
      values: [ns[i], (ns[i] ?? 0) / one],
    })),
  };
}

/** The core beside hand-written TypeScript. Throws where they differ. */
export async function arbitration(effort: Effort): Promise<Figures> {
  const cases = [8, 512].flatMap((cpus) => [
    { name: `accept, acknowledge, EOI, ${cpus} CPUs`, cpus, operations: interruptList(cpus, 1, own) },
    { name: `the same, nested, ${cpus} CPUs`, cpus, operations: interruptList(cpus, 1, nested) },
  ]);
  const pairs = await Promise.all(
    cases.map(async ({ name, cpus, operations }) => {
      const core = await lapics(cpus);
      const peer = new LapicPeer(cpus);
      const before = wordsOf(enabling(cpus));
      peer.run(before, cpus);
      const ours = list(core, operations);
      const words = wordsOf(operations);
      const theirs = (): void => peer.run(words, operations.length);
      for (let i = 0; i < 2; i++) {
        ours();
        theirs();
        refuseDifferent(name, core, words);
      }
      refuseDifferentLapics(name, core, peer, cpus);
      return [ours, theirs];
    }),
  );
  const ns = costs(pairs.flat(), effort).map((n) => n / LIST);
  return {
    title: 'LAPIC arbitration beside TypeScript on typed arrays',
    columns: [
      { name: 'core', unit: 'ns' },
      { name: 'TypeScript', unit: 'ns' },
      { name: 'TypeScript / core', unit: 'ratio' },
    ],
    rows: cases.map(({ name }, i) => {
      const [core = 0, typed = 0] = ns.slice(2 * i, 2 * i + 2);
      return { name, values: [core, typed, typed / core] };
    }),
  };
}

function refuseDifferentLapics(name: string, { exports }: Core, peer: LapicPeer, cpus: number): void {
  for (let c = 0; c < cpus; c++) {
    const registers = [...Array.from({ length: 8 }, (_, w) => IRR + w), ...Array.from({ length: 8 }, (_, w) => ISR + w)];
    const ours = registers.map((msr) => exports.msrRead(c, msr) >>> 0).join();
    if (ours !== peer.pending(c).join()) throw new Error(`${name}: IRR or ISR of CPU ${c} is not that of TypeScript`);
  }
}

async function idleCost(effort: Effort): Promise<Figures> {
  const far = [0, 1, 64, 4096];
  const ns = costs(await Promise.all(far.map(idleClock)), effort);
  return {
    title: 'idle: 10^9 cycles, 4096 CPUs',
    columns: [{ name: 'all of them', unit: 'ns' }],
    rows: far.map((timers, i) => ({ name: `${timers} far timers`, values: [(ns[i] ?? 0) / 1000] })),
    notes: ['held to: below 10 ms'],
  };
}

async function nothing(effort: Effort): Promise<Figures> {
  const reads = Array.from({ length: LIST }, () => [BatchOp.msrRead, 0, 0x10] as const);
  const [ns = 0] = costs([list(await lapics(1), reads)], effort);
  return {
    title: 'an operation of a list',
    columns: [{ name: 'operation', unit: 'ns' }],
    rows: [{ name: 'that does next to nothing', values: [ns / LIST] }],
  };
}

/** Tables, as they are measured. */
export async function* lapicFigures(effort: Effort): AsyncGenerator<Figures> {
  yield arbitration(effort);
  yield byMessages(effort);
  yield idleCost(effort);
  if (effort.quick) {
    yield* await byCpus('LAPIC: accept, acknowledge, EOI', own, effort);
    return;
  }
  yield nothing(effort);
  yield* await byCpus('LAPIC: accept, acknowledge, EOI', own, effort);
  yield* await byCpus('ICR, fabric, LAPIC, acknowledge, EOI', sent, effort);
  yield* await byCpus('ICR to a logical destination, fabric, LAPIC, acknowledge, EOI', sentToSet, effort);
}
