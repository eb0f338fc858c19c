/**
 * All that code may ever do: for each instruction the union of the footprints of all instructions that can be reached from
 * it, and in what it calls; without indexes, and relative to who executes. Handlers that interrupts enter are not among them, nor
 * the tasks that are woken and what CPUs start with: whoever may cause that has a mark (`Thing.interrupts`, `Thing.wakes`).
 */
import { Part, Thing } from '../state/abi/resources';
import { InsnFlag, NONE, Op, VarFlag, VarWord } from '../state/abi/instructions';
import { Settings, TimerSetup } from '../state/abi/tables';
import { codeAt, setting, slotAt, timerSetup } from '../state/access';
import { idtBase, nAccessed, nInstructions, nTimers, nVariables } from '../state/layout';
import { touchPins, touchQueueWork } from './beyond';
import { declareInstruction } from './footprint';
import {
  add,
  addExecuted,
  allCpus,
  clear,
  placeResources,
  readsWord,
  SIZE,
  SOMEONE,
  touchCpu,
  touchCpus,
  touchOne,
  touchThing,
  touchVariable,
  WORDS,
  writesOf,
} from './resources';

/** Footprints by instruction: of the atomic block that begins with it, and of all that may follow, itself included. */
export let blocksBase: usize = 0;
let futuresBase: usize = 0;
/** Union over all handlers, and the routines of all timers; over all that may be woken or started. */
export let handlers: usize = 0;
export let woken: usize = 0;


@inline export function futureOf(pc: u32): usize {
  return futuresBase + (pc < nInstructions ? <usize>pc : 0) * SIZE;
}


@inline function blockOf(pc: u32): usize {
  return blocksBase + (pc < nInstructions ? <usize>pc : 0) * SIZE;
}

/** Resources that a property looks at which is judged in every state. */
const watched: usize = memory.data(80);

function findWatched(): void {
  clear(watched);
  if (setting(Settings.watchedHardware) != 0) {
    for (let w: u32 = 0; w < 3; w++) readsWord(watched, w, u64.MAX_VALUE);
  }
  for (let slot: u32 = 0; slot < nVariables; slot++) {
    if (load<u32>(slotAt(slot), VarWord.flags * 4) & VarFlag.watched) touchVariable(watched, slot, SOMEONE, true, false);
  }
}

/** True if the footprint writes what such a property looks at. */
export function writesWatched(at: usize): bool {
  for (let w: u32 = 0; w < WORDS; w++) {
    if (load<u64>(watched + (w << 3)) & writesOf(at, w)) return true;
  }
  return false;
}

/** Bytes that `planFutures` needs. */
export function futuresSize(): usize {
  return <usize>nInstructions * SIZE * 2 + SIZE * 2 + (((<usize>nVariables) << 1) | 15) + 1;
}


@inline function opAt(pc: u32): u32 {
  return load<u32>(codeAt(pc)) & 0xff;
}


@inline function isConditional(op: u32): bool {
  return op >= <u32>Op.jumpEq && op <= <u32>Op.jumpGe;
}

/** Where an instruction of a routine leads besides the next one, or 0. */
@inline function targetOf(pc: u32): u32 {
  const op = opAt(pc);
  return op == Op.jump || op == Op.call || isConditional(op) ? load<u32>(codeAt(pc), 4) : 0;
}


@inline function fallsThrough(op: u32): bool {
  return op != Op.jump && op != Op.ret && op != Op.iret && op != Op.end && op != Op.park;
}

/**
 * What an instruction does besides: with IF=1 an arrival may come before it; and by way of others, the interrupts, CPUs and
 * tasks it starts.
 */
