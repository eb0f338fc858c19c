/** EOI broadcast (hardware.md A.12): messages from a CPU to the IOAPICs. */
import { Event } from '../state/abi/outcomes';
import { Msg, MsgKind } from '../state/abi/fields';
import { msgAt, timed } from '../state/access';
import { nDevices, nIoapics } from '../state/layout';
import { record } from '../record/ring';
import { hasRoom, launch, schedule } from './flight';
import { retireAt } from './ioapic';

/**
 * CPU c has retired the level-triggered vector v: a message to every IOAPIC, each with a latency of its own. Until it is
 * there the LAPIC may take other interrupts. A CPU cannot be held back: what finds the pool full arrives at once.
 */
export function broadcastEoi(c: u32, v: u32): void {
  for (let i: u32 = 0; i < nIoapics; i++) {
    if (!hasRoom()) {
      retireAt(i, v);
      continue;
    }
    const m = launch(MsgKind.eoi, nDevices + c, 0, i, v);
    record(Event.broadcast, c, v, i);
    if (timed()) schedule(m);
  }
}

/** Message m is an EOI and has reached its IOAPIC. */
export function landEoi(m: u32): void {
  retireAt(load<u32>(msgAt(m), Msg.address), load<u32>(msgAt(m), Msg.data));
}
