/** A message arrives: decode, destination, acceptance or drop (hardware.md 0.3 steps 5 and 6). */
import { NONE } from '../state/abi/instructions';
import { Counter, Drop, Event } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { Cpu, Ctx, Msg, MsgKind, RunState } from '../state/abi/fields';
import { cpuAt, cpuOfApicId, ctxAt, msgAt, setActive, setting, timed } from '../state/access';
import { LEVELS } from '../state/layout';
import { acceptFixed } from '../lapic/accept';
import { init } from '../lapic/registers';
import * as decode from '../message/decode';
import { kick } from '../clock/kick';
import { count } from '../record/counters';
import { record } from '../record/ring';
import { tagClear, tagCopy, tagsOfMessage, tagsOn } from '../record/tags';
import { landEoi } from './eoi';
import { landWrite } from './dma';
import { land, unmarkMessages } from './flight';
import { tellPin } from './ioapic';

/** CPU that a SIPI has just started, or -1: its context still stands in front of private instructions. */
export let started: i32 = -1;

export function clearStarted(): void {
  started = -1;
}

const FIXED: u32 = 0;
const LOWEST: u32 = 1;
const INIT: u32 = 5;
const STARTUP: u32 = 6;

function startup(c: u32): bool {
  const at = cpuAt(c);
  const entry = setting(Settings.apStart);
  if (load<u8>(at, Cpu.run) != RunState.waitForSipi || entry == 0) {
    count(Counter.dropped);
    record(Event.drop, c, 0, Drop.noEffect);
    return false;
  }
  store<u8>(at, RunState.running, Cpu.run);
  setActive(c, 0, true);
  store<u16>(ctxAt(c, 0), entry, Ctx.pc);
  started = c;
  kick(c);
  return true;
}

/** False if the LAPIC has not accepted it. */
function arriveAt(c: u32, mode: u32, data: u32, m: u32, shared: bool): bool {
  switch (mode) {
    case FIXED:
    case LOWEST:
      // a message for several LAPICs carries its events to each
      if (shared && tagsOn()) tagCopy(spareTags(), tagsOfMessage(m));
      if (!acceptFixed(c, decode.vectorOf(data), decode.isLevel(data), shared ? spareTags() : tagsOfMessage(m))) {
        if (shared) tagClear(spareTags());
        return false;
      }
      kick(c);
      return true;
    case INIT:
      init(c);
      // an access or mdelay that INIT ended waits for nothing any more
      if (!timed()) unmarkMessages((<u64>0xf) << (c * LEVELS));
      return true;
    case STARTUP:
      return startup(c);
    default:
      count(Counter.dropped);
      record(Event.drop, c, decode.vectorOf(data), Drop.noEffect);
      return false;
  }
}

const spare: usize = memory.data(4);


@inline function spareTags(): usize {
  return spare;
}

/** Message m reaches its end and is gone. A LAPIC that does not exist: it vanishes (A.7.1). */
export function deliver(m: u32): void {
  switch (<u32>load<u8>(msgAt(m), Msg.kind)) {
    case MsgKind.write:
      landWrite(m);
      break;
    case MsgKind.eoi:
      landEoi(m);
      break;
    default:
      tellPin(m, reachLapics(m));
  }
  land(m);
}

/** False if no LAPIC has accepted it. */
function reachLapics(m: u32): bool {
  const at = msgAt(m);
  const data = load<u32>(at, Msg.data);
  const address = load<u32>(at, Msg.address);
  const mode = decode.deliveryModeOf(data);
  let found = false;
  let accepted = false;
  if (load<u8>(at, Msg.kind) == MsgKind.ipi) {
    const c = cpuOfApicId(address);
    if (c >= 0) {
      found = true;
      accepted = arriveAt(c, mode, data & 0x7fff, m, false);
    }
  } else {
    const dest = decode.destinationOf(address);
    const logical = decode.isLogical(address);
    const redirect = decode.hasRedirectionHint(address);
    if (logical && (redirect || mode == LOWEST)) {
      const c = decode.arbitrate(dest, true, decode.vectorOf(data));
      if (c >= 0) {
        found = true;
        accepted = arriveAt(c, mode, data, m, false);
      }
    } else {
      const single = !logical && dest != 0xff;
      for (let c = decode.nextTarget(dest, logical, redirect, 0); c >= 0; c = decode.nextTarget(dest, logical, redirect, c + 1)) {
        found = true;
        if (arriveAt(c, mode, data, m, !single)) accepted = true;
        if (single) break;
      }
    }
  }
  if (!found) {
    count(Counter.noTarget);
    record(Event.drop, NONE, decode.vectorOf(data), Drop.noTarget);
  }
  return accepted;
}
