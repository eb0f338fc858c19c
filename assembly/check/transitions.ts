/**
 * The transitions of a check (design 4): from a state, all enabled steps; and the execution of one. An action is 16 bits:
 * `Actor` in bits 15:12, which one below.
 */
import { NONE } from '../state/abi/instructions';
import { Actor, Event } from '../state/abi/outcomes';
import { Assumption, OperationSetup, Settings, UNBOUNDED } from '../state/abi/tables';
import { Cpu, Glob, RunState, Src } from '../state/abi/fields';
import { assumes, cpuAt, isActive, operationSetup, setting, srcAt } from '../state/access';
import {
  globBase,
  nCpus,
  nIoapics,
  nIommus,
  nLines,
  nMessages,
  nOperations,
  nOrigins,
  nPins,
  nSources,
  nTimers,
  opBase,
} from '../state/layout';
import { deriveCpu } from '../lapic/priority';
import { mayFly, mayRaise, maySample, raise, sample, sendHeld } from '../fabric/emit';
import { hasRoom, isMovable, messageOf, movableMessages } from '../fabric/flight';
import { canExecute, executeNext } from '../fabric/queueStep';
import { dropLine, isLine, linesOf } from '../iommu/lines';
import { current, enabled, mayInterrupt } from '../cpu/schedule';
import { step, visible } from '../cpu/sequencer';
import { acknowledge, fireTimer, moveMessage } from '../cpu/interrupt';
import { mayPinFly, pinWants, sendPin } from '../fabric/ioapic';
import { beginOperation } from '../cpu/operation';
import { takesTimers, timerAt } from '../cpu/timers';
import { record } from '../record/ring';
import { isSilent, isStarted } from '../cpu/started';

/** Room for the actions of one state. */
export const MAX_ACTIONS: u32 = 4096;
export const actions: usize = memory.data(2 * 4096);

/** Set by `enumerate`: nothing is enabled but raises and operations, and every operation begun has ended (design 4, rest). */
export let atRest: bool = false;
/** Set by `enumerate`: nothing can happen any more, yet something has not ended. */
export let deadlocked: bool = false;
/** Set by `enumerate`, kept until cleared: a sender was blocked by a full pool. */
export let poolFull: bool = false;

export function clearPoolFull(): void {
  poolFull = false;
}


@inline function add(end: usize, actor: u32, which: u32): usize {
  store<u16>(end, (actor << 12) | which);
  return end + 2;
}


@inline export function probing(): bool {
  return load<u8>(globBase, Glob.probe) != 0;
}

/** A condition becomes a sampled message, what was sampled before is sent. A full pool blocks the sender. */
function enabledSamples(out: usize): usize {
  let end = out;
  if (!hasRoom()) return end;
  for (let s: u32 = 0; s < nSources; s++) {
    const at = srcAt(s);
    if (load<u8>(at, Src.condition) && maySample(s) && !isSilent(s) && mayFly(s)) end = add(end, Actor.sample, s);
    if (load<u8>(at, Src.held)) end = add(end, Actor.send, s);
  }
  return end;
}

/** Pins that have something to send. */
function enabledPins(out: usize): usize {
  let end = out;
  if (!hasRoom()) return end;
  for (let i: u32 = 0; i < nIoapics; i++) {
    for (let pin: u32 = 0; pin < nPins; pin++) {
      if (pinWants(i, pin) && mayPinFly(i, pin)) end = add(end, Actor.pin, (i << 8) | pin);
    }
  }
  return end;
}

function enabledCpus(out: usize): usize {
  let end = out;
  const prompt = assumes(Assumption.promptRecognition);
  for (let c: u32 = 0; c < nCpus; c++) {
    const level = current(c);
    const interrupt = mayInterrupt(c, level);
    if (interrupt) end = add(end, Actor.interrupt, c);
    if (interrupt && prompt) continue;
    if (level >= 0 && enabled(c, level)) end = add(end, Actor.cpu, c);
    if (nTimers != 0 && takesTimers(c, level)) end = armedTimers(end, c);
  }
  return end;
}

/** Those of CPU c. */
function armedTimers(out: usize, c: u32): usize {
  let end = out;
  for (let t: u32 = 0; t < nTimers; t++) {
    if (load<u8>(timerAt(c, t))) end = add(end, Actor.timer, (c << 4) | t);
  }
  return end;
}

