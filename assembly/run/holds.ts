/**
 * Who holds up an event, cycle by cycle: between two events of the queue nothing changes, so each span of time has one reason, which is
 * read off the state where the event is. A record says what holds it from now on; the handler's entry, or the loss, ends the last span.
 * Nothing here is seen by anybody who decides anything.
 */
import { Level, NONE, Op, PidWord } from '../state/abi/instructions';
import { Event } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { Hold } from '../state/abi/holds';
import { Cpu, Ctx, RunState, Src } from '../state/abi/fields';
import { codeAt, cpuAt, ctxAt, interruptsOn, isActive, messagesUsed, setting, srcAt } from '../state/access';
import { holdBase, HOLD_SIZE, LEVELS, nCpus, nDescriptors, nSources, tagHeadPir } from '../state/layout';
import { requests } from '../lapic/priority';
import { maySample } from '../fabric/emit';
import { onPin } from '../fabric/ioapic';
import { awaited, current, enabled } from '../cpu/schedule';
import { loadElement } from '../cpu/variables';
import { recordAside } from '../record/ring';
import { firstOf, holds, tagsOfContext, tagsOfIrr, tagsOfMessage, tagsOfVariable, tagsOn } from '../record/tags';

// record of a source: u32 Hold + 1 (0: nothing is owed), u32 what it is about, u32 CPU, u32 context + 1 that has handled it last

let kind: u32 = 0;
let about: u32 = 0;
let cpu: u32 = 0;

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
  return setting(Settings.holds) != 0 && tagsOn();
}

/** The driver's handler of source s was entered by a context: what that still carries of s is not an event any more. */
export function noteServed(s: u32, c: u32, level: u32): void {
  store<u32>(recordOf(s), c * LEVELS + level + 1, 12);
}


@inline function pcOf(c: u32): u32 {
  const level = current(c);
  return level < 0 ? NONE : <u32>load<u16>(ctxAt(c, level), Ctx.pc);
}

/** The context carries the event: what it is doing. */
function inContext(c: u32, level: u32): void {
  if (current(c) != <i32>level) {
    if (isActive(c, Level.hardirq)) say(Hold.service, firstOf(tagsOfContext(c, Level.hardirq)), c);
    else say(Hold.task, pcOf(c), c);
    return;
  }
  const pc = <u32>load<u16>(ctxAt(c, level), Ctx.pc);
  const insn = codeAt(pc);
  const op = load<u32>(insn) & 0xff;
  if (enabled(c, level)) say(Hold.handler, 0, c);
  else if (op == Op.lock) {
    const slot = load<u32>(insn, 8) & 0xffff;
    say(Hold.lock, slot | ((loadElement(slot, awaited(c, level)) - 1) << 16), c);
  } else if (op == Op.waitEq || op == Op.waitNe) say(Hold.wait, pc, c);
  else say(Hold.handler, 0, c);
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

function findContext(s: u32, handled: u32): bool {
  for (let c: u32 = 0; c < nCpus; c++) {
    if (load<u8>(cpuAt(c), Cpu.active) == 0) continue;
    for (let level = LEVELS; level-- > 0;) {
      if (!isActive(c, level) || handled == c * LEVELS + level + 1 || !holds(tagsOfContext(c, level), s)) continue;
      inContext(c, level);
      return true;
    }
  }
  return false;
}

function findIrr(s: u32): bool {
  for (let c: u32 = 0; c < nCpus; c++) {
    const at = cpuAt(c);
    for (let words = <u32>load<u8>(at, Cpu.irrWords); words != 0; words &= words - 1) {
      const w = <u32>ctz(words);
      for (let bits = load<u32>(at + Cpu.irr + ((<usize>w) << 2)); bits != 0; bits &= bits - 1) {
        const v = (w << 5) + <u32>ctz(bits);
        if (!holds(tagsOfIrr(c, v), s)) continue;
        inIrr(c, v);
        return true;
      }
    }
  }
  return false;
}

function isPosted(s: u32): bool {
  for (let i: u32 = 0; i < nDescriptors * PidWord.control; i++) {
    if (holds(tagHeadPir + ((<usize>i) << 2), s)) return true;
  }
  return false;
}

function isInFlight(s: u32): bool {
  for (let m: u32 = 0; m < messagesUsed(); m++) {
    if (holds(tagsOfMessage(m), s)) return true;
  }
  return false;
}

/** Where the event of source s is, the furthest first: it is handled from there. */
function find(s: u32): void {
  const handled = load<u32>(recordOf(s), 12);
  if (findContext(s, handled)) return;
  if (holds(tagsOfVariable(s), s)) {
    say(Hold.kernel, 0, NONE);
    return;
  }
  if (findIrr(s)) return;
  const at = srcAt(s);
  if (isInFlight(s) || (onPin(s) && load<u8>(at, Src.condition))) say(Hold.flight, 0, NONE);
  else if (isPosted(s)) say(Hold.posted, 0, NONE);
  else if (load<u8>(at, Src.held)) say(Hold.device, 0, NONE);
  else if (load<u8>(at, Src.condition)) say(Hold.device, maySample(s) ? 0 : 1, NONE);
  else if (handled != 0 && holds(tagsOfContext((handled - 1) / LEVELS, (handled - 1) % LEVELS), s)) {
    // the loop of a handler that has found one more event
    inContext((handled - 1) / LEVELS, (handled - 1) % LEVELS);
  } else say(Hold.nothing, 0, NONE);
}

/** Behind an event of the queue: records what has changed. */
export function reviewHolds(): void {
  for (let s: u32 = 0; s < nSources; s++) {
    const at = recordOf(s);
    const handled = load<u32>(at, 12);
    if (handled != 0 && !isActive((handled - 1) / LEVELS, (handled - 1) % LEVELS)) store<u32>(at, 0, 12);
    if (!load<u8>(srcAt(s), Src.owed)) {
      if (load<u32>(at) != 0) recordAside(Event.hold, s | (Hold.done << 16), 0, NONE);
      store<u32>(at, 0);
      continue;
    }
    find(s);
    if (load<u32>(at) == kind + 1 && load<u32>(at, 4) == about && load<u32>(at, 8) == cpu) continue;
    store<u32>(at, kind + 1);
    store<u32>(at, about, 4);
    store<u32>(at, cpu, 8);
    recordAside(Event.hold, s | (kind << 16), about, cpu);
  }
}
