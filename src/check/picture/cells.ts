/** What a row says in each column. */
import type { Explanation } from '../narration/index.js';

export interface Said {
  /** the routine, where the CPU was in another one before */
  readonly entered: string | undefined;
  readonly text: string;
}

/** By row and lane. */
export function cellsOf(lanes: Explanation['lanes'], rows: Explanation['rows']): Said[][][] {
  const inRoutine = new Map<number, string>();
  return rows.map(({ lines }) =>
    lanes.map(({ lane }) =>
      lines
        .filter((line) => line.lane.kind === lane.kind && line.lane.index === lane.index)
        .map(({ routine, text }): Said => {
          const entered = lane.kind !== 'cpu' || inRoutine.get(lane.index) === routine ? undefined : routine;
          if (routine !== undefined) inRoutine.set(lane.index, routine);
          return { entered, text };
        }),
    ),
  );
}
