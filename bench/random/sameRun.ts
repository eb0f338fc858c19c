/**
 * One run, done in five ways that nobody may be able to tell apart (docs/workloads.md): in one piece; in pieces, some of them gone back
 * to and done again; with each micro-op recorded, where no handler gets ahead of the clock; with some events recorded; and compiled ahead.
 */
import { Driver } from '../../src/campaign/index.js';
import { assembleSystem, ModelError, openScenario, parseScenario, type CompiledScenario, type Mode, type System } from '../../src/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { compileSystem, type ScenarioMachine } from '../../src/scenario/index.js';
import { Dice } from './dice.js';
import { randomLoad } from './load.js';

const CYCLES = 2_000_000;
const RING = 1 << 13;

/** How a run is done: what is said of it, what is recorded, records of the ring. */
interface Way {
  readonly name: string;
  readonly record: 1 | 2;
  readonly ring: number;
  readonly inPieces?: true;
  readonly compiled?: true;
}

const whole: Way = { name: 'in one piece', record: 1, ring: 0 };
const ways: readonly Way[] = [
  { name: 'in pieces', record: 1, ring: 0, inPieces: true },
  { name: 'with each micro-op recorded', record: 2, ring: RING },
  { name: 'with some events recorded', record: 1, ring: RING },
  { name: 'compiled ahead', record: 1, ring: 0, compiled: true },
];

export interface SameRun {
  readonly served: number;
  readonly lost: number;
  /** operations that were injected and have ended */
  readonly injected: number;
  /** how ways differ, with the scenario */
  readonly failure?: string;
}

/** What a run decides, and what it counts and measures. */
function outcome(machine: ProgramMachine): string {
  const counted = (['ticks', 'microOps', 'served', 'messages', 'accepts', 'lost', 'strays'] as const).map((name) => machine.counter(name));
  const told = [machine.eventDigest(), counted, machine.latency(), machine.injected, machine.meters()];
  return JSON.stringify(told, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

/** A machine of a scenario that was a text in the meantime. */
async function compiledMachine(system: System, mode: Mode, seed: number): Promise<ScenarioMachine> {
  const text = JSON.stringify(await compileSystem(system, mode));
  return openScenario(JSON.parse(text) as CompiledScenario).machine(seed);
}

/** A scenario whose kernel drives its machine. */
function drivable(dice: Dice): { readonly text: string; readonly system: System } {
  for (;;) {
    const text = randomLoad(dice);
    const parsed = parseScenario(text, 'load.yaml');
    if ('errors' in parsed) throw new Error(`${parsed.errors[0]?.message} in\n${text}`);
    try {
      return { text, system: assembleSystem(parsed.scenario) };
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
    }
  }
}

/** Runs one seed. */
export async function sameRun(seed: number): Promise<SameRun> {
  const dice = new Dice(seed * 2654435761);
  const { text, system } = drivable(dice);
  const [machineSeed, measure, most] = [dice.word(), dice.oneIn(2), dice.of([300, 3000, 100_000])];
  const pieces = dice.state;
  const run = async ({ record, ring, inPieces, compiled }: Way): Promise<ProgramMachine> => {
    const kinds = record === 1 && ring > 0 ? { kinds: ['lost', 'drop', 'fault'] as const } : {};
    const mode = { timed: true, record, ring, measure, ...kinds } as const;
    const machine = await (compiled ? compiledMachine(system, mode, machineSeed) : system.machine({ ...mode, seed: machineSeed }));
    const driver = new Driver(machine, system.scenario.policies, [], machineSeed);
    const cut = new Dice(pieces);
    for (let end = 0n; machine.now < CYCLES;) {
      if (machine.now === end) end += BigInt(driver.next(CYCLES - Number(end)));
      const left = Number(end - machine.now);
      const piece = inPieces ? Math.min(left, 1 + cut.below(most)) : left;
      const snapshot = inPieces && cut.oneIn(8) ? machine.snapshot() : undefined;
      machine.run(piece);
      if (snapshot !== undefined) {
        machine.restore(snapshot);
        machine.run(piece);
      }
      if (ring > 0) machine.forget();
    }
    return machine;
  };
  const counts = { served: 0, lost: 0, injected: 0 };
  try {
    const first = await run(whole);
    const expected = outcome(first);
    Object.assign(counts, { served: first.counter('served'), lost: first.counter('lost'), injected: first.injected.ended });
    for (const way of ways) {
      const found = outcome(await run(way));
      if (found !== expected) return { ...counts, failure: `${way.name} it is another run:\n  ${found}\n  ${expected}\n${text}` };
    }
    return counts;
  } catch (error) {
    return { ...counts, failure: `${String(error)}\n${text}` };
  }
}
