/**
 * The best failure of each property: per property u32 level + 1 (0: none), u16 action, u16 round, u64 fingerprint of the state it
 * starts from.
 */
import { Settings } from '../state/abi/tables';
import { setting } from '../state/access';
import { violations } from '../record/violations';

/** An action that is none: the state itself fails. */
export const NO_ACTION: u32 = 0xffff;
const PROPERTIES: u32 = 32;
const failures: usize = memory.data(16 * 32);

export function clearFailures(): void {
  memory.fill(failures, 0, 16 * PROPERTIES);
}

export function failuresAt(): usize {
  return failures;
}

/** Of two ways of equal length the one with fewer other steps at its end is kept, then that of the smaller fingerprint. */
function fail(property: u32, distance: u32, round: u32, fingerprint: u64, action: u32): void {
  const at = failures + ((<usize>property) << 4);
  const order = (round << 16) | action;
  const best = load<u32>(at);
  if (best != 0) {
    if (best < distance + 1) return;
    const bestRound = <u32>load<u16>(at, 6);
    const known = load<u64>(at, 8);
    if (best == distance + 1 && (bestRound < round || (bestRound == round && known < fingerprint))) return;
    if (best == distance + 1 && bestRound == round && known == fingerprint && load<u32>(at, 4) <= order) return;
  }
  store<u32>(at, distance + 1);
  store<u32>(at, order, 4);
  store<u64>(at, fingerprint, 8);
}

/** All that the state or step has violated; `distance`: visible steps up to it; `round`: that of the state. */
export function failAll(distance: u32, round: u32, fingerprint: u64, action: u32): void {
  for (let bits = violations & setting(Settings.properties); bits; bits &= bits - 1) fail(ctz(bits), distance, round, fingerprint, action);
}
