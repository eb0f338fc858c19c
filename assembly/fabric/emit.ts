/**
 * A source raises, samples its registers and sends (hardware.md 0.3 steps 1 and 2): three steps of the model. A condition whose
 * message is masked, or may not be sent, stays: it is the pending bit (C.4 E6, E11).
 */
import { Counter, Drop, Event, Property } from '../state/abi/outcomes';
import { Assumption, DeviceKind, FunctionKind, SourceSetup, Timing, Told } from '../state/abi/tables';
import { MsgKind, Src } from '../state/abi/fields';
import { assumes, firstSourceOf, nextSourceOf, now, sourceSetup, srcAt, timed, toldAt } from '../state/access';
import { sourceChanged } from '../state/changed';
import { nCpus } from '../state/layout';
import { inInterruptRange } from '../message/decode';
import { isMaster } from '../pci/function';
import * as vectors from '../pci/vectors';
import { latency, streamOfSampling } from '../clock/random';
import { PHASE_DEVICE, arm, armed } from '../clock/wheel';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { tagAdd, tagOrphan, tagsOfMessage } from '../record/tags';
import { violate } from '../record/violations';
import { launch, maySend, schedule } from './flight';
import { driveLine, onPin } from './ioapic';

/** A source may raise: a handshake device only while its irq owes nothing, any only once per sample. */
@inline export function mayRaise(s: u32): bool {
  const at = srcAt(s);
  if (load<u8>(at, Src.condition) | load<u8>(at, Src.held)) return false;
  return sourceSetup(s, SourceSetup.kind) != DeviceKind.handshake || !load<u8>(at, Src.owed);
}

function lose(s: u32, why: u32): void {
  count(Counter.dropped);
  record(Event.drop, s, 0, why);
  tagOrphan(s);
}

export function raise(s: u32): void {
  const at = srcAt(s);
  // the latency of a coalesced event counts from the oldest that is owed
  if (!load<u8>(at, Src.owed)) store<u64>(toldAt(s), now(), Told.raised);
  sourceChanged(s);
  store<u8>(at, 1, Src.owed);
  store<u8>(at, 1, Src.condition);
  count(Counter.raises);
  record(Event.raise, s, 0, 0);
  if (!onPin(s) || driveLine(s)) return;
  store<u8>(at, 0, Src.condition);
  lose(s, Drop.masked);
}


@inline function deviceOf(s: u32): u32 {
  return sourceSetup(s, SourceSetup.device);
}

/** Message that source s asks for, -1: its device sends none (E10). */
@inline function messageOf(s: u32): i32 {
  return vectors.messageFor(deviceOf(s), sourceSetup(s, SourceSetup.message));
}

/** True if nothing keeps the condition of source s from becoming a message, or from being lost. */
export function maySample(s: u32): bool {
  if (onPin(s)) return false;
  const f = deviceOf(s);
  const v = messageOf(s);
  // a comparator loses what it is not allowed to send
  if (v < 0 || vectors.kindOf(f) == FunctionKind.hpet) return true;
  return vectors.isOpen(f, v) && (isMaster(f) || !vectors.keepsUnsent(f));
}

/** ... nor of its messages that are in flight (check). */
export function mayFly(s: u32): bool {
  return maySend(deviceOf(s), s + 1, 0);
}

function send(s: u32, address: u32, data: u32): void {
  const m = launch(MsgKind.msi, deviceOf(s), s + 1, address, data);
  tagAdd(tagsOfMessage(m), s);
  if (timed()) schedule(m);
}

/**
 * The condition becomes a message (or a sample kept back); the registers are read in one instant (C.4 E1). `maySample` must hold.
 */
export function sample(s: u32): void {
  const at = srcAt(s);
  const v = messageOf(s);
  sourceChanged(s);
  store<u8>(at, 0, Src.condition);
  if (v < 0) {
    lose(s, Drop.disabledDevice);
    return;
  }
  if (!isMaster(deviceOf(s))) {
    lose(s, Drop.silenced);
    return;
  }
  if (!vectors.isOpen(deviceOf(s), v)) {
    lose(s, Drop.masked);
    return;
  }
  vectors.sampleMessage(deviceOf(s), v);
  record(Event.sample, s, vectors.sampledLo, vectors.sampledData);
  if (!inInterruptRange(vectors.sampledLo, vectors.sampledHi)) {
    count(Counter.wildWrites);
    violate(Property.noWildWrite);
    tagOrphan(s);
    return;
  }
  if (assumes(Assumption.sampleAtOnce)) {
    send(s, vectors.sampledLo, vectors.sampledData);
    return;
  }
  // a device that samples at the start of its moderation interval
  store<u8>(at, 1, Src.held);
  store<u32>(at, vectors.sampledData, Src.heldData);
  store<u32>(at, vectors.sampledLo, Src.heldAddr);
}

/** What was sampled before goes out now. */
export function sendHeld(s: u32): void {
  const at = srcAt(s);
  const address = load<u32>(at, Src.heldAddr);
  const data = load<u32>(at, Src.heldData);
  sourceChanged(s);
  store<u8>(at, 0, Src.held);
  store<u32>(at, 0, Src.heldData);
  store<u32>(at, 0, Src.heldAddr);
  record(Event.send, s, address, data);
  send(s, address, data);
}

// --- timed

/** Node of the event queue in which source s samples, or sends what it has sampled. */
@inline export function sampleNode(s: u32): u32 {
  return nCpus + 2 * s + 1;
}

export function armSample(s: u32): void {
  arm(sampleNode(s), now() + latency(Timing.sample, streamOfSampling(s)), PHASE_DEVICE);
}

/** A register of device f has changed: what it has kept back may go (E7, E13). */
export function reviewSources(f: u32): void {
  if (!timed()) return;
  for (let i = firstSourceOf(f); i != 0; i = nextSourceOf(i)) {
    const s = i - 1;
    sourceChanged(s);
    if (load<u8>(srcAt(s), Src.condition) && !armed(sampleNode(s)) && maySample(s)) armSample(s);
  }
}
