/**
 * The rule of atomic blocks: joined into one step, instructions hide no interleaving only if at most one of them is an
 * access that another actor can observe. Accesses to variables whose lock is held do not count, nor do those that only
 * the executing CPU makes.
 */
import { InsnFlag, Op } from '../../assembly/state/abi/instructions.js';
import { AssemblyError } from './errors.js';
import { reachable, successors } from './flow/graph.js';
import { isUntold, type AtomicBlock, type Insn, type RoutineBody } from './ir.js';
import { isProtected, passedOn, type Held, type HeldIndex, type LockState } from './locks.js';
import type { Codes } from './rules.js';
import { Reg } from './values.js';
import type { AnyVariable, Kind, Lock } from './variables.js';

/** What never stands in a block: it waits, ends the context, or is a step that others order themselves by. */
const forbidden: ReadonlyMap<Op, string> = new Map([
  [Op.lock, 'lock'],
  [Op.unlock, 'unlock'],
  [Op.waitEq, 'waitEq'],
  [Op.waitNe, 'waitNe'],
  [Op.delay, 'delay'],
  [Op.cfgRead, 'cfgRead'],
  [Op.cfgWrite, 'cfgWrite'],
  [Op.mmioRead, 'mmioRead'],
  [Op.pinRead, 'pinRead'],
  [Op.pinWait, 'pinWait'],
  [Op.cli, 'cli'],
  [Op.sti, 'sti'],
  [Op.saveFlags, 'saveFlags'],
  [Op.restoreFlags, 'restoreFlags'],
  [Op.wake, 'wake'],
  [Op.park, 'park'],
  [Op.iret, 'iret'],
  [Op.end, 'end'],
]);

const hardware: ReadonlySet<Op> = new Set([
  Op.irrBit,
  Op.tmrBit,
  Op.lapicRead,
  Op.lapicWrite,
  Op.mmioWrite,
  Op.pinWrite,
  Op.pinEoi,
  Op.ipi,
  Op.ipiInit,
  Op.ipiSipi,
  Op.serve,
  Op.opEnd,
  Op.hush,
  Op.queueTail,
  Op.unitRead,
  Op.unitWrite,
  Op.timerArm,
  Op.timerCancel,
  Op.timerArmed,
]);

/** Masks that a reference may refer to; undefined among them: not known. */
export type Targets = ReadonlyMap<Reg, ReadonlySet<AnyVariable | undefined>>;

export interface Access {
  /** undefined: not known which */
  readonly variable: AnyVariable | undefined;
  readonly index: readonly HeldIndex[];
}

/** An access to a variable that has a lock, where the assembler does not see the lock held. */
export interface LocklessAccess {
  readonly variable: string;
  readonly lock: string;
  readonly routine: string;
  readonly line: number;
}

/** Follows references to masks through moves and calls. References of entries and from memory are not known. */
export function followRefs(codes: Codes, roots: Iterable<RoutineBody>): Targets {
  const targets = new Map<Reg, Set<AnyVariable | undefined>>();
  const add = (reg: Reg, variables: Iterable<AnyVariable | undefined>): boolean => {
    const known = targets.get(reg) ?? new Set();
    const before = known.size;
    for (const variable of variables) known.add(variable);
    targets.set(reg, known);
    return known.size > before;
  };
  for (const root of roots) for (const param of root.params) add(param, [undefined]);
  for (let changed = true; changed;) {
    changed = false;
    for (const code of codes.values()) {
      for (const insn of code) {
        if (!(insn.a instanceof Reg) || insn.a.kind !== 'ref') continue;
        if (insn.op === Op.ref && add(insn.a, [insn.variable])) changed = true;
        if (insn.op === Op.load && add(insn.a, [undefined])) changed = true;
        if (insn.op === Op.move && add(insn.a, insn.c instanceof Reg ? (targets.get(insn.c) ?? []) : [undefined])) changed = true;
      }
    }
  }
  return targets;
}

/** Those of what is no plain load or store: an element, the control half of a descriptor, a row that becomes as another is. */
function rowAccesses({ op, variable, second, b, c }: Insn): Access[] {
  const isElement = op !== Op.controlSet && op !== Op.storeRow;
  return [...(variable ? [{ variable, index: isElement ? [b, c] : [b] }] : []), ...(second ? [{ variable: second, index: [c] }] : [])];
}

/** Variables that an instruction touches. */
export function accesses(insn: Insn, targets: Targets): Access[] {
  const through = (reg: Insn['a']): Access[] => {
    const known = reg instanceof Reg ? targets.get(reg) : undefined;
    return [...(known && known.size > 0 ? known : [undefined])].map((variable) => ({ variable, index: ['unknown'] }));
  };
  if (insn.op === Op.storePair && insn.variable) return [{ variable: insn.variable, index: [insn.b] }];
  if (insn.op >= Op.exchange && insn.op <= Op.storeRow) return rowAccesses(insn);
  if (insn.op < Op.load || insn.op > Op.listRemove) return [];
  const list: Access[] = [];
  if (insn.flags & InsnFlag.byRef) list.push(...through(insn.b));
  if (insn.op === Op.maskCopy) list.push(...through(insn.a));
  const two = insn.op === Op.load || insn.op === Op.store || insn.op === Op.fetchAdd;
  if (insn.variable) list.push({ variable: insn.variable, index: two ? [insn.b, insn.c] : [insn.b] });
  if (insn.second) list.push({ variable: insn.second, index: [insn.c] });
  if (insn.key) list.push({ variable: insn.key, index: [] });
  return list;
}

