/**
 * Posted DWORD writes of requesters that are no device of the machine. Those of one requester stay in order, interrupt
 * messages behind data (hardware.md C.6 G1, T5); between requesters there is no order.
 */
import { Counter, Drop, Event } from '../state/abi/outcomes';
import { Msg, MsgKind } from '../state/abi/fields';
import { msgAt, timed } from '../state/access';
import { isGuest, writeGuest } from '../state/guest';
import { nCpus, nDevices, nIoapics, nIommus, nRequesters } from '../state/layout';
import { inInterruptRange } from '../message/decode';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { hasRoom, launch, schedule } from './flight';

/** List of what a requester has in flight; there must be lists for requesters. */
export function originOfRequester(requester: u32): u32 {
  return nDevices + nCpus + nIoapics + nIommus + ((requester & 0xffff) % nRequesters);
}

/**
 * Requester `requester` (16 bits) writes a DWORD: to 0xfeex_xxxx an interrupt message, elsewhere guest memory once it is
 * there, and nothing where no memory is. Data may be `relaxed` in order, messages never are (C.6 G5). 1: on its way; 0: the pool of messages is full, nothing is written.
 */
export function dmaWrite(requester: u32, lo: u32, hi: u32, data: u32, relaxed: u32): u32 {
  if (!timed() || nRequesters == 0 || !hasRoom()) return 0;
  const address = lo & ~3;
  const interrupt = inInterruptRange(address, hi);
  if (!interrupt && !isGuest((<u64>address) | ((<u64>hi) << 32), 4)) {
    count(Counter.wildWrites);
    record(Event.drop, requester & 0xffff, 0, Drop.wildWrite);
    return 1;
  }
  const m = launch(interrupt ? MsgKind.msi : MsgKind.write, originOfRequester(requester), 0, address, data);
  store<u16>(msgAt(m), requester, Msg.requester);
  store<u8>(msgAt(m), relaxed && !interrupt ? 1 : 0, Msg.relaxed);
  schedule(m);
  return 1;
}

/** Message m is a write and has reached memory. */
export function landWrite(m: u32): void {
  const at = msgAt(m);
  writeGuest(load<u32>(at, Msg.address), 4, load<u32>(at, Msg.data));
  record(Event.write, load<u16>(at, Msg.requester), load<u32>(at, Msg.address), load<u32>(at, Msg.data));
}
