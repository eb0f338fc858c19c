/** The text diagram that people paste into mail: a column per actor, time downwards. */
import type { Explanation } from './explanation.js';
import type { Lane } from './narrate.js';

const NUMBER_WIDTH = 4;
const GAP = 2;

/** Where to cut a name that is too long: behind an underscore or a bracket, if there is one in the second half. */
function breakAt(word: string, width: number): number {
  for (let at = width; at > width / 2; at--) if ('_([:.,/'.includes(word[at - 1] ?? '')) return at;
  return width;
}

/** Words of a text in lines of at most `width`. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (line.length > width) {
      const at = breakAt(line, width);
      lines.push(line.slice(0, at));
      line = line.slice(at);
    }
  }
  return line === '' ? lines : [...lines, line];
}

export interface Style {
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly alarm: (text: string) => string;
}

const plain: Style = { dim: (t) => t, bold: (t) => t, alarm: (t) => t };

function same(a: Lane, b: Lane): boolean {
  return a.kind === b.kind && a.index === b.index;
}

/** Draws an explanation in `width` columns. Steps that no other actor sees are dimmed and have no number. */
export function drawDiagram({ lanes, rows, notes, stateTitle, state }: Explanation, width = 80, style: Style = plain): string {
  const column = Math.max(8, Math.floor((width - NUMBER_WIDTH - GAP * lanes.length) / Math.max(1, lanes.length)));
  const full = NUMBER_WIDTH + lanes.length * (GAP + column);
  const out: string[] = [];
  const row = (number: string, cells: readonly (readonly string[])[], paint: (text: string) => string): void => {
    const height = Math.max(1, ...cells.map((cell) => cell.length));
    for (let i = 0; i < height; i++) {
      const text = cells.map((cell) => ' '.repeat(GAP) + (cell[i] ?? '').padEnd(column)).join('');
      out.push(paint(((i === 0 ? number : '').padStart(NUMBER_WIDTH) + text).trimEnd()));
    }
  };
  row(
    '',
    lanes.map(({ title }) => wrap(title, column)),
    style.bold,
  );
  row(
    '',
    lanes.map(({ title }) => ['-'.repeat(Math.min(column, title.length))]),
    style.dim,
  );
  const across = (text: string, paint: (text: string) => string): void => {
    for (const line of wrap(text, full - NUMBER_WIDTH - GAP)) out.push(paint(' '.repeat(NUMBER_WIDTH + GAP) + line));
  };
  const inRoutine = new Map<number, string>();
  for (const { number, visible, lines, marks, folded } of rows) {
    const cells = lanes.map(({ lane }) =>
      lines
        .filter((line) => same(line.lane, lane))
        .flatMap((line) => {
          const moved = line.routine !== undefined && inRoutine.get(lane.index) !== line.routine;
          if (line.routine !== undefined) inRoutine.set(lane.index, line.routine);
          return wrap(moved ? `${line.routine}: ${line.text}` : line.text, column);
        }),
    );
    if (folded !== undefined) across(folded, style.dim);
    if (lines.length > 0) row(visible ? String(number) : '', cells, visible ? (t) => t : style.dim);
    for (const { kind, text } of marks) across(`>>> ${text}`, kind === 'fail' ? style.alarm : style.bold);
  }
  for (const note of notes) {
    out.push('');
    across(note, style.bold);
  }
  out.push('', style.bold(stateTitle));
  for (const line of state) wrap(line, full - 4).forEach((part, i) => out.push((i === 0 ? '  ' : '    ') + part));
  return `${out.join('\n')}\n`;
}
