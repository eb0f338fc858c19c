/**
 * Doorbells of AMD units (hardware.md F.3.3): a core that runs a guest is told to look at its vAPIC. What a program has of that is a variable
 * over CPUs, which the doorbell sets to 1; or it takes doorbells as interrupts of a vector of its choice.
 */
import { VarWord } from '../state/abi/instructions';
import { Event } from '../state/abi/outcomes';
import { Settings } from '../state/abi/tables';
import { cpuOfApicId, setting, slotAt } from '../state/access';
import { nVariables } from '../state/layout';
import { touchVariables } from '../state/touched';
import { kickWaiters } from '../clock/kick';
import { record } from '../record/ring';

/** Vector by which a program has its core's doorbells as interrupts, whose handler is what the core does by itself; 0: it has not. */
@inline export function vectorOfDoorbells(): u32 {
  return setting(Settings.doorbellVector);
}

/** True if a program has such a variable. */
@inline export function hasDoorbells(): bool {
  return setting(Settings.doorbellSlot) < nVariables;
}

/** The doorbell reaches the core with this APIC id; nobody notices where there is none. */
export function ring(destination: u32): void {
  const c = cpuOfApicId(destination);
  const variable = slotAt(setting(Settings.doorbellSlot));
  if (c < 0 || !hasDoorbells() || <u32>c >= load<u32>(variable, VarWord.dim0 * 4)) return;
  const at = <usize>load<u32>(variable, VarWord.address * 4) + <usize>(<u32>c * load<u32>(variable, VarWord.bytes * 4));
  touchVariables(at);
  store<u8>(at, 1);
  record(Event.doorbell, c, 0, 0);
  kickWaiters(at);
}
