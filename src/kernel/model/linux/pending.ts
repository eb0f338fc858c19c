/** Whether a vector is pending on this CPU: what a cleanup and an offline ask before they forget it (linux.md 2.7, 2.8 d6). */
import { any, ne, SELF, type Builder, type Reg, type Test } from '../../index.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';

/** In the IRR; posted MSI may be in the PIR of the CPU's descriptor, with the notification's vector in the IRR, or none. */
export function isVectorPending(b: Builder, d: LinuxData, behaviours: Behaviours, vector: Reg<'vector'>, note: string): Test {
  const irr = b.irrBit(vector, note);
  const { postedMsi } = d;
  if (postedMsi === undefined || behaviours.pendingPosted === 'unseen') return irr;
  return any(irr, () => {
    const word = b.load(postedMsi.pid, [SELF, b.shr('pidWord', vector, 5)], 'is it in PIR of this CPU?');
    return ne(b.and('u32', b.shr('u32', word, b.and('u32', vector, 31)), 1), 0);
  });
}
