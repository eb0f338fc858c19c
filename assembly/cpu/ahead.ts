/**
 * What a handler does to hardware ahead of the clock, and how that is taken back: the EOI that only its own LAPIC hears of, and the entry of
 * the driver's handler. Anything that could make a difference in between is left to its time; `isPlain` (assembly/fabric/deliver.ts) says what
 * may arrive meanwhile.
 */
import { Level } from '../state/abi/instructions';
import { Lead } from '../state/abi/lead';
import { Counter, Event } from '../state/abi/outcomes';
import { Told } from '../state/abi/tables';
import { Cpu, Src } from '../state/abi/fields';
import { cpuAt, srcAt, toldAt } from '../state/access';
import { nHolds, nSources } from '../state/layout';
import { streamAt, streamOfHandler } from '../clock/random';
import { armed, dueOf } from '../clock/wheel';
import { backlog, handlerCost, raiseNode } from '../fabric/arrivals';
import { onPin } from '../fabric/ioapic';
import { bitIn, putBack, retire } from '../lapic/priority';
import { countHandler, countHandlerBack, countMore, histogramAdd } from '../record/counters';
import { keeps, recordAhead, recordBack } from '../record/ring';
import { holds, tagsOfContext, tagsOn } from '../record/tags';
import { claimSource, leadAt } from './ledger';

/** Cycles that the handler takes which `serveAhead` has entered. */
export let handlerCycles: u64 = 0;

/** CPU c writes its EOI register at cycle `due`; false: that has to wait for its time. */
export function eoiAhead(c: u32, due: u64): bool {
  const at = cpuAt(c);
  const v = <u32>load<u8>(at, Cpu.isrv);
  const lead = leadAt(c);
  // of level-triggered ones IOAPICs are told (hardware.md A.12)
  if (v == 0 || load<u32>(lead, Lead.eoi) != 0 || bitIn(at + Cpu.tmr, v) || keeps(Event.eoi)) return false;
  retire(at);
  recordAhead(due, Event.eoi, c, v, 0);
  store<u32>(lead, v, Lead.eoi);
  store<u64>(lead, due, Lead.eoiAt);
  return true;
}


@inline function latencyAt(s: u32, due: u64): u64 {
  return due - load<u64>(toldAt(s), Told.raised);
}

/** True if nothing is due to happen to source s before cycle `until` that its handler would see, or that would see its handler. */
@inline export function isQuiet(s: u32, until: u64): bool {
  if (load<u32>(backlog(s)) != 0 || onPin(s)) return false;
  return !armed(raiseNode(s)) || dueOf(raiseNode(s)) >= until;
}

/** True if the handler that CPU c is to enter at cycle `due` is that of source s alone. */
@inline function isAlone(s: u32, c: u32, due: u64): bool {
  if (keeps(Event.serve) || nHolds != 0 || s >= nSources || !load<u8>(srcAt(s), Src.owed) || !isQuiet(s, due)) return false;
  return !tagsOn() || holds(tagsOfContext(c, Level.hardirq), s);
}

/** CPU c enters the driver's handler of source s at cycle `due`; `imm`: cycles that the instruction adds. False: that has to wait for its time. */
export function serveAhead(s: u32, c: u32, due: u64, imm: u32): bool {
  const lead = leadAt(c);
  if (load<u32>(lead, Lead.served) != 0 || !isAlone(s, c, due) || !claimSource(s, c, due)) return false;
  store<u32>(lead, s + 1, Lead.served);
  store<u16>(lead, load<u8>(toldAt(s), Told.served) ? 0 : 1, Lead.first);
  store<u64>(lead, due, Lead.servedAt);
  store<u64>(lead, load<u64>(streamAt(streamOfHandler(s))), Lead.stream);
  handlerCycles = imm + handlerCost(s);
  store<u64>(lead, handlerCycles, Lead.cycles);
  store<u8>(srcAt(s), 0, Src.owed);
  store<u8>(toldAt(s), 1, Told.served);
  countMore(Counter.served, 1);
  countHandler(c, s, handlerCycles);
  histogramAdd(latencyAt(s, due));
  recordAhead(due, Event.serve, s, <u32>latencyAt(s, due), c);
  return true;
}

/** True if CPU c, which does once more what it has taken back, has not taken this back: it came before. */
export function eoiAgain(c: u32): bool {
  return load<u32>(leadAt(c), Lead.eoi) != 0;
}

export function serveAgain(c: u32): bool {
  const lead = leadAt(c);
  handlerCycles = load<u64>(lead, Lead.cycles);
  return load<u32>(lead, Lead.served) != 0;
}

/** What CPU c has done so behind cycle `limit` has not happened; what came before that may have been seen, and stays. */
export function undoHardware(c: u32, limit: u64): void {
  const lead = leadAt(c);
  const v = load<u32>(lead, Lead.eoi);
  if (v != 0 && load<u64>(lead, Lead.eoiAt) > limit) {
    putBack(cpuAt(c), v);
    recordBack(load<u64>(lead, Lead.eoiAt), Event.eoi, c, v, 0);
    store<u32>(lead, 0, Lead.eoi);
  }
  const due = load<u64>(lead, Lead.servedAt);
  if (load<u32>(lead, Lead.served) == 0 || due <= limit) return;
  const s = load<u32>(lead, Lead.served) - 1;
  store<u64>(streamAt(streamOfHandler(s)), load<u64>(lead, Lead.stream));
  store<u8>(srcAt(s), 1, Src.owed);
  if (load<u16>(lead, Lead.first)) store<u8>(toldAt(s), 0, Told.served);
  countMore(Counter.served, -1);
  countHandlerBack(c, s, load<u64>(lead, Lead.cycles));
  histogramAdd(latencyAt(s, due), -1);
  recordBack(due, Event.serve, s, <u32>latencyAt(s, due), c);
  store<u32>(lead, 0, Lead.served);
}
