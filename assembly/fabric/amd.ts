/** What a message does in an AMD-Vi unit (hardware.md F.3, G.2). */
import { Counter, Event, Property } from '../state/abi/outcomes';
import { Assumption, Timing } from '../state/abi/tables';
import { Msg } from '../state/abi/fields';
import { AmdEvent } from '../state/abi/amd';
import { DOORBELL, IommuSetup, Remap, RemapFlag } from '../state/abi/iommu';
import { assumes, iommuSetup, msgAt, remapAt, timed } from '../state/access';
import { variableAt } from '../state/guest';
import { nInstructions } from '../state/layout';
import { dropByChance } from '../iommu/amd/cache';
import { hasWideEntries, remaps } from '../iommu/amd/control';
import { logGuest, post, wordOf } from '../iommu/amd/guest';
import * as unit from '../iommu/amd/translate';
import { Translation } from '../iommu/translation';
import { kickWaiters } from '../clock/kick';
import { latency, random, streamOfOrigin } from '../clock/random';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { tagMove, tagsOfMessage, tagsOfVariable } from '../record/tags';
import { violate } from '../record/violations';
import { hasDoorbells, vectorOfDoorbells } from './doorbell';
import { Stage, hold, land, leaveUnit, reachRoot } from './flight';
import { becomePosted, originOfUnit, reviewInterrupts, reviewUnit, vanish } from './iommu';
import { tellPin } from './ioapic';

/** Bit 14 of a message's data. */
const ASSERT: u32 = 0x4000;
const RINGS_BY_DOORBELL: u32 = 0x300;

/** The message is in unit u, which looks up the entry of its device, and its own. */
export function enter(m: u32, u: u32, requester: u32): void {
  const at = remapAt(m);
  store<u8>(at, u + 1, Remap.unit);
  store<u16>(at, requester, Remap.requester);
  if (!remaps(u)) {
    reachRoot(m);
    return;
  }
  const address = load<u32>(msgAt(m), Msg.address);
  const data = load<u32>(msgAt(m), Msg.data);
  const stream = streamOfOrigin(originOfUnit(u));
  if (timed() && iommuSetup(u, IommuSetup.randomEvict)) dropByChance(u, requester, unit.namedBy(data), <u32>random(stream));
  const from: u64 = assumes(Assumption.irteHalves) && hasWideEntries(u) ? unit.fetchedAt(u, requester, address, data) : 0;
  if (from != 0) unit.begin(at, from);
  if (timed()) {
    let cycles: u32 = 0;
    for (let n = unit.fetches(u, requester, address, data); n > 0; n--) cycles += latency(Timing.irMiss, stream);
    hold(m, Stage.inUnit, cycles == 0 ? latency(Timing.irHit, stream) : cycles);
  } else if (from != 0) {
    // the halves are two steps of a check
    hold(m, Stage.inUnit, 0);
  } else {
    translate(m, u);
  }
}

/** The event that says so is for software of the unit; to a program it is a fault. */
function block(m: u32, u: u32, index: u32, code: u32): void {
  count(Counter.faults);
  record(Event.fault, u, index | (code << 16), load<u16>(remapAt(m), Remap.requester));
  if (nInstructions != 0) violate(Property.noFault);
  vanish(m, u);
}

function note(u: u32, at: usize, posted: bool): void {
  const how: u32 = (unit.missed ? 1 : 0) | (posted ? 2 : 0);
  const destination = posted ? 0 : load<u32>(at, Remap.destination);
  record(Event.remap, u, unit.index, how | ((load<u32>(at, Remap.data) & 0xff) << 8) | (destination << 16));
}

function translate(m: u32, u: u32): void {
  const message = msgAt(m);
  const at = remapAt(m);
  switch (unit.translate(u, at, load<u16>(at, Remap.requester), load<u32>(message, Msg.address), load<u32>(message, Msg.data))) {
    case Translation.blocked:
      block(m, u, unit.index, unit.code);
      return;
    case Translation.posted:
      note(u, at, true);
      hold(m, Stage.posting, timed() ? latency(Timing.irPost, streamOfOrigin(originOfUnit(u))) : 0);
      if (!timed()) becomePosted(m, load<u32>(at, Remap.destination));
      return;
    case Translation.remapped:
      note(u, at, false);
      break;
    default:
      store<u16>(at, (load<u16>(at, Remap.flags) & RemapFlag.stale) | RemapFlag.passed, Remap.flags);
  }
  leaveUnit(m);
  // nobody asks any more
  if (!timed()) store<u16>(at, 0, Remap.index);
}

/** The page of the guest's vAPIC is updated, and the message ends there; a doorbell has no vector and sets no IRR (F.3.3). */
function postToGuest(m: u32, u: u32): void {
  const at = remapAt(m);
  const page = load<u64>(at, Remap.pda);
  const what = load<u32>(at, Remap.data);
  const vector = what & 0xff;
  const device = <u32>load<u16>(at, Remap.requester);
  if (!post(page, vector)) {
    unit.rejectPosting(u, device, page);
    block(m, u, load<u16>(at, Remap.index), AmdEvent.pageTabHardware);
    return;
  }
  unit.lookAtGuest(u, load<u32>(at, Remap.destination));
  const rings = unit.runs;
  const who = unit.who;
  const logs = !rings && (what & unit.LOGS) != 0;
  record(Event.post, rings ? u | (who << 8) : u, vector | (rings ? RINGS_BY_DOORBELL : 0), <u32>page);
  const source = <u32>load<u16>(msgAt(m), Msg.source);
  // the page carries what it told
  if (source != 0) tagMove(tagsOfVariable(source - 1), tagsOfMessage(m));
  const variable = variableAt(wordOf(page, vector));
  if (variable != 0) kickWaiters(variable);
  if (logs) logGuest(u, who, device);
  tellPin(m, true);
  if (rings && (hasDoorbells() || vectorOfDoorbells() != 0)) ringFor(m, who);
  else land(m);
  if (timed()) reviewUnit(u);
  else if (logs) reviewInterrupts(u);
}

/** The message goes on as the doorbell for the core with this APIC id. */
function ringFor(m: u32, apicId: u32): void {
  const at = remapAt(m);
  store<u32>(at, apicId, Remap.destination);
  store<u16>(msgAt(m), 0, Msg.pin);
  const vector = vectorOfDoorbells();
  store<u32>(at, vector != 0 ? vector | ASSERT : DOORBELL, Remap.data);
  store<u16>(at, 0, Remap.index);
  const kind: u32 = vector != 0 ? RemapFlag.remapped : RemapFlag.doorbell;
  store<u16>(at, kind | (load<u16>(at, Remap.flags) & (RemapFlag.stale | RemapFlag.awaited)), Remap.flags);
  leaveUnit(m);
}

/** Message m, which unit u has looked up or posts, moves on. */
export function moveOn(m: u32, u: u32, isLookedUp: bool): void {
  if (isLookedUp) translate(m, u);
  else postToGuest(m, u);
}
