/**
 * What a message does at the root complex: it goes on, or through the remapping unit of its requester (hardware.md 0.3 step 4).
 * What a unit makes of it is decided in one instant, at the end of the lookup: what is invalidated before is not used any more.
 */
import { Counter, Event, Property } from '../state/abi/outcomes';
import { Assumption, FunctionKind, FunctionSetup, Timing } from '../state/abi/tables';
import { Msg } from '../state/abi/fields';
import { FaultReason, IommuSetup, Remap, RemapFlag } from '../state/abi/iommu';
import { PidWord } from '../state/abi/instructions';
import { assumes, functionSetup, iommuSetup, isAmd, msgAt, remapAt, requesterOf as requesterOfOrigin, timed } from '../state/access';
import { descriptorAt, pirTags } from '../state/descriptors';
import { nCpus, nDevices, nInstructions, nIoapics, nIommus } from '../state/layout';
import { remaps as amdRemaps } from '../iommu/amd/control';
import { unitOf } from '../iommu/scope';
import { Translation } from '../iommu/translation';
import { dropByChance } from '../iommu/vtd/cache';
import { recordFault } from '../iommu/vtd/fault';
import { Posting, notificationDestination, notificationVector, pirOf, post } from '../iommu/vtd/posting';
import { indexOf } from '../iommu/vtd/request';
import * as unit from '../iommu/vtd/translate';
import { translate } from '../iommu/vtd/translate';
import { kickWaiters } from '../clock/kick';
import { latency, random, streamOfOrigin } from '../clock/random';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { tagMove, tagsOfMessage, tagsOn } from '../record/tags';
import { violate } from '../record/violations';
import { Stage, hold, land, leaveUnit, reachRoot } from './flight';
import * as amd from './amd';
import { becomePosted, originOfUnit, reviewUnits, vanish } from './iommu';
import { sendWaiting } from './ipi';
import { tellPin } from './ioapic';

/** Who has sent message m, as units know it. */
export function requesterOf(m: u32): u32 {
  const origin = <u32>load<u16>(msgAt(m), Msg.origin);
  const isKnown = origin < nDevices || origin - nDevices - nCpus < nIoapics;
  return isKnown ? requesterOfOrigin(origin) : load<u16>(msgAt(m), Msg.requester);
}


@inline function unitOfMessage(m: u32): u32 {
  return <u32>load<u8>(remapAt(m), Remap.unit) - 1;
}

/** The unit that message m comes to, which stands in front of the root complex; -1: none. The events of units themselves come to none. */
function unitAhead(m: u32): i32 {
  const origin = <u32>load<u16>(msgAt(m), Msg.origin);
  if (nIommus == 0 || (origin < nDevices && functionSetup(origin, FunctionSetup.kind) == FunctionKind.dmar)) return -1;
  return unitOf(requesterOf(m));
}

/** The unit that is to translate message m, which has not passed the root complex, or has it; -1: none does. */
export function unitFor(m: u32): i32 {
  const u = load<u8>(msgAt(m), Msg.stage) == Stage.beforeRoot ? unitAhead(m) : <i32>unitOfMessage(m);
  return u >= 0 && (isAmd(u) ? amdRemaps(u) : unit.remaps(u)) ? u : -1;
}

function take(timing: u32, u: u32): u32 {
  return !timed() ? 0 : latency(timing, streamOfOrigin(originOfUnit(u)));
}

/** The message is in unit u, which looks its entry up. */
function enter(m: u32, u: u32): void {
  const at = remapAt(m);
  store<u8>(at, u + 1, Remap.unit);
  if (!unit.remaps(u)) {
    reachRoot(m);
    return;
  }
  const address = load<u32>(msgAt(m), Msg.address);
  const data = load<u32>(msgAt(m), Msg.data);
  if (iommuSetup(u, IommuSetup.randomEvict) && timed())
    dropByChance(u, indexOf(address, data), <u32>random(streamOfOrigin(originOfUnit(u))));
  const missed = unit.mustFetch(u, address, data);
  if (missed && assumes(Assumption.irteHalves)) {
    store<u16>(at, RemapFlag.missed, Remap.flags);
    store<u64>(at, unit.lowHalf(u, address, data), Remap.pda);
    store<u16>(at, indexOf(address, data), Remap.index);
    // the halves are two steps of a check
    if (!timed()) {
      hold(m, Stage.inUnit, 0);
      return;
    }
  }
  if (!timed()) {
    translateMessage(m);
    return;
  }
  hold(m, Stage.inUnit, take(missed ? Timing.irMiss : Timing.irHit, u));
}

