/** The checker: states per second, bytes of a packed state, and what each level of the reduction saves. */
import Benchmark from 'benchmark';
import { search } from '../src/check/index.js';
import type { ProgramMachine } from '../src/machine/index.js';
import { assembleSystem, findScenario, parseScenario, type System } from '../src/scenario/index.js';
import { spent, type Effort } from './cost.js';
import { median, type Table } from './report.js';

function builtin(name: string): System {
  const found = findScenario(name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return assembleSystem(found.scenario, { model: 'linux-5.9' });
}

/** A check that is worth a reduction: 3 CPUs, 2 devices, one CPU goes offline. */
const LARGE = `
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
`;

function large(): System {
  const parsed = parseScenario(LARGE, 'bench');
  if ('errors' in parsed) throw new Error(parsed.errors.map((e) => e.message).join('; '));
  return assembleSystem(parsed.scenario);
}

const title = ({ scenario, model }: System): string => `${scenario.name}, ${model.name}`;

/** Nanoseconds of a call, by benchmark.js. */
function cost(run: () => void): number {
  return 1e9 / (new Benchmark(run, { maxTime: 1 }).run() as Benchmark).hz;
}

async function images(systems: readonly System[]): Promise<Table> {
  const rows = [];
  for (const system of systems) {
    const { coverage } = await search(system, { memory: 2 ** 31, states: Infinity, reduction: 0 });
    const machine: ProgramMachine = await system.machine({ timed: false, record: 0 });
    const image = machine.image();
    const { exports } = machine.core;
    const at = exports.imageBuffer();
    machine.core.write(at, image);
    const pack = cost(() => void exports.packTo(at));
    rows.push({ name: title(system), values: [coverage.averageImage, coverage.largestImage, pack, cost(() => exports.unpackFrom(at))] });
  }
  return {
    title: 'packed states',
    columns: [
      { name: 'average', unit: 'bytes' },
      { name: 'largest', unit: 'bytes' },
      { name: 'pack', unit: 'ns' },
      { name: 'unpack', unit: 'ns' },
    ],
    rows,
  };
}

/** States, transitions and time by the level of the reduction; the levels in turn. */
async function reductions(system: System, rounds: number): Promise<Table> {
  const levels = [0, 1, 2] as const;
  const times = levels.map(() => [] as number[]);
  const counts = levels.map(() => [0, 0]);
  for (let round = 0; round <= rounds; round++) {
    for (const level of levels) {
      const began = spent();
      const { coverage } = await search(system, { memory: 3 * 2 ** 30, states: Infinity, reduction: level });
      // the first round warms the engine up
      if (round > 0) times[level]?.push(spent() - began);
      counts[level] = [coverage.states, coverage.transitions];
    }
  }
  const all = counts[0]?.[0] ?? 1;
  return {
    title: `check of ${title(system)}`,
    columns: [
      { name: 'states', unit: 'count' },
      { name: 'transitions', unit: 'count' },
      { name: 'CPU time', unit: 'ms' },
      { name: 'states', unit: '/s' },
      { name: 'states / level 0', unit: 'ratio' },
    ],
    rows: levels.map((level) => {
      const [states = 0, transitions = 0] = counts[level] ?? [];
      const ms = median(times[level] ?? []);
      return { name: `reduction ${level}`, values: [states, transitions, ms, (states * 1000) / ms, states / all] };
    }),
  };
}

/** Tables, as they are measured. */
export async function* checkerFigures({ quick }: Effort): AsyncGenerator<Table> {
  if (quick) {
    yield reductions(builtin('xhci-hotplug'), 5);
    return;
  }
  const systems = ['xhci-hotplug', 'xhci-torn-offline', 'move-hotplug'].map(builtin);
  yield images(systems);
  for (const system of [...systems, large()]) yield reductions(system, 3);
}
