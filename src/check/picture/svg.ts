/** A counterexample as a picture: a lane per CPU and device, time downwards, messages as arrows. One file, no script, no font of its own. */
import type { Explanation, Mark } from '../narration/index.js';
import { columnsIn, element, escapeXml, fonts, styleSheet, text } from './ink.js';
import { layOut, LINE, MARGIN, MARK_LINE, type Layout, type Place } from './layout.js';
import { drawFlights, drawLives, drawLoop, drawRace, drawSpans, spanStyles } from './lines.js';
import { drawTable } from './table.js';
import { wrap } from './wrap.js';

export interface PictureOptions {
  /** stands above it */
  readonly title?: string;
  /** pixels; lanes become no narrower than can be read, and so the picture may be wider */
  readonly width?: number;
}

/** A4 upright at the size of its text. */
const WIDTH = 900;
const TITLE_LINE = 20;
const LANE_HEAD = 24;

/** Of several marks of a row, the one that its cards show. */
const strongest: readonly Mark['kind'][] = ['fail', 'race', 'part'];

/** Draws an explanation as SVG. The same for the same explanation; readable on white and on black. */
export function drawSvg(explanation: Explanation, { title = '', width = WIDTH }: PictureOptions = {}): string {
  const heading = title === '' ? [] : wrap(title, columnsIn(width - 2 * MARGIN, fonts.title, false));
  const lanesAt = MARGIN + heading.length * TITLE_LINE + (heading.length > 0 ? 8 : 0);
  const layout = layOut(explanation, width, lanesAt + LANE_HEAD + 8);
  const body = [
    ...heading.map((line, i) => text(MARGIN, MARGIN + 13 + i * TITLE_LINE, 'ink title', line)),
    ...drawLives(layout),
    ...drawSpans(explanation, layout),
    ...drawHeads(layout, lanesAt),
    ...drawFlights(explanation, layout),
    ...layout.places.flatMap((place) => drawMarks(layout, place)),
    ...layout.places.flatMap((place) => drawPlace(layout, place)),
    ...drawRace(layout),
    ...drawLoop(layout),
  ];
  let y = layout.bottom + 10;
  const legend = drawLegend(explanation, y);
  if (legend.length > 0) y += 22;
  const foot = drawFoot(explanation, layout, y);
  const height = foot.bottom + MARGIN;
  const size = { width: layout.width, height, viewBox: `0 0 ${Number(layout.width.toFixed(1))} ${Number(height.toFixed(1))}` };
  const content = [
    element('title', {}, escapeXml(title === '' ? 'A counterexample' : title)),
    `<style>${styleSheet}</style>`,
    element('rect', { width: layout.width, height, class: 'paper' }),
    ...body,
    ...legend,
    ...foot.drawn,
  ];
  return `${element('svg', { xmlns: 'http://www.w3.org/2000/svg', ...size, role: 'img' }, `\n${content.join('\n')}\n`)}\n`;
}

function drawHeads({ columns }: Layout, y: number): string[] {
  return columns.flatMap(({ title, left, card, lane }) => {
    const [x, right] = [left + 2, card[1]];
    const [line = '', ...more] = wrap(title, columnsIn(right - x - 12, fonts.label, false));
    const shown = more.length === 0 ? line : `${line}…`;
    return [
      element('rect', { x, y, width: right - x, height: LANE_HEAD, rx: 4, class: 'card' }, element('title', {}, escapeXml(title))),
      text(x + 7, y + 16, lane === undefined ? 'dim label' : 'ink lane', shown),
    ];
  });
}

function drawMarks({ columns, width }: Layout, { marks }: Place): string[] {
  const x = (columns[0]?.left ?? MARGIN) + 2;
  return marks.flatMap(({ mark: { kind }, top, lines }) => {
    const height = lines.length * MARK_LINE + 4;
    return [
      element('rect', { x, y: top, width: width - MARGIN - x, height, class: `${kind}-tint` }),
      element('rect', { x, y: top, width: 4, height, class: `${kind}-text` }),
      ...lines.map((line, i) => text(x + 12, top + 14 + i * MARK_LINE, `mark ${kind}-text`, line)),
    ];
  });
}

