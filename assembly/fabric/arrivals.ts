/**
 * The workload of a timed run: when a source's next event comes, how fast its messages may follow each other, and what its handler
 * costs. Whole numbers throughout; each purpose draws from a stream of its own.
 */
import { CURVE_CELLS, CURVE_LEVELS, Draw, SourceSetup, Spread } from '../state/abi/tables';
import { now, sourceSetup } from '../state/access';
import { nCpus, pointBase, srcTimedBase } from '../state/layout';
import { below, random, streamOfArrivals, streamOfHandler } from '../clock/random';
import { arm, PHASE_DEVICE } from '../clock/wheel';
import { sampleNode } from './emit';

/** Node of the event queue in which source s raises; the one behind it is that in which it samples. */
@inline export function raiseNode(s: u32): u32 {
  return nCpus + 2 * s;
}

// record of a source: u32 backlog, u32 progress, u64 cycle from which on it may send

/** u32: 1 while an event waits for the handler of the one before. */
@inline export function backlog(s: u32): usize {
  return srcTimedBase + ((<usize>s) << 4);
}

/** u32: how many of its gaps are used up, or events that are left of a burst. */
@inline function progress(s: u32): usize {
  return backlog(s) + 4;
}


@inline function sendsFrom(s: u32): usize {
  return backlog(s) + 8;
}


@inline function pointAt(n: u32): u64 {
  return load<u64>(pointBase + ((<usize>n) << 3));
}

/** No event comes any more. */
const NEVER: u64 = u64.MAX_VALUE;

/** Between the two quantiles that the number drawn falls between (`CURVE_CELLS`). */
function onCurve(first: u32, stream: u32): u64 {
  // how much is left up to 1, in 2^-32
  const rest = max(~(<u32>(random(stream) >> 32)), CURVE_CELLS);
  const level = <u32>clz(rest);
  const shift = CURVE_LEVELS - 1 - level;
  const passed = <u32>(((<u64>1) << (32 - level)) - <u64>rest);
  const at = first + level * CURVE_CELLS + (passed >> shift);
  const within = passed & ((1 << shift) - 1);
  const low = pointAt(at);
  return within == 0 ? low : low + (((pointAt(at + 1) - low) * <u64>within) >> shift);
}

function oneBetween(low: u64, high: u64, stream: u32): u64 {
  const n = high - low + 1;
  return low + (n >> 32 == 0 ? <u64>below(stream, <u32>n) : random(stream) % n);
}

/** A number as the spread at these words of the setup of source s says. */
function draw(s: u32, words: u32, stream: u32): u64 {
  const first = sourceSetup(s, words + Spread.first);
  const n = sourceSetup(s, words + Spread.count);
  if (n == 0) return 0;
  switch (sourceSetup(s, words + Spread.kind)) {
    case Draw.between:
      return oneBetween(pointAt(first), pointAt(first + 1), stream);
    case Draw.curve:
      return onCurve(first, stream);
    case Draw.once:
    case Draw.cycle:
      return pointAt(first + (load<u32>(progress(s)) % n));
    default:
      return n == 1 ? pointAt(first) : pointAt(first + below(stream, n));
  }
}

/** Cycles to the next event of source s. */
function gap(s: u32): u64 {
  const stream = streamOfArrivals(s);
  const done = load<u32>(progress(s));
  if (sourceSetup(s, SourceSetup.burst + Spread.count) != 0) {
    if (done != 0) {
      store<u32>(progress(s), done - 1);
      return draw(s, SourceSetup.gap, stream);
    }
    store<u32>(progress(s), max(<u32>draw(s, SourceSetup.burst, stream), 1) - 1);
    return draw(s, SourceSetup.pause, stream);
  }
  const kind = sourceSetup(s, SourceSetup.gap + Spread.kind);
  if (kind != Draw.once && kind != Draw.cycle) return draw(s, SourceSetup.gap, stream);
  const n = sourceSetup(s, SourceSetup.gap + Spread.count);
  if (done == n && kind == Draw.once) return NEVER;
  const found = draw(s, SourceSetup.gap, stream);
  store<u32>(progress(s), kind == Draw.cycle && done + 1 == n ? 0 : done + 1);
  return found;
}

/** The next event of source s comes; of one that does not raise by itself, none does. */
export function armRaise(s: u32): void {
  if (sourceSetup(s, SourceSetup.gap + Spread.count) == 0) return;
  const cycles = gap(s);
  // time goes on from event to event, whatever was drawn
  if (cycles != NEVER) arm(raiseNode(s), now() + max(cycles, 1), PHASE_DEVICE);
}

/** True while the device keeps back what source s has to tell, since its last message is not long ago; it tells it as soon as it may. */
export function isThrottled(s: u32): bool {
  if (now() >= load<u64>(sendsFrom(s))) return false;
  arm(sampleNode(s), load<u64>(sendsFrom(s)), PHASE_DEVICE);
  return true;
}

/** A message of source s is sent. */
export function noteMessage(s: u32): void {
  const interval = sourceSetup(s, SourceSetup.moderation);
  if (interval != 0) store<u64>(sendsFrom(s), now() + interval);
}

/** Cycles that the driver's handler of source s takes this time. */
export function handlerCost(s: u32): u64 {
  return draw(s, SourceSetup.handler, streamOfHandler(s));
}
