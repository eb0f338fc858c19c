/** What never happens in a livelock, in words; and what is assumed to be fair. */
import type { System } from '../../scenario/index.js';
import type { Livelock } from './search.js';

/** `CPU 1 never leaves its interrupt handler`, a sentence for each thing that is never done. */
export function neverDone({ names }: System, { obligation, which, also }: Livelock): string[] {
  const sentence = (what: Livelock['also'][number]): string => {
    const source = names.sources[what.which] ?? '?';
    switch (what.obligation) {
      case 'handlerEnds':
        return `${names.cpus[what.which] ?? '?'} never leaves its handler`;
      case 'eventHandled':
        return `the event of ${source} is owed for ever`;
      case 'operationEnds':
        return `"${names.operations[what.which] ?? '?'}" never ends`;
      default:
        return `${source} never moves to the CPU it was asked to, though it raises again and again`;
    }
  };
  return [{ obligation, which }, ...also].map(sentence);
}

/** What a check of liveness takes for granted about who goes on, a sentence each. */
export const fairnessText: readonly string[] = [
  'weak for CPUs, messages, timers and remapping units: what can step for ever does; strong for locks: who finds a lock free again and again gets it; none for raises',
  'where devices go on raising, strong for all but messages: what interrupts come before again and again is executed, for a storm that leaves a CPU no time for anything else starves it in every kernel',
];
