/**
 * Which CPUs are ahead of the clock, what they have changed there, and what they have used there that others may use too. With that
 * anybody who would have come before them can make them go back (assembly/cpu/lead.ts).
 */
import { Claim, CLAIM_WAYS, Lead, LEAD_STORE_SIZE, LEAD_STORES } from '../state/abi/lead';
import { Told } from '../state/abi/tables';
import { Ctx } from '../state/abi/fields';
import { now, toldAt } from '../state/access';
import { claimBase, leadBase, leadersBase, leadingBase, nClaimLines, nCpus } from '../state/layout';
import { leavesAt } from '../clock/kick';


@inline export function leadAt(c: u32): usize {
  return leadBase + <usize>c * Lead.size;
}


@inline function leaderWord(word: u32): usize {
  return leadersBase + ((<usize>word) << 3);
}

/** True if any CPU is ahead. */
@inline export function anyLeads(): bool {
  return load<u32>(leadingBase) != 0;
}


@inline export function leads(c: u32): bool {
  return ((load<u64>(leaderWord(c >> 6)) >> (c & 63)) & 1) != 0;
}


@inline export function setLeads(c: u32, on: bool): void {
  const word = leaderWord(c >> 6);
  store<u64>(word, load<u64>(word) ^ ((<u64>1) << (c & 63)));
  store<u32>(leadingBase, load<u32>(leadingBase) + (on ? 1 : -1));
}

/** The first CPU from `from` on that is ahead, or -1. */
export function nextLeader(from: u32): i32 {
  for (let word = from >> 6; word < (nCpus + 63) >> 6; word++) {
    const bits = load<u64>(leaderWord(word)) & (word == from >> 6 ? ~(<u64>0) << (from & 63) : ~(<u64>0));
    if (bits != 0) return (word << 6) + <u32>ctz(bits);
  }
  return -1;
}

/** Copies a context, 64 bytes. */
@inline export function copyContext(to: usize, from: usize): void {
  for (let i: usize = 0; i < <usize>Ctx.size; i += 8) store<u64>(to + i, load<u64>(from + i));
}

// --- what an element held

@inline export function hasRoomToLog(lead: usize): bool {
  return load<u32>(lead, Lead.stores) < LEAD_STORES;
}


@inline export function logStore(lead: usize, element: usize, bits: u32, value: u32): void {
  const n = load<u32>(lead, Lead.stores);
  const at = lead + Lead.log + <usize>(n * LEAD_STORE_SIZE);
  store<u32>(at, <u32>element);
  store<u32>(at, bits, 4);
  store<u32>(at, value, 8);
  store<u32>(lead, n + 1, Lead.stores);
}

// --- what others may use too

/** Claims of elements with first index i: they share a cache line, whatever the variable. */
@inline function claimsAt(i: u32): usize {
  return claimBase + <usize>(i < nClaimLines ? i : i % nClaimLines) * (CLAIM_WAYS * Claim.size);
}

/** True if the claim at `at` is of steps that its CPU may take back: if it does, it does them again, with what the element holds then. */
@inline function isHeld(at: usize): bool {
  const c = load<u32>(at, Claim.cpu);
  if (!leads(c) || load<u64>(leadAt(c), Lead.from) > load<u64>(at)) return false;
  // one that has returned does not go back
  return leavesAt(c) == 0 || leavesAt(c) >= now();
}

/**
 * CPU c uses the element, whose first index is i, at cycle `due`, ahead of the clock. False: another is ahead with it, or there is no room for
 * one claim more.
 */
@inline export function claim(element: usize, i: u32, c: u32, due: u64): bool {
  const line = claimsAt(i);
  let at = line;
  while (load<u32>(at, Claim.element) != <u32>element) {
    at += Claim.size;
    if (at == line + CLAIM_WAYS * Claim.size) return claimRoom(line, element, c, due);
  }
  if (load<u32>(at, Claim.cpu) != c) {
    if (load<u64>(at) >= now() || isHeld(at)) return false;
    store<u32>(at, c, Claim.cpu);
  }
  store<u64>(at, due);
  return true;
}

/** As `claim`, of an element that nobody has used for long. */
function claimRoom(line: usize, element: usize, c: u32, due: u64): bool {
  for (let at = line; at < line + CLAIM_WAYS * Claim.size; at += Claim.size) {
    if (load<u64>(at) >= now() || isHeld(at)) continue;
    store<u64>(at, due);
    store<u32>(at, <u32>element, Claim.element);
    store<u32>(at, c, Claim.cpu);
    return true;
  }
  return false;
}

/** True if a CPU other than c has used the element behind what c does now, or, where c `stores`, may come to use it once more. */
export function isClaimed(element: usize, i: u32, c: u32, stores: bool): bool {
  const line = claimsAt(i);
  for (let at = line; at < line + CLAIM_WAYS * Claim.size; at += Claim.size) {
    if (load<u32>(at, Claim.element) != <u32>element) continue;
    const until = load<u64>(at);
    const other = load<u32>(at, Claim.cpu);
    if (other != c && (until > now() || (until == now() && other > c) || (stores && isHeld(at)))) return true;
  }
  return false;
}

/** True if a CPU that is ahead may have used the element; `by`: as of `allGoBack`. */
export function isUsedAhead(element: usize, i: u32, by: u32): bool {
  const line = claimsAt(i);
  for (let at = line; at < line + CLAIM_WAYS * Claim.size; at += Claim.size) {
    if (load<u32>(at, Claim.element) != <u32>element) continue;
    const until = load<u64>(at);
    if (until > now() || (until == now() && load<u32>(at, Claim.cpu) >= by)) return true;
  }
  return false;
}

/** As `claim`, of the driver's handler of source s. */
export function claimSource(s: u32, c: u32, due: u64): bool {
  const at = toldAt(s);
  if (load<u64>(at, Told.claimed) >= now() && load<u32>(at, Told.claimant) != c) return false;
  store<u64>(at, due, Told.claimed);
  store<u32>(at, c, Told.claimant);
  return true;
}

/** As `isClaimed`. */
export function isSourceClaimed(s: u32, c: u32): bool {
  const until = load<u64>(toldAt(s), Told.claimed);
  const other = load<u32>(toldAt(s), Told.claimant);
  return other != c && (until > now() || (until == now() && other > c));
}
