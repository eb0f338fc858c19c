/** A message arrives: decode, destination, acceptance or drop (hardware.md 0.3 steps 5 and 6). */
import { NONE } from '../state/abi/instructions';
import { Counter, Drop, Event } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { Cpu, Ctx, Msg, MsgKind, RunState } from '../state/abi/fields';
import { ApicMode } from '../state/abi/lapic';
import { Remap, RemapFlag } from '../state/abi/iommu';
import { cpuAt, cpuOfApicId, ctxAt, msgAt, remapAt, setActive, setting, timed } from '../state/access';
import { LEVELS, nIommus } from '../state/layout';
import { acceptFixed } from '../lapic/accept';
import { EXT_INT, FIXED, INIT, latch, LOWEST, NMI, SMI, STARTUP } from '../lapic/latch';
import { init } from '../lapic/reset';
import * as decode from '../message/decode';
import { arbitrate, isBroadcast, nextTarget, Reach } from '../message/match';
import { kick } from '../clock/kick';
import { count, noteSipi } from '../record/counters';
import { record } from '../record/ring';
import { tagClear, tagCopy, tagsOfMessage, tagsOn } from '../record/tags';
import { landEoi } from './eoi';
import { landWrite } from './dma';
import { ring } from './doorbell';
import { carryOut } from './effects';
import { landRequest } from './function';
import { land, Stage, unmarkMessages } from './flight';
import { tellPin } from './ioapic';

/** CPU that a SIPI has just started, or -1: its context still stands in front of private instructions. */
export let started: i32 = -1;

export function clearStarted(): void {
  started = -1;
}

/** SIPI starts a core that waits for it, and is never kept (A.6.2). Where no program says what it executes, nothing does. */
function startup(c: u32, v: u32): bool {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.run) != RunState.waitForSipi) {
    dropped(c, 0);
    return false;
  }
  store<u8>(at, RunState.running, Cpu.run);
  store<u8>(at, v, Cpu.sipiVector);
  noteSipi(c, v);
  const entry = setting(Settings.apStart);
  if (entry == 0) return true;
  setActive(c, 0, true);
  store<u16>(ctxAt(c, 0), entry, Ctx.pc);
  started = c;
  kick(c);
  return true;
}

function dropped(c: u32, v: u32): void {
  count(Counter.dropped);
  record(Event.drop, c, v, Drop.noEffect);
}

/** The message arrives at one LAPIC; true if it is accepted there. `shared`: it arrives at others too. */
function arriveAt(c: u32, mode: u32, data: u32, m: u32, shared: bool): bool {
  const v = decode.vectorOf(data);
  let accepted = true;
  switch (mode) {
    case FIXED:
    case LOWEST:
      // a message for several LAPICs carries its events to each
      if (shared && tagsOn()) tagCopy(spareTags(), tagsOfMessage(m));
      accepted = acceptFixed(c, v, decode.isLevel(data), shared ? spareTags() : tagsOfMessage(m));
      if (accepted) kick(c);
      else if (shared) tagClear(spareTags());
      break;
    case INIT:
      init(c);
      // an access or mdelay that INIT ended waits for nothing any more
      if (!timed()) unmarkMessages((<u64>0xf) << (c * LEVELS));
      break;
    case STARTUP:
      accepted = startup(c, v);
      break;
    case SMI:
    case NMI:
    case EXT_INT:
      accepted = latch(c, mode, v);
      if (!accepted) dropped(c, v);
      break;
    default:
      accepted = false;
      dropped(c, v);
  }
  carryOut(c);
  return accepted;
}

const spare: usize = memory.data(4);


@inline function spareTags(): usize {
  return spare;
}

/** What has become of a message for LAPICs. */
enum Outcome {
  /** nobody has the id, or is in the set */
  noTarget,
  refused,
  accepted,
}


@inline function outcomeOf(accepted: bool): Outcome {
  return accepted ? Outcome.accepted : Outcome.refused;
}

/** Message m arrives at all that it reaches. */
function arriveAtAll(m: u32, reach: u32, dest: u32, mode: u32, data: u32): Outcome {
  let outcome = Outcome.noTarget;
  let shared = false;
  let c = nextTarget(reach, dest, NONE, 0);
  while (c >= 0) {
    const next = nextTarget(reach, dest, NONE, <u32>c + 1);
    shared = shared || next >= 0;
    outcome = max(outcome, outcomeOf(arriveAt(c, mode, data, m, shared)));
    c = next;
  }
  return outcome;
}

