/** All that an actor of a state may ever do as long as no member of a set steps (see persistent.ts). */
import { Level } from '../state/abi/instructions';
import { Actor } from '../state/abi/outcomes';
import { DeviceKind, OperationSetup, Settings, SourceSetup, TimerSetup } from '../state/abi/tables';
import { Cpu, Ctx, Msg, MsgKind, RunState, Src } from '../state/abi/fields';
import { Flight, Part, Thing } from '../state/abi/resources';
import { cpuAt, ctxAt, isActive, msgAt, operationSetup, setting, sourceSetup, srcAt, timerSetup } from '../state/access';
import { idtBase, LEVELS, nCpus, nTimers, opBase } from '../state/layout';
import { isAccess } from '../fabric/flight';
import { timerAt } from '../cpu/timers';
import { addExecuted, clear, flightBit, touchCpu, touchCpus, touchOne, touchThing, touchVariable, writesOf, writesWord } from './resources';
import { allCpus } from './footprint';
import { declareArrival, INIT, STARTUP, targetsOf } from './next';
import { futureOf, handlers } from './futures';
import { kinds, messageOfActor, numberOf } from './actors';
import * as decode from '../message/decode';

/** What `findFuture` found. */
export const future: usize = memory.data(80);

/** Adds code that CPUs of a mask may execute, with the interrupts it may cause on CPUs that are no members. */
function addCode(from: usize, cpus: u32, others: u32): void {
  if (cpus == 0) return;
  addExecuted(future, from, cpus);
  if (((writesOf(from, 1) >> Thing.interrupts) & 1) == 0) return;
  addExecuted(future, handlers, others);
}

/** Adds the handler of a vector, taken by CPUs of a mask. */
function addHandler(v: u32, cpus: u32, others: u32): void {
  const on = cpus & others;
  if (on == 0) return;
  touchCpus(future, Part.core, on, true, true);
  touchCpus(future, Part.irr, on, true, true);
  touchCpus(future, Part.svr, on, true, false);
  touchCpus(future, Part.lapic, on, true, true);
  const entry = load<u32>(idtBase + ((<usize>v) << 2));
  if (entry != 0) addCode(futureOf(entry), on, others);
}

/** Adds the routines of the armed timers of CPUs of a mask, which are no members. */
function addTimers(cpus: u32, others: u32): void {
  for (let c: u32 = 0; c < nCpus; c++) {
    if (((cpus >> c) & 1) == 0) continue;
    for (let t: u32 = 0; t < nTimers; t++) {
      if (load<u8>(timerAt(c, t)) == 0) continue;
      touchCpu(future, Part.core, c, true, true);
      touchThing(future, Thing.timers, true, true);
      addCode(futureOf(timerSetup(t, TimerSetup.entry)), 1 << c, others);
    }
  }
}

function cpuFuture(c: u32, others: u32): void {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.run) != RunState.running) return;
  if (nTimers != 0) touchThing(future, Thing.timers, true, false);
  for (let level: u32 = 0; level < LEVELS; level++) {
    if (!isActive(c, level)) continue;
    const ctx = ctxAt(c, level);
    addCode(futureOf(load<u16>(ctx, Ctx.pc)), 1 << c, others);
    for (let f: u32 = 0; f < load<u8>(ctx, Ctx.depth); f++) addCode(futureOf(load<u16>(ctx + Ctx.ret + ((<usize>f) << 1))), 1 << c, others);
  }
  addTimers(1 << c, others);
  for (let w: u32 = 0; w < 8; w++) {
    for (let bits = load<u32>(at + Cpu.irr + ((<usize>w) << 2)); bits; bits &= bits - 1) addHandler((w << 5) + ctz(bits), 1 << c, others);
  }
}

function messageFuture(m: u32, others: u32): void {
  const at = msgAt(m);
  const origin = <u32>load<u16>(at, Msg.origin);
  const data = load<u32>(at, Msg.data);
  if (load<u8>(at, Msg.kind) == MsgKind.msi && load<u8>(at, Msg.stage) == 0) writesWord(future, 2, flightBit(Flight.rooted, origin));
  writesWord(future, 2, flightBit(Flight.landed, origin));
  declareArrival(future, m);
  if (isAccess(m)) return;
  const targets = targetsOf(m);
  const mode = decode.deliveryModeOf(data);
  if (mode == STARTUP) {
    addCode(futureOf(setting(Settings.apStart)), targets & others, others);
    addTimers(targets & others, others);
  } else if (mode != INIT) addHandler(decode.vectorOf(data), targets, others);
}

function sourceFuture(s: u32, others: u32): void {
  const at = srcAt(s);
  if (!(load<u8>(at, Src.condition) | load<u8>(at, Src.held))) {
    if (load<u32>(at, Src.left) == 0) return;
    // it waits for its handler
    if (others == 0 && sourceSetup(s, SourceSetup.kind) == DeviceKind.handshake && load<u8>(at, Src.owed)) return;
  }
  const device = sourceSetup(s, SourceSetup.device);
  touchOne(future, Thing.owed, s, true, true);
  touchOne(future, Thing.condition, s, true, true);
  touchOne(future, Thing.device, device, true, false);
  touchVariable(future, setting(Settings.startedSlot), s, true, false);
  writesWord(future, 2, flightBit(Flight.tail, device));
  // where its messages go, and as what, may change before they are sent
  touchCpus(future, Part.irr, allCpus(), true, true);
  touchCpus(future, Part.svr, allCpus(), true, false);
  touchCpus(future, Part.lapic, allCpus(), true, false);
  addCode(handlers, others, others);
}

function operationFuture(o: u32, others: u32): void {
  const c = operationSetup(o, OperationSetup.cpu);
  const member = ((others >> c) & 1) == 0;
  // the thread of that CPU is in use, and only a member can end it
  if (member && isActive(c, Level.thread)) return;
  if (setting(Settings.parallel) == 0 && others == 0) {
    // it waits for one before it, which only a member can end
    for (let p: u32 = 0; p < o; p++) {
      if (load<u8>(opBase + p) == 1) return;
    }
  }
  touchThing(future, Thing.operations, true, true);
  touchCpu(future, Part.core, c, true, true);
  const entry = operationSetup(o, OperationSetup.entry);
  if (!member && entry != 0) addCode(futureOf(entry), 1 << c, others);
}

/** Fills `future` for actor a, which is no member of the set. */
export function findFuture(a: u32, set: u64): void {
  clear(future);
  const others = allCpus() & ~(<u32>set);
  const which = numberOf(a);
  switch (<u32>load<u8>(kinds + a)) {
    case Actor.cpu:
      cpuFuture(which, others);
      break;
    case Actor.message:
      messageFuture(messageOfActor(a), others);
      break;
    case Actor.raise:
      sourceFuture(which, others);
      break;
    default:
      operationFuture(which, others);
  }
}
