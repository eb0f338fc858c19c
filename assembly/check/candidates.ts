/**
 * States that steps have led to, before they are looked up: hashed first and entered in batches, so that the misses of the
 * visited set overlap. What another worker owns goes to its outbox.
 *
 * A record: u64 fingerprint, u64 info, u64 second fingerprint, u32 bytes of the image, u32 unused, then the image.
 */
import { Bag } from '../state/abi/tables';
import { copyWords } from '../state/access';
import { avalanche, hash } from '../state/hash';
import { packChild } from '../state/family';
import { bagRoom } from './bags';
import { amend, forget } from './amended';
import { asleepIn, better, Entered, enter, levelIn, touch } from './visited';

export const HEADER: u32 = 32;
/** A record of the frontier: u64 fingerprint, u32 bytes of the image, u32 steps that sleep, then the image. */
export const FRONTIER_HEADER: u32 = 16;
const BATCH: u32 = 64;
/** Places in the table of states offered a short while ago, 16 bytes each: fingerprint, info. */
const RECENT: usize = 1 << 15;
/** Seed of the second fingerprint. */
const SECOND: u64 = 0x6a09e667f3bcc908;

let recent: usize = 0;
let area: usize = 0;
let areaEnd: usize = 0;
let most: u32 = 0;
let end: usize = 0;
let waiting: u32 = 0;
let is128: bool = false;
/** Many children are found again and again: it pays to look at the last ones first. */
let repeats: bool = false;
let self: u32 = 0;
let workers: u32 = 1;
/** What states are entered with at the level that is being expanded; the next one is one higher. */
let level: u32 = 0;

/** Bytes of the largest image entered, and of all new ones. */
export let largest: u32 = 0;
export let totalBytes: u64 = 0;
/** Keeps the reads of `touch` from being optimised away. */
export let touched: u64 = 0;

/** Bytes that the batch needs for images of at most `image` bytes. */
export function candidateBytes(image: u32): usize {
  return (RECENT << 4) + batchBytes(image);
}

function batchBytes(image: u32): usize {
  return <usize>BATCH * 512 + 2 * (<usize>image + HEADER);
}

export function openCandidates(at: usize, image: u32, wide: bool, worker: u32, team: u32, many: bool): void {
  recent = at;
  memory.fill(recent, 0, RECENT << 4);
  area = at + (RECENT << 4);
  areaEnd = area + batchBytes(image);
  most = image + HEADER;
  is128 = wide;
  // a fingerprint of 128 bits is not told by its half
  repeats = many && !wide;
  self = worker;
  workers = team;
  end = area;
  waiting = 0;
  forget(false);
  level = 0;
  largest = 0;
  totalBytes = 0;
}

export function setLevel(now: u32): void {
  level = now;
}


@inline function ownerOf(fingerprint: u64): u32 {
  return workers == 1 ? 0 : (((<u32>fingerprint) & 0xffff) * workers) >> 16;
}

export function isOwn(fingerprint: u64): bool {
  return ownerOf(fingerprint) == self;
}

/** Fingerprints of an image, in the first words of its record. */
export function seal(record: usize, bytes: u32): void {
  const fingerprint = hash(record + HEADER, bytes);
  store<u64>(record, fingerprint);
  if (is128) store<u64>(record, avalanche(hash(record + HEADER, bytes, SECOND)), 16);
  store<u32>(record, bytes, 24);
}

/**
 * True if the state was offered before with as good an info: three of four children are known, most of them from a short
 * while ago.
 */
@inline function wasOffered(fingerprint: u64, info: u64): bool {
  const at = recent + (((<usize>(fingerprint >> 20)) & (RECENT - 1)) << 4);
  const known = load<u64>(at, 8);
  if (load<u64>(at) == fingerprint && better(known, info) == known) return true;
  store<u64>(at, fingerprint);
  store<u64>(at, info, 8);
  return false;
}

/** Takes the state as it is, a child of the adopted one, reached with `info`, and turns it back. False: out of memory. */
export function offerChild(info: u64): bool {
  const record = end;
  const bytes = packChild(record + HEADER);
  seal(record, bytes);
  if (repeats && wasOffered(load<u64>(record), info)) return true;
  store<u64>(record, info, 8);
  const owner = ownerOf(load<u64>(record));
  if (owner != self) {
    const out = bagRoom(Bag.outbox + owner, HEADER + bytes);
    if (out == 0) return false;
    copyWords(out, record, HEADER + bytes);
    return true;
  }
  waiting++;
  end += HEADER + bytes;
  return (waiting < BATCH && end + most <= areaEnd) || enterWaiting();
}

/** Enters what has been waiting. False: out of memory. */
export function enterWaiting(): bool {
  const ok = enterRecords(area, end);
  waiting = 0;
  end = area;
  return ok;
}

/** Enters records that stand in [from, to), reading ahead where each will be looked for. False: out of memory. */
export function enterRecords(from: usize, to: usize): bool {
  for (let at = from; at < to;) {
    let stop = at;
    let sum: u64 = 0;
    for (let n: u32 = 0; n < BATCH && stop < to; n++, stop += HEADER + load<u32>(stop, 24)) sum ^= touch(load<u64>(stop));
    touched = sum;
    for (; at < stop; at += HEADER + load<u32>(at, 24)) {
      if (!enterRecord(at)) return false;
    }
  }
  return true;
}

/** A new state has an image of so many bytes. */
export function noteImage(bytes: u32): void {
  if (bytes > largest) largest = bytes;
  totalBytes += bytes;
}

function enterRecord(at: usize): bool {
  const info = load<u64>(at, 8);
  const entered = enter(load<u64>(at), load<u64>(at, 16), info);
  if (entered == Entered.known) return true;
  if (entered == Entered.full) return false;
  const bag: u32 = levelIn(info) == level ? Bag.then : Bag.later;
  if (entered == Entered.amended) {
    amend(bag, load<u64>(at));
    return true;
  }
  const bytes = load<u32>(at, 24);
  if (entered == Entered.earlier) {
    // where it stands now it will not be expanded
    amend(Bag.later, load<u64>(at));
  } else {
    noteImage(bytes);
  }
  return pushFrontier(bag, at);
}

function pushFrontier(bag: u32, record: usize): bool {
  const bytes = load<u32>(record, 24);
  const to = bagRoom(bag, FRONTIER_HEADER + bytes + (is128 ? 8 : 0));
  if (to == 0) return false;
  store<u64>(to, load<u64>(record));
  store<u32>(to, bytes, 8);
  store<u32>(to, asleepIn(load<u64>(record, 8)), 12);
  copyWords(to + FRONTIER_HEADER, record + HEADER, bytes);
  if (is128) store<u64>(to + FRONTIER_HEADER + bytes, load<u64>(record, 16));
  return true;
}
