/** Footprints of what remapping units do: with a message, with the descriptor at the head of a queue. */
import { AmdControl } from '../state/abi/amd';
import { Assumption, Settings } from '../state/abi/tables';
import { Msg } from '../state/abi/fields';
import { Remap } from '../state/abi/iommu';
import { Flight, Thing } from '../state/abi/resources';
import { assumes, cpuOfApicId, isAmd, msgAt, remapAt, setting } from '../state/access';
import { descriptorAt } from '../state/descriptors';
import { Stage } from '../fabric/flight';
import { hasWork, originOfUnit } from '../fabric/iommu';
import { interruptsAtHead, isWait, statusBehind, undrained } from '../fabric/queueStep';
import { requesterOf, unitFor } from '../fabric/remap';
import { cachedDevice } from '../iommu/amd/cache';
import { controls } from '../iommu/amd/control';
import { wordOf } from '../iommu/amd/guest';
import { deviceAddress } from '../iommu/amd/tables';
import * as amd from '../iommu/amd/translate';
import { indexOf } from '../iommu/vtd/request';
import { entryAddress } from '../iommu/vtd/translate';
import { declareInvalidation, touchLine } from './lines';
import {
  fillAll,
  flightBit,
  readsWord,
  SOMEONE,
  touchGuest,
  touchPlace,
  touchTables,
  touchThing,
  touchVariable,
  writesWord,
} from './resources';

/** Unit u sends an interrupt of its own. */
export function declareOwn(at: usize, u: u32): void {
  touchThing(at, Thing.pool, true, true);
  touchThing(at, Thing.begins, false, true);
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
  touchLine(at, SOMEONE, true, halves);
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
  const address = load<u32>(message, Msg.address);
  const data = load<u32>(message, Msg.data);
  touchLine(at, indexOf(address, data), true, assumes(Assumption.irteHalves));
  touchGuest(at, entryAddress(u, address, data), true, false);
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
    declareInvalidation(at);
    touchThing(at, Thing.pool, true, true);
    return;
  }
  touchThing(at, Thing.pool, true, false);
  touchGuest(at, statusBehind(u, 0), false, true);
  if (interruptsAtHead(u)) declareOwn(at, u);
  for (let m = undrained(u, 0); m >= 0; m = undrained(u, m + 1)) {
    const origin = <u32>load<u16>(msgAt(m), Msg.origin);
    readsWord(at, 2, flightBit(Flight.landed, origin) | flightBit(Flight.rooted, origin));
  }
}

/** What decides whether unit u can execute a descriptor, which it cannot. */
export function declareQueueGuard(at: usize, u: u32): void {
  touchThing(at, Thing.queues, true, false);
  if (!hasWork(u)) return;
  touchThing(at, Thing.pool, true, false);
  for (let m = undrained(u, 0); m >= 0; m = undrained(u, m + 1)) {
    const origin = <u32>load<u16>(msgAt(m), Msg.origin);
    readsWord(at, 2, flightBit(Flight.landed, origin) | flightBit(Flight.rooted, origin));
  }
}
