/** What the kernel model says of an interrupt source: `Started`, in the variable that `Settings.startedSlot` names. */
import { NONE } from '../state/abi/instructions';
import { Settings, Started } from '../state/abi/tables';
import { setting } from '../state/access';
import { element, loadElement } from './variables';

function startedOf(s: u32): u32 {
  const slot = setting(Settings.startedSlot);
  return slot == NONE ? Started.yes : loadElement(slot, element(slot, s, 0, NONE));
}

/** Its events are to be handled. */
export function isStarted(s: u32): bool {
  return startedOf(s) == Started.yes;
}

/** Its driver keeps the device quiet. */
export function isSilent(s: u32): bool {
  const started = startedOf(s);
  return started == Started.no || started == Started.asleep;
}
