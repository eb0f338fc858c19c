/** What a checkpoint has kept comes back: each worker takes what it owns. */
import { forget } from './amended';
import { FRONTIER_HEADER, isOwn, setLevel } from './candidates';
import { bagRoom } from './bags';
import { Entered, enter, expectStates, slotBytes } from './visited';
import { resumeSearch } from './search';

/** The search goes on in this round, with about so many states. False: out of memory. */
export function resumeAt(level: u32, round: u32, states: u32): bool {
  resumeSearch(level, round);
  setLevel(level);
  forget(true);
  return expectStates(states);
}

/** States of the visited set, as `copyStates` wrote them. False: out of memory. */
export function restoreStates(at: usize, bytes: u32): bool {
  const stride = slotBytes();
  const wide = stride == 24;
  for (let p = at; p + stride <= at + bytes; p += stride) {
    if (!isOwn(load<u64>(p))) continue;
    if (enter(load<u64>(p), wide ? load<u64>(p, 16) : 0, load<u64>(p, 8)) == Entered.full) return false;
  }
  return true;
}

/** Records of a bag of states. False: out of memory. */
export function restoreFrontier(bag: u32, at: usize, bytes: u32): bool {
  const more: u32 = slotBytes() == 24 ? 8 : 0;
  for (let p = at; p < at + bytes;) {
    const size = FRONTIER_HEADER + load<u32>(p, 8) + more;
    if (isOwn(load<u64>(p))) {
      const to = bagRoom(bag, size);
      if (to == 0) return false;
      memory.copy(to, p, size);
    }
    p += size;
  }
  return true;
}
