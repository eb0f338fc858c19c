/** Which unit a requester belongs to. */
import { IommuScope, IommuSetup } from '../state/abi/iommu';
import { iommuScope, iommuSetup } from '../state/access';
import { nIommus, nScopes } from '../state/layout';

/** Unit that remaps for this requester, -1: none does. */
export function unitOf(requester: u32): i32 {
  for (let s: u32 = 0; s < nScopes; s++) {
    const u = iommuScope(s, IommuScope.unit);
    if (requester >= iommuScope(s, IommuScope.first) && requester <= iommuScope(s, IommuScope.last) && u < nIommus) return <i32>u;
  }
  for (let u: u32 = 0; u < nIommus; u++) {
    if (iommuSetup(u, IommuSetup.isDefault)) return <i32>u;
  }
  return -1;
}
