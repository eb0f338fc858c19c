/** What an access to a LAPIC asks of the fabric and the clock, carried out (assembly/lapic/effects.ts). */
import { timed } from '../state/access';
import { nCpus, nMessages, nSources } from '../state/layout';
import { BROADCAST, LOOK, retired, SEND, takeEffects, TIMER } from '../lapic/effects';
import { timerDue } from '../lapic/timer';
import { kick } from '../clock/kick';
import { arm, disarm, PHASE_MESSAGE } from '../clock/wheel';
import { broadcastEoi } from './eoi';
import { send } from './ipi';

/** Node of a CPU's timer in the event queue: behind CPUs, sources, messages, and the one of operations. */
@inline export function timerNode(c: u32): u32 {
  return nCpus + 2 * nSources + nMessages + 1 + c;
}

/** A check has no clock. */
function armTimer(c: u32): void {
  if (!timed()) return;
  const due = timerDue(c);
  if (due != 0) arm(timerNode(c), due, PHASE_MESSAGE);
  else disarm(timerNode(c));
}

/** After every access to the LAPIC of CPU c. */
export function carryOut(c: u32): void {
  const asked = takeEffects();
  if (asked == 0) return;
  if (asked & BROADCAST) broadcastEoi(c, retired);
  if (asked & SEND) send(c);
  if (asked & TIMER) armTimer(c);
  if (asked & LOOK) kick(c);
}
