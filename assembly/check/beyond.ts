/**
 * What remapping units and pins may ever do, whoever makes them: parts of futures (futures.ts, onward.ts). An entry may change before it
 * is looked up, so that a request that still has to pass its unit may become any interrupt, or be posted to any descriptor.
 */
import { NONE, VarFlag, VarWord } from '../state/abi/instructions';
import { Flight, Part, Thing } from '../state/abi/resources';
import { Assumption, Settings } from '../state/abi/tables';
import { Msg } from '../state/abi/fields';
import { declareTranslation } from './units';
import { Stage } from '../fabric/flight';
import { assumes, isAmd, msgAt, setting, slotAt } from '../state/access';
import { isOfDescriptors, nAmds, nIoapics, nIommus, nSources, nVariables } from '../state/layout';
import { hasGuests } from '../iommu/amd/control';
import { onPin, originOfPins } from '../fabric/ioapic';
import { originOfUnit } from '../fabric/iommu';
import { hasDoorbells } from '../fabric/doorbell';
import { tableOf, touchLine } from './lines';
import { allCpus, flightBit, SOMEONE, touchCpus, touchOne, touchTables, touchThing, touchVariable, writesWord } from './resources';

/** An interrupt arrives, anywhere and of any vector, an edge or a level. */
export function touchArrivals(at: usize): void {
  touchCpus(at, Part.irr, allCpus(), true, true);
  touchCpus(at, Part.svr, allCpus(), true, false);
  touchCpus(at, Part.lapic, allCpus(), true, false);
  touchThing(at, Thing.interrupts, false, true);
}

/** Units of AMD send interrupts of their own. */
function touchOwn(at: usize): void {
  for (let u: u32 = 0; u < nIommus; u++) {
    if (isAmd(u)) writesWord(at, 2, flightBit(Flight.tail, originOfUnit(u)));
  }
  touchArrivals(at);
}

/** Of each AMD unit that has guests: pages of vAPICs, the log with its interrupt, doorbells. */
function touchGuests(at: usize): void {
  for (let slot: u32 = 0; slot < nVariables; slot++) {
    if (load<u32>(slotAt(slot), VarWord.flags * 4) & VarFlag.dma) touchVariable(at, slot, SOMEONE, true, true);
  }
  touchThing(at, Thing.queues, true, true);
  touchOwn(at);
  if (hasDoorbells()) touchVariable(at, setting(Settings.doorbellSlot), SOMEONE, false, true);
}

/** A request passes its unit: it is looked up, may be posted, and what it becomes arrives. `m`: of which message, -1: of any. */
export function touchTranslations(at: usize, m: i32): void {
  touchArrivals(at);
  if (nIommus == 0) return;
  if (m >= 0 && nAmds == 0 && load<u8>(msgAt(m), Msg.stage) != Stage.posting) declareTranslation(at, m, load<u16>(msgAt(m), Msg.origin));
  else touchLine(at, SOMEONE, true, nAmds != 0 || assumes(Assumption.irteHalves));
  for (let u: u32 = 0; u < nIommus; u++) {
    if (isAmd(u)) {
      touchTables(at);
      if (hasGuests(u)) touchGuests(at);
      continue;
    }
    const slot = tableOf(u);
    if (m < 0 && slot >= 0) touchVariable(at, slot, SOMEONE, true, false);
  }
  for (let slot: u32 = 0; slot < nVariables; slot++) {
    if (isOfDescriptors(slotAt(slot))) touchVariable(at, slot, SOMEONE, true, true);
  }
}

/** Pins may have something to send: their messages, and what becomes of those. */
export function touchPins(at: usize): void {
  touchThing(at, Thing.pins, true, true);
  for (let i: u32 = 0; i < nIoapics; i++) writesWord(at, 2, flightBit(Flight.tail, originOfPins(i)));
  for (let s: u32 = 0; s < nSources; s++) {
    if (onPin(s)) touchOne(at, Thing.condition, s, true, true);
  }
  touchTranslations(at, -1);
}

/** A descriptor is executed; `status`: slot that it writes if it is a wait, or NONE. */
export function touchQueueWork(at: usize, status: u32): void {
  touchThing(at, Thing.queues, true, true);
  touchLine(at, SOMEONE, true, true);
  if (status != NONE) touchVariable(at, status, SOMEONE, false, true);
  if (nAmds == 0) return;
  touchTables(at);
  touchOwn(at);
}
