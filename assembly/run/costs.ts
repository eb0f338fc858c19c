/** What a micro-op costs before it takes effect, in cycles (hardware.md G.2). */
import { Decoded } from '../state/abi/decoded';
import { LapicReg, Op } from '../state/abi/instructions';
import { Timing } from '../state/abi/tables';
import { codeAt, decodedAt, timingDefault } from '../state/access';
import { nInstructions } from '../state/layout';

/** Cycles between the previous micro-op of the context and the effect of this one; `imm` is its immediate. */
function costBefore(op: u32, imm: u32): u32 {
  switch (op) {
    case Op.cfgRead:
    case Op.cfgWrite:
      return timingDefault(Timing.cfgApply);
    case Op.mmioRead:
    case Op.pinRead:
    case Op.pinWrite:
    case Op.pinEoi:
    case Op.unitWrite:
      return timingDefault(Timing.mmioArrive);
    case Op.pinWait:
    case Op.unitRead:
      return timingDefault(Timing.mmioRead);
    case Op.lapicWrite:
      return timingDefault(imm == <u32>LapicReg.eoi ? Timing.eoi : Timing.lapicWrite);
    case Op.ipi:
    case Op.ipiInit:
    case Op.ipiSipi:
      return timingDefault(Timing.lapicWrite);
    case Op.irrBit:
    case Op.tmrBit:
    case Op.lapicRead:
      return timingDefault(Timing.lapicRead);
    case Op.queueTail:
      return timingDefault(Timing.mmioArrive);
    case Op.iret:
      return timingDefault(Timing.iret);
    case Op.lock:
    case Op.unlock:
    case Op.exchange:
    case Op.bitSet:
    case Op.bitClear:
    case Op.controlSet:
    case Op.storeRow:
      return timingDefault(Timing.lock);
    case Op.wake:
      return timingDefault(Timing.wake);
    case Op.flag:
    case Op.note:
    case Op.serve:
    case Op.end:
    case Op.opEnd:
    case Op.delay:
    case Op.cli:
    case Op.sti:
    case Op.saveFlags:
    case Op.restoreFlags:
    case Op.preemptOff:
    case Op.preemptOn:
      return 1;
    default:
      return timingDefault(Timing.memory);
  }
}

/** Of every instruction, for its decoded form. */
export function computeCosts(): void {
  for (let pc: u32 = 0; pc < nInstructions; pc++) {
    const insn = codeAt(pc);
    store<u32>(decodedAt(pc), costBefore(load<u32>(insn) & 0xff, load<u32>(insn, 4)), Decoded.cost);
  }
}

/** Cycles from an access to a device taking effect to its completion, if nothing has to be pushed (C.6 G6). */
export function costOfCompletion(op: u32): u32 {
  const memory = op == Op.mmioRead || op == Op.pinRead;
  const whole = timingDefault(memory ? Timing.mmioRead : op == Op.cfgRead ? Timing.cfgRead : Timing.cfgWrite);
  const apply = timingDefault(memory ? Timing.mmioArrive : Timing.cfgApply);
  return whole > apply ? whole - apply : 0;
}
