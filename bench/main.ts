/**
 * What it costs: interrupts per second through the whole path, checker states per second, bytes per packed state, and what
 * interrupts and their remapping cost at register level.
 *
 *   npm run bench
 *
 * Samples of the subjects are taken in turn, so that a drift of the machine's speed meets all alike; medians are printed.
 * No test depends on these figures.
 */
import Benchmark from 'benchmark';
import { search } from '../src/check/index.js';
import type { ProgramMachine } from '../src/machine/index.js';
import { assembleSystem, findScenario, parseScenario, type Scenario, type System } from '../src/scenario/index.js';
import { benchEndToEnd } from './endToEnd.js';
import { benchLapics } from './lapic.js';
import { median } from './median.js';
import { benchRemapping } from './remap.js';

/** One subject: a unit of work, and how much of what it did. */
interface Subject {
  readonly name: string;
  readonly unit: string;
  /** does the work once and says how many units that was */
  readonly run: () => Promise<number>;
}

const ROUNDS = 7;

function parse(text: string): Scenario {
  const parsed = parseScenario(text, 'bench');
  if ('errors' in parsed) throw new Error(parsed.errors.map((e) => e.message).join('; '));
  return parsed.scenario;
}

function builtin(name: string): Scenario {
  const found = findScenario(name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found.scenario;
}

function checkSubject(system: System): Subject {
  return {
    name: `check ${system.scenario.name}, ${system.model.name}`,
    unit: 'states',
    run: async () => (await search(system, { memory: 2 ** 31, states: Infinity, reduction: 0 })).coverage.states,
  };
}

/** Rates of all subjects, in turn. */
async function rates(subjects: readonly Subject[]): Promise<Map<Subject, number>> {
  const samples = new Map(subjects.map((subject) => [subject, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const subject of subjects) {
      const began = performance.now();
      const units = await subject.run();
      // the first round warms the engine up
      if (round > 0) samples.get(subject)?.push((units * 1000) / (performance.now() - began));
    }
  }
  return new Map([...samples].map(([subject, values]) => [subject, median(values)]));
}

/** Nanoseconds of a call, by benchmark.js. */
function cost(run: () => void): number {
  return 1e9 / (new Benchmark(run, { maxTime: 1 }).run() as Benchmark).hz;
}

/** Nanoseconds of packing and of unpacking a state, by benchmark.js. */
async function imageCosts(system: System): Promise<{ pack: number; unpack: number }> {
  const machine: ProgramMachine = await system.machine({ timed: false, record: 0 });
  const image = machine.image();
  const { exports } = machine.core;
  const at = exports.imageBuffer();
  machine.core.write(at, image);
  return { pack: cost(() => void exports.packTo(at)), unpack: cost(() => exports.unpackFrom(at)) };
}

function show(text: string, value: string): void {
  process.stdout.write(`${text.padEnd(52)} ${value.padStart(22)}\n`);
}

const checks = [
  assembleSystem(builtin('xhci-hotplug'), { model: 'linux-5.9' }),
  assembleSystem(builtin('xhci-torn-offline'), { model: 'linux-5.9' }),
  assembleSystem(builtin('move-hotplug'), { model: 'linux-5.9' }),
];
const subjects = checks.map(checkSubject);
await benchEndToEnd(show);
for (const [{ name, unit }, rate] of await rates(subjects)) show(name, `${Math.round(rate).toLocaleString('en-US')} ${unit}/s`);
for (const system of checks) {
  const { coverage } = await search(system, { memory: 2 ** 31, states: Infinity, reduction: 0 });
  show(`packed state, ${system.scenario.name}`, `${coverage.averageImage.toFixed(1)} bytes, at most ${coverage.largestImage}`);
}
for (const system of checks.slice(1, 2)) {
  const { pack, unpack } = await imageCosts(system);
  show(`pack and unpack, ${system.scenario.name}`, `${pack.toFixed(0)} ns, ${unpack.toFixed(0)} ns`);
}

/** A check that is worth a reduction: 3 CPUs, 2 devices, one CPU goes offline. */
const large = parse(`
version: 1
name: offline-3-cpus
model: linux-5.9
machine: {cpus: 3}
universe: {vectors: 4}
devices:
  - {name: a, raises: 2, irqs: [{irq: 24, cpu: 2}]}
  - {name: b, raises: 2, irqs: [{irq: 25, cpu: 2}]}
operations:
  - offline: 2
`);

/** States, transitions and time of a check by the level of the reduction; the levels in turn. */
async function reductions(system: System): Promise<void> {
  const levels = [0, 1, 2] as const;
  const times = levels.map(() => [] as number[]);
  const coverage = new Map<number, { states: number; transitions: number }>();
  for (let round = 0; round < 3; round++) {
    for (const level of levels) {
      const began = performance.now();
      const result = await search(system, { memory: 3 * 2 ** 30, states: Infinity, reduction: level });
      times[level]?.push(performance.now() - began);
      coverage.set(level, result.coverage);
    }
  }
  for (const level of levels) {
    const { states = 0, transitions = 0 } = coverage.get(level) ?? {};
    const counts = `${states.toLocaleString('en-US')} states, ${transitions.toLocaleString('en-US')} transitions`;
    show(
      `${system.scenario.name}, ${system.model.name}, reduction ${level}`,
      `${counts}, ${(median(times[level] ?? []) / 1000).toFixed(2)} s`,
    );
  }
}

for (const system of [...checks, assembleSystem(large)]) await reductions(system);
await benchLapics(show);
await benchRemapping(show);
