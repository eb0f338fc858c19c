/**
 * The points of a product of chains at which something holds, if it holds at every point above one at which it holds: found by
 * asking at few of them. Level 0 of a dimension is its top.
 */

/** A level for each dimension. */
export type Point = readonly number[];
/** `undefined`: nobody knows. */
export type Answer = boolean | undefined;

/** The border between the points at which it holds and the others. */
export interface Border {
  /** the lowest points at which it holds: at all above them it does */
  readonly holds: readonly Point[];
  /** the highest points at which it does not: at all below them it does not */
  readonly fails: readonly Point[];
  /** the highest points at which nobody knows; those below are asked no more */
  readonly unknown: readonly Point[];
  readonly asked: number;
}

/** Every level of `a` is that of `b`, or above. */
export function isAbove(a: Point, b: Point): boolean {
  return a.every((level, i) => level <= (b[i] ?? 0));
}

/** All points, those nearer to the top first. `depths`: the lowest level of each dimension. */
function pointsOf(depths: Point): Point[] {
  let points: Point[] = [[]];
  for (const depth of depths) points = points.flatMap((point) => Array.from({ length: depth + 1 }, (_, level) => [...point, level]));
  const height = (point: Point): number => point.reduce((sum, level) => sum + level, 0);
  return points.toSorted((a, b) => height(a) - height(b));
}

/** Without those that are below another. */
function highest(points: readonly Point[]): Point[] {
  return points.filter((point) => !points.some((each) => each !== point && isAbove(each, point)));
}

/** Asks until every point is known, or `ask` gives `'stop'`: what is known by then. */
export async function findBorder(depths: Point, ask: (point: Point) => Promise<Answer | 'stop'>): Promise<Border> {
  let [holds, asked, stopped] = [[] as readonly Point[], 0, false];
  const [fails, unknown]: [Point[], Point[]] = [[], []];
  const answerAt = async (point: Point): Promise<Answer> => {
    if (holds.some((each) => isAbove(point, each))) return true;
    if (fails.some((each) => isAbove(each, point))) return false;
    if (stopped || unknown.some((each) => isAbove(each, point))) return undefined;
    const answer = await ask(point);
    stopped = answer === 'stop';
    if (answer === 'stop') return undefined;
    asked += 1;
    if (answer === true) holds = [...holds.filter((each) => !isAbove(each, point)), point];
    else (answer === false ? fails : unknown).push(point);
    return answer;
  };
  for (const point of pointsOf(depths)) {
    if ((await answerAt(point)) !== true) continue;
    // from where it holds as far down as it does, one dimension after the other
    let lowest = point;
    for (const [i, depth] of depths.entries())
      for (let level = (lowest[i] ?? 0) + 1; level <= depth; level++) {
        const next = lowest.with(i, level);
        if ((await answerAt(next)) !== true) break;
        lowest = next;
      }
  }
  return { holds, fails: highest(fails), unknown: highest(unknown), asked };
}
