/** Lays the units out and encodes them as `Op` in assembly/state/abi says, with the labels and the liveness of each instruction. */
import { Mover, Op, Operand } from '../../assembly/state/abi/instructions.js';
import { AssemblyError } from './errors.js';
import { Layout } from './flow/layout.js';
import { loopHeads, traceless } from './flow/steps.js';
import { members, type Liveness } from './flow/liveness.js';
import type { Arg } from './ir.js';
import { moved, registerCount, type Allocation } from './registers.js';
import { isRoot, type Unit, type UnitInsn } from './units.js';
import { Reg, SELF } from './values.js';
import type { Widths } from './widths.js';

/** Words of an instruction. */
export const wordsPerInstruction = 4;

/** Where an instruction comes from. */
export interface Label {
  readonly routine: string;
  /** ordinal of the observable instruction in its routine, from 1; private ones have the number of the next observable */
  readonly line: number;
  readonly text: string;
  /** slot of the variable that it is about; left out: there is none */
  readonly slot?: number;
  /** its stack says where the user wrote it; left out: it is not the user's */
  readonly origin?: Error;
}

export interface Encoded {
  readonly code: Uint32Array;
  /** for each instruction and register the bits that are live before it, in the running frame */
  readonly live: Uint8Array;
  /** `Mover`s of each instruction */
  readonly movers: Uint8Array;
  readonly labels: readonly Label[];
  /** first instruction of each unit */
  readonly starts: ReadonlyMap<Unit, number>;
}

/** A context keeps its program counter in 16 bits. */
const maxInstructions = 0xffff;

/** No variable, and no second mask. */
const noSlot = 0xffff;

/** Instructions whose w2 holds two slots, each of which may be missing. */
const twoSlots: ReadonlySet<Op> = new Set([
  Op.queuePut,
  Op.storePair,
  Op.maskSet,
  Op.maskClear,
  Op.maskTest,
  Op.maskCopy,
  Op.maskFirst,
  Op.maskCount,
  Op.maskMost,
  Op.maskLeast,
]);

/** The move of a call's result, right behind the call. */
function receives(insn: UnitInsn): boolean {
  return insn.op === Op.move && insn.callee?.result !== undefined && insn.c === insn.callee.result;
}

export function encode(units: readonly Unit[], livenesses: ReadonlyMap<Unit, Liveness>, registers: Allocation, widths: Widths): Encoded {
  // Instruction 0 belongs to nobody, so that a context of zeros stands nowhere.
  const rows: { unit: Unit; insn: UnitInsn; i: number }[] = [];
  const addresses = new Map<Unit, number[]>();
  const starts = new Map<Unit, number>();
  for (const unit of units) {
    starts.set(unit, rows.length + 1);
    addresses.set(
      unit,
      unit.code.map((insn, i) => {
        const address = rows.length + 1;
        if (!isNoMove(insn, registers)) rows.push({ unit, insn, i });
        return address;
      }),
    );
  }

  if (rows.length >= maxInstructions) {
    throw new AssemblyError(`the program has ${rows.length + 1} instructions; a program counter of 16 bits reaches ${maxInstructions}`);
  }

  const labels: Label[] = [{ routine: '', line: 0, text: 'no instruction' }];
  const labelIndexes = new Map<string, number>();
  const labelOf = ({ name }: Unit, { line, text, variable, origin }: UnitInsn): number => {
    // what a note covers may be about several
    const key = `${name}\n${line}\n${text}\n${variable?.slot ?? ''}`;
    const index = labelIndexes.get(key) ?? labels.length;
    if (index === labels.length)
      labels.push({ routine: name, line, text, ...(variable && { slot: variable.slot }), ...(origin && { origin }) });
    labelIndexes.set(key, index);
    return index;
  };
  const operand = (arg: Arg): number => {
    if (arg === SELF) return Operand.self;
    if (arg instanceof Reg) return registers.get(arg) ?? 0;
    return arg === 'imm' ? Operand.imm : Operand.none;
  };

  const code = new Uint32Array((rows.length + 1) * wordsPerInstruction);
  const live = new Uint8Array((rows.length + 1) * registerCount);
  const movers = new Uint8Array(rows.length + 1);
  code[0] = Op.end | (Operand.none << 8) | (Operand.none << 16) | (Operand.none << 24);
  rows.forEach(({ unit, insn, i }, row) => {
    const at = (row + 1) * wordsPerInstruction;
    // A result that is in its register already still needs its instruction: behind the call the result is not live yet
    // for those who look at the frame from above.
    const idle = isSameRegister(insn, registers);
    const [a, b, c] = idle ? [Operand.none, Operand.none, Operand.none] : [operand(insn.a), operand(insn.b), operand(insn.c)];
    code[at] = (idle ? Op.nop : insn.op) | (a << 8) | (b << 16) | (c << 24);
    const jump = insn.goto >= 0 ? (addresses.get(unit)?.[insn.goto] ?? 0) : undefined;
    const called = insn.op === Op.call || insn.op === Op.wake ? insn.callee && starts.get(insn.callee) : undefined;
    code[at + 1] = jump ?? called ?? insn.imm;
    code[at + 2] = slotsOf(insn);
    code[at + 3] = insn.flags | (labelOf(unit, insn) << 8);
    movers[row + 1] = insn.mover;

    const liveness = livenesses.get(unit);
    if (!liveness) return;
    for (const reg of members(liveness, liveness.before[i])) {
      if (receives(insn) && reg === insn.c) continue;
      const cell = (row + 1) * registerCount + (registers.get(reg) ?? 0);
      live[cell] = Math.max(live[cell] ?? 0, widths.get(reg) ?? 0);
    }
  });
  const laidOut = new Layout(code, [...starts.values()]);
  for (const head of loopHeads(laidOut)) movers[head] = (movers[head] ?? 0) | Mover.loopHead;
  const roots = [...starts].flatMap(([unit, start]) => (isRoot(unit) ? [start] : []));
  for (const pc of traceless(laidOut, movers, roots)) movers[pc] = (movers[pc] ?? 0) | Mover.traceless;
  return { code, live, movers, labels, starts };
}

function isSameRegister(insn: UnitInsn, registers: Allocation): boolean {
  const move = moved(insn);
  return move !== undefined && registers.get(move.from) === registers.get(move.to);
}

function isNoMove(insn: UnitInsn, registers: Allocation): boolean {
  return isSameRegister(insn, registers) && !receives(insn);
}

function slotsOf(insn: UnitInsn): number {
  const { op, variable, second } = insn;
  if (twoSlots.has(op)) return ((variable?.slot ?? noSlot) | ((second?.slot ?? noSlot) << 16)) >>> 0;
  return variable ? (variable.slot | ((second?.slot ?? 0) << 16)) >>> 0 : insn.w2;
}
