/**
 * Steps of an interrupt handler with time: what assembly/cpu/sequencer.ts does, from decoded instructions. Whatever is rare is left to that.
 * Some of these steps can be executed ahead of the clock (assembly/cpu/lead.ts).
 */
import { LapicReg, Level } from '../state/abi/instructions';
import { Decoded, DecodedFlag, Quick } from '../state/abi/decoded';
import { Counter } from '../state/abi/outcomes';
import { Cpu, CpuFlag, Ctx, RunState } from '../state/abi/fields';
import { cpuAt, decodedAt, now, setFlag } from '../state/access';
import { nHolds } from '../state/layout';
import { resting } from '../clock/kick';
import { carryOut } from '../fabric/effects';
import { writeLapic } from '../lapic/registers';
import { count, countMore, cover } from '../record/counters';
import { eoiAgain, eoiAhead, handlerCycles, serveAgain, serveAhead } from './ahead';
import { access, beginTold, behind, goThrough, pcOf, register, Way } from './decoded';
import { clearOutcome, serve } from './hardware';
import { anyLeads, isSourceClaimed } from './ledger';
import { finish } from './operands';

/** Steps that a handler may be ahead. */
const MOST_STEPS: u32 = 64;

/** What a step has come to. */
export enum Rest {
  /** it is executed */
  none = 0,
  /** nothing has happened: it is one for the sequencer */
  step = 1,
  /** what stands behind a joined instruction, or private instructions, is left of it */
  joined = 2,
  tail = 3,
  /** the next one may have to wait */
  wait = 4,
}

// of the eight bytes from `Cpu.svr` on: those that say that a CPU is in an interrupt handler, and that nothing can interrupt it
const HARDIRQ: u64 = (<u64>1) << Level.hardirq;
const RUN_SHIFT: u64 = (<u64>(Cpu.run - Cpu.svr)) << 3;
const FLAGS_SHIFT: u64 = (<u64>(Cpu.flags - Cpu.svr)) << 3;
const ACTIVE_SHIFT: u64 = (<u64>(Cpu.active - Cpu.svr)) << 3;
const HANDLING_MASK: u64 = ((<u64>0xff) << RUN_SHIFT) | ((<u64>CpuFlag.shadow) << FLAGS_SHIFT) | (HARDIRQ << ACTIVE_SHIFT);
const HANDLING: u64 = ((<u64>RunState.running) << RUN_SHIFT) | (HARDIRQ << ACTIVE_SHIFT);

/** True if CPU c executes an interrupt handler, and neither waits nor can be interrupted. */
@inline export function handles(c: u32): bool {
  return (load<u64>(cpuAt(c), Cpu.svr) & HANDLING_MASK) == HANDLING && !resting(c);
}

/** As `onHardware`, of the instructions that can be executed ahead of the clock. */
@inline function hardwareAhead(way: Way, at: usize, ctx: usize, c: u32, due: u64): bool {
  const kind = <u32>load<u8>(at);
  if (way == Way.again) return kind == Quick.eoi ? eoiAgain(c) : kind == Quick.serve && serveAgain(c);
  if (kind == Quick.eoi) return eoiAhead(c, due);
  return kind == Quick.serve && serveAhead(load<u32>(register(ctx, at, Decoded.a)), c, due, load<u32>(at, Decoded.imm));
}

/** What `walk` has come to: the cycle of the step that it stands in front of, how many are behind it, whether it is inside of one. */
export let dueAt: u64 = 0;
export let steps: u32 = 0;
export let ops: u32 = 0;
export let rest: Rest = Rest.none;

/**
 * CPU c executes steps of its handler, of which the first is due at cycle `due`, until one is due behind `limit`, and at most so many.
 * Returns where it stands then; with `Rest.joined` and `Rest.tail` inside of a step.
 */
