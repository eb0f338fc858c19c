/**
 * Who holds up an event, cycle by cycle: between two events of the queue nothing changes, so each span of time has one reason, which is
 * read off the state where the event is. A record says what holds it from now on; the handler's entry, or the loss, ends the last span.
 * Behind an event of the queue only those sources are looked at for which that may be another one (assembly/state/changed.ts). Nothing here
 * is seen by anybody who decides anything.
 */
import { Level, NONE, Op } from '../state/abi/instructions';
import { Event } from '../state/abi/outcomes';
import { Hold } from '../state/abi/holds';
import { Settings } from '../state/abi/tables';
import { Cpu, CpuFlag, Ctx, RunState, Src } from '../state/abi/fields';
import { codeAt, cpuAt, ctxAt, interruptsOn, isActive, setting, srcAt } from '../state/access';
import { nextCpu, nextSource, sourceChanged, takeCpus, takeSources, waitsFor } from '../state/changed';
import {
  holdBase,
  HOLD_SIZE,
  LEVELS,
  nCpus,
  nHolds,
  nSources,
  tagHeadCtx,
  tagHeadIrr,
  tagHeadMsg,
  tagHeadPir,
  tagHeadSeen,
  tagHeadVar,
} from '../state/layout';
import { bitIn, requests } from '../lapic/priority';
import { maySample } from '../fabric/emit';
import { onPin } from '../fabric/ioapic';
import { catchUp } from '../cpu/lead';
import { awaited, current, enabled } from '../cpu/schedule';
import { loadElement } from '../cpu/variables';
import { carrierOf, firstCarrier, nextCarrier } from '../record/carriers';
import { recordAside } from '../record/ring';
import { firstOf, holds, tagsChanged, tagsOfContext, tagsOfIrr, tagsOfVariable } from '../record/tags';

// record of a source: u32 Hold + 1 (0: nothing is owed), u32 what it is about, u32 CPU, u32 context + 1 that has handled it last, and behind
// those the lists that it is in (assembly/state/changed.ts, assembly/record/carriers.ts)

let kind: u32 = 0;
let about: u32 = 0;
let cpu: u32 = 0;
/** Address of the variable that the context which carries the event stands in front of, 0: of none. */
let waited: usize = 0;
/** Whose doing it is that is looked at, as of `allGoBack`. */
let doer: u32 = 0;
/** To be looked at again behind the next event too: nobody tells when that changes. */
let again: bool = false;

function say(hold: u32, what: u32, c: u32): void {
  kind = hold;
  about = what;
  cpu = c;
}


@inline function recordOf(s: u32): usize {
  return holdBase + <usize>s * HOLD_SIZE;
}

/** True if anybody wants to know. */
@inline export function watchesHolds(): bool {
  return nHolds != 0;
}

/** The driver's handler of source s was entered by a context: what that still carries of s is not an event any more. */
export function noteServed(s: u32, c: u32, level: u32): void {
  store<u32>(recordOf(s), c * LEVELS + level + 1, 12);
}

/** Who has CPU c hangs on what its thread stands in front of. */
@inline function isUndecided(c: u32): bool {
  const tasks: u32 = (1 << Level.thread) | (1 << Level.stopper);
  return (load<u8>(cpuAt(c), Cpu.active) & tasks) == tasks && (load<u8>(cpuAt(c), Cpu.flags) & CpuFlag.shadow) != 0;
}


@inline function pcOf(c: u32): u32 {
  again = again || isUndecided(c);
  const level = current(c);
  return level < 0 ? NONE : <u32>load<u16>(ctxAt(c, level), Ctx.pc);
}

/** The context carries the event: what it is doing. */
function inContext(c: u32, level: u32): void {
  again = isUndecided(c);
  if (current(c) != <i32>level) {
    if (isActive(c, Level.hardirq)) say(Hold.service, firstOf(tagsOfContext(c, Level.hardirq)), c);
    else say(Hold.task, pcOf(c), c);
    return;
  }
  const pc = <u32>load<u16>(ctxAt(c, level), Ctx.pc);
  const insn = codeAt(pc);
  const op = load<u32>(insn) & 0xff;
  // nobody who is ahead stands in front of any of these
  if (op == Op.lock || op == Op.waitEq || op == Op.waitNe) {
    waited = awaited(c, level);
    catchUp(c, level, doer);
    if (!enabled(c, level)) {
      const slot = load<u32>(insn, 8) & 0xffff;
      if (op == Op.lock) say(Hold.lock, slot | ((loadElement(slot, waited) - 1) << 16), c);
      else say(Hold.wait, pc, c);
      return;
    }
  }
  say(Hold.handler, 0, c);
}

/** The event is pending in the IRR. */
function inIrr(c: u32, v: u32): void {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.run) != RunState.running) say(Hold.offline, 0, c);
  else if (isActive(c, Level.hardirq)) say(Hold.service, firstOf(tagsOfContext(c, Level.hardirq)), c);
  else if (!interruptsOn(c)) say(Hold.interruptsOff, pcOf(c), c);
  else if (!requests(c)) say(Hold.priority, load<u8>(at, Cpu.ppr), c);
  else if (<u32>load<u8>(at, Cpu.irrv) != v) say(Hold.priority, load<u8>(at, Cpu.irrv), c);
  else say(Hold.recognition, 0, c);
}

