/**
 * The graph of all states and steps, for a check of liveness (design 4): each state is expanded once, and told to the host with what is
 * unfinished in it, who has a claim to a step, and where its steps lead (state/abi/graph.ts). The host looks for loops.
 *
 * No step is left out that a reduced search would leave out for leading to where another one leads: a loop may need it. Private steps
 * are joined to the one before all the same (join.ts). That hides no loop: every loop of a program has a step that is never joined, so
 * a loop of steps that nobody sees is a loop of states here; and a joined step neither enables nor disables a step of anybody else, but
 * for an unlock, behind which the lock is free in the state that is kept.
 */
import { Level, Op } from '../state/abi/instructions';
import { Actor, Status } from '../state/abi/outcomes';
import { Bag, Settings } from '../state/abi/tables';
import { Claim, EdgeFlag, Node, UNFINISHED } from '../state/abi/graph';
import { Cpu, Ctx, RunState, Src } from '../state/abi/fields';
import { codeAt, copyWords, cpuAt, ctxAt, isActive, setting, srcAt } from '../state/access';
import { nCpus, nOperations, nSources, nTimers, opBase } from '../state/layout';
import { adopt, keepParent, packChild } from '../state/family';
import { truncated } from '../state/image';
import { bitIn } from '../lapic/priority';
import { judge } from '../cpu/sequencer';
import { current, enabled, mayInterrupt } from '../cpu/schedule';
import { isStarted } from '../cpu/started';
import { takesTimers, timerAt } from '../cpu/timers';
import { clearViolations, cutShort, fault, lagging, outside } from '../record/violations';
import { becomeNow, bagRoom, isEmpty, nextRecord, pastRecord } from './bags';
import { FRONTIER_HEADER, HEADER, noteImage, seal } from './candidates';
import { join } from './join';
import { sealState } from './search';
import { enter, Entered, infoIn, visitedStates } from './visited';
import { actions, derive, enumerate, perform } from './transitions';

/** Bits of a state's number within what the visited set keeps of it. */
const ID_SHIFT: u64 = 40;
/** More states have no numbers. */
const MOST: u32 = (1 << 24) - 2;
const EDGE: usize = 8;
const CLAIMS: u32 = 4096;

const claims: usize = memory.data(2 * 4097);
let nClaims: u32 = 0;
let joins: bool = false;
let child: usize = 0;

function claim(kind: u32, which: u32): void {
  if (nClaims == CLAIMS) return;
  store<u16>(claims + ((<usize>nClaims) << 1), (kind << 12) | which);
  nClaims++;
}

/** Number of the state in the record at `at`, which is entered if it is new; 0xffffffff: there is no room. */
function numberOf(at: usize): u32 {
  const fingerprint = load<u64>(at);
  const known = infoIn(fingerprint, 0);
  if (known != 0) return <u32>(known >> ID_SHIFT) - 1;
  const id = visitedStates;
  if (id >= MOST || enter(fingerprint, 0, (<u64>(id + 1)) << ID_SHIFT) != Entered.isNew) return u32.MAX_VALUE;
  const bytes = load<u32>(at, 24);
  noteImage(bytes);
  const to = bagRoom(Bag.then, FRONTIER_HEADER + bytes);
  if (to == 0) return u32.MAX_VALUE;
  store<u64>(to, fingerprint);
  store<u32>(to, bytes, 8);
  store<u32>(to, id, 12);
  copyWords(to + FRONTIER_HEADER, at + HEADER, bytes);
  return id;
}

/** From the state as it is, behind a `searchBegin` that has entered nothing (`SearchOption.resumed`). */
export function graphBegin(reduction: u32): u32 {
  joins = reduction != 0;
  child = sealState();
  if (numberOf(child) != 0) return Status.memory;
  becomeNow(Bag.then);
  return Status.more;
}

// --- what is unfinished, and who has a claim

function owedSources(): u32 {
  let mask: u32 = 0;
  for (let s: u32 = 0; s < min(nSources, 32); s++) {
    if (load<u8>(srcAt(s), Src.owed) && isStarted(s)) mask |= 1 << s;
  }
  return mask;
}

function begunOperations(): u32 {
  let mask: u32 = 0;
  for (let o: u32 = 0; o < min(nOperations, 32); o++) {
    if (load<u8>(opBase + o) == 1) mask |= 1 << o;
  }
  return mask;
}

function heldContexts(): u32 {
  let mask: u32 = 0;
  for (let c: u32 = 0; c < min(nCpus, 16); c++) {
    if (isActive(c, Level.softirq)) mask |= 1 << (c << 1);
    if (isActive(c, Level.hardirq)) mask |= 2 << (c << 1);
  }
  return mask;
}


@inline function takesLock(c: u32, level: i32): bool {
  return (load<u32>(codeAt(load<u16>(ctxAt(c, level), Ctx.pc))) & 0xff) == Op.lock;
}

