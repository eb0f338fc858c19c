/** Steps of no consequence to the reader, said in one line. */
import { Actor } from '../../core/index.js';
import { isProbe } from '../names/index.js';
import type { Row } from './explanation.js';

/** One row in place of several; it keeps the marks of the last of them. */
function fold(rows: readonly Row[], text: string): Row {
  const [first, last] = [rows[0] as Row, rows.at(-1) as Row];
  return { steps: [first.steps[0], last.steps[1]], number: last.number, visible: false, lines: [], marks: last.marks, folded: text };
}

/** `7 more steps`, of those that have a number. */
function more(rows: readonly Row[]): string {
  const n = rows.filter(({ visible }) => visible).length;
  return n === 0 ? '' : ` ${n} more step${n === 1 ? '' : 's'}`;
}

/** What is left when the property is broken for good: nothing that a reader needs, unless it is marked. */
export function foldEnd(rows: readonly Row[], failed: number | undefined, path: readonly number[]): Row[] {
  const from = failed === undefined ? -1 : rows.findLastIndex(({ steps, marks }) => marks.length > 0 || steps[0] <= failed) + 1;
  const rest = from > 0 ? rows.slice(from) : [];
  if (rest.length < 2) return [...rows];
  const end = path.some(isProbe) ? 'until the probe has ended' : 'until nothing is on its way';
  return [...rows.slice(0, from), fold(rest, `...${more(rest)} ${end}`)];
}

/** Raises of the probe that are told with the same words as the one before them. */
export function foldProbe(rows: readonly Row[], path: readonly number[]): Row[] {
  const raises = path.flatMap((action, i) => (action >>> 12 === Actor.probe && (action & 0xfff) !== 0 ? [i] : []));
  const rounds = raises.map((begin, n) => rows.filter(({ steps: [at] }) => at >= begin && at < (raises[n + 1] ?? path.length)));
  // what stands there only because it is marked does not make a difference
  const words = rounds.map((round) =>
    JSON.stringify(round.filter(({ visible, marks }) => visible || marks.length === 0).map(({ lines, visible }) => [lines, visible])),
  );
  const told = rows.filter(({ steps: [at] }) => at < (raises[0] ?? path.length));
  let left: Row[][] = [];
  const flush = (): void => {
    const text = `${left.length} more raise${left.length === 1 ? '' : 's'} of the probe, with the same outcome`;
    if (left.length > 0) told.push(fold(left.flat(), `...${more(left.flat())}: ${text}`));
    left = [];
  };
  rounds.forEach((round, n) => {
    // only the last row of what is left out may be marked: its marks stay
    const alike = n > 0 && words[n] === words[n - 1] && round.slice(0, -1).every(({ marks }) => marks.length === 0);
    if (alike) left.push(round);
    if (!alike || round.at(-1)?.marks.length !== 0) flush();
    if (!alike) told.push(...round);
  });
  flush();
  return told;
}
