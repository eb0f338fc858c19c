/**
 * IOAPICs in time: from an active pin to its message, from an EOI to the next one (hardware.md B.3, G.2). Each pin has a
 * node in the event queue, armed while the pin wants to send and has sent nothing yet.
 */
import { Event } from '../state/abi/outcomes';
import { Diag } from '../state/abi/lapic';
import { DeviceKind, FunctionKind, FunctionSetup, IoapicSetup, SourceSetup, Timing } from '../state/abi/tables';
import { Ioapic, Msg, MsgKind, Origin, Src } from '../state/abi/fields';
import { functionSetup, ioapicAt, ioapicSetup, msgAt, now, originAt, pinAt, sourceSetup, srcAt, timed } from '../state/access';
import { nCpus, nDevices, nIoapics, nIommus, nMessages, nPins, nSources } from '../state/layout';
import { Edge, arrive, depart, drive, forgive, isRefused, retire, wants } from '../ioapic/pin';
import { Window, pinsOf, readRegister, stuck, writeRegister } from '../ioapic/registers';
import { addressOf, dataOf, remoteIrr } from '../ioapic/rte';
import { latency, streamOfOrigin } from '../clock/random';
import { PHASE_DEVICE, arm, armed, disarm } from '../clock/wheel';
import { countDiag } from '../record/counters';
import { record } from '../record/ring';
import { tagAdd, tagsOfMessage } from '../record/tags';
import { hasRoom, launch, maySend, schedule } from './flight';

/** Cycles until a pin that found the pool full looks again. */
const RETRY: u32 = 1000;

/** List of what IOAPIC i has sent. */
@inline export function originOfPins(i: u32): u32 {
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
  if (isDue(i, pin)) sendAfter(i, pin, latency(Timing.pinToMessage, streamOfOrigin(originOfPins(i))));
}

/** True if a pin has something to send. */
export function pinWants(i: u32, pin: u32): bool {
  return i < nIoapics && pin < pinsOf(i) && wants(pinAt(i, pin));
}

/** The pin samples its entry and sends; there must be room in the pool. */
export function sendPin(i: u32, pin: u32): void {
  const at = pinAt(i, pin);
  const address = addressOf(at);
  const data = dataOf(at);
  const m = launch(MsgKind.msi, originOfPins(i), 0, address, data);
  store<u16>(msgAt(m), pin + 1, Msg.pin);
  depart(at);
  record(Event.pin, i | (pin << 8), address, data);
  for (let s: u32 = 0; s < nSources; s++) {
    if (!isOn(s, i, pin) || !load<u8>(srcAt(s), Src.condition)) continue;
    tagAdd(tagsOfMessage(m), s);
    // a line stays asserted
    if (sourceSetup(s, SourceSetup.kind) != DeviceKind.level) store<u8>(srcAt(s), 0, Src.condition);
  }
  if (timed()) schedule(m);
}

/** Number of its node behind the first. A full pool holds the pin back. */
export function pinTick(number: u32): void {
  const i = number / nPins;
  const pin = number % nPins;
  if (!wants(pinAt(i, pin))) return;
  if (hasRoom()) sendPin(i, pin);
  else sendAfter(i, pin, RETRY);
}

/** Nothing of what the pin has sent keeps it from sending more (check). */
export function mayPinFly(i: u32, pin: u32): bool {
  return maySend(originOfPins(i), 0, pin + 1);
}

// --- interrupt sources on pins; lines are active high

/** True if a source is on a pin. */
@inline export function onPin(s: u32): bool {
  return functionSetup(sourceSetup(s, SourceSetup.device), FunctionSetup.kind) == FunctionKind.pins;
}

function isOn(s: u32, i: u32, pin: u32): bool {
  return onPin(s) && sourceSetup(s, SourceSetup.message) == ((i << 8) | pin);
}