function claimsOf(c: u32): void {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.run) != RunState.running) return;
  const level = current(c);
  if (level >= 0 && enabled(c, level)) {
    claim(Claim.context, (c << 2) | level);
    if (takesLock(c, level)) claim(Claim.lock, (c << 2) | level);
  }
  if (mayInterrupt(c, level)) {
    const ppr = <u32>load<u8>(at, Cpu.ppr);
    for (let v: u32 = 16; v < 256; v++) {
      if (v >> 4 > ppr >> 4 && bitIn(at + Cpu.irr, v)) claim(Claim.vector, (c << 8) | v);
    }
  }
  if (nTimers == 0 || !takesTimers(c, level)) return;
  for (let t: u32 = 0; t < nTimers; t++) {
    if (load<u8>(timerAt(c, t))) claim(Claim.timer, (c << 4) | t);
  }
}

/** The claim that an enabled step of no CPU is, or -1: nobody has to take it. */
function claimOf(action: u32): i32 {
  switch (action >> 12) {
    case Actor.message:
      return Claim.message;
    case Actor.sample:
      return Claim.sample;
    case Actor.send:
      return Claim.send;
    case Actor.pin:
      return Claim.pin;
    case Actor.queue:
      return Claim.queue;
    default:
      return -1;
  }
}

function findClaims(n: u32): void {
  nClaims = 0;
  for (let c: u32 = 0; c < nCpus; c++) claimsOf(c);
  for (let i: u32 = 0; i < n; i++) {
    const action = <u32>load<u16>(actions + ((<usize>i) << 1));
    const kind = claimOf(action);
    if (kind >= 0) claim(kind, action & 0xfff);
  }
}

/** What an edge says of a step that is about to be taken. */
function flagsOf(action: u32): u32 {
  const c = action & 0xfff;
  if (action >> 12 == Actor.interrupt) return (<u32>load<u8>(cpuAt(c), Cpu.irrv)) << EdgeFlag.vectorShift;
  if (action >> 12 != Actor.cpu) return 0;
  const level = current(c);
  return (level << EdgeFlag.levelShift) | (takesLock(c, level) ? EdgeFlag.lock : 0);
}

// --- expansion

function expand(id: u32, image: usize, bytes: u32): u32 {
  const changed = adopt(image, bytes);
  derive(changed);
  const n = enumerate();
  findClaims(n);
  clearViolations();
  judge(setting(Settings.judgeProbe));
  const apart = lagging;
  if (fault != 0) return Status.fault;
  const padded = (nClaims + 1) & ~1;
  const room = (Node.words << 2) + (padded << 1) + n * <u32>EDGE;
  // records are multiples of 8 bytes long
  const record = bagRoom(Bag.outbox, (room + 7) & ~7);
  if (record == 0) return Status.memory;
  store<u32>(record, UNFINISHED, Node.id * 4);
  store<u32>(record, nClaims | (n << 16), Node.counts * 4);
  store<u32>(record, owedSources(), Node.owed * 4);
  store<u32>(record, begunOperations(), Node.begun * 4);
  store<u32>(record, heldContexts(), Node.held * 4);
  store<u32>(record, apart, Node.lagging * 4);
  store<u16>(claims + ((<usize>nClaims) << 1), 0);
  memory.copy(record + (Node.words << 2), claims, padded << 1);
  let edge = record + (Node.words << 2) + (padded << 1);
  keepParent(changed);
  for (let i: u32 = 0; i < n; i++, edge += EDGE) {
    const action = <u32>load<u16>(actions + ((<usize>i) << 1));
    const flags = flagsOf(action);
    clearViolations();
    const visible = perform(action);
    if (joins && cutShort) return Status.cutShort;
    if (joins) join(0);
    if (fault != 0) return Status.fault;
    if (outside) return Status.universe;
    seal(child, packChild(child + HEADER));
    if (truncated) return Status.width;
    const to = numberOf(child);
    if (to == u32.MAX_VALUE) return Status.memory;
    store<u32>(edge, to);
    store<u16>(edge, action, 4);
    store<u16>(edge, flags | (visible ? EdgeFlag.visible : 0), 6);
  }
  store<u32>(record, id, Node.id * 4);
  return Status.more;
}

/** Expands up to `budget` states; `Status.done`: there are no more. Their records are in `Bag.outbox`. */
export function graphRun(budget: u32): u32 {
  for (let i: u32 = 0; i < budget; i++) {
    let record = nextRecord();
    if (record == 0) {
      if (isEmpty(Bag.then)) return Status.done;
      becomeNow(Bag.then);
      record = nextRecord();
    }
    const bytes = load<u32>(record, 8);
    const status = expand(load<u32>(record, 12), record + FRONTIER_HEADER, bytes);
    if (status != Status.more) return status;
    pastRecord(FRONTIER_HEADER + bytes);
  }
  return Status.more;
}
