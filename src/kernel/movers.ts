/**
 * Which instructions a check may execute at once, because nobody can tell when they are executed (assembly/check/join.ts
 * says what for). What the assembler can prove of an instruction alone; whether a whole step may move is for the core to say.
 */
import { InsnFlag, LapicReg, Mover, Op } from '../../assembly/state/abi/instructions.js';
import { accesses, type Access, type Targets } from './atomic.js';
import { isObservable, isUntold, type Insn, type RoutineBody } from './ir.js';
import { isProtected, sameIndex, type Held, type LockState } from './locks.js';
import type { Codes } from './rules.js';
import { Reg } from './values.js';
import type { AnyVariable } from './variables.js';

/** No effect but on the own registers and on what the checker counts; for `preemptOn` see below. */
const ANYWHERE = Mover.quiet | Mover.masked;

/**
 * - `preemptOn`: until it is executed the stopper cannot take over, so nobody on this CPU comes before it but an interrupt, to
 *   which it makes no difference.
 * - `note` counts.
 */
const quietOps: ReadonlySet<Op> = new Set([Op.preemptOn, Op.note]);

/**
 * Where no interrupt of this CPU can come before it, an instruction on what only this CPU looks at moves to the front.
 * - `cli`, `saveFlags`, `restoreFlags`, `sti`: with IF=0 they do nothing, or let interrupts in later; in the shadow of `sti`,
 *   `cli` comes before any interrupt in every order.
 * - `iret`, `end`: the context is this CPU's. Waking a task that has not ended waits for its end, so does an operation.
 * - `opEnd`: only operations that have not begun look at it, and they wait for it.
 * With IF=1 none of them may move in front of an interrupt: its handler may never end, and then they are never executed.
 */
const maskedOps: ReadonlySet<Op> = new Set([Op.cli, Op.sti, Op.saveFlags, Op.restoreFlags, Op.iret, Op.end, Op.opEnd]);

const writers: ReadonlySet<Op> = new Set([
  Op.store,
  Op.storePair,
  Op.fetchAdd,
  Op.maskSet,
  Op.maskClear,
  Op.maskCopy,
  Op.listPush,
  Op.listRemove,
  Op.exchange,
  Op.bitSet,
  Op.bitClear,
  Op.controlSet,
  Op.storeRow,
]);

/** True if the instruction may write what it touches; of a copy, what stands in the instruction itself is the source. */
function isWrite(insn: Insn, { variable, index }: Access): boolean {
  if (insn.op === Op.storeRow) return variable === insn.variable;
  return writers.has(insn.op) && (insn.op !== Op.maskCopy || index[0] === 'unknown');
}

/** As `accesses`, with what a wait looks at; a list operation walks along the links of any node. */
function touched(insn: Insn, targets: Targets): readonly Access[] {
  if (insn.op === Op.waitEq || insn.op === Op.waitNe) return [{ variable: insn.variable, index: [insn.b, insn.c] }];
  const list = insn.op === Op.listPush || insn.op === Op.listRemove;
  return accesses(insn, targets).map((access) => (list && access.variable === insn.second ? { ...access, index: ['unknown'] } : access));
}

/** The lock that protects this very element is held. */
function isExactlyProtected({ variable, index }: Access, held: Held): boolean {
  const dim = variable?.protectedBy?.dims[0];
  return variable !== undefined && (dim === undefined || variable.dims.includes(dim)) && isProtected(variable, index, held);
}

/** Routines that a root executes, by calls. */
function executed(codes: Codes, roots: Iterable<RoutineBody>): Set<RoutineBody> {
  const all = new Set<RoutineBody>();
  const work = [...roots];
  for (let routine = work.pop(); routine; routine = work.pop()) {
    if (all.has(routine)) continue;
    all.add(routine);
    for (const insn of codes.get(routine) ?? []) if (insn.op === Op.call && insn.routine) work.push(insn.routine);
  }
  return all;
}

/** What the whole program, judges aside, does to its variables. */
class Discipline {
  /** a variable whose element another CPU may touch by a reference that nobody can follow */
  readonly referred = new Set<AnyVariable>();
  /** a variable that is touched, or written, somewhere without its lock */
  readonly exposed = new Set<AnyVariable>();
  readonly overwritten = new Set<AnyVariable>();
  /** a variable that is written */
  readonly written = new Set<AnyVariable>();
  /** slots of locks that are released where they are not seen to be held */
  readonly loose = new Set<number>();

