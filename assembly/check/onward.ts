/** All that an actor of a state may ever do as long as no member of a set steps (see persistent.ts). */
import { Level, NONE } from '../state/abi/instructions';
import { Actor } from '../state/abi/outcomes';
import { DeviceKind, OperationSetup, Settings, SourceSetup, TimerSetup } from '../state/abi/tables';
import { Cpu, Ctx, Msg, MsgKind, RunState, Src } from '../state/abi/fields';
import { Flight, Part, Thing } from '../state/abi/resources';
import { cpuAt, ctxAt, isActive, isAmd, msgAt, operationSetup, setting, sourceSetup, srcAt, timerSetup } from '../state/access';
import { idtBase, LEVELS, nCpus, nPins, nTimers, opBase } from '../state/layout';
import { isAccess, Stage } from '../fabric/flight';
import { onPin, pinWants } from '../fabric/ioapic';
import { statusBehind } from '../fabric/queueStep';
import { unitFor } from '../fabric/remap';
import { DESCRIPTOR, tailOf } from '../iommu/ring';
import { timerAt } from '../cpu/timers';
import {
  addExecuted,
  allCpus,
  clear,
  flightBit,
  touchCpu,
  touchCpus,
  touchGuest,
  touchOne,
  touchThing,
  touchVariable,
  writesOf,
  writesWord,
} from './resources';
import { touchPins, touchQueueWork, touchTranslations } from './beyond';
import { declareArrival, INIT, STARTUP, targetsOf } from './next';
import { futureOf, handlers, woken } from './futures';
import { kinds, messageOfActor, numberOf } from './actors';
import { declareDrops } from './lines';
import * as decode from '../message/decode';

/** What `findFuture` found. */
export const future: usize = memory.data(80);


@inline function causes(from: usize, mark: Thing): bool {
  return ((writesOf(from, 1) >> mark) & 1) != 0;
}

/** Adds code that CPUs of a mask may execute, with the interrupts and tasks it may cause on CPUs that are no members. */
function addCode(from: usize, cpus: u32, others: u32): void {
  if (cpus == 0) return;
  addExecuted(future, from, cpus);
  const wakes = causes(from, Thing.wakes) || (causes(from, Thing.interrupts) && causes(handlers, Thing.wakes));
  if (wakes) addExecuted(future, woken, others);
  if (causes(from, Thing.interrupts) || (wakes && causes(woken, Thing.interrupts))) addExecuted(future, handlers, others);
}

/** Adds the handler of a vector, taken by CPUs of a mask. */
function addHandler(v: u32, cpus: u32, others: u32): void {
  const on = cpus & others;
  if (on == 0) return;
  touchCpus(future, Part.core, on, true, true);
  touchCpus(future, Part.tasks, on, true, false);
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
      touchCpu(future, Part.tasks, c, true, false);
      touchCpu(future, Part.timers, c, true, true);
      addCode(futureOf(timerSetup(t, TimerSetup.entry)), 1 << c, others);
    }
  }
}

function cpuFuture(c: u32, others: u32): void {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.run) != RunState.running) return;
  touchCpu(future, Part.timers, c, true, false);
  for (let level: u32 = 0; level < LEVELS; level++) {
    if (!isActive(c, level)) continue;
    const ctx = ctxAt(c, level);
    if (level < <u32>Level.softirq) touchCpu(future, Part.tasks, c, true, true);
    addCode(futureOf(load<u16>(ctx, Ctx.pc)), 1 << c, others);
    for (let f: u32 = 0; f < load<u8>(ctx, Ctx.depth); f++) addCode(futureOf(load<u16>(ctx + Ctx.ret + ((<usize>f) << 1))), 1 << c, others);
  }
  addTimers(1 << c, others);
  for (let w: u32 = 0; w < 8; w++) {
    for (let bits = load<u32>(at + Cpu.irr + ((<usize>w) << 2)); bits; bits &= bits - 1) addHandler((w << 5) + ctz(bits), 1 << c, others);
  }
}

/** Adds what comes of pins that have something to send. */
function addPins(others: u32): void {
  touchPins(future);
  addCode(handlers, others, others);
}

function messageFuture(m: u32, others: u32): void {
  const at = msgAt(m);
  const origin = <u32>load<u16>(at, Msg.origin);
  const data = load<u32>(at, Msg.data);
  const first = load<u8>(at, Msg.kind) == MsgKind.msi && load<u8>(at, Msg.stage) != Stage.beyondRoot;
  if (first) writesWord(future, 2, flightBit(Flight.rooted, origin));
  writesWord(future, 2, flightBit(Flight.landed, origin));
  const isEoi = load<u8>(at, Msg.kind) == MsgKind.eoi;
  // a pin that is told may send again
  if (isEoi || load<u16>(at, Msg.pin) != 0) addPins(others);
  if (first && unitFor(m) >= 0) {
    touchTranslations(future, m);
    addCode(handlers, others, others);
    return;
  }
  declareArrival(future, m);
  if (isEoi || isAccess(m)) return;
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
  if (onPin(s)) touchPins(future);
  else touchTranslations(future, -1);
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
  touchCpu(future, Part.core, c, true, !member);
  touchCpu(future, Part.tasks, c, true, true);
  const entry = operationSetup(o, OperationSetup.entry);
  if (!member && entry != 0) addCode(futureOf(entry), 1 << c, others);
}

/** What stands in the queue of unit u, also what it has not been told of yet. */
function queueFuture(u: u32, others: u32): void {
  const end = tailOf(u);
  if (end == 0) return;
  touchQueueWork(future, NONE);
  for (let offset: u32 = 0; offset < end; offset += DESCRIPTOR) touchGuest(future, statusBehind(u, offset), false, true);
  if (isAmd(u)) addCode(handlers, others, others);
}

function pinFuture(i: u32, others: u32): void {
  for (let pin: u32 = 0; pin < nPins; pin++) {
    if (!pinWants(i, pin)) continue;
    addPins(others);
    return;
  }
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
    case Actor.operation:
      operationFuture(which, others);
      break;
    case Actor.queue:
      queueFuture(which, others);
      break;
    case Actor.pin:
      pinFuture(which, others);
      break;
    default:
      declareDrops(future);
  }
}
