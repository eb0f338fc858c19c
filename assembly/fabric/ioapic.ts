/**
 * IOAPICs in time: from an active pin to its message, from an EOI to the next one (hardware.md B.3, G.2). Each pin has a
 * node in the event queue, armed while the pin wants to send and has sent nothing yet.
 */
import { Event } from '../state/abi/outcomes';
import { Diag } from '../state/abi/lapic';
import { IoapicSetup, Timing } from '../state/abi/tables';
import { Ioapic, Msg, MsgKind } from '../state/abi/fields';
import { ioapicAt, ioapicSetup, msgAt, now, pinAt, timed } from '../state/access';
import { nCpus, nDevices, nIoapics, nMessages, nPins, nSources } from '../state/layout';
import { Edge, arrive, depart, drive, forgive, isRefused, retire, wants } from '../ioapic/pin';
import { Window, pinsOf, readRegister, stuck, writeRegister } from '../ioapic/registers';
import { addressOf, dataOf } from '../ioapic/rte';
import { latency, streamOfOrigin } from '../clock/random';
import { PHASE_DEVICE, arm, armed, disarm } from '../clock/wheel';
import { countDiag } from '../record/counters';
import { record } from '../record/ring';
import { hasRoom, launch, schedule } from './flight';

/** Cycles until a pin that found the pool full looks again. */
const RETRY: u32 = 1000;


@inline function originOf(i: u32): u32 {
  return nDevices + nCpus + i;
}


@inline export function firstPinNode(): u32 {
  return nCpus + 2 * nSources + nMessages + 1 + nCpus;
}


@inline function nodeOf(i: u32, pin: u32): u32 {
  return firstPinNode() + i * nPins + pin;
}

/** Of a pin that may have come to want to send, or not to want it any more: true if its next message is to be armed. */
function isDue(i: u32, pin: u32): bool {
  if (!timed()) return false;
  const node = nodeOf(i, pin);
  const wanted = wants(pinAt(i, pin));
  if (!wanted) disarm(node);
  return wanted && !armed(node);
}

function sendAfter(i: u32, pin: u32, delay: u32): void {
  arm(nodeOf(i, pin), now() + delay, PHASE_DEVICE);
}

function review(i: u32, pin: u32): void {
  if (isDue(i, pin)) sendAfter(i, pin, latency(Timing.pinToMessage, streamOfOrigin(originOf(i))));
}

/** The pin samples its entry and sends: number of its node behind the first. A full pool holds it back. */
export function pinTick(number: u32): void {
  const i = number / nPins;
  const pin = number % nPins;
  const at = pinAt(i, pin);
  if (!wants(at)) return;
  if (!hasRoom()) {
    sendAfter(i, pin, RETRY);
    return;
  }
  const address = addressOf(at);
  const data = dataOf(at);
  const m = launch(MsgKind.msi, originOf(i), 0, address, data);
  store<u16>(msgAt(m), pin + 1, Msg.pin);
  depart(at);
  record(Event.pin, i | (pin << 8), address, data);
  schedule(m);
}

/** Message m, which may be an IOAPIC's, has been accepted by a LAPIC or by none. */
export function tellPin(m: u32, accepted: bool): void {
  const message = msgAt(m);
  if (load<u16>(message, Msg.pin) == 0) return;
  const i = <u32>load<u16>(message, Msg.origin) - originOf(0);
  const pin = <u32>load<u16>(message, Msg.pin) - 1;
  arrive(pinAt(i, pin), accepted, load<u32>(message, Msg.address), load<u32>(message, Msg.data));
  if (accepted) review(i, pin);
  else if (isDue(i, pin)) sendAfter(i, pin, max(ioapicSetup(i, IoapicSetup.retryInterval), 1));
}

/** An EOI of vector v reaches IOAPIC i. */
export function retireAt(i: u32, v: u32): void {
  let retired: u32 = 0;
  for (let pin: u32 = 0; pin < pinsOf(i); pin++) {
    if (!retire(pinAt(i, pin), v)) continue;
    retired++;
    if (isDue(i, pin)) sendAfter(i, pin, ioapicSetup(i, IoapicSetup.resendDelay));
  }
  record(Event.retire, i, v, retired);
}

/** True while a pin is about to send for the first time; those who found no LAPIC may go on trying for ever. */
export function pinsBusy(): bool {
  for (let i: u32 = 0; i < nIoapics; i++) {
    for (let pin: u32 = 0; pin < nPins; pin++) {
      if (armed(nodeOf(i, pin)) && !isRefused(pinAt(i, pin))) return true;
    }
  }
  return false;
}

// --- register level

/** Register `index` of IOAPIC i; 0 where there is none. */
export function ioapicRead(i: u32, index: u32): u32 {
  return readRegister(i, index);
}

export function ioapicWrite(i: u32, index: u32, value: u32): void {
  const pin = writeRegister(i, index, value);
  if (pin < 0) return;
  if (stuck) countDiag(Diag.remoteIrrStuck);
  // a rewritten entry does not wait for the retry interval of the one before
  if (forgive(pinAt(i, pin)) && timed()) disarm(nodeOf(i, pin));
  review(i, pin);
}

/** Source number `source` (0-31) drives the line of a pin to an electrical level, 0 or 1. */
export function pinSet(i: u32, pin: u32, source: u32, level: u32): void {
  if (i >= nIoapics || pin >= pinsOf(i)) return;
  const edge = drive(pinAt(i, pin), source, level != 0);
  if (edge == Edge.lost) countDiag(Diag.edgeLostMasked);
  if (edge == Edge.merged) countDiag(Diag.edgeMerged);
  review(i, pin);
}

/** A write to the window of IOAPIC i: index (any width), data and EOI (32 bits; the EOI register from version 0x20 on). */
export function writeWindow(i: u32, offset: u32, bytes: u32, value: u32): void {
  if (offset == Window.select) store<u8>(ioapicAt(i), value, Ioapic.select);
  if (bytes != 4) return;
  if (offset == Window.data) ioapicWrite(i, load<u8>(ioapicAt(i), Ioapic.select), value);
  else if (offset == Window.eoi && ioapicSetup(i, IoapicSetup.version) >= 0x20) retireAt(i, value & 0xff);
}
