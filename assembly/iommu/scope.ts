/** Which unit a requester belongs to. */
import { IommuScope, IommuSetup } from '../state/abi/iommu';
import { iommuScope, iommuSetup } from '../state/access';
import { nIommus, nScopes } from '../state/layout';

/** Unit that remaps for this requester, -1: none does. */
export function unitOf(requester: u32): i32 {
  // ranges are in order and apart: the last that begins at or before the id
  let low: u32 = 0;
  for (let high = nScopes; low < high;) {
    const middle = (low + high) >> 1;
    if (iommuScope(middle, IommuScope.first) <= requester) low = middle + 1;
    else high = middle;
  }
  if (low != 0 && requester <= iommuScope(low - 1, IommuScope.last)) {
    const u = iommuScope(low - 1, IommuScope.unit);
    if (u < nIommus) return <i32>u;
  }
  for (let u: u32 = 0; u < nIommus; u++) {
    if (iommuSetup(u, IommuSetup.isDefault)) return <i32>u;
  }
  return -1;
}
