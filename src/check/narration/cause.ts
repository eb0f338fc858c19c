/** What a failure comes from: where kernel and hardware stop agreeing, in words that are the same on other machines and kernels. */
import { Actor } from '../../core/index.js';
import type { System } from '../../scenario/index.js';
import { instructionAt, instructionOf } from '../names/index.js';
import { Replay, type Way } from '../ways/index.js';
import { marksOf, type Placed } from './marks.js';
import { watch, type Watched } from './watch.js';

/** Failures with the same cause are one finding, however many programs lead there. */
export interface Cause {
  readonly property: string;
  /** the kernel's, in which they part; undefined: the step is one of hardware, or there is none */
  readonly routine: string | undefined;
  /** the step behind which they do not agree, as its author says it; undefined: only the state at rest shows it, and no step stands out */
  readonly step: string | undefined;
}

/** Steps of hardware behind which belief and hardware may part. */
const hardware: Readonly<Partial<Record<number, string>>> = {
  [Actor.interrupt]: 'a CPU acknowledges a vector',
  [Actor.message]: 'a message arrives',
  [Actor.raise]: 'a device raises an event',
  [Actor.sample]: 'a device samples its message',
  [Actor.send]: 'a device sends what it sampled',
  [Actor.operation]: 'an operation begins',
  [Actor.pin]: 'a pin sends its message',
  [Actor.queue]: 'a unit takes a descriptor from its queue',
  [Actor.drop]: 'a unit forgets an entry',
  [Actor.timer]: 'a timer fires',
};

/** The cause of a way that breaks its property. */
export async function causeOf(system: System, { path, property = '' }: Way): Promise<Cause> {
  const watched = await watch(system, path);
  const at = await placeOf(system, watched, property, path);
  if (at === undefined) return { property, routine: undefined, step: undefined };
  const step = watched.steps[at];
  const instruction = step && instructionOf(step);
  const label = instruction && instructionAt(system, instruction.at).label;
  return { property, routine: label?.routine, step: label?.text ?? hardware[(step?.action ?? 0) >>> 12] };
}

/** Index of the step, or undefined: none stands out. */
async function placeOf(system: System, watched: Watched, property: string, path: readonly number[]): Promise<number | undefined> {
  const marks = marksOf(system, watched, property);
  const [fail] = marks;
  // a vector leaks where the kernel forgets it, not where a move begins that will need a cleanup
  const forgets = property === 'noLeak' && fail.step < watched.steps.length - 1;
  const parting = forgets ? fail : marks.find(({ kind }) => kind === 'part');
  if (parting !== undefined) return parting.step;
  if (isOnlySeenAtRest(watched, fail, property)) return undefined;
  if (property === 'noStray') return slotGoneAt(system, watched, fail.step, path);
  return kernelStepBefore(watched, fail.step);
}

function isOnlySeenAtRest({ steps }: Watched, { step }: Placed, property: string): boolean {
  const last = steps[step];
  return last === undefined || !(last.broken.includes(property) || last.events.some(({ kind }) => kind === 'lost'));
}

/** The step itself, if it is the kernel's; what hardware does wrong follows from the last thing that the kernel did to it. */
function kernelStepBefore({ steps }: Watched, to: number): number | undefined {
  for (let i = to; i >= 0; i--) {
    const step = steps[i];
    if (step !== undefined && instructionOf(step) !== undefined && (step.visible || i === to)) return i;
  }
  return undefined;
}

/** The step from which on the slot of a stray vector had no handler. */
async function slotGoneAt(system: System, { steps }: Watched, to: number, path: readonly number[]): Promise<number> {
  const flagged = steps[to]?.events.find(({ kind }) => kind === 'flag');
  if (flagged === undefined) return to;
  const replay = await Replay.begin(system);
  const slot = (): string => system.built.slots(replay.machine, flagged.c).find(({ vector }) => vector === flagged.a)?.text ?? '';
  let [from, last] = [to, slot()];
  path.slice(0, to).forEach((action, i) => {
    replay.apply(action);
    const now = slot();
    if (now !== last) from = i;
    last = now;
  });
  return from;
}
