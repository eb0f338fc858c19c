/**
 * Allocation of the 8 registers of a context to the virtual registers of all units at once.
 *
 * Registers are not saved at calls: what a caller needs after a call interferes with everything in the routine called and
 * below. One exception makes deep call chains affordable: a parameter that is never written keeps the value it was
 * passed, so it may stay in the register it came in, all the way down.
 */
import { Op } from '../../assembly/state/abi/instructions.js';
import { AssemblyError } from './errors.js';
import { members, reads, writes, type Liveness } from './flow/liveness.js';
import { Calls } from './calls.js';
import { tooMany } from './pressure.js';
import { isRoot, type Unit, type UnitInsn } from './units.js';
import { Reg, SELF } from './values.js';

export const registerCount = 8;

export type Allocation = ReadonlyMap<Reg, number>;

/** Registers of two frames that may have the same number because they have the same value. */
export type SharedPairs = readonly (readonly [Reg, Reg])[];

class Graph {
  readonly edges = new Map<Reg, Set<Reg>>();
  /** a register kept across a call, and one below that holds the same value */
  readonly shared: [Reg, Reg][] = [];

  add(reg: Reg): Set<Reg> {
    const known = this.edges.get(reg) ?? new Set<Reg>();
    this.edges.set(reg, known);
    return known;
  }

  connect(a: Reg, b: Reg): void {
    if (a === b) return;
    this.add(a).add(b);
    this.add(b).add(a);
  }
}

/** Source and target of a move between registers. */
export function moved(insn: UnitInsn): { from: Reg; to: Reg } | undefined {
  if (insn.op !== Op.move || !(insn.a instanceof Reg) || !(insn.c instanceof Reg) || insn.c === SELF) return undefined;
  return { from: insn.c, to: insn.a };
}

function occurring(unit: Unit): Set<Reg> {
  const all = new Set<Reg>(unit.params);
  if (unit.result) all.add(unit.result);
  for (const insn of unit.code) {
    for (const reg of reads(unit, insn)) all.add(reg);
    const reg = writes(insn);
    if (reg) all.add(reg);
  }
  return all;
}

function interference(units: readonly Unit[], livenesses: ReadonlyMap<Unit, Liveness>): Graph {
  const graph = new Graph();
  const calls = new Calls();
  const registers = new Map(units.map((unit) => [unit, occurring(unit)]));
  for (const unit of units) {
    for (const reg of registers.get(unit) ?? []) graph.add(reg);
    const liveness = livenesses.get(unit);
    if (!liveness) continue;
    unit.code.forEach((insn, i) => {
      const after = members(liveness, liveness.after[i]);
      const target = writes(insn);
      const from = moved(insn)?.from;
      if (target) for (const reg of after) if (reg !== from) graph.connect(target, reg);
      const { callee } = insn;
      if (insn.op !== Op.call || !callee) return;
      for (const kept of after) {
        if (kept === target) continue;
        const exempt = new Set(
          insn.passes.flatMap((reg, n) => {
            const param = callee.params[n];
            return reg === kept && param ? [...calls.sameAs(callee, param)] : [];
          }),
        );
        for (const reg of exempt) graph.shared.push([kept, reg]);
        for (const u of calls.below(callee)) for (const reg of registers.get(u) ?? []) if (!exempt.has(reg)) graph.connect(kept, reg);
      }
    });
  }
  return graph;
}

/** Classes of registers that share a colour because one is moved to the other. */
class Classes {
  readonly #parent = new Map<Reg, Reg>();
  readonly edges: Map<Reg, Set<Reg>>;
  readonly fixed: Map<Reg, number>;

  constructor(graph: Graph, fixed: ReadonlyMap<Reg, number>) {
    this.edges = new Map([...graph.edges].map(([reg, others]) => [reg, new Set(others)]));
    this.fixed = new Map(fixed);
  }

