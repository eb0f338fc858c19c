/** What a message does in an AMD-Vi unit, in time (hardware.md F.3, G.2). There are no such units in a check. */
import { Event } from '../state/abi/outcomes';
import { Assumption, Timing } from '../state/abi/tables';
import { Msg } from '../state/abi/fields';
import { AmdEvent } from '../state/abi/amd';
import { IommuSetup, Remap, RemapFlag } from '../state/abi/iommu';
import { assumes, iommuSetup, msgAt, remapAt } from '../state/access';
import { dropByChance } from '../iommu/amd/cache';
import { hasWideEntries, remaps } from '../iommu/amd/control';
import { logGuest, post } from '../iommu/amd/guest';
import * as unit from '../iommu/amd/translate';
import { Translation } from '../iommu/translation';
import { latency, random, streamOfOrigin } from '../clock/random';
import { record } from '../record/ring';
import { Stage, hold, land, leaveUnit, reachRoot } from './flight';
import { originOfUnit, reviewUnit, vanish } from './iommu';
import { tellPin } from './ioapic';

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
  if (iommuSetup(u, IommuSetup.randomEvict)) dropByChance(u, requester, unit.namedBy(data), <u32>random(stream));
  if (assumes(Assumption.irteHalves) && hasWideEntries(u) && unit.misses(u, requester, address, data)) {
    store<u16>(at, RemapFlag.missed, Remap.flags);
    store<u64>(at, unit.lowHalf(u), Remap.pda);
    store<u16>(at, unit.namedBy(data), Remap.index);
  }
  let cycles: u32 = 0;
  for (let n = unit.fetches(u, requester, address, data); n > 0; n--) cycles += latency(Timing.irMiss, stream);
  hold(m, Stage.inUnit, cycles == 0 ? latency(Timing.irHit, stream) : cycles);
}

function block(m: u32, u: u32, code: u32): void {
  record(Event.fault, u, unit.index | (code << 16), load<u16>(remapAt(m), Remap.requester));
  vanish(m, u);
}

function note(u: u32, at: usize, posted: bool): void {
  const how: u32 = (unit.missed ? 1 : 0) | (posted ? 2 : 0);
  record(Event.remap, u, unit.index, how | ((load<u32>(at, Remap.data) & 0xff) << 8) | (load<u32>(at, Remap.destination) << 16));
}

function translate(m: u32, u: u32): void {
  const message = msgAt(m);
  const at = remapAt(m);
  switch (unit.translate(u, at, load<u16>(at, Remap.requester), load<u32>(message, Msg.address), load<u32>(message, Msg.data))) {
    case Translation.blocked:
      block(m, u, unit.code);
      break;
    case Translation.posted:
      note(u, at, true);
      hold(m, Stage.posting, latency(Timing.irPost, streamOfOrigin(originOfUnit(u))));
      break;
    case Translation.remapped:
      note(u, at, false);
      leaveUnit(m);
      break;
    default:
      store<u16>(at, (load<u16>(at, Remap.flags) & RemapFlag.stale) | RemapFlag.passed, Remap.flags);
      leaveUnit(m);
  }
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
    record(Event.fault, u, (<u32>load<u16>(at, Remap.index)) | (AmdEvent.pageTabHardware << 16), device);
    vanish(m, u);
    return;
  }
  const rings = (what & unit.RINGS) != 0;
  const who = load<u32>(at, Remap.destination);
  record(Event.post, rings ? u | (who << 8) : u, vector | (rings ? RINGS_BY_DOORBELL : 0), <u32>page);
  if (what & unit.LOGS) logGuest(u, who, device);
  tellPin(m, true);
  land(m);
  reviewUnit(u);
}

/** Message m, which unit u has looked up or posts, moves on. */
export function moveOn(m: u32, u: u32, isLookedUp: bool): void {
  if (isLookedUp) translate(m, u);
  else postToGuest(m, u);
}
