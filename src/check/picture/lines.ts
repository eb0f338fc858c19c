/** What is drawn between the cards: life lines, what lasts, messages on their way, the bracket of the race. */
import type { Explanation, Flight, Span } from '../narration/index.js';
import { element } from './ink.js';
import { columnOf, MARGIN, placeOf, type Column, type Layout, type Place } from './layout.js';

type Point = readonly [x: number, y: number];

/** Bars beside a life line, in pixels. */
const PITCH = 5;
const MOST_BARS = 4;

/** Classes and legends of what lasts. */
export const spanStyles: Readonly<Record<Span['kind'], string>> = {
  'interrupts off': 'off',
  'in service': 'service',
  lock: 'lock',
  mdelay: 'delay',
};

export function drawLives(layout: Layout): string[] {
  return layout.columns.map(({ life }) => element('line', { x1: life, y1: layout.top, x2: life, y2: layout.lifeEnd, class: 'life' }));
}

/** The row is that of this step and of no other. */
function tells({ row }: Place, step: number): boolean {
  return row.steps[0] === step && row.steps[1] === step;
}

/** Bars from the row that begins something to the one that ends it: with interrupts off on the life line, others to its left. */
export function drawSpans({ spans }: Explanation, layout: Layout): string[] {
  const drawn: string[] = [];
  const taken = new Map<number, number[]>();
  const end = layout.places.at(-1)?.row.steps[1] ?? 0;
  for (const span of spans) {
    const column = columnOf(layout, { kind: 'cpu', index: span.cpu });
    const [first, last] = [
      layout.places.find(({ row }) => row.steps[1] >= span.from),
      layout.places.findLast(({ row }) => row.steps[0] <= span.to),
    ];
    if (column === undefined || first === undefined || last === undefined) continue;
    const top = tells(first, span.from) ? first.middle : first.top;
    const bottom = span.to > end ? layout.lifeEnd : tells(last, span.to) ? last.middle : last.top + last.height;
    if (bottom <= top) continue;
    const isOff = span.kind === 'interrupts off';
    const bars = taken.get(span.cpu) ?? [];
    taken.set(span.cpu, bars);
    let bar = 0;
    if (!isOff) {
      while (bar < MOST_BARS && (bars[bar] ?? 0) > top) bar++;
      if (bar === MOST_BARS) continue;
      bars[bar] = bottom;
    }
    const x = isOff ? column.life - 2.5 : column.life - 7 - bar * PITCH;
    const shape = { x, y: top, width: isOff ? 5 : 3, height: bottom - top, rx: 1.5, class: spanStyles[span.kind] };
    drawn.push(element('rect', shape, element('title', {}, [span.kind, span.name].filter((part) => part !== '').join(' '))));
  }
  return drawn;
}

function polyline(points: readonly Point[], style: string): string {
  return element('path', { d: `M${points.map(([x, y]) => `${Number(x.toFixed(1))} ${Number(y.toFixed(1))}`).join('L')}`, class: style });
}

/** The head of an arrow that comes from one point and ends in another. */
function head([x1, y1]: Point, [x2, y2]: Point, style: string): string {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const corner = (side: number): string => `${(x2 - dx * 9 - side * dy * 4).toFixed(1)},${(y2 - dy * 9 + side * dx * 4).toFixed(1)}`;
  return element('polygon', { points: `${x2.toFixed(1)},${y2.toFixed(1)} ${corner(1)} ${corner(-1)}`, class: style });
}

function cross([x, y]: Point): string {
  return (
    polyline(
      [
        [x - 5, y - 5],
        [x + 5, y + 5],
      ],
      'cross fail-edge',
    ) +
    polyline(
      [
        [x - 5, y + 5],
        [x + 5, y - 5],
      ],
      'cross fail-edge',
    )
  );
}

/** Where an arrow leaves a column, and where it comes in: on the side that looks to the other one. */
function leaves(column: Column, place: Place, toRight: boolean): Point {
  return [toRight ? column.card[1] : column.life, place.middle];
}

function comesIn(column: Column, place: Place, fromRight: boolean): Point {
  return [fromRight ? column.card[1] : column.life, place.middle];
}

/** Steepest that an arrow falls: pixels from where it leaves to where it arrives. Longer ones wait where they are, and then go. */
const FALL = 44;

