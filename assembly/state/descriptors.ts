/**
 * Posted-interrupt descriptors (hardware.md E.1), 64 bytes each: anywhere in guest memory where the host is the program, otherwise the
 * rows of a program's variables that are declared so. Other memory of a program is none to a unit that posts: what stands there, its
 * image may not hold.
 */
import { PidWord, VARIABLE_WINDOW, VarWord } from './abi/instructions';
import { slotAt } from './access';
import { placeOf } from './guest';
import { isOfDescriptors, nInstructions, nVariables, tagHeadPir, varBase } from './layout';

const BYTES: u32 = PidWord.count * 4;

/** Slot of the descriptors that have the byte at `place`, or -1. */
function slotOf(place: usize): i32 {
  for (let slot: u32 = 0; slot < nVariables; slot++) {
    const at = slotAt(slot);
    if (!isOfDescriptors(at)) continue;
    const first = <usize>load<u32>(at, VarWord.address * 4);
    if (place >= first && place < first + <usize>(load<u32>(at, VarWord.dim0 * 4) * BYTES)) return <i32>slot;
  }
  return -1;
}


@inline function rowOf(slot: u32, place: usize): u32 {
  return <u32>(place - <usize>load<u32>(slotAt(slot), VarWord.address * 4)) / BYTES;
}

/** Where the descriptor with this guest address stands, 0: there is none. Of an address in a program's variables bits 63:32 are the row + 1: without them it is none. */
export function descriptorAt(address: u64): usize {
  if ((address & (BYTES - 1)) != 0) return 0;
  if (nInstructions == 0) return placeOf(address, BYTES);
  const place = varBase + <usize>(<u32>address - VARIABLE_WINDOW);
  const slot = slotOf(place);
  return slot >= 0 && rowOf(slot, place) + 1 == <u32>(address >> 32) ? place : 0;
}

/** The set of what the word of a PIR at `at` carries, for who keeps tags; 0: it is no such word of a program. */
export function pirTags(at: usize): usize {
  if (nInstructions == 0) return 0;
  const slot = slotOf(at);
  if (slot < 0) return 0;
  const row = rowOf(slot, at);
  const word = ((<u32>(at - <usize>load<u32>(slotAt(slot), VarWord.address * 4))) >> 2) & (PidWord.count - 1);
  if (word >= <u32>PidWord.control) return 0;
  return tagHeadPir + ((((<usize>(load<u32>(slotAt(slot), VarWord.firstRow * 4) + row)) << 3) + word) << 2);
}
