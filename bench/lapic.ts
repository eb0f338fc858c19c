/**
 * What an interrupt costs at register level, by the number of CPUs and how many of them are busy: lists of register operations
 * that the core executes in one call (assembly/run/batch.ts). CPUs are drawn at random, so that no order helps the caches.
 */
import { BatchOp, instantiate, Settings, Size, Table, type Core } from '../src/core/index.js';
import { defaultLapicModel } from '../src/machine/index.js';
import { lapicWords } from '../src/machine/lapic.js';
import { timingTable } from '../src/machine/timing.js';
import { costs, list, type Operation } from './cost.js';

const CPUS = [1, 8, 64, 512, 4096] as const;
/** Share of CPUs that get an interrupt in a cycle. */
const BUSY = [1, 0.1, 0.01, 0.0001] as const;
/** Interrupts in a list. */
const LIST = 8192;

const SELF_IPI = 0x83f;
const EOI = 0x80b;
const ICR = 0x830;
const SVR = 0x80f;
const LVT_TIMER = 0x832;
const TSC_DEADLINE_MODE = 0x40040;
const TSC_DEADLINE = 0x6e0;
/** Cycles from ICR to IRR, by the default timing. */
const IPI_CYCLES = 450;

/** LAPICs in x2APIC mode, enabled, with ids in order; nobody executes anything. */
async function lapics(cpus: number): Promise<Core> {
  const core = await instantiate();
  const size = (word: Size, value: number): void => core.setU32(core.sizesAt + word * 4, value);
  size(Size.cpus, cpus);
  size(Size.messages, 8192);
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
  core.exports.complete();
  core.exports.timedBegin();
  for (let c = 0; c < cpus; c++) core.exports.msrWrite(c, SVR, 0x1ff, 0);
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
function own(cpu: number, i: number): Operation[] {
  return [
    [BatchOp.msrWrite, cpu, SELF_IPI, 0x30 + (i % 0xc0)],
    [BatchOp.acknowledge, cpu],
    [BatchOp.msrWrite, cpu, EOI],
  ];
}

/** ICR of another CPU, fabric, clock, accept, acknowledge, EOI. */
function sent(cpu: number, i: number, cpus: number): Operation[] {
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

async function interrupts(cpus: number, way: typeof sent): Promise<(() => void)[]> {
  return Promise.all(
    BUSY.map(async (busy) => {
      const operations = schedule(cpus, busy).flatMap(({ cpu, idle }, i) => {
        const advance: Operation[] = idle === 0 ? [] : [[BatchOp.advance, 0, idle]];
        return [...way(cpu, i, cpus), ...advance];
      });
      return list(await lapics(cpus), operations);
    }),
  );
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

function row(show: (text: string, value: string) => void, name: string, values: readonly number[], digits = 1): void {
  show(`  ${name}`, values.map((n) => n.toFixed(digits).padStart(8)).join(''));
}

/** Prints the tables. */
export async function benchLapics(show: (text: string, value: string) => void): Promise<void> {
  for (const [name, way] of [
    ['LAPIC: accept, acknowledge, EOI, ns', own],
    ['ICR, fabric, LAPIC, acknowledge, EOI, ns', sent],
    ['the same, logical destination', sentToSet],
  ] as const) {
    show(name, BUSY.map((busy) => `${busy * 100} %`.padStart(8)).join(''));
    const subjects = await Promise.all(CPUS.map((cpus) => interrupts(cpus, way)));
    const ns = costs(subjects.flat()).map((n) => n / LIST);
    const rows = CPUS.map((_, i) => ns.slice(i * BUSY.length, (i + 1) * BUSY.length));
    CPUS.forEach((cpus, i) => row(show, `${cpus} CPU${cpus === 1 ? '' : 's'}`, rows[i] ?? []));
    const eight = rows[1] ?? [];
    const ratios = (rows[4] ?? []).map((n, i) => n / (eight[i] ?? n));
    row(show, '4096 CPUs / 8 CPUs', ratios, 2);
  }
  const none = list(
    await lapics(1),
    Array.from({ length: LIST }, () => [BatchOp.msrRead, 0, 0x10] as const),
  );
  show('an operation that does next to nothing', `${((costs([none])[0] ?? 0) / LIST).toFixed(1)} ns`);
  const far = [0, 1, 64, 4096];
  const ns = costs(await Promise.all(far.map(idleClock)));
  far.forEach((timers, i) => show(`10^9 idle cycles, 4096 CPUs, ${timers} far timers`, `${((ns[i] ?? 0) / 1000).toFixed(1)} ns`));
}