/** Message of this pin that is on its way, -1: none. */
function messageOfPin(i: u32, pin: u32): i32 {
  for (let k = <u32>load<u16>(originAt(originOfPins(i)), Origin.head); k != 0; k = load<u16>(msgAt(k - 1), Msg.next)) {
    if (load<u16>(msgAt(k - 1), Msg.pin) == pin + 1) return <i32>k - 1;
  }
  return -1;
}

/**
 * Source s drives its line: until `releaseLine`, or for a moment. False: its event is gone, the entry being masked. An edge while the
 * one before is on its way is one with it.
 */
export function driveLine(s: u32): bool {
  const where = sourceSetup(s, SourceSetup.message);
  const i = where >> 8;
  const pin = where & 0xff;
  if (i >= nIoapics || pin >= pinsOf(i)) return false;
  const edge = pinSet(i, pin, s, 1);
  if (sourceSetup(s, SourceSetup.kind) == DeviceKind.level) return true;
  pinSet(i, pin, s, 0);
  if (edge == Edge.latched) return true;
  if (edge != Edge.merged) return false;
  const m = messageOfPin(i, pin);
  if (m < 0) return true;
  tagAdd(tagsOfMessage(m), s);
  store<u8>(srcAt(s), 0, Src.condition);
  return true;
}

/** The handler of source s has run: it drives its line no more. */
export function releaseLine(s: u32): void {
  if (sourceSetup(s, SourceSetup.kind) != DeviceKind.level || !onPin(s)) return;
  const where = sourceSetup(s, SourceSetup.message);
  store<u8>(srcAt(s), 0, Src.condition);
  pinSet(where >> 8, where & 0xff, s, 0);
}

/** True while the pin has its Remote IRR set; one that does not exist is never in service. */
export function inService(i: u32, pin: u32): bool {
  return i < nIoapics && pin < pinsOf(i) && remoteIrr(pinAt(i, pin));
}

/** True if some line is stuck: in service although nothing is on its way any more (design 4). */
export function isLineStuck(): bool {
  for (let i: u32 = 0; i < nIoapics; i++) {
    for (let pin: u32 = 0; pin < pinsOf(i); pin++) {
      if (remoteIrr(pinAt(i, pin))) return true;
    }
  }
  return false;
}

/** Message m, which may be an IOAPIC's, has been accepted by a LAPIC or by none. */
export function tellPin(m: u32, accepted: bool): void {
  const message = msgAt(m);
  if (load<u16>(message, Msg.pin) == 0) return;
  const i = <u32>load<u16>(message, Msg.origin) - originOfPins(0);
  const pin = <u32>load<u16>(message, Msg.pin) - 1;
  const at = pinAt(i, pin);
  // of a message that was remapped a check has kept nothing that it was
  const kept = timed() || nIommus == 0;
  arrive(at, accepted, kept ? load<u32>(message, Msg.address) : addressOf(at), kept ? load<u32>(message, Msg.data) : dataOf(at));
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
export function pinSet(i: u32, pin: u32, source: u32, level: u32): u32 {
  if (i >= nIoapics || pin >= pinsOf(i)) return Edge.none;
  const edge = drive(pinAt(i, pin), source, level != 0);
  if (edge == Edge.lost) countDiag(Diag.edgeLostMasked);
  if (edge == Edge.merged) countDiag(Diag.edgeMerged);
  review(i, pin);
  return edge;
}

/** A write to the window of IOAPIC i: index (any width), data and EOI (32 bits; the EOI register from version 0x20 on). */
export function writeWindow(i: u32, offset: u32, bytes: u32, value: u32): void {
  if (offset == Window.select) store<u8>(ioapicAt(i), value, Ioapic.select);
  if (bytes != 4) return;
  if (offset == Window.data) ioapicWrite(i, load<u8>(ioapicAt(i), Ioapic.select), value);
  else if (offset == Window.eoi && ioapicSetup(i, IoapicSetup.version) >= 0x20) retireAt(i, value & 0xff);
}