function isShared(variable: AnyVariable | undefined): boolean {
  return variable === undefined || (variable.class === 'check' && !variable.local);
}

/** Whether a store or a mask change through a reference is a visible step. */
export function changesVisible(insn: Insn, targets: Targets): boolean {
  const reg =
    insn.op === Op.maskCopy
      ? insn.a
      : (insn.op === Op.maskSet || insn.op === Op.maskClear) && insn.flags & InsnFlag.byRef
        ? insn.b
        : undefined;
  return reg instanceof Reg && [...(targets.get(reg) ?? [])].some((variable) => variable?.visible === true);
}

export class AtomicRule {
  readonly #codes: Codes;
  readonly #locks: LockState;
  readonly #targets: Targets;

  constructor(codes: Codes, locks: LockState, targets: Targets) {
    this.#codes = codes;
    this.#locks = locks;
    this.#targets = targets;
  }

  /** Refuses a block that joins what others can tell apart. */
  check(routine: RoutineBody): void {
    const code = this.#codes.get(routine) ?? [];
    for (const block of new Set(code.map((insn) => insn.block))) {
      if (!block) continue;
      const inside = code.map((insn) => insn.block === block);
      const found = this.#mostOnAPath(routine, inside, this.#locks.held.get(routine) ?? [], block);
      if (found.length < 2) continue;
      throw new AssemblyError(
        `${this.#where(block)} makes more than one access that another actor can observe: "${found[0]}" and "${found[1]}"; split it, or declare the variables with a lock and hold it`,
      );
    }
  }

  /** Accesses to variables with a lock that not all callers, nor the routine itself, hold there. */
  lockless(routine: RoutineBody): LocklessAccess[] {
    const held = this.#locks.held.get(routine) ?? [];
    return (this.#codes.get(routine) ?? []).flatMap((insn, i) =>
      accesses(insn, this.#targets).flatMap(({ variable, index }) => {
        const lock: Lock<readonly Kind[]> | undefined = variable?.protectedBy;
        const here = held[i] ?? new Map();
        // through a reference the index is not known, which is no finding
        const doubtful = index[0] === 'unknown' && here.has(lock?.slot ?? -1);
        if (!variable || !lock || doubtful || isProtected(variable, index, here)) return [];
        return [{ variable: variable.name, lock: lock.name, routine: routine.name, line: insn.line }];
      }),
    );
  }

  #where(block: AtomicBlock): string {
    return `the atomic block${block.note === undefined ? '' : ` "${block.note}"`} at line ${block.line} of routine ${block.routine}`;
  }

  /** Texts of the first two observable accesses that one path through the code can make, or of fewer. */
  #mostOnAPath(routine: RoutineBody, inside: readonly boolean[], held: readonly (Held | undefined)[], block: AtomicBlock): string[] {
    const code = this.#codes.get(routine) ?? [];
    const found = code.map((insn, i) => {
      const here = held[i];
      return inside[i] && here ? this.#observed(insn, here, routine, block) : [];
    });
    // paths that stay inside
    const closed = code.map((insn, i): Insn => (inside[i] ? insn : { ...insn, op: Op.end }));
    let one: string[] = [];
    for (const [i, here] of found.entries()) {
      if (here.length >= 2) return here;
      if (here.length === 0) continue;
      one = here;
      const onward = reachable(closed, successors(closed, i));
      const other = found.find((texts, j) => onward[j] && texts.length > 0);
      if (other) return [...here, ...other];
    }
    return one;
  }

  #observed(insn: Insn, held: Held, routine: RoutineBody, block: AtomicBlock): string[] {
    const word = forbidden.get(insn.op);
    if (word) {
      const way = routine.name === block.routine ? '' : ` (in ${routine.name}, which it calls)`;
      throw new AssemblyError(`${this.#where(block)} contains ${word}${way}; ${word} is always a step of its own`);
    }
    if (insn.op === Op.call && insn.routine) {
      const everywhere = (this.#codes.get(insn.routine) ?? []).map(() => true);
      const passed = new Map(passedOn(held, insn, insn.routine));
      for (const lock of insn.routine.holds) passed.set(lock.slot, 'any');
      return this.#mostOnAPath(insn.routine, everywhere, this.#locks.heldIn(insn.routine, passed), block);
    }
    const counts =
      (hardware.has(insn.op) && !isUntold(insn)) ||
      accesses(insn, this.#targets).some(({ variable, index }) => isShared(variable) && !(variable && isProtected(variable, index, held)));
    return counts ? [insn.plain] : [];
  }
}
