/**
 * How many bits the value of a register can have: what an image stores of it while it is live.
 *
 * A bound on all that is ever written to the register, which may be less than its kind has (a load of a narrow variable)
 * or more (an index that may be `NONE` has 16 bits). Sums, differences and conversions are trusted to stay in
 * their kind; a vector may count up to 256.
 */
import { Constant, MsiReg, Op, UnitReg } from '../../assembly/state/abi/instructions.js';
import { writes } from './flow/liveness.js';
import type { SharedPairs } from './registers.js';
import { isRoot, type Unit, type UnitInsn } from './units.js';
import { Reg, SELF } from './values.js';
import { bitsFor, elementBits, kindBits, type MachineSize } from './variables.js';

export type Widths = ReadonlyMap<Reg, number>;

/** `NONE` of assembly/state/abi is 0xffff. */
const noneBits = 16;

/**
 * Widths of all registers. Registers of two frames that share a number get the same, so that the core may join the rows
 * of a context's frames bit by bit.
 */
export function registerWidths(units: readonly Unit[], shared: SharedPairs, size: MachineSize): Widths {
  const widths = new Map<Reg, number>();
  const grow = (reg: Reg | undefined, bits: number): boolean => {
    if (!reg || bits <= (widths.get(reg) ?? 0)) return false;
    widths.set(reg, bits);
    return true;
  };
  for (const unit of units) if (isRoot(unit)) for (const param of unit.params) grow(param, kindBits(param.kind, size));
  for (let changed = true; changed;) {
    changed = false;
    for (const [x, y] of shared) {
      changed = grow(x, widths.get(y) ?? 0) || changed;
      changed = grow(y, widths.get(x) ?? 0) || changed;
    }
    for (const unit of units) {
      for (const insn of unit.code) {
        if (insn.op === Op.wake) changed = grow(insn.callee?.params[0], operandBits(insn.a, insn, widths, size)) || changed;
        if (insn.op !== Op.call) changed = grow(writes(insn), resultBits(insn, widths, size)) || changed;
      }
    }
  }
  return widths;
}

function operandBits(arg: UnitInsn['a'], insn: UnitInsn, widths: Widths, size: MachineSize): number {
  if (arg === SELF) return kindBits('cpu', size);
  if (arg instanceof Reg) return widths.get(arg) ?? 0;
  return arg === 'imm' ? bitsFor(insn.imm) : 0;
}

function resultBits(insn: UnitInsn, widths: Widths, size: MachineSize): number {
  const b = operandBits(insn.b, insn, widths, size);
  const c = operandBits(insn.c, insn, widths, size);
  const kind = insn.a instanceof Reg ? kindBits(insn.a.kind, size) : 32;
  switch (insn.op) {
    case Op.move:
      return insn.trusted ? Math.min(kind, c) : c;
    case Op.add:
      return insn.a instanceof Reg && insn.a.kind === 'vector' ? kind + 1 : kind;
    case Op.sub:
      return kind;
    case Op.and:
      return Math.min(b, c);
    case Op.or:
    case Op.xor:
      return Math.max(b, c);
    // a shift counts modulo 32, like the instruction
    case Op.shl:
      return insn.c === 'imm' ? Math.min(32, b + (insn.imm & 31)) : 32;
    case Op.shr:
      return insn.c === 'imm' ? Math.max(1, b - (insn.imm & 31)) : b;
    case Op.ref:
      return kindBits('ref', size);
    case Op.constant:
      return constantBits(insn.imm, size);
    case Op.load:
    case Op.fetchAdd:
    case Op.exchange:
      return insn.variable ? elementBits(insn.variable, size) : 32;
    case Op.maskTest:
    case Op.irrBit:
    case Op.tmrBit:
    case Op.saveFlags:
    case Op.timerArmed:
      return 1;
    // the number of a bit before
    case Op.bitSet:
    case Op.bitClear:
      return 5;
    case Op.maskFirst:
    case Op.maskFirstFree:
    case Op.maskMost:
    case Op.maskLeast:
    case Op.scan:
    case Op.maskCount:
      return noneBits;
    case Op.unitRead:
      return insn.imm === UnitReg.logTag ? 32 : 16;
    case Op.cfgRead:
      return insn.imm === MsiReg.control || insn.imm === MsiReg.data || insn.imm === MsiReg.msixControl ? 16 : 32;
    default:
      return 32;
  }
}

function constantBits(constant: number, size: MachineSize): number {
  switch (constant) {
    case Constant.cpuOfApicId:
      return noneBits;
    case Constant.cpus:
      return bitsFor(size.cpus);
    case Constant.sources:
      return bitsFor(size.irqs);
    case Constant.vectorLo:
    case Constant.vectorHi:
      return bitsFor(size.vectors);
    case Constant.deviceOf:
      return kindBits('device', size);
    case Constant.kindOf:
      return 2;
    case Constant.messageOf:
    case Constant.messages:
      return kindBits('u16', size);
    case Constant.addr64:
    case Constant.isMsix:
    case Constant.hasMask:
      return 1;
    default:
      return 32;
  }
}
