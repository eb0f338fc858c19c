/** When a source's next event comes, in a timed run. */
import { SourceSetup } from '../state/abi/tables';
import { now, sourceSetup } from '../state/access';
import { gapBase, nCpus } from '../state/layout';
import { below, streamOfArrivals } from '../clock/random';
import { arm, PHASE_DEVICE } from '../clock/wheel';

/** Node of the event queue in which source s raises. */
@inline export function raiseNode(s: u32): u32 {
  return nCpus + s;
}

function gap(s: u32): u32 {
  const n = sourceSetup(s, SourceSetup.gapCount);
  return load<u32>(gapBase + <usize>(sourceSetup(s, SourceSetup.gapFirst) + below(streamOfArrivals(s), n)) * 4);
}

/** The next event of source s comes; of one that does not raise by itself, none does. */
export function armRaise(s: u32): void {
  if (sourceSetup(s, SourceSetup.gapCount) != 0) arm(raiseNode(s), now() + gap(s), PHASE_DEVICE);
}