/** Where the event of source s is, the furthest first: it is handled from there. Of several CPUs the first, there the highest context or the lowest vector. */
function find(s: u32): void {
  const handled = load<u32>(recordOf(s), 12);
  let context = u32.MAX_VALUE;
  let pending = u32.MAX_VALUE;
  let noted = false;
  let flies = false;
  let posted = false;
  for (let node = firstCarrier(s); node != 0; node = nextCarrier(node)) {
    const set = carrierOf(node);
    if (set < tagHeadIrr) continue;
    if (set < tagHeadMsg) {
      const i = <u32>((set - tagHeadIrr) >> 2);
      if (bitIn(cpuAt(i >> 8) + Cpu.irr, i & 0xff)) pending = min(pending, i);
    } else if (set < tagHeadCtx) flies = true;
    else if (set < tagHeadSeen) {
      const i = <u32>((set - tagHeadCtx) >> 2);
      // by descending level: with its bits turned round the highest is the smallest
      if (isActive(i / LEVELS, i % LEVELS) && handled != i + 1) context = min(context, i ^ (LEVELS - 1));
    } else if (set >= tagHeadPir) posted = true;
    else if (set >= tagHeadVar && set == tagsOfVariable(s)) noted = true;
  }
  const at = srcAt(s);
  if (context != u32.MAX_VALUE) inContext(context / LEVELS, (context % LEVELS) ^ (LEVELS - 1));
  else if (noted) say(Hold.kernel, 0, NONE);
  else if (pending != u32.MAX_VALUE) inIrr(pending >> 8, pending & 0xff);
  else if (flies || (onPin(s) && load<u8>(at, Src.condition))) say(Hold.flight, 0, NONE);
  else if (posted) say(Hold.posted, 0, NONE);
  else if (load<u8>(at, Src.held)) say(Hold.device, 0, NONE);
  else if (load<u8>(at, Src.condition)) say(Hold.device, maySample(s) ? 0 : 1, NONE);
  else if (handled != 0 && holds(tagsOfContext((handled - 1) / LEVELS, (handled - 1) % LEVELS), s)) {
    // the loop of a handler that has found one more event
    inContext((handled - 1) / LEVELS, (handled - 1) % LEVELS);
  } else say(Hold.nothing, 0, NONE);
}

/** Records what holds up the event of source s from now on, if that is something else. */
function review(s: u32): void {
  const at = recordOf(s);
  waited = 0;
  again = false;
  const handled = load<u32>(at, 12);
  if (handled != 0 && !isActive((handled - 1) / LEVELS, (handled - 1) % LEVELS)) store<u32>(at, 0, 12);
  if (load<u8>(srcAt(s), Src.owed)) {
    find(s);
    if (load<u32>(at) != kind + 1 || load<u32>(at, 4) != about || load<u32>(at, 8) != cpu) {
      store<u32>(at, kind + 1);
      store<u32>(at, about, 4);
      store<u32>(at, cpu, 8);
      recordAside(Event.hold, s | (kind << 16), about, cpu);
    }
  } else if (load<u32>(at) != 0) {
    recordAside(Event.hold, s | (Hold.done << 16), 0, NONE);
    store<u32>(at, 0);
  }
  waitsFor(s, waited);
  const by = load<u32>(at, 12);
  // the end of a context tells those that it carries
  if (again || (by != 0 && !holds(tagsOfContext((by - 1) / LEVELS, (by - 1) % LEVELS), s))) sourceChanged(s);
}

/** All that is in a context of CPU c, or pending there. */
function tellSources(c: u32): void {
  for (let level: u32 = 0; level < LEVELS; level++) tagsChanged(tagsOfContext(c, level));
  const at = cpuAt(c);
  for (let words = <u32>load<u8>(at, Cpu.irrWords); words != 0; words &= words - 1) {
    const w = <u32>ctz(words);
    for (let bits = load<u32>(at + Cpu.irr + ((<usize>w) << 2)); bits != 0; bits &= bits - 1)
      tagsChanged(tagsOfIrr(c, (w << 5) + <u32>ctz(bits)));
  }
}

/** All that is owed, or was. */
function allChanged(): void {
  for (let s: u32 = 0; s < nSources; s++) {
    if (load<u8>(srcAt(s), Src.owed) || load<u32>(recordOf(s)) != 0) sourceChanged(s);
  }
}

/** Behind an event of the queue; `by`: whose doing it was, as of `allGoBack`. */
export function reviewHolds(by: u32): void {
  doer = by;
  if (setting(Settings.allHolds) != 0) allChanged();
  for (let i = takeCpus(); i != 0;) {
    const c = i - 1;
    i = nextCpu(c);
    tellSources(c);
  }
  for (let i = takeSources(); i != 0;) {
    const s = i - 1;
    i = nextSource(s);
    review(s);
  }
}

/** At the beginning of a run, whatever has been done meanwhile. */
export function reviewAllHolds(): void {
  allChanged();
  reviewHolds(nCpus);
}