function enabledUnits(out: usize): usize {
  let end = out;
  for (let u: u32 = 0; u < nIommus; u++) {
    if (canExecute(u)) end = add(end, Actor.queue, u);
  }
  return end;
}

/** Cached entries that may go; that one does leads nowhere by itself, so it counts neither for rest nor against a deadlock. */
function enabledDrops(out: usize): usize {
  let end = out;
  for (let u: u32 = 0; u < nIommus; u++) {
    for (let i: u32 = 0, n = linesOf(u); i < n; i++) {
      if (isLine(u, i)) end = add(end, Actor.drop, (u << 8) | i);
    }
  }
  return end;
}

function operationBegins(o: u32): bool {
  if (load<u8>(opBase + o) != 0) return false;
  if (setting(Settings.parallel) == 0) {
    for (let p: u32 = 0; p < o; p++) {
      if (load<u8>(opBase + p) != 2) return false;
    }
  }
  const c = operationSetup(o, OperationSetup.cpu);
  return load<u8>(cpuAt(c), Cpu.run) == RunState.running && !isActive(c, 0);
}

/** True while an operation runs or a context is in use: then a state without steps is a deadlock, not rest. */
function unfinished(): bool {
  for (let o: u32 = 0; o < nOperations; o++) {
    if (load<u8>(opBase + o) == 1) return true;
  }
  for (let c: u32 = 0; c < nCpus; c++) {
    if (load<u8>(cpuAt(c), Cpu.active)) return true;
  }
  return false;
}

/** Source that the probe raises next, from `source` on with `left` raises to go, or -1. */
function nextProbe(): i32 {
  let left = <u32>load<u8>(globBase, Glob.probeLeft);
  for (let s = <u32>load<u16>(globBase, Glob.probeSource); s < nSources; s++) {
    if (left != 0 && isStarted(s) && mayRaise(s) && !load<u8>(srcAt(s), Src.owed)) return s;
    left = setting(Settings.probeRaises);
  }
  return -1;
}

/** Writes the enabled actions to `actions`; returns their number. A machine too large to be stepped has none. */
export function enumerate(): u32 {
  atRest = false;
  deadlocked = false;
  if ((<u32>2 + nTimers) * nCpus + nMessages + <u32>3 * nSources + nOperations + nIommus + nLines >= MAX_ACTIONS) return 0;
  let end = enabledCpus(actions);
  end = movableMessages(end);
  end = enabledSamples(end);
  end = enabledPins(end);
  end = enabledUnits(end);
  if (!hasRoom()) poolFull = true;
  const busy = end != actions;
  const open = unfinished();
  if (!probing()) {
    for (let s: u32 = 0; s < nSources; s++) {
      if (load<u32>(srcAt(s), Src.left) != 0 && mayRaise(s) && !isSilent(s)) end = add(end, Actor.raise, s);
    }
    for (let o: u32 = 0; o < nOperations; o++) {
      if (operationBegins(o)) end = add(end, Actor.operation, o);
    }
    deadlocked = open && end == actions;
    atRest = !busy && !open;
    if (atRest && setting(Settings.probeRaises) != 0) end = add(end, Actor.probe, 0);
  } else {
    atRest = !busy && !open;
    deadlocked = !busy && open;
    if (atRest && nextProbe() >= 0) end = add(end, Actor.probe, 1);
  }
  end = enabledDrops(end);
  return (<u32>(end - actions)) >> 1;
}

/** The probe begins: no operation begins and no raise happens any more; what was left of them is dead. */
function beginProbe(): void {
  store<u8>(globBase, 1, Glob.probe);
  store<u8>(globBase, setting(Settings.probeRaises), Glob.probeLeft);
  store<u16>(globBase, 0, Glob.probeSource);
  for (let s: u32 = 0; s < nSources; s++) store<u32>(srcAt(s), 0, Src.left);
  memory.fill(opBase, 2, nOperations);
  record(Event.probe, NONE, 0, 0);
}

function probeRaise(): void {
  const s = nextProbe();
  if (s < 0) return;
  const left = <u32>s == load<u16>(globBase, Glob.probeSource) ? <u32>load<u8>(globBase, Glob.probeLeft) : setting(Settings.probeRaises);
  store<u16>(globBase, s, Glob.probeSource);
  store<u8>(globBase, left - 1, Glob.probeLeft);
  raise(s);
}

/** True once every source has had its probe raises. */
export function probeDone(): bool {
  return probing() && nextProbe() < 0;
}