/** The way from a point to another, with the point that its last stretch begins at. `waits`: where it goes down meanwhile. */
function between([x1, y1]: Point, [x2, y2]: Point, waits: number): readonly [points: Point[], last: Point] {
  if (y2 - y1 <= 2 * FALL)
    return [
      [
        [x1, y1],
        [x2, y2],
      ],
      [x1, y1],
    ];
  const last: Point = [waits, y2 - FALL / 2];
  return [[[x1, y1], ...(waits === x1 ? [] : [[waits, y1] as const]), last, [x2, y2]], last];
}

function drawFlight(layout: Layout, { from, sent, root, arrived, to, dropped }: Flight): string[] {
  const [source, start] = [columnOf(layout, from), placeOf(layout, sent)];
  const target = to === undefined ? undefined : columnOf(layout, to);
  const end = arrived === undefined ? undefined : placeOf(layout, arrived);
  if (source === undefined || start === undefined) return [];
  const passing = root === undefined ? undefined : placeOf(layout, root);
  const unit = passing?.row.lines.find(({ lane }) => lane.kind === 'iommu');
  const middle = from.kind === 'device' ? ((unit && columnOf(layout, unit.lane)) ?? layout.root) : undefined;
  const style = dropped ? 'arrow gone fail-edge' : 'arrow';
  const toRight = (middle ?? target ?? source).left > source.left;
  let at = leaves(source, start, toRight);
  let waits = source.lane?.kind === 'device' ? at[0] : toRight ? source.card[1] + 4 : source.left - 2;
  const drawn = [element('circle', { cx: at[0], cy: at[1], r: 2.5, class: 'head' })];
  if (middle !== undefined) {
    // on its way to the root complex still: a dashed line that ends in front of it
    if (passing === undefined) return [...drawn, polyline([at, [middle.life + 24, start.middle + 12]], 'arrow gone')];
    const reached: Point = [middle.life, passing.middle];
    const [points, last] = between(at, reached, waits);
    drawn.push(polyline(points, 'arrow'), head(last, [reached[0] + 4, reached[1]], 'head'));
    drawn.push(element('circle', { cx: reached[0], cy: reached[1], r: 4, class: 'head' }));
    [at, waits] = [reached, reached[0]];
  }
  if (end === undefined || target === undefined) {
    // on its way still, or to nobody: a line that ends between the lanes
    const stub: Point = [at[0] + (toRight ? 30 : -30), at[1] + 12];
    return [...drawn, polyline([at, stub], 'arrow gone'), ...(dropped ? [cross(stub)] : [])];
  }
  if (target === source) {
    // an IPI to itself: out to the right and back
    const [a, b] = [leaves(source, start, true), comesIn(target, end, true)];
    const turn = a[0] + 5;
    return [...drawn, polyline([a, [turn, a[1]], [turn, b[1]], b], style), head([turn, b[1]], b, 'head')];
  }
  const goal = comesIn(target, end, target.left < (middle ?? source).left);
  const stop: Point = dropped ? [goal[0] + (goal[0] < at[0] ? 9 : -9), goal[1]] : goal;
  const [points, last] = between(at, stop, waits);
  return [...drawn, polyline(points, style), dropped ? cross(stop) : head(last, stop, 'head')];
}

export function drawFlights({ flights }: Explanation, layout: Layout): string[] {
  return flights.flatMap((flight) => drawFlight(layout, flight));
}

/** Joins the two rows of the race, left of the numbers. */
export function drawRace(layout: Layout): string[] {
  const [first, second] = layout.places.filter(({ marks }) => marks.some(({ mark }) => mark.kind === 'race'));
  if (first === undefined || second === undefined) return [];
  const [inner, outer] = [MARGIN + 14, MARGIN + 4];
  const [a, b] = [first.middle, second.middle];
  return [
    polyline(
      [
        [inner, a],
        [outer, a],
        [outer, b],
        [inner, b],
      ],
      'bracket race-edge',
    ),
    head([outer, a], [inner + 4, a], 'race-text'),
    head([outer, b], [inner + 4, b], 'race-text'),
  ];
}

/** From the end of a loop back to its beginning. */
export function drawLoop(layout: Layout): string[] {
  const at = layout.places.flatMap(({ marks }) => marks.flatMap(({ mark, top }) => (mark.kind === 'loop' ? [top + 8] : [])));
  const [from, to] = at;
  if (from === undefined || to === undefined) return [];
  const [inner, outer] = [MARGIN + 14, MARGIN + 4];
  return [
    polyline(
      [
        [inner, to],
        [outer, to],
        [outer, from],
        [inner, from],
      ],
      'bracket loop-edge',
    ),
    head([outer, from], [inner + 4, from], 'loop-text'),
  ];
}
