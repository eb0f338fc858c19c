/**
 * Which message an event of a function asks for, whether it may go out, and what it says when it does: the emission rules of
 * hardware.md C.4. MSI-X wins where software has enabled both.
 */
import { FunctionKind, FunctionSetup, SourceSetup } from '../state/abi/tables';
import { Fn, MsixEntry, Src } from '../state/abi/fields';
import { firstSourceOf, functionAt, functionSetup, msixAt, nextSourceOf, sourceSetup, srcAt } from '../state/access';
import { nSources } from '../state/layout';
import { ENABLE, FUNCTION_MASK } from './function';

function usesMsix(f: u32): bool {
  return (load<u16>(functionAt(f), Fn.msixControl) & ENABLE) != 0;
}

function usesMsi(f: u32): bool {
  return (load<u16>(functionAt(f), Fn.msiControl) & 1) != 0;
}


@inline export function kindOf(f: u32): u32 {
  return functionSetup(f, FunctionSetup.kind);
}

/** Messages that software has enabled: none, all of the table, or as many as multiple-message enable says (C.5). */
export function messagesOf(f: u32): u32 {
  if (kindOf(f) != FunctionKind.pci) return 1;
  if (usesMsix(f)) return functionSetup(f, FunctionSetup.msixVectors);
  return usesMsi(f) ? (<u32>1) << ((load<u16>(functionAt(f), Fn.msiControl) >> 4) & 7) : 0;
}

/** The message that event n asks for, -1: none, with MSI and MSI-X off (E10; no INTx is modelled) or without such an entry. */
export function messageFor(f: u32, n: u32): i32 {
  const messages = messagesOf(f);
  if (usesMsix(f)) return n < messages ? <i32>n : -1;
  return messages == 0 ? -1 : <i32>(n & (messages - 1));
}

export function isPending(f: u32, v: u32): bool {
  if (usesMsix(f)) return load<u8>(msixAt(f, v), MsixEntry.pending) != 0;
  return ((load<u32>(functionAt(f), Fn.pending) >> v) & 1) != 0;
}

/** True if an interrupt source of function f has raised and waits to send message v: its condition is the pending bit. */
export function hasRaised(f: u32, v: u32): bool {
  for (let i = firstSourceOf(f); i != 0; i = nextSourceOf(i)) {
    if (load<u8>(srcAt(i - 1), Src.condition) && messageFor(f, sourceSetup(i - 1, SourceSetup.message)) == <i32>v) return true;
  }
  return false;
}

/** The pending bits of MSI, and that of entry n of the table, as software reads them. */
export function pendingBits(f: u32): u32 {
  let bits = load<u32>(functionAt(f), Fn.pending);
  if (nSources == 0 || usesMsix(f) || !functionSetup(f, FunctionSetup.msiMaskable)) return bits;
  for (let v: u32 = 0; v < messagesOf(f); v++) {
    if (hasRaised(f, v)) bits |= 1 << v;
  }
  return bits;
}

export function isEntryPending(f: u32, n: u32): bool {
  return load<u8>(msixAt(f, n), MsixEntry.pending) != 0 || (usesMsix(f) && hasRaised(f, n));
}

/** Several events that wait for one message are one (E9). */
export function setPending(f: u32, v: u32, on: bool): void {
  if (usesMsix(f)) {
    store<u8>(msixAt(f, v), on ? 1 : 0, MsixEntry.pending);
    return;
  }
  const bit = (<u32>1) << v;
  const pending = load<u32>(functionAt(f), Fn.pending);
  store<u32>(functionAt(f), on ? pending | bit : pending & ~bit, Fn.pending);
}

/** MSI-X is enabled, and neither the entry nor the function is masked. */
export function isEntryOpen(f: u32, n: u32): bool {
  if ((load<u16>(functionAt(f), Fn.msixControl) & (ENABLE | FUNCTION_MASK)) != ENABLE) return false;
  return (load<u32>(msixAt(f, n), MsixEntry.control) & 1) == 0;
}

/** Neither the message nor the function is masked (E6, E13). */
export function isOpen(f: u32, v: u32): bool {
  if (usesMsix(f)) return isEntryOpen(f, v);
  return ((load<u32>(functionAt(f), Fn.mask) >> v) & 1) == 0;
}

/** What cannot be sent although it is not masked stays pending: there is a bit for it, and the function is of that kind (E11). */
export function keepsUnsent(f: u32): bool {
  if (kindOf(f) != FunctionKind.pci) return kindOf(f) == FunctionKind.dmar;
  return !functionSetup(f, FunctionSetup.dropUnsent) && (usesMsix(f) || functionSetup(f, FunctionSetup.msiMaskable) != 0);
}

export let sampledLo: u32 = 0;
export let sampledHi: u32 = 0;
export let sampledData: u32 = 0;

/** Samples message v, all registers in one instant (E1). Of an MSI the vector number replaces the low bits of data (C.5). */
export function sampleMessage(f: u32, v: u32): void {
  if (!usesMsix(f)) {
    const at = functionAt(f);
    sampledLo = load<u32>(at, Fn.addrLo);
    sampledHi = load<u32>(at, Fn.addrHi);
    sampledData = (load<u16>(at, Fn.data) & ~(messagesOf(f) - 1)) | v;
    return;
  }
  const entry = msixAt(f, v) + (functionSetup(f, FunctionSetup.entryCache) ? <usize>MsixEntry.latchedLo : 0);
  sampledLo = load<u32>(entry, MsixEntry.addrLo);
  sampledHi = load<u32>(entry, MsixEntry.addrHi);
  sampledData = load<u32>(entry, MsixEntry.data);
}