function block(m: u32, u: u32, index: u32, reason: u32, isRecorded: bool): void {
  const requester = requesterOf(m);
  count(Counter.faults);
  record(Event.fault, u, index | (reason << 16), requester);
  if (nInstructions != 0) violate(Property.noFault);
  if (isRecorded && timed()) recordFault(u, reason, index, requester);
  vanish(m, u);
}

function noteRemap(u: u32, at: usize, posted: bool): void {
  const how: u32 = (unit.missed ? 1 : 0) | (posted ? 2 : 0);
  record(Event.remap, u, unit.index, how | ((load<u32>(at, Remap.data) & 0xff) << 8) | (load<u32>(at, Remap.destination) << 16));
}

function translateMessage(m: u32): void {
  const u = unitOfMessage(m);
  const at = msgAt(m);
  switch (translate(u, remapAt(m), requesterOf(m), load<u32>(at, Msg.address), load<u32>(at, Msg.data))) {
    case Translation.blocked:
      block(m, u, unit.index & 0xffff, unit.reason, unit.isRecorded);
      break;
    case Translation.posted:
      noteRemap(u, remapAt(m), true);
      hold(m, Stage.posting, take(Timing.irPost, u));
      if (!timed()) becomePosted(m, load<u32>(remapAt(m), Remap.pda));
      break;
    case Translation.remapped:
      noteRemap(u, remapAt(m), false);
      leaveUnit(m);
      break;
    default:
      leaveUnit(m);
  }
}

/** Where a descriptor has changed: PIR has taken up what the message carried, and who waits looks again. */
function notePosted(m: u32, descriptor: usize, vector: u32): void {
  const word = pirOf(descriptor, vector);
  const tags = tagsOn() ? pirTags(word) : 0;
  if (tags != 0) tagMove(tags, tagsOfMessage(m));
  kickWaiters(word);
  kickWaiters(descriptor + PidWord.control * 4);
}

/** The descriptor is updated; the message ends there, or goes on as the notification, an edge (hardware.md E.2). */
function postMessage(m: u32): void {
  const u = unitOfMessage(m);
  const at = remapAt(m);
  const pda = load<u64>(at, Remap.pda);
  const vector = load<u32>(at, Remap.data) & 0xff;
  const flags = <u32>load<u16>(at, Remap.flags);
  const descriptor = descriptorAt(pda);
  const outcome = descriptor == 0 ? Posting.reserved : post(descriptor, vector, (flags & RemapFlag.urgent) != 0, unit.isExtended(u));
  if (outcome == Posting.reserved) {
    const reason = descriptor == 0 ? FaultReason.pidUnreadable : FaultReason.pidReserved;
    block(m, u, load<u16>(at, Remap.index), reason, (flags & RemapFlag.hidden) == 0);
    return;
  }
  const notifies = outcome == Posting.notify;
  const whom = notifies ? notificationDestination << 8 : 0;
  record(Event.post, u | whom, vector | (notifies ? 0x100 | (notificationVector << 16) : 0), <u32>pda);
  notePosted(m, descriptor, vector);
  tellPin(m, true);
  if (!notifies) {
    land(m);
    return;
  }
  // the pin has been told
  store<u16>(msgAt(m), 0, Msg.pin);
  store<u32>(at, notificationDestination, Remap.destination);
  store<u32>(at, notificationVector | 0x4000, Remap.data);
  store<u16>(at, RemapFlag.remapped | (flags & (RemapFlag.stale | RemapFlag.awaited)), Remap.flags);
  leaveUnit(m);
}

/** Message m, which has not passed the root complex yet, moves on. */
export function passRoot(m: u32): void {
  const stage = <u32>load<u8>(msgAt(m), Msg.stage);
  if (stage == Stage.beforeRoot) {
    const u = unitAhead(m);
    if (u < 0) reachRoot(m);
    else if (isAmd(u)) amd.enter(m, u, requesterOf(m));
    else enter(m, u);
    return;
  }
  if (isAmd(unitOfMessage(m))) amd.moveOn(m, unitOfMessage(m), stage == Stage.inUnit);
  else if (stage == Stage.inUnit) translateMessage(m);
  else postMessage(m);
  sendWaiting();
  reviewUnits();
}
