/** A source raises, samples its registers and sends (hardware.md 0.3 steps 1 and 2): three steps of the model. */
import { Counter, Drop, Event, Property } from '../state/abi/outcomes';
import { Assumption, DeviceKind, SourceSetup } from '../state/abi/tables';
import { MsgKind, Src } from '../state/abi/fields';
import { assumes, now, sourceSetup, srcAt, timed } from '../state/access';
import { raisedBase } from '../state/layout';
import { inInterruptRange } from '../message/decode';
import { holdSample, sampledAddrHi, sampledAddrLo, sampledData, sampleMsi } from '../pci/msi';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { tagAdd, tagOrphan, tagsOfMessage } from '../record/tags';
import { violate } from '../record/violations';
import { launch, schedule } from './flight';

/** A source may raise: a handshake device only while its irq owes nothing, any only once per sample. */
@inline export function mayRaise(s: u32): bool {
  const at = srcAt(s);
  if (load<u8>(at, Src.condition) | load<u8>(at, Src.held)) return false;
  return sourceSetup(s, SourceSetup.kind) != DeviceKind.handshake || !load<u8>(at, Src.owed);
}

export function raise(s: u32): void {
  const at = srcAt(s);
  // the latency of a coalesced event counts from the oldest that is owed
  if (!load<u8>(at, Src.owed)) store<u64>(raisedBase + ((<usize>s) << 3), now());
  store<u8>(at, 1, Src.owed);
  store<u8>(at, 1, Src.condition);
  count(Counter.raises);
  record(Event.raise, s, 0, 0);
}

function send(s: u32, address: u32, data: u32): void {
  const m = launch(MsgKind.msi, sourceSetup(s, SourceSetup.device), s + 1, address, data);
  tagAdd(tagsOfMessage(m), s);
  if (timed()) schedule(m);
}

/** The condition becomes a message (or a sample kept back); the registers are read in one instant (C.4 E1). */
export function sample(s: u32): void {
  const at = srcAt(s);
  store<u8>(at, 0, Src.condition);
  if (!sampleMsi(s)) {
    count(Counter.dropped);
    record(Event.drop, s, 0, Drop.disabledDevice);
    tagOrphan(s);
    return;
  }
  record(Event.sample, s, sampledAddrLo, sampledData);
  if (!inInterruptRange(sampledAddrLo, sampledAddrHi)) {
    count(Counter.wildWrites);
    violate(Property.noWildWrite);
    tagOrphan(s);
    return;
  }
  if (assumes(Assumption.sampleAtOnce)) send(s, sampledAddrLo, sampledData);
  else holdSample(s);
}

/** What was sampled before goes out now. */
export function sendHeld(s: u32): void {
  const at = srcAt(s);
  const address = load<u32>(at, Src.heldAddr);
  const data = <u32>load<u16>(at, Src.heldData);
  store<u8>(at, 0, Src.held);
  store<u16>(at, 0, Src.heldData);
  store<u32>(at, 0, Src.heldAddr);
  record(Event.send, s, address, data);
  send(s, address, data);
}
