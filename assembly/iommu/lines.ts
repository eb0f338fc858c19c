/** What units of either kind have cached in a check although memory says otherwise (vtd/lines.ts, amd/lines.ts), by numbers. */
import { isAmd } from '../state/access';
import { guestAddressOf } from '../state/guest';
import { nAmds, nIrtes, nLines } from '../state/layout';
import * as amd from './amd/lines';
import * as vtd from './vtd/lines';

/** Numbers that lines of unit u may have are below this. */
@inline export function linesOf(u: u32): u32 {
  return isAmd(u) ? nLines : nIrtes;
}

/** True if unit u has a line with this number. */
export function isLine(u: u32, n: u32): bool {
  return isAmd(u) ? amd.isLine(u, n) : vtd.isLine(u, n);
}

export function dropLine(u: u32, n: u32): void {
  if (isAmd(u)) amd.dropLine(n);
  else vtd.dropLine(u, n);
}

/** Before a store to a variable that units see, at `at`: of at most 16 bytes, within an aligned block of as many. In a timed run there are no lines. */
export function beforeStore(at: usize): void {
  if (nLines == 0) return;
  if (nAmds != 0) amd.beforeStore(<u64>(guestAddressOf(at) & ~15));
  else vtd.beforeStore(at);
}

/** Behind it. */
export function afterStore(at: usize): void {
  if (nLines == 0) return;
  if (nAmds != 0) amd.afterStore();
  else vtd.afterStore(at);
}
