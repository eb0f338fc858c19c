/** What a timed run measures of a model, as the machine wants to be told. */
import { Account } from '../core/index.js';
import type { Measurable } from '../kernel/model/index.js';
import type { Meters, ProgramSetup } from '../machine/index.js';

/** Routines by the labels of their instructions; what the model does not know of has no gauge. */
export function metersOf({ code }: ProgramSetup, { accounts, keptVectors, allocatedVectors, stopped }: Measurable): Meters {
  const ofInstruction = Array.from({ length: code.length / 4 }, (_, i) => accounts[(code[i * 4 + 3] ?? 0) >>> 8] ?? 'operation');
  return {
    accounts: Uint8Array.from(ofInstruction, (account) => Account[account]),
    gauges: {
      ...(keptVectors !== undefined && { keptVectors: { slot: keptVectors, range: { from: 1, to: 0xff } } }),
      ...(allocatedVectors !== undefined && { allocatedVectors: { slot: allocatedVectors } }),
      ...(stopped !== undefined && { stopped: { slot: stopped.slot, range: stopped } }),
    },
  };
}
