/** The text diagram that people paste into mail: a column per actor, time downwards. */
import type { Explanation } from '../narration/index.js';
import { cellsOf } from './cells.js';
import { wrap } from './wrap.js';

const NUMBER_WIDTH = 4;
const GAP = 2;
/** What goes over all columns needs this much, even where there are none. */
const MARKS_WIDTH = 40;

export interface Style {
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly alarm: (text: string) => string;
}

const plain: Style = { dim: (t) => t, bold: (t) => t, alarm: (t) => t };

/** Draws an explanation in `width` columns. Steps that no other actor sees are dimmed and have no number. */
export function drawDiagram({ lanes, rows, notes, stateTitle, state }: Explanation, width = 80, style: Style = plain): string {
  const column = Math.max(8, Math.floor((width - NUMBER_WIDTH - GAP * lanes.length) / Math.max(1, lanes.length)));
  const full = lanes.length === 0 ? width : Math.max(MARKS_WIDTH, NUMBER_WIDTH + lanes.length * (GAP + column));
  const out: string[] = [];
  const row = (number: string, cells: readonly (readonly string[])[], paint: (text: string) => string): void => {
    const height = Math.max(1, ...cells.map((cell) => cell.length));
    for (let i = 0; i < height; i++) {
      const text = cells.map((cell) => ' '.repeat(GAP) + (cell[i] ?? '').padEnd(column)).join('');
      out.push(paint(((i === 0 ? number : '').padStart(NUMBER_WIDTH) + text).trimEnd()));
    }
  };
  const head = (cell: (title: string) => string[], paint: (text: string) => string): void =>
    row(
      '',
      lanes.map(({ title }) => cell(title)),
      paint,
    );
  // nobody did anything where the start itself is wrong
  if (lanes.length > 0) {
    head((title) => wrap(title, column), style.bold);
    head((title) => ['-'.repeat(Math.min(column, title.length))], style.dim);
  }
  const across = (text: string, paint: (text: string) => string): void => {
    for (const line of wrap(text, full - NUMBER_WIDTH - GAP)) out.push(paint(' '.repeat(NUMBER_WIDTH + GAP) + line));
  };
  const all = cellsOf(lanes, rows);
  rows.forEach(({ number, visible, lines, marks, folded }, i) => {
    const cells = (all[i] ?? []).map((cell) =>
      cell.flatMap(({ entered, text }) => wrap(entered === undefined ? text : `${entered}: ${text}`, column)),
    );
    if (folded !== undefined) across(folded, style.dim);
    if (lines.length > 0) row(visible ? String(number) : '', cells, visible ? (t) => t : style.dim);
    for (const { kind, text } of marks) across(`>>> ${text}`, kind === 'fail' ? style.alarm : style.bold);
  });
  for (const note of notes) {
    out.push('');
    across(note, style.bold);
  }
  out.push('', style.bold(stateTitle));
  for (const line of state) wrap(line, full - 4).forEach((part, i) => out.push((i === 0 ? '  ' : '    ') + part));
  return `${out.join('\n')}\n`;
}
