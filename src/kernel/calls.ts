/** Which units call which, and which parameters keep their value all the way down. */
import { Op } from '../../assembly/state/abi/instructions.js';
import { writes } from './flow/liveness.js';
import type { Unit } from './units.js';
import type { Reg } from './values.js';

export class Calls {
  readonly #below = new Map<Unit, ReadonlySet<Unit>>();
  readonly #written = new Map<Unit, ReadonlySet<Reg>>();
  readonly #same = new Map<Reg, ReadonlySet<Reg>>();

  /** The unit and all that it calls. */
  below(unit: Unit): ReadonlySet<Unit> {
    const known = this.#below.get(unit);
    if (known) return known;
    const all = new Set<Unit>([unit]);
    for (const { op, callee } of unit.code) if (op === Op.call && callee) for (const u of this.below(callee)) all.add(u);
    this.#below.set(unit, all);
    return all;
  }

  #isWritten(unit: Unit, reg: Reg): boolean {
    const known = this.#written.get(unit) ?? new Set(unit.code.flatMap((insn) => writes(insn) ?? []));
    this.#written.set(unit, known);
    return known.has(reg);
  }

  /** Registers in the unit and below that can hold nothing but what the parameter was passed. */
  sameAs(unit: Unit, param: Reg): ReadonlySet<Reg> {
    const known = this.#same.get(param);
    if (known) return known;
    const same = new Set<Reg>();
    if (!this.#isWritten(unit, param)) same.add(param);
    const calls = [...this.below(unit)].flatMap((u) => u.code.filter((insn) => insn.op === Op.call));
    for (let grown = same.size > 0; grown;) {
      grown = false;
      for (const { callee } of calls) {
        callee?.params.forEach((p, n) => {
          if (same.has(p) || this.#isWritten(callee, p)) return;
          const always = calls.every((call) => {
            const passed = call.passes[n];
            return call.callee !== callee || (passed !== undefined && same.has(passed));
          });
          if (!always) return;
          same.add(p);
          grown = true;
        });
      }
    }
    this.#same.set(param, same);
    return same;
  }
}