  of(reg: Reg): Reg {
    let at = reg;
    for (let up = this.#parent.get(at); up; up = this.#parent.get(at)) at = up;
    return at;
  }

  tryMerge(x: Reg, y: Reg): void {
    const [first, second] = [this.of(x), this.of(y)];
    if (first === second || this.edges.get(first)?.has(second)) return;
    const [kept, gone] = this.fixed.has(second) ? [second, first] : [first, second];
    if (this.fixed.has(gone)) return;
    const own = this.fixed.get(kept);
    const others = this.edges.get(gone) ?? new Set();
    if (own !== undefined && [...others].some((reg) => this.fixed.get(reg) === own)) return;
    for (const reg of others) {
      const set = this.edges.get(reg);
      set?.delete(gone);
      set?.add(kept);
      this.edges.get(kept)?.add(reg);
    }
    this.edges.delete(gone);
    this.#parent.set(gone, kept);
  }
}

/** Registers in the order of colouring: the one with fewest neighbours last, and so on. */
function smallestLast(classes: Classes): Reg[] {
  const degree = new Map([...classes.edges].filter(([reg]) => !classes.fixed.has(reg)).map(([reg, others]) => [reg, others.size]));
  const order: Reg[] = [];
  while (degree.size > 0) {
    let least: [Reg, number] | undefined;
    for (const entry of degree) if (!least || entry[1] < least[1]) least = entry;
    if (!least) break;
    const [reg] = least;
    degree.delete(reg);
    order.push(reg);
    for (const other of classes.edges.get(reg) ?? []) {
      const d = degree.get(other);
      if (d !== undefined) degree.set(other, d - 1);
    }
  }
  return order.toReversed();
}

/** Registers in the order of colouring: always the one with most colours around it (DSATUR). */
function saturated(classes: Classes, colours: ReadonlyMap<Reg, number>, left: ReadonlySet<Reg>): Reg | undefined {
  let best: Reg | undefined;
  let score = -1;
  for (const reg of left) {
    const around = classes.edges.get(reg) ?? new Set();
    const used = new Set([...around].flatMap((other) => colours.get(other) ?? []));
    const own = used.size * 65536 + around.size;
    if (own > score) [best, score] = [reg, own];
  }
  return best;
}

function colour(classes: Classes, moves: readonly { from: Reg; to: Reg }[], bySaturation: boolean): Map<Reg, number> {
  const colours = new Map(classes.fixed);
  const friends = new Map<Reg, Reg[]>();
  for (const { from, to } of moves) {
    const [a, b] = [classes.of(from), classes.of(to)];
    friends.set(a, [...(friends.get(a) ?? []), b]);
    friends.set(b, [...(friends.get(b) ?? []), a]);
  }
  const give = (reg: Reg): void => {
    const taken = new Set([...(classes.edges.get(reg) ?? [])].flatMap((other) => colours.get(other) ?? []));
    const liked = (friends.get(reg) ?? []).flatMap((other) => colours.get(other) ?? []).find((c) => !taken.has(c));
    let free = liked ?? 0;
    if (liked === undefined) while (taken.has(free)) free++;
    colours.set(reg, free);
  };
  if (bySaturation) {
    const left = new Set([...classes.edges.keys()].filter((reg) => !classes.fixed.has(reg)));
    for (let reg = saturated(classes, colours, left); reg; reg = saturated(classes, colours, left)) {
      left.delete(reg);
      give(reg);
    }
  } else {
    smallestLast(classes).forEach(give);
  }
  return colours;
}

/** A register number for every virtual register. Refuses code that needs more than there are. */
export function allocate(units: readonly Unit[], livenesses: ReadonlyMap<Unit, Liveness>): { registers: Allocation; shared: SharedPairs } {
  const fixed = new Map<Reg, number>();
  for (const unit of units) if (isRoot(unit)) unit.params.forEach((param, n) => fixed.set(param, n));
  const graph = interference(units, livenesses);
  const moves = units.flatMap((unit) => unit.code.flatMap((insn) => moved(insn) ?? []));
  let fewest = Infinity;
  for (const [merge, bySaturation] of [
    [true, false],
    [true, true],
    [false, false],
    [false, true],
  ] as const) {
    const classes = new Classes(graph, fixed);
    if (merge) for (const { from, to } of moves) classes.tryMerge(from, to);
    const colours = colour(classes, moves, bySaturation);
    const all = new Map([...graph.edges.keys()].map((reg) => [reg, colours.get(classes.of(reg)) ?? 0]));
    const needed = Math.max(0, ...all.values()) + 1;
    if (needed <= registerCount) return { registers: all, shared: graph.shared.filter(([x, y]) => all.get(x) === all.get(y)) };
    fewest = Math.min(fewest, needed);
  }
  throw new AssemblyError(tooMany(units, livenesses, fewest, registerCount));
}
