/** Says where a program needs more registers than there are, and who holds them. */
import { Op } from '../../assembly/state/abi/instructions.js';
import { Calls } from './calls.js';
import { members, type Liveness } from './flow/liveness.js';
import type { Unit } from './units.js';
import type { Reg } from './values.js';

/** Values that the callers of a unit keep, with the routine that keeps each. A value passed on is known as the parameter. */
type Held = ReadonlyMap<Reg, string>;

/** The heaviest way into each unit. */
function heldByCallers(units: readonly Unit[], livenesses: ReadonlyMap<Unit, Liveness>): (unit: Unit) => Held {
  const calls = new Calls();
  const sites = new Map<Unit, { caller: Unit; i: number }[]>();
  for (const caller of units) {
    caller.code.forEach(({ op, callee }, i) => {
      if (op === Op.call && callee) sites.set(callee, [...(sites.get(callee) ?? []), { caller, i }]);
    });
  }
  const known = new Map<Unit, Held>();
  const of = (unit: Unit): Held => {
    const done = known.get(unit);
    if (done) return done;
    let most: Held = new Map();
    for (const { caller, i } of sites.get(unit) ?? []) {
      const held = new Map(of(caller));
      const liveness = livenesses.get(caller);
      if (liveness)
        for (const reg of members(liveness, liveness.after[i])) if (reg !== unit.result && !held.has(reg)) held.set(reg, caller.name);
      unit.params.forEach((param, n) => {
        const passed = caller.code[i]?.passes[n];
        const owner = passed && held.get(passed);
        if (!passed || owner === undefined || !calls.sameAs(unit, param).has(param)) return;
        held.delete(passed);
        held.set(param, owner);
      });
      if (held.size > most.size) most = held;
    }
    known.set(unit, most);
    return most;
  };
  return of;
}

/** The sentence for a program that needs `needed` registers. */
export function tooMany(units: readonly Unit[], livenesses: ReadonlyMap<Unit, Liveness>, needed: number, available: number): string {
  const heldOf = heldByCallers(units, livenesses);
  let worst: { total: number; unit: Unit; line: number; own: Reg[] } | undefined;
  for (const unit of units) {
    const liveness = livenesses.get(unit);
    if (!liveness) continue;
    const held = heldOf(unit);
    unit.code.forEach((insn, i) => {
      // between two instructions, or at one whose result is not kept
      for (const set of [liveness.before[i], liveness.after[i]]) {
        const own = members(liveness, set).filter((reg) => !held.has(reg));
        const total = own.length + held.size;
        if (!worst || total > worst.total) worst = { total, unit, line: insn.line, own };
      }
    });
  }
  if (!worst) return `the program needs ${needed} registers, and a context has ${available}`;
  const own = worst.own.map((reg) => reg.name).join(', ');
  const kept = [...heldOf(worst.unit)].map(([reg, owner]) => `${reg.name} (${owner})`).join(', ');
  const above = kept === '' ? '' : `; its callers keep ${kept}`;
  return `routine ${worst.unit.name} needs ${needed} registers at line ${worst.line}, and a context has ${available}: it uses ${own}${above}. Keep fewer values across calls, or load them again`;
}
