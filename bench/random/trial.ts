/** A random machine under random traffic: every invariant after every operation, and a restored machine goes on as before. */
import { loadModule } from '../../src/core/index.js';
import { Machine } from '../../src/machine/library.js';
import { Dice } from './dice.js';
import { Invariants } from './invariants.js';
import { randomOptions } from './options.js';
import { Traffic } from './traffic.js';
import { UnitInvariants, type UnitCounts } from './units.js';

/** Operations between two restores, and how many are repeated behind one. */
const RESTORE_EVERY = 500;
const REPEATED = 40;

export interface Trial extends UnitCounts {
  readonly operations: number;
  /** snapshots that were gone back to, and those among them with messages in flight */
  readonly restored: number;
  readonly inFlight: number;
  readonly accepted: number;
  readonly acknowledged: number;
  /** NMI, SMI, INIT, SIPI, ExtINT */
  readonly others: number;
  /** what went wrong, with the operation */
  readonly failure?: string;
}

/** Runs one seed. */
export async function trial(seed: number, operations: number): Promise<Trial> {
  const dice = new Dice(seed * 2654435761);
  const options = randomOptions(dice);
  const machine = await Machine.create({ ...options, module: await loadModule() });
  const pins = machine.ioapics.length * Math.max(0, ...machine.ioapics.map(({ model }) => model.pins));
  const invariants = new Invariants(machine.core, machine.cpus.length, pins, options.lapic?.pprEqualClassSub !== 'zero');
  const units = new UnitInvariants(machine);
  const traffic = new Traffic(machine, options.apicIds, dice);
  let restored = 0;
  let inFlight = 0;
  let done = 0;
  let last = 'it was made';
  let failure: string | undefined;
  const steps = (n: number): void => {
    for (let i = 0; i < n; i++) {
      last = traffic.step();
      done += 1;
      const wrong = invariants.broken() ?? units.broken();
      if (wrong !== undefined) throw new Error(wrong);
    }
  };
  try {
    for (let begun = 0; begun < operations; begun += RESTORE_EVERY) {
      steps(Math.min(RESTORE_EVERY, operations - begun));
      // whatever is due in this very cycle happens here
      if (!machine.settle(0)) inFlight += 1;
      const [snapshot, next] = [machine.snapshot(), dice.state];
      const on = (): string => {
        steps(Math.min(REPEATED, operations));
        return `${machine.digest()} ${machine.eventDigest()}`;
      };
      const first = on();
      machine.restore(snapshot);
      dice.state = next;
      const second = on();
      if (first !== second) throw new Error(`a restored machine goes on otherwise: ${first}, ${second}`);
      restored += 1;
    }
  } catch (error) {
    failure = `operation ${done}, ${last}: ${String(error)}`;
  }
  const others = machine.cpus.reduce((n, { events: { nmi, smi, init, sipi, extInt } }) => n + nmi + smi + init + sipi + extInt, 0);
  const [accepted, acknowledged] = [machine.counter('accepts'), machine.counter('acknowledged')];
  return {
    operations: done,
    restored,
    inFlight,
    accepted,
    acknowledged,
    others,
    ...units.counts,
    ...(failure !== undefined && { failure }),
  };
}
