/** A table of short texts in the fixed font, as wide as it must be and no wider than it may be. */
import { columnsIn, element, fonts, text } from './ink.js';
import { wrap } from './wrap.js';

const LINE = 15;
const GAP = 14;

/** Shortens the widest columns until the sum fits; in characters. */
function fit(widths: readonly number[], limit: number): number[] {
  const fitted = [...widths];
  while (fitted.reduce((sum, width) => sum + width, 0) > limit) {
    const widest = fitted.indexOf(Math.max(...fitted));
    if ((fitted[widest] ?? 0) <= 4) break;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
  }
  return fitted;
}

/** Draws it with its left upper corner at (x, y). Returns the elements and the height. */
export function drawTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  [x, y, width]: readonly [x: number, y: number, width: number],
): { readonly drawn: string[]; readonly height: number } {
  const widths = fit(
    head.map((name, c) => Math.max(name.length, ...rows.map((row) => row[c]?.length ?? 0))),
    columnsIn(width - GAP * (head.length - 1), fonts.fixed),
  );
  const unit = 1 / columnsIn(1000, fonts.fixed);
  const left = widths.map((_, c) => x + widths.slice(0, c).reduce((sum, each) => sum + each * unit * 1000 + GAP, 0));
  const drawn: string[] = [];
  let top = y;
  const draw = (cells: readonly string[], style: string): void => {
    const lines = cells.map((cell, c) => wrap(cell, widths[c] ?? 4));
    lines.forEach((cell, c) => cell.forEach((line, i) => drawn.push(text(left[c] ?? x, top + 11 + i * LINE, style, line))));
    top += Math.max(1, ...lines.map((cell) => cell.length)) * LINE + 4;
  };
  draw(head, 'dim');
  for (const row of rows) {
    drawn.push(element('line', { x1: x, y1: top - 1, x2: x + width, y2: top - 1, class: 'rule' }));
    top += 3;
    draw(row, 'ink');
  }
  return { drawn, height: top - y };
}