/** An IPI for several has one message each, which says for whom; any other is for who has the id. */
function deliverIpi(m: u32, mode: u32): Outcome {
  const at = msgAt(m);
  // no IPI is level-triggered
  const data = load<u32>(at, Msg.data) & 0x7fff;
  const dest = load<u32>(at, Msg.address);
  let c = <i32>load<u16>(at, Msg.source) - 1;
  if (c < 0) {
    if (timed()) return arriveAtAll(m, Reach.physical, dest, mode, data);
    // the footprints of a check know ids as the hardware gave them
    c = cpuOfApicId(dest);
  }
  if (c < 0 || load<u8>(cpuAt(c), Cpu.mode) == ApicMode.disabled) return Outcome.noTarget;
  return outcomeOf(arriveAt(c, mode, data, m, false));
}

/** `RemapFlag`s of a message; 0: it is as it was sent. */
@inline function remapFlags(m: u32): u32 {
  return nIommus == 0 ? 0 : <u32>load<u16>(remapAt(m), Remap.flags);
}


@inline function dataOf(m: u32): u32 {
  return remapFlags(m) & RemapFlag.remapped ? load<u32>(remapAt(m), Remap.data) : load<u32>(msgAt(m), Msg.data);
}

function deliverMsi(m: u32, mode: u32): Outcome {
  const flags = remapFlags(m);
  const remapped = (flags & RemapFlag.remapped) != 0;
  const address = load<u32>(msgAt(m), Msg.address);
  const dest = remapped ? load<u32>(remapAt(m), Remap.destination) : decode.destinationOf(address);
  const redirect = remapped ? (flags & RemapFlag.redirect) != 0 : decode.hasRedirectionHint(address);
  const logical = remapped ? (flags & RemapFlag.logical) != 0 : decode.isLogical(address);
  const data = dataOf(m);
  if (!logical) {
    // a broadcast id is no destination to be redirected (C.3.3)
    return redirect && isBroadcast(dest) ? Outcome.noTarget : arriveAtAll(m, Reach.physical, dest, mode, data);
  }
  if (!redirect && mode != LOWEST) return arriveAtAll(m, Reach.logical, dest, mode, data);
  const c = arbitrate(Reach.logical, dest, NONE, decode.vectorOf(data));
  return c < 0 ? Outcome.noTarget : outcomeOf(arriveAt(c, mode, data, m, false));
}

/** False if no LAPIC has accepted it: a vector refused, not what a core drops. A destination that does not exist: it vanishes (A.7.1). */
function reachLapics(m: u32): bool {
  const data = dataOf(m);
  const mode = decode.deliveryModeOf(data);
  const outcome = load<u8>(msgAt(m), Msg.kind) == MsgKind.ipi ? deliverIpi(m, mode) : deliverMsi(m, mode);
  if (outcome == Outcome.noTarget) {
    count(Counter.noTarget);
    record(Event.drop, NONE, decode.vectorOf(data), Drop.noTarget);
  }
  return outcome == Outcome.accepted || (outcome == Outcome.refused && mode != FIXED && mode != LOWEST);
}

/**
 * True if message m, whatever becomes of it now, tells one LAPIC nothing but that a vector is pending that is no level, or tells none anything:
 * an EOI that is written a little later makes no difference to it (assembly/cpu/ahead.ts).
 */
export function isPlain(m: u32): bool {
  switch (<u32>load<u8>(msgAt(m), Msg.kind)) {
    case MsgKind.eoi:
      return true;
    case MsgKind.msi:
      if (<u32>load<u8>(msgAt(m), Msg.stage) == Stage.beforeRoot) return true;
      if (remapFlags(m) & RemapFlag.doorbell) return false;
    // falls through
    case MsgKind.ipi:
      return decode.deliveryModeOf(dataOf(m)) == FIXED && !decode.isLevel(dataOf(m));
    default:
      return false;
  }
}

/** Message m reaches its end and is gone. */
export function deliver(m: u32): void {
  switch (<u32>load<u8>(msgAt(m), Msg.kind)) {
    case MsgKind.write:
      landWrite(m);
      break;
    case MsgKind.eoi:
      landEoi(m);
      break;
    case MsgKind.config:
    case MsgKind.table:
      landRequest(m);
      return;
    default:
      if (remapFlags(m) & RemapFlag.doorbell) ring(load<u32>(remapAt(m), Remap.destination));
      else tellPin(m, reachLapics(m));
  }
  land(m);
}