@inline function walk(way: Way, c: u32, ctx: usize, from: usize, due: u64, limit: u64, most: u32): usize {
  let at = from;
  let t = due;
  let n: u32 = 0;
  let executed: u32 = 0;
  let left = Rest.none;
  let last = t;
  while (n < most && t <= limit) {
    let begun = false;
    let taken: u64 = 0;
    if (way != Way.now && <u32>load<u8>(at) < <u32>Quick.load) {
      if (!hardwareAhead(way, at, ctx, c, t)) break;
      taken = <u32>load<u8>(at) == Quick.serve ? handlerCycles : 0;
      cover(pcOf(at));
      executed++;
      at += Decoded.size;
    } else {
      while (true) {
        if (!access(way, at, ctx, c, t)) {
          left = begun ? Rest.joined : Rest.step;
          break;
        }
        cover(pcOf(at));
        executed++;
        begun = true;
        const joined = (load<u8>(at, Decoded.flags) & DecodedFlag.joined) != 0;
        at = behind(at, ctx);
        if (!joined || (load<u8>(at, Decoded.flags) & DecodedFlag.stop) == 0) break;
      }
      if (left != Rest.none) break;
    }
    at = goThrough(at, ctx);
    if ((load<u8>(at, Decoded.flags) & DecodedFlag.stop) == 0 || (way != Way.now && <u32>load<u8>(at) == <u32>Quick.elsewhere)) {
      left = Rest.tail;
      break;
    }
    n++;
    last = t;
    t += taken + load<u32>(at, Decoded.cost);
  }
  // who comes to stand in front of a wait is looked at
  if (way == Way.ahead && nHolds != 0 && n != 0 && left <= Rest.step && (load<u8>(at, Decoded.flags) & DecodedFlag.waits) != 0) {
    left = Rest.wait;
    t = last;
  }
  dueAt = t;
  steps = n;
  ops = executed;
  rest = left;
  return at;
}

/** `walk`, ahead of the clock. */
export function walkAhead(c: u32, ctx: usize, from: usize, due: u64, limit: u64): usize {
  return walk(Way.ahead, c, ctx, from, due, limit, MOST_STEPS);
}

/** `walk` over steps that were taken back. */
export function walkAgain(c: u32, ctx: usize, from: usize, due: u64, limit: u64): usize {
  return walk(Way.again, c, ctx, from, due, limit, MOST_STEPS);
}

/** Executes an instruction on hardware; false: it is none that is known here. */
@inline function onHardware(kind: u32, at: usize, c: u32, ctx: usize): bool {
  switch (kind) {
    case Quick.eoi:
      writeLapic(c, LapicReg.eoi, 0);
      carryOut(c);
      return true;
    case Quick.serve: {
      const s = load<u32>(register(ctx, at, Decoded.a));
      if (anyLeads() && isSourceClaimed(s, c)) return false;
      serve(s, c, Level.hardirq, pcOf(at));
      return true;
    }
    case Quick.iret:
      finish(c, Level.hardirq);
      setFlag(c, CpuFlag.interruptsOn, true);
      return true;
    default:
      return false;
  }
}

/** CPU c, whose handler is due, executes one step of it, at its cycle. What is stored is to be announced. */
export function stepQuickly(c: u32, ctx: usize): Rest {
  beginTold();
  clearOutcome();
  const from = decodedAt(load<u16>(ctx, Ctx.pc));
  const kind = <u32>load<u8>(from);
  if (kind >= <u32>Quick.load) {
    const at = walk(Way.now, c, ctx, from, now(), now(), 1);
    store<u16>(ctx, pcOf(at), Ctx.pc);
    countMore(Counter.microOps, ops);
    return rest;
  }
  if (!onHardware(kind, from, c, ctx)) return Rest.step;
  cover(pcOf(from));
  count(Counter.microOps);
  if (kind == <u32>Quick.iret) return Rest.none;
  const at = goThrough(from + Decoded.size, ctx);
  store<u16>(ctx, pcOf(at), Ctx.pc);
  return (load<u8>(at, Decoded.flags) & DecodedFlag.stop) == 0 ? Rest.tail : Rest.none;
}