/** True if what an action is about exists and has room; whether it is enabled is for `enumerate` to say. */
function exists(actor: u32, which: u32): bool {
  switch (actor) {
    case Actor.cpu:
      return which < nCpus && current(which) >= 0;
    case Actor.interrupt:
      return which < nCpus && load<u8>(cpuAt(which), Cpu.irrv) != 0;
    case Actor.message:
      return which >> 4 < nOrigins && messageOf(which >> 4, which & 15) >= 0;
    case Actor.raise:
      return which < nSources;
    case Actor.sample:
    case Actor.send:
      return which < nSources && hasRoom();
    case Actor.operation:
      return which < nOperations;
    case Actor.pin:
      return hasRoom() && pinWants(which >> 8, which & 0xff) && mayPinFly(which >> 8, which & 0xff);
    case Actor.queue:
      return which < nIommus && canExecute(which);
    case Actor.drop:
      return which >> 8 < nIommus && isLine(which >> 8, which & 0xff);
    case Actor.timer:
      return which >> 4 < nCpus && (which & 15) < nTimers && load<u8>(timerAt(which >> 4, which & 15)) != 0;
    default:
      return actor == Actor.probe;
  }
}

/** Whether an action is enabled, without a look at any other. */
export function isEnabledAlone(action: u32): bool {
  const which = action & 0xfff;
  // an interrupt exists if it is pending, which `mayInterrupt` looks at only where it may be taken; so with timers
  const taken = action >> 12 == Actor.interrupt || action >> 12 == Actor.timer;
  if (!taken && !exists(action >> 12, which)) return false;
  switch (action >> 12) {
    case Actor.cpu: {
      const level = current(which);
      return !(assumes(Assumption.promptRecognition) && mayInterrupt(which, level)) && enabled(which, level);
    }
    case Actor.interrupt:
      return which < nCpus && mayInterrupt(which, current(which));
    case Actor.message:
      return isMovable(messageOf(which >> 4, which & 15));
    case Actor.raise:
      return !probing() && load<u32>(srcAt(which), Src.left) != 0 && mayRaise(which) && !isSilent(which);
    case Actor.sample:
      return load<u8>(srcAt(which), Src.condition) != 0 && maySample(which) && !isSilent(which) && mayFly(which);
    case Actor.send:
      return load<u8>(srcAt(which), Src.held) != 0;
    case Actor.operation:
      return !probing() && operationBegins(which);
    case Actor.pin:
    case Actor.queue:
    case Actor.drop:
      return true;
    case Actor.timer: {
      if (which >> 4 >= nCpus) return false;
      const level = current(which >> 4);
      if ((assumes(Assumption.promptRecognition) && mayInterrupt(which >> 4, level)) || !takesTimers(which >> 4, level)) return false;
      return exists(Actor.timer, which);
    }
    default:
      return false;
  }
}

/** Executes an action that is enabled. Returns true if it was a visible step. */
export function perform(action: u32): bool {
  const which = action & 0xfff;
  switch (action >> 12) {
    case Actor.cpu:
      step(which, current(which));
      return visible;
    case Actor.interrupt:
      acknowledge(which);
      return true;
    case Actor.message:
      moveMessage(messageOf(which >> 4, which & 15));
      return true;
    case Actor.raise: {
      const at = srcAt(which);
      const left = load<u32>(at, Src.left);
      if (left != UNBOUNDED) store<u32>(at, left - 1, Src.left);
      raise(which);
      return true;
    }
    case Actor.sample:
      sample(which);
      return true;
    case Actor.send:
      sendHeld(which);
      return true;
    case Actor.operation:
      beginOperation(which);
      return false;
    case Actor.pin:
      sendPin(which >> 8, which & 0xff);
      return true;
    case Actor.queue:
      executeNext(which);
      return true;
    case Actor.drop:
      dropLine(which >> 8, which & 0xff);
      record(Event.evict, which >> 8, which & 0xff, 0);
      return false;
    case Actor.timer:
      // its interrupt, of which this is all that is modelled, is acknowledged
      fireTimer(which >> 4, which & 15);
      return true;
    default:
      if (which == 0) beginProbe();
      else probeRaise();
      return which != 0;
  }
}

/** Derived fields after an image was unpacked, of CPUs of a mask by their indexes modulo 32. */
export function derive(cpus: u32): void {
  for (let c: u32 = 0; c < nCpus; c++) {
    if ((cpus >> (c & 31)) & 1) deriveCpu(cpuAt(c));
  }
}