  constructor(codes: Codes, routines: Iterable<RoutineBody>, locks: LockState, targets: Targets) {
    const escaped = new Set<AnyVariable>();
    let unknown = false;
    for (const routine of routines) {
      const held = locks.held.get(routine) ?? [];
      (codes.get(routine) ?? []).forEach((insn, i) => {
        const here = held[i] ?? new Map();
        if (insn.op === Op.unlock && !releases(insn, here)) this.loose.add(insn.variable?.slot ?? -1);
        if ((insn.op === Op.store || insn.op === Op.wake) && insn.a instanceof Reg)
          for (const variable of targets.get(insn.a) ?? []) if (variable) escaped.add(variable);
        for (const access of touched(insn, targets)) {
          const { variable } = access;
          if (!variable) {
            unknown = true;
            continue;
          }
          if (isWrite(insn, access)) this.written.add(variable);
          if (isExactlyProtected(access, here)) continue;
          this.exposed.add(variable);
          if (isWrite(insn, access)) this.overwritten.add(variable);
        }
      });
    }
    if (!unknown) return;
    for (const variable of escaped) {
      this.referred.add(variable);
      this.exposed.add(variable);
      this.overwritten.add(variable);
      this.written.add(variable);
    }
  }

  /** True if nobody else can touch what the access touches (if it is a read: write it), as its lock is held here. */
  guards(access: Access, write: boolean, held: Held): boolean {
    const { variable } = access;
    const lock = variable?.protectedBy;
    if (!variable || !lock || this.loose.has(lock.slot) || !isExactlyProtected(access, held)) return false;
    return !(write ? this.exposed : this.overwritten).has(variable);
  }
}

/** An unlock of the element that is held here. */
function releases(insn: Insn, held: Held): boolean {
  const index = held.get(insn.variable?.slot ?? -1);
  return index !== undefined && sameIndex(index, insn.b);
}

function moverOf(insn: Insn, held: Held, targets: Targets, discipline: Discipline): number {
  if (!isObservable(insn.op) || quietOps.has(insn.op) || isUntold(insn)) return ANYWHERE;
  if (maskedOps.has(insn.op)) return Mover.masked;
  // the release lets others in; a handler of this CPU that waits for the lock waits for ever, unless the release comes first
  if (insn.op === Op.unlock) return discipline.loose.has(insn.variable?.slot ?? -1) ? 0 : Mover.masked;
  const found = insn.op >= Op.load && insn.op <= Op.listRemove ? touched(insn, targets) : [];
  if (found.length === 0) return 0;
  let mover: number = ANYWHERE;
  for (const access of found) {
    const { variable } = access;
    if (variable === undefined || variable.class === 'record' || variable.dma) return 0;
    if (!discipline.written.has(variable)) continue;
    if (variable.class === 'fixed') return 0;
    if (discipline.guards(access, isWrite(insn, access), held)) continue;
    // the other contexts of this CPU may touch it, another CPU never
    if (!variable.local || discipline.referred.has(variable)) return 0;
    mover = Mover.masked;
  }
  return mover;
}

/** The program depends on what local registers hold: then an access to one may make a difference. */
function looksAtLocal(insn: Insn): boolean {
  if (insn.op !== Op.lapicRead || isUntold(insn)) return false;
  const { imm } = insn;
  return imm === LapicReg.esr || (imm >= LapicReg.lvtCmci && imm <= LapicReg.divide);
}

/** The code with the movers of each instruction. `roots`: what is executed while anything else may happen. */
export function findMovers(codes: Codes, roots: Iterable<RoutineBody>, locks: LockState, targets: Targets): Codes {
  const routines = executed(codes, roots);
  const discipline = new Discipline(codes, routines, locks, targets);
  const told = [...codes.values()].some((code) => code.some(looksAtLocal));
  return new Map(
    [...codes].map(([routine, code]) => {
      const held = locks.held.get(routine) ?? [];
      return [
        routine,
        code.map((insn, i) => {
          if (told && isUntold(insn)) return { ...insn, flags: insn.flags & ~InsnFlag.untold };
          return { ...insn, mover: moverOf(insn, held[i] ?? new Map(), targets, discipline) };
        }),
      ];
    }),
  );
}
