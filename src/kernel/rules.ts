/** What holds between routines: no recursion, call depth, which instructions which kind of context may execute. */
import { Op } from '../../assembly/state/abi/instructions.js';
import { AssemblyError } from './errors.js';
import { endlessPrivateLoop, reachable, successors } from './flow/graph.js';
import { isObservable, type Insn, type RoutineBody } from './ir.js';

/** Frames below the running one that a context can hold (`Op.call`). */
const maxDepth = 8;

/** Routines that a routine calls, in the order of the first call. */
function callees(code: readonly Insn[]): RoutineBody[] {
  return [...new Set(code.flatMap((insn) => (insn.op === Op.call && insn.routine ? [insn.routine] : [])))];
}

/** Tidied code of each routine. */
export type Codes = ReadonlyMap<RoutineBody, readonly Insn[]>;

function codeOf(codes: Codes, routine: RoutineBody): readonly Insn[] {
  const code = codes.get(routine);
  if (!code) throw new AssemblyError(`routine ${routine.name} belongs to another assembler`);
  return code;
}

/** All routines, callees before their callers. Refuses recursion. */
export function bottomUp(codes: Codes): RoutineBody[] {
  const order: RoutineBody[] = [];
  const done = new Set<RoutineBody>();
  const visit = (routine: RoutineBody, path: readonly RoutineBody[]): void => {
    if (path.includes(routine)) {
      const names = [...path.slice(path.indexOf(routine)), routine].map((r) => r.name).join(' calls ');
      throw new AssemblyError(`${names}: routines cannot be recursive, because their registers are static; use a loop`);
    }
    if (done.has(routine)) return;
    for (const callee of callees(codeOf(codes, routine))) visit(callee, [...path, routine]);
    done.add(routine);
    order.push(routine);
  };
  for (const routine of codes.keys()) visit(routine, []);
  return order;
}

/** Refuses code that runs into its end without the result it owes. */
export function refuseMissingReturn(routine: RoutineBody, code: readonly Insn[]): void {
  const seen = reachable(code, [0]);
  const fallsOff = code.length === 0 || code.some((_, i) => seen[i] && successors(code, i).includes(code.length));
  if (fallsOff) throw new AssemblyError(`routine ${routine.name} can reach its end without returning its result; add return(value)`);
}

/** Refuses loops that burn no step and never end. */
export function refuseEndlessLoops(codes: Codes, order: readonly RoutineBody[]): void {
  const steps = new Set<RoutineBody>();
  for (const routine of order) {
    const code = codeOf(codes, routine);
    const observable = (insn: Insn): boolean =>
      isObservable(insn.op) || (insn.op === Op.call && insn.routine !== undefined && steps.has(insn.routine));
    if (code.some(observable)) steps.add(routine);
    const insn = endlessPrivateLoop(code, observable);
    if (insn)
      throw new AssemblyError(
        `routine ${routine.name} has an endless loop at line ${insn.line} with no step in it; wait for a condition or end instead`,
      );
  }
}

const inInterrupt: ReadonlyMap<Op, string> = new Map([
  [Op.sti, 'sti'],
  [Op.restoreFlags, 'restoreFlags'],
  [Op.end, 'end'],
]);
const inTask: ReadonlyMap<Op, string> = new Map([[Op.iret, 'iret']]);

/** What a judge may do to others: nothing. It looks, and flags. */
const reading: ReadonlySet<Op> = new Set([
  Op.load,
  Op.maskTest,
  Op.maskFirst,
  Op.maskCount,
  Op.maskFirstFree,
  Op.maskMost,
  Op.maskLeast,
  Op.scan,
  Op.cfgRead,
  Op.mmioRead,
  Op.pinRead,
  Op.inspect,
  Op.timerArmed,
  Op.unitRead,
  Op.flag,
  Op.end,
]);

/** How a context comes to start at a routine. */
export type RootKind = 'interrupt' | 'task' | 'judge';

const kinds = { interrupt: 'an interrupt entry', task: 'the entry of a task', judge: 'a judge' } as const;

/** The word for an instruction that a root of this kind may not execute, or undefined. */
function forbiddenWord(op: Op, kind: RootKind): string | undefined {
  if (kind === 'judge') return isObservable(op) && !reading.has(op) ? Op[op] : undefined;
  if (op === Op.inspect) return 'inspect';
  return (kind === 'interrupt' ? inInterrupt : inTask).get(op);
}

/** Refuses what a root may not be, call or execute. */
export function checkRoot(codes: Codes, root: RoutineBody, kind: RootKind): void {
  if (root.result) throw new AssemblyError(`${root.name} is an entry, so nobody takes its result; declare it without one`);
  if (root.holds.length > 0)
    throw new AssemblyError(`${root.name} is an entry, so nobody holds ${root.holds[0]?.name} for it; let it take the lock`);
  const visit = (routine: RoutineBody, path: readonly string[]): void => {
    const names = [...path, routine.name];
    if (names.length > maxDepth + 1) {
      throw new AssemblyError(`${names.join(' calls ')}: calls nest ${maxDepth} deep at most`);
    }
    const code = codeOf(codes, routine);
    for (const insn of code) {
      const word = forbiddenWord(insn.op, kind);
      if (word) {
        const way = path.length > 0 ? `, reached from ${root.name}` : '';
        throw new AssemblyError(
          `routine ${routine.name} uses ${word} at line ${insn.line}, but ${root.name} is ${kinds[kind]}${way}; ${word} is not possible there`,
        );
      }
    }
    for (const callee of callees(code)) visit(callee, names);
  };
  visit(root, []);
}
