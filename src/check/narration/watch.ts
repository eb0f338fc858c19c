/** A way replayed with everything noted down that its explanation needs, step by step. */
import type { Untargeted } from '../../kernel/model/index.js';
import type { System } from '../../scenario/index.js';
import { describeSent } from '../names/index.js';
import { Replay, type ReplayedStep } from '../ways/index.js';

/** How things stand after a step. */
export interface Frame {
  /** what each source would send now: "CPU 0, vector 0x21" */
  readonly sends: readonly string[];
  readonly cpus: readonly { readonly interruptsOn: boolean; readonly inService: readonly number[] }[];
  readonly untargeted: readonly Untargeted[];
}

export interface Watched {
  readonly replay: Replay;
  readonly steps: readonly ReplayedStep[];
  readonly frames: readonly Frame[];
}

function frame(system: System, { machine }: Replay): Frame {
  return {
    sends: system.names.sources.map((_, s) => describeSent(system, machine.messageOf(s))),
    cpus: system.names.cpus.map((_, c) => {
      const { interruptsOn, isr } = machine.cpu(c);
      return { interruptsOn, inService: isr };
    }),
    untargeted: system.built.untargeted?.(machine) ?? [],
  };
}

export async function watch(system: System, path: readonly number[]): Promise<Watched> {
  const replay = await Replay.begin(system);
  const frames: Frame[] = [];
  for (const action of path) {
    replay.apply(action);
    frames.push(frame(system, replay));
  }
  return { replay, steps: replay.steps, frames };
}
