/** Footprints of what remapping units do: with a message, with the descriptor at the head of a queue, with what they have cached. */
import { AmdControl } from '../state/abi/amd';
import { Assumption, Settings } from '../state/abi/tables';
import { Msg } from '../state/abi/fields';
import { Remap } from '../state/abi/iommu';
import { Flight, Thing } from '../state/abi/resources';
import { assumes, cpuOfApicId, isAmd, msgAt, remapAt, setting } from '../state/access';
import { descriptorAt } from '../state/descriptors';
import { nAmds } from '../state/layout';
import { Stage } from '../fabric/flight';
import { originOfUnit } from '../fabric/iommu';
import { interruptsAtHead, isWait, statusAtHead, undrained } from '../fabric/queueStep';
import { requesterOf, unitFor } from '../fabric/remap';
import { cachedDevice } from '../iommu/amd/cache';
import { controls } from '../iommu/amd/control';
import { wordOf } from '../iommu/amd/guest';
import { hasDeviceLines } from '../iommu/amd/lines';
import { deviceAddress } from '../iommu/amd/tables';
import * as amd from '../iommu/amd/translate';
import { entryAddress } from '../iommu/vtd/translate';
import { fillAll, flightBit, readsWord, touchGuest, touchPlace, touchTables, touchThing, touchVariable, writesWord } from './resources';

/** Unit u sends an interrupt of its own. */
function declareOwn(at: usize, u: u32): void {
  touchThing(at, Thing.pool, true, true);
  writesWord(at, 2, flightBit(Flight.tail, originOfUnit(u)));
}

/** An AMD unit posts message m: the IRR in the page, and maybe an entry of the log with its interrupt. */
function declarePosting(at: usize, m: u32, u: u32): void {
  const what = load<u32>(remapAt(m), Remap.data);
  touchGuest(at, wordOf(load<u64>(remapAt(m), Remap.pda), what & 0xff), true, true);
  // whether the guest runs
  touchGuest(at, load<u32>(remapAt(m), Remap.destination), true, false);
  if ((what & amd.LOGS) == 0) return;
  touchThing(at, Thing.queues, true, true);
  if (controls(u, AmdControl.gaIntEn)) declareOwn(at, u);
}

/** An AMD unit looks message m up, in the device table and in the table of its device. */
function declareLookUp(at: usize, m: u32, u: u32): void {
  const requester = requesterOf(m);
  if (cachedDevice(u, requester) != 0) {
    // what an older device entry leads to is kept: rare, so anything
    fillAll(at);
    return;
  }
  const halves = assumes(Assumption.irteHalves);
  touchThing(at, Thing.lines, true, halves);
  touchGuest(at, deviceAddress(u, requester), true, false);
  if (halves) touchTables(at);
  else touchGuest(at, amd.entryOf(u, requester, load<u32>(msgAt(m), Msg.address), load<u32>(msgAt(m), Msg.data)), true, false);
}

/** What a unit does with message m of origin `origin`: it looks its entry up, or posts it; it may block it. */
export function declareTranslation(at: usize, m: u32, origin: u32): void {
  const u = unitFor(m);
  if (u < 0) return;
  const message = msgAt(m);
  const isPosting = load<u8>(message, Msg.stage) == Stage.posting;
  writesWord(at, 2, flightBit(Flight.landed, origin));
  // a pin is told that its request was blocked, or posted
  if (load<u16>(message, Msg.pin) != 0) touchThing(at, Thing.pins, true, true);
  if (isAmd(u)) {
    if (isPosting) declarePosting(at, m, u);
    else declareLookUp(at, m, u);
    return;
  }
  if (isPosting) {
    const descriptor = descriptorAt(load<u64>(remapAt(m), Remap.pda));
    if (descriptor != 0) touchPlace(at, descriptor, true, true);
    return;
  }
  // halves that do not belong together are cached
  touchThing(at, Thing.lines, true, assumes(Assumption.irteHalves));
  touchGuest(at, entryAddress(u, load<u32>(message, Msg.address), load<u32>(message, Msg.data)), true, false);
}

/** The arrival of a doorbell at the core with this APIC id. */
export function declareDoorbell(at: usize, apicId: u32): void {
  const c = cpuOfApicId(apicId);
  if (c >= 0) touchVariable(at, setting(Settings.doorbellSlot), c, false, true);
}

/** Unit u executes the descriptor at the head of its queue. */
export function declareQueue(at: usize, u: u32): void {
  touchThing(at, Thing.queues, true, true);
  if (!isWait(u)) {
    declareDrop(at);
    touchThing(at, Thing.pool, true, true);
    return;
  }
  touchThing(at, Thing.pool, true, false);
  touchGuest(at, statusAtHead(u), false, true);
  if (interruptsAtHead(u)) declareOwn(at, u);
  for (let m = undrained(u, 0); m >= 0; m = undrained(u, m + 1)) {
    const origin = <u32>load<u16>(msgAt(m), Msg.origin);
    readsWord(at, 2, flightBit(Flight.landed, origin) | flightBit(Flight.rooted, origin));
  }
}

/** A unit drops lines; what an older device entry leads to, of AMD, is looked at before it goes. */
export function declareDrop(at: usize): void {
  touchThing(at, Thing.lines, true, true);
  if (nAmds != 0 && hasDeviceLines()) touchTables(at);
}
