/** Where everything stands in a picture: columns from left to right, rows from top to bottom. In pixels. */
import type { Explanation, Lane, Mark, Row } from '../narration/index.js';
import { cellsOf, type Said } from './cells.js';
import { columnsIn, fonts } from './ink.js';
import { wrap } from './wrap.js';

export const MARGIN = 20;
/** Numbers, and the bracket of the race. */
const GUTTER = 52;
const ROOT = 112;
const LEAST_LANE = 150;
const MOST_LANE = 270;
/** From a lane's left edge to its life line: room for what lasts. */
const BEFORE_LIFE = 24;
const BEHIND_LIFE = 12;
const BETWEEN = 8;
export const LINE = 14;
const PADDING = 6;
export const MARK_LINE = 16;

export interface Column {
  readonly title: string;
  /** undefined: the root complex, where no unit of it says anything */
  readonly lane: Lane | undefined;
  readonly left: number;
  readonly life: number;
  /** what is said stands between these */
  readonly card: readonly [left: number, right: number];
}

/** A line of a card. */
export interface Script {
  readonly words: string;
  readonly routine: boolean;
}

export interface Place {
  readonly row: Row;
  readonly top: number;
  readonly height: number;
  readonly middle: number;
  /** a step with a number, or one that is marked: it has a card */
  readonly boxed: boolean;
  /** by column; empty where nothing is said */
  readonly cards: readonly (readonly Script[])[];
  readonly folded: readonly string[];
  readonly marks: readonly { readonly mark: Mark; readonly top: number; readonly lines: readonly string[] }[];
}

export interface Layout {
  readonly width: number;
  readonly columns: readonly Column[];
  /** where messages pass the root complex: a column of its own, or the first unit */
  readonly root: Column | undefined;
  readonly places: readonly Place[];
  /** top and bottom of the life lines; bottom of all rows */
  readonly top: number;
  readonly lifeEnd: number;
  readonly bottom: number;
}

function columnsOf({ lanes, flights }: Explanation, wished: number): Column[] {
  const of = (kind: Lane['kind']): Explanation['lanes'] => lanes.filter(({ lane }) => lane.kind === kind);
  const units = of('iommu');
  const hasRoot = units.length === 0 && flights.some(({ from }) => from.kind === 'device');
  const free = wished - 2 * MARGIN - GUTTER - (hasRoot ? ROOT : 0);
  const wide = Math.max(LEAST_LANE, Math.min(MOST_LANE, Math.floor(free / Math.max(1, lanes.length))));
  const columns: Column[] = [];
  let left = MARGIN + GUTTER;
  const add = (title: string, lane: Lane | undefined, width: number): void => {
    const life = left + (lane?.kind === 'cpu' ? BEFORE_LIFE : BEFORE_LIFE / 2);
    columns.push({ title, lane, left, life, card: [life + BEHIND_LIFE, left + width - BETWEEN] });
    left += width;
  };
  for (const { title, lane } of of('cpu')) add(title, lane, wide);
  if (hasRoot) add('root complex', undefined, ROOT);
  for (const { title, lane } of units) add(title, lane, wide);
  for (const { title, lane } of of('device')) add(title, lane, wide);
  return columns;
}

function scriptOf(said: readonly Said[], width: number): Script[] {
  const limit = columnsIn(width, fonts.fixed);
  return said.flatMap(({ entered, text }) => [
    ...(entered === undefined ? [] : wrap(`${entered}:`, limit).map((words) => ({ words, routine: true }))),
    ...wrap(text, limit).map((words) => ({ words, routine: false })),
  ]);
}

/** Width of what is said in a card. */
const INSIDE = 2 * PADDING;

export function layOut(explanation: Explanation, wished: number, top: number): Layout {
  const { lanes, rows, flights } = explanation;
  const columns = columnsOf(explanation, wished);
  const right = (columns.at(-1)?.card[1] ?? wished - MARGIN) + BETWEEN;
  const said = cellsOf(lanes, rows);
  const acrossFixed = columnsIn(right - MARGIN - GUTTER - INSIDE, fonts.fixed);
  const acrossLabel = columnsIn(right - MARGIN - GUTTER - 2 * INSIDE, fonts.label, false);
  const passes = new Set(flights.map(({ root }) => root));
  let y = top;
  const places = rows.map((row, i): Place => {
    // a message that passes the root complex is drawn there; what a unit makes of it is said
    const silent = passes.has(row.steps[0]);
    const cards = columns.map(({ lane, card }) => {
      const at = lanes.findIndex((each) => each.lane === lane);
      const told = at >= 0 && (!silent || lane?.kind === 'iommu');
      return told ? scriptOf(said[i]?.[at] ?? [], card[1] - card[0] - INSIDE) : [];
    });
    const folded = row.folded === undefined ? [] : wrap(row.folded, acrossFixed);
    // the line of a message that passes the root complex is not written, but has its number
    const lines = Math.max(row.visible ? 1 : 0, folded.length, ...cards.map((card) => card.length));
    const boxed = row.folded === undefined && (row.visible || row.marks.some(({ kind }) => kind !== 'note' && kind !== 'loop'));
    const height = lines * LINE + (boxed ? 2 * PADDING : 2);
    const from = y;
    y += height + (boxed ? 5 : 3);
    const marks = row.marks.map((mark) => {
      const wrapped = wrap(mark.text, acrossLabel);
      const at = y;
      y += wrapped.length * MARK_LINE + 9;
      return { mark, top: at, lines: wrapped };
    });
    return { row, top: from, height, middle: from + height / 2, boxed, cards, folded, marks };
  });
  const last = places.at(-1);
  const lifeEnd = last === undefined || last.folded.length === 0 ? y : last.top;
  return {
    width: right + MARGIN,
    lifeEnd,
    columns,
    root: columns.find(({ lane }) => lane === undefined || lane.kind === 'iommu'),
    places,
    top,
    bottom: y,
  };
}

/** The row that tells a step, or the next one that is told; the last if there is none. */
export function placeOf({ places }: Layout, step: number): Place | undefined {
  return places.find(({ row }) => row.steps[1] >= step) ?? places.at(-1);
}

export function columnOf({ columns }: Layout, { kind, index }: Lane): Column | undefined {
  return columns.find(({ lane }) => lane?.kind === kind && lane.index === index);
}
