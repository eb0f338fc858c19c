/** One run, told by its events: latencies by time, moves, CPUs that go and come, and what went wrong. */
import { Driver } from '../campaign/index.js';
import { Note, Property } from '../core/index.js';
import type { EventRecord } from '../machine/index.js';
import type { System } from '../scenario/index.js';
import { CYCLES_PER_SECOND } from './text.js';

/** Columns of the chart. */
const BINS = 600;
/** Marks of one kind that are kept; more make a page that is slow to open. */
const KEPT = 4000;
const RING = 1 << 14;
/** Cycles of one call: fewer events than the ring holds, or it is drained in between. */
const SLICE = 30_000_000;

export interface Timeline {
  readonly seed: number;
  /** cycles */
  readonly cycles: number;
  /** by bin: the longest raise-to-handler latency of an event that was handled then, cycles; 0: none was */
  readonly worst: readonly number[];
  /** by bin: how many were handled */
  readonly handled: readonly number[];
  /** cycle, and what happened */
  readonly moves: readonly (readonly [number, string])[];
  readonly losses: readonly (readonly [number, string])[];
  readonly strays: readonly (readonly [number, string])[];
  /** begin and end of operations that take CPUs offline or online */
  readonly hotplug: readonly (readonly [number, number, string])[];
}

/** Runs a strategy once more, with every event in sight. */
export async function timelineOf(system: System, seed: number, seconds: number): Promise<Timeline> {
  const machine = await system.machine({ timed: true, record: 1, seed, ring: RING, measure: true });
  const end = Math.round(seconds * CYCLES_PER_SECOND);
  const teller = new Teller(system, end);
  const driver = new Driver(machine, system.scenario.policies, [], seed);
  let batch = 0;
  for (let left = end; left > 0; left = end - Number(machine.now)) {
    if (Number(machine.now) === batch) batch += driver.next(Math.min(left, SLICE));
    machine.run(batch - Number(machine.now));
    machine.events().forEach((event) => {
      teller.take(event);
    });
  }
  return teller.end(seed);
}

class Teller {
  readonly #system: System;
  readonly #cycles: number;
  readonly #worst = Array.from({ length: BINS }, () => 0);
  readonly #handled = Array.from({ length: BINS }, () => 0);
  readonly #marks = { moves: [] as [number, string][], losses: [] as [number, string][], strays: [] as [number, string][] };
  readonly #hotplug: [number, number, string][] = [];
  readonly #begun = new Map<number, number>();
  readonly #online: boolean[];
  /** by number: what takes a CPU offline or brings it, of those that were injected */
  readonly #plugged = new Map<number, string>();

  constructor(system: System, cycles: number) {
    this.#system = system;
    this.#cycles = cycles;
    this.#online = system.scenario.machine.cpus.map(({ online }) => online);
  }

  take({ time, kind, a, b, c }: EventRecord): void {
    const at = Number(time);
    const { names } = this.#system;
    switch (kind) {
      case 'serve': {
        const bin = Math.min(BINS - 1, Math.floor((at / this.#cycles) * BINS));
        this.#worst[bin] = Math.max(this.#worst[bin] ?? 0, b);
        this.#handled[bin] = (this.#handled[bin] ?? 0) + 1;
        break;
      }
      case 'note':
        if (b === (Note.moved as number)) this.#mark('moves', at, `irq ${names.irqs[a] ?? a} moves`);
        break;
      case 'lost':
        this.#mark('losses', at, `an event of ${names.sources[a] ?? a} is lost`);
        break;
      case 'flag':
        if (b === (Property.noStray as number))
          this.#mark('strays', at, `vector 0x${a.toString(16)} finds an empty slot on ${names.cpus[c] ?? 'a CPU'}`);
        break;
      case 'opBegin':
        this.#begun.set(a, at);
        if (b !== 0) this.#plug(a, b - 1);
        break;
      case 'opEnd': {
        const name = names.operations[a] ?? this.#plugged.get(a) ?? '';
        if (/^(offline|online|suspend|resume)/.test(name) && this.#hotplug.length < KEPT)
          this.#hotplug.push([this.#begun.get(a) ?? at, at, name]);
        break;
      }
      default:
    }
  }

  /** Operation o, which was injected, changes whether a CPU is online. */
  #plug(o: number, cpu: number): void {
    this.#plugged.set(o, `${this.#online[cpu] === true ? 'offline' : 'online'} ${this.#system.names.cpus[cpu] ?? ''}`);
    this.#online[cpu] = this.#online[cpu] !== true;
  }

  #mark(kind: 'moves' | 'losses' | 'strays', at: number, text: string): void {
    const marks = this.#marks[kind];
    if (marks.length < KEPT) marks.push([at, text]);
  }

  end(seed: number): Timeline {
    return { seed, cycles: this.#cycles, worst: this.#worst, handled: this.#handled, ...this.#marks, hotplug: this.#hotplug };
  }
}
