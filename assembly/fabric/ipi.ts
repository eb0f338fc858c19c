/**
 * IPIs from the interrupt command register on their way to the fabric (hardware.md A.6). One for several is a message to
 * each, so that they accept at different times (T7); who that is, is decided when it is sent. Those for which the pool has no
 * room wait, first come first served.
 */
import { Counter, Drop, Event } from '../state/abi/outcomes';
import { Timing } from '../state/abi/tables';
import { Glob, MsgKind } from '../state/abi/fields';
import { Lapic } from '../state/abi/lapic';
import { NONE } from '../state/abi/instructions';
import { apicIdOf, lapicAt, timed } from '../state/access';
import { globBase, nDevices } from '../state/layout';
import { endSending, NO_SHORTHAND, OTHERS, shorthandOf } from '../lapic/icr';
import { LOOK, takeEffects } from '../lapic/effects';
import { LOWEST } from '../lapic/latch';
import { arbitrate, nextTarget, Reach } from '../message/match';
import { kick } from '../clock/kick';
import { latency, streamOfOrigin } from '../clock/random';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { hasRoom, launch, schedule } from './flight';

const LOGICAL: u32 = 0x800;

function reachOf(low: u32): u32 {
  const shorthand = shorthandOf(low);
  if (shorthand == NO_SHORTHAND) return low & LOGICAL ? Reach.logical : Reach.physical;
  return shorthand == OTHERS ? Reach.others : Reach.all;
}

function vanish(v: u32): void {
  count(Counter.noTarget);
  record(Event.drop, NONE, v, Drop.noTarget);
}

/** One message: for whoever has the id, or for CPU target - 1. */
function sendOne(c: u32, address: u32, low: u32, target: u32, extra: u32): void {
  const m = launch(MsgKind.ipi, nDevices + c, target, address, low & 0xffff);
  if (timed()) schedule(m, extra);
}

/** Sends as far as the pool has room; true if that was all. */
function sendMore(c: u32): bool {
  const at = lapicAt(c);
  const low = load<u32>(at, Lapic.sendLow);
  const dest = load<u32>(at, Lapic.sendDestination);
  const reach = reachOf(low);
  if (!hasRoom()) return false;
  if (((low >> 8) & 7) == LOWEST) {
    const one = arbitrate(reach, dest, c, low & 0xff);
    if (one < 0) vanish(low & 0xff);
    else sendOne(c, apicIdOf(one), low, <u32>one + 1, 0);
    return true;
  }
  if (reach == Reach.physical && (dest & 0xff) != 0xff) {
    sendOne(c, dest, low, 0, 0);
    return true;
  }
  const from = <u32>load<u16>(at, Lapic.sendNext);
  let extra: u32 = 0;
  let target = nextTarget(reach, dest, c, from);
  if (target < 0 && from == 0) vanish(low & 0xff);
  while (target >= 0) {
    if (!hasRoom()) {
      store<u16>(at, target, Lapic.sendNext);
      return false;
    }
    sendOne(c, apicIdOf(target), low, <u32>target + 1, extra);
    extra += latency(Timing.extraTarget, streamOfOrigin(nDevices + c));
    target = nextTarget(reach, dest, c, <u32>target + 1);
  }
  return true;
}

/** Sends what CPU c has commanded, and what it has commanded behind that; false if there is no room. */
function sendAll(c: u32): bool {
  const at = lapicAt(c);
  while (load<u8>(at, Lapic.sending)) {
    if (load<u16>(at, Lapic.sendNext) == 0 && hasRoom()) {
      count(Counter.ipis);
      record(Event.ipi, c, load<u32>(at, Lapic.sendDestination), load<u32>(at, Lapic.sendLow));
    }
    if (!sendMore(c)) return false;
    endSending(c);
    // the next one is sent here; what a self IPI asks for is left
    if (takeEffects() & LOOK) kick(c);
  }
  return true;
}

/** CPU c has an IPI to send (`SEND`): now, or when those before it have gone, which leave no room in the pool. */
export function send(c: u32): void {
  if (sendAll(c)) return;
  const last = <u32>load<u16>(globBase, Glob.lastSender);
  if (load<u16>(lapicAt(c), Lapic.nextSender) != 0 || last == c + 1) return;
  if (last == 0) store<u16>(globBase, c + 1, Glob.firstSender);
  else store<u16>(lapicAt(last - 1), c + 1, Lapic.nextSender);
  store<u16>(globBase, c + 1, Glob.lastSender);
}

/** There is room in the pool again. */
export function sendWaiting(): void {
  while (true) {
    const first = <u32>load<u16>(globBase, Glob.firstSender);
    if (first == 0 || !sendAll(first - 1)) return;
    const at = lapicAt(first - 1);
    const next = load<u16>(at, Lapic.nextSender);
    store<u16>(at, 0, Lapic.nextSender);
    store<u16>(globBase, next, Glob.firstSender);
    if (next == 0) store<u16>(globBase, 0, Glob.lastSender);
  }
}