function declareIndirect(at: usize, pc: u32): void {
  for (let part: u32 = 1; part < 4; part++) touchThing(at, Thing.self + part, true, false);
  switch (opAt(pc)) {
    case Op.ipi:
      touchThing(at, Thing.interrupts, false, true);
      touchCpus(at, Part.irr, allCpus(), false, true);
      touchCpus(at, Part.svr, allCpus(), true, false);
      break;
    case Op.ipiInit:
      touchCpus(at, Part.irr, allCpus(), true, true);
      touchCpus(at, Part.svr, allCpus(), true, true);
      touchCpus(at, Part.lapic, allCpus(), true, true);
    // falls through
    case Op.ipiSipi:
      touchCpus(at, Part.core, allCpus(), true, true);
      touchCpus(at, Part.tasks, allCpus(), true, true);
      touchThing(at, Thing.wakes, false, true);
      // the CPU that starts may have timers
      if (nTimers != 0) touchThing(at, Thing.interrupts, false, true);
      break;
    case Op.timerArm:
      touchThing(at, Thing.interrupts, false, true);
      break;
    case Op.wake:
      touchThing(at, Thing.wakes, false, true);
      break;
    case Op.mmioWrite:
      for (let f: u32 = 0; f < nAccessed; f++) touchOne(at, Thing.device, f, true, true);
      break;
    case Op.unitWrite:
    case Op.queuePut:
    case Op.queueTail:
      touchQueueWork(at, opAt(pc) == Op.queuePut ? load<u32>(codeAt(pc), 8) >> 16 : NONE);
      break;
  }
  // a pin that is released, or unmasked, or whose service has ended
  if ((writesOf(at, 1) >> Thing.pins) & 1) touchPins(at);
}

/** One round backwards over the code; true if a footprint has grown. */
function flow(): bool {
  let grown = false;
  for (let pc = nInstructions; pc-- > 1;) {
    const op = opAt(pc);
    const at = futureOf(pc);
    const target = targetOf(pc);
    if (target != 0 && add(at, futureOf(target))) grown = true;
    if (fallsThrough(op) && pc + 1 < nInstructions && add(at, futureOf(pc + 1))) grown = true;
    if ((load<u32>(codeAt(pc), 12) & InsnFlag.joined) == 0) continue;
    const block = blockOf(pc);
    if (target != 0 && add(block, blockOf(target))) grown = true;
    if (fallsThrough(op) && pc + 1 < nInstructions && add(block, blockOf(pc + 1))) grown = true;
  }
  return grown;
}

/** Computes the tables; `at`: room for `futuresSize` bytes. */
export function planFutures(at: usize): void {
  blocksBase = at;
  futuresBase = blocksBase + <usize>nInstructions * SIZE;
  handlers = futuresBase + <usize>nInstructions * SIZE;
  woken = handlers + SIZE;
  placeResources(woken + SIZE);
  findWatched();
  for (let pc: u32 = 0; pc < nInstructions; pc++) {
    clear(blockOf(pc));
    clear(futureOf(pc));
    if (pc == 0) continue;
    declareInstruction(blockOf(pc), pc, SOMEONE, 0);
    declareInstruction(futureOf(pc), pc, SOMEONE, 0);
    declareIndirect(futureOf(pc), pc);
  }
  while (flow()) {}
  clear(woken);
  for (let pc: u32 = 1; pc < nInstructions; pc++) {
    if (opAt(pc) == Op.wake) add(woken, futureOf(load<u32>(codeAt(pc), 4)));
    if (opAt(pc) == Op.ipiSipi) add(woken, futureOf(setting(Settings.apStart)));
  }
  clear(handlers);
  for (let v: u32 = 0; v < 256; v++) {
    const entry = load<u32>(idtBase + ((<usize>v) << 2));
    if (entry != 0) add(handlers, futureOf(entry));
  }
  for (let t: u32 = 0; t < nTimers; t++) {
    add(handlers, futureOf(timerSetup(t, TimerSetup.entry)));
    touchCpu(handlers, Part.timers, SOMEONE, true, true);
  }
  // taking the interrupt
  touchCpu(handlers, Part.tasks, SOMEONE, true, false);
  for (let part: u32 = 0; part < 4; part++) {
    if (part != Part.svr >> 4) touchThing(handlers, Thing.self + part, true, true);
  }
}