function drawPlace({ columns, width }: Layout, { row, top, middle, boxed, cards, folded, marks }: Place): string[] {
  const kind = strongest.find((each) => marks.some(({ mark }) => mark.kind === each));
  const left = columns[0]?.left ?? MARGIN;
  const drawn: string[] = [];
  if (row.visible)
    drawn.push(
      text(left - 8, middle + 4, kind === undefined ? 'dim number' : `number ${kind}-text`, String(row.number), { 'text-anchor': 'end' }),
    );
  if (folded.length > 0)
    drawn.push(
      element('rect', { x: left + 2, y: top, width: width - MARGIN - left - 2, height: folded.length * LINE + 2, class: 'paper' }),
    );
  folded.forEach((line, i) => drawn.push(text(left + 14, top + 11 + i * LINE, 'dim', line)));
  cards.forEach((lines, c) => {
    const [x, right] = columns[c]?.card ?? [0, 0];
    if (lines.length === 0) return;
    const tall = boxed ? lines.length * LINE + 10 : lines.length * LINE + 2;
    const y = boxed ? middle - tall / 2 : top;
    // a step that nobody else sees has no card, but nothing runs through its words
    const style = boxed ? `card${kind === undefined ? '' : ` edge ${kind}-edge`}` : 'paper';
    drawn.push(element('rect', { x, y, width: right - x, height: tall, rx: 4, class: style }));
    lines.forEach(({ words, routine }, i) => {
      const quiet = routine || !row.visible;
      drawn.push(text(x + 7, y + (boxed ? 15 : 11) + i * LINE, `${quiet ? 'dim' : 'ink'}${routine ? ' routine' : ''}`, words));
    });
  });
  return drawn;
}

function drawLegend({ spans }: Explanation, y: number): string[] {
  const kinds = (Object.keys(spanStyles) as (keyof typeof spanStyles)[]).filter((kind) => spans.some((span) => span.kind === kind));
  let x = MARGIN;
  return kinds.flatMap((kind) => {
    const at = x;
    x += 26 + kind.length * 8;
    return [
      element('rect', { x: at, y, width: 5, height: 12, rx: 1.5, class: spanStyles[kind] }),
      text(at + 11, y + 10, 'dim label', kind),
    ];
  });
}

/** Notes, and the state where it broke. */
function drawFoot({ notes, stateTitle, table }: Explanation, { width }: Layout, top: number): { drawn: string[]; bottom: number } {
  const drawn: string[] = [];
  const inner = width - 2 * MARGIN;
  let y = top;
  const say = (words: string, style: string): void => {
    for (const line of wrap(words, columnsIn(inner, fonts.label, false))) drawn.push(text(MARGIN, (y += MARK_LINE), style, line));
  };
  for (const note of notes) say(note, 'ink mark');
  y += 6;
  say(stateTitle, 'ink lane');
  const add = (head: readonly string[], rows: readonly (readonly string[])[]): void => {
    const { drawn: more, height } = drawTable(head, rows, [MARGIN, y + 8, inner]);
    drawn.push(...more);
    y += height + 14;
  };
  add(
    ['CPU', 'state', 'LAPIC', 'IF', 'IRR', 'ISR', 'vector table', 'stands at'],
    table.cpus.map((c) => [c.name, c.run, c.lapic, c.interruptsOn ? '1' : '0', c.irr, c.isr, c.slots, c.at || '-']),
  );
  if (table.entries.length > 0)
    add(
      ['remapping entry', 'in memory', 'cached'],
      table.entries.map(({ name, memory, cached }) => [
        name,
        memory,
        cached.map(({ unit, entry }) => `${unit}: ${entry}`).join('; ') || '-',
      ]),
    );
  add(
    ['device', 'MSI address', 'MSI data', 'goes to', 'event'],
    table.devices.map((d) => [d.name, d.address, d.data, d.target, table.owed.includes(d.name) ? 'owed: not handled' : '-']),
  );
  return { drawn, bottom: y };
}
