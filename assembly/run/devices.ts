/** Devices in a timed run: their events come, and are sampled and sent a while later (hardware.md 0.3 steps 1 and 2). */
import { Counter } from '../state/abi/outcomes';
import { Assumption, DeviceKind, SourceSetup, Timing, UNBOUNDED } from '../state/abi/tables';
import { Src } from '../state/abi/fields';
import { assumes, now, sourceSetup, srcAt } from '../state/access';
import { latency, streamOfSampling } from '../clock/random';
import { arm, PHASE_DEVICE } from '../clock/wheel';
import { armSample, mayRaise, maySample, raise, sample, sampleNode, sendHeld } from '../fabric/emit';
import { hasRoom } from '../fabric/flight';
import { isSilent } from '../cpu/started';
import { count } from '../record/counters';
import { armRaise, backlog, isThrottled, noteMessage } from '../fabric/arrivals';

/** Cycles until a sender that found the pool full looks again. */
const RETRY: u32 = 1000;

/** The next event of source s comes. */
export function raiseTick(s: u32): void {
  const at = srcAt(s);
  const left = load<u32>(at, Src.left);
  if (left == 0) return;
  if (isSilent(s)) {
    armRaise(s);
    return;
  }
  if (!mayRaise(s)) {
    if (sourceSetup(s, SourceSetup.kind) == DeviceKind.handshake) {
      // the device has something to say and must wait for its handler
      store<u32>(backlog(s), 1);
      return;
    }
    // not sampled yet: one more event in the same condition
    count(Counter.joined);
    armRaise(s);
    return;
  }
  if (left != UNBOUNDED) store<u32>(at, left - 1, Src.left);
  raise(s);
  armSample(s);
  armRaise(s);
}

/** The device looks whether it has something to send for source s, or sends what it has found. */
export function sampleTick(s: u32): void {
  if (!hasRoom() || (load<u8>(srcAt(s), Src.condition) != 0 && isSilent(s))) {
    arm(sampleNode(s), now() + RETRY, PHASE_DEVICE);
    return;
  }
  const at = srcAt(s);
  if (load<u8>(at, Src.held)) {
    if (isThrottled(s)) return;
    sendHeld(s);
    noteMessage(s);
    return;
  }
  // what is masked waits for the register to change
  if (!load<u8>(at, Src.condition) || !maySample(s)) return;
  // who samples first does so at the beginning of the interval, and sends at its end
  if (assumes(Assumption.sampleAtOnce) && isThrottled(s)) return;
  sample(s);
  if (!load<u8>(at, Src.held)) noteMessage(s);
  else arm(sampleNode(s), now() + latency(Timing.send, streamOfSampling(s)), PHASE_DEVICE);
}
