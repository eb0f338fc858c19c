/**
 * One run, done in four ways that nobody may be able to tell apart (docs/workloads.md): in one piece; in pieces, some of them gone back
 * to and done again; with each micro-op recorded, where no handler gets ahead of the clock; and with some events recorded.
 */
import { Driver } from '../../src/campaign/index.js';
import { assembleSystem, ModelError, parseScenario, type System } from '../../src/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { Dice } from './dice.js';
import { randomLoad } from './load.js';

const CYCLES = 2_000_000;
const RING = 1 << 13;

/** Beside a run in one piece: what is said of it, what is recorded, records of the ring, whether it is done in pieces. */
const ways = [
  ['in pieces', 1, 0, true],
  ['with each micro-op recorded', 2, RING, false],
  ['with some events recorded', 1, RING, false],
] as const;

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
  const run = async (record: 1 | 2, ring: number, inPieces: boolean): Promise<ProgramMachine> => {
    const kinds = record === 1 && ring > 0 ? { kinds: ['lost', 'drop', 'fault'] as const } : {};
    const machine = await system.machine({ timed: true, record, ring, seed: machineSeed, measure, ...kinds });
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
    const whole = await run(1, 0, false);
    const expected = outcome(whole);
    Object.assign(counts, { served: whole.counter('served'), lost: whole.counter('lost'), injected: whole.injected.ended });
    for (const [name, record, ring, inPieces] of ways) {
      const found = outcome(await run(record, ring, inPieces));
      if (found !== expected) return { ...counts, failure: `${name} it is another run:\n  ${found}\n  ${expected}\n${text}` };
    }
    return counts;
  } catch (error) {
    return { ...counts, failure: `${String(error)}\n${text}` };
  }
}
