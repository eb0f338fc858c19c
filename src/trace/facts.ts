/** What an import knows, each fact with where it comes from. */

/** One thing that a scenario made from a trace rests on. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  /** `read`: it stands in the lines; `inferred`: it follows from them; `assumed`: nothing in them says so. */
  readonly how: 'read' | 'inferred' | 'assumed';
  /** Line numbers, ascending; empty only if assumed. */
  readonly from: readonly number[];
  /** Why, or with what reservation. */
  readonly note?: string;
}

const WIDTH = 80;
const HOW_WIDTH = 10;
const LINES_WIDTH = 20;

export interface FormatFactsOptions {
  /** The note of each fact below it. */
  readonly notes?: boolean;
}

/** One fact a line, 80 columns: `read      irq 122: vector 33 (0x21)                       lines 10, 32`. */
export function formatFacts({ facts }: { readonly facts: readonly Fact[] }, { notes = false }: FormatFactsOptions = {}): string {
  const textWidth = WIDTH - HOW_WIDTH - LINES_WIDTH - 2;
  return facts
    .flatMap(({ how, name, value, from, note }) => {
      const text = `${name}: ${value}`;
      const lines = shownLines(from);
      // A long fact without lines may use their column.
      const shown = cut(text, lines === '' ? WIDTH - HOW_WIDTH : textWidth);
      const fact = `${how.padEnd(HOW_WIDTH)}${lines === '' ? shown : `${shown.padEnd(textWidth)}  ${lines}`}\n`;
      return notes && note !== undefined
        ? [fact, ...wrapped(note, WIDTH - HOW_WIDTH - 2).map((line) => `${' '.repeat(HOW_WIDTH + 2)}${line}\n`)]
        : [fact];
    })
    .join('');
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 3)}...`;
}

/** `lines 7-10, 12, 14-32`, with an ellipsis where more don't fit. */
function shownLines(from: readonly number[]): string {
  if (from.length === 0) return '';
  const ranges = lineRanges(from);
  const label = from.length === 1 ? 'line ' : 'lines ';
  let shown = label;
  for (const [i, range] of ranges.entries()) {
    const next = `${i === 0 ? '' : ', '}${range}`;
    const rest = i < ranges.length - 1 ? ', ..'.length : 0;
    if (shown.length + next.length + rest > LINES_WIDTH) return `${shown}, ..`;
    shown += next;
  }
  return shown;
}

function lineRanges(lines: readonly number[]): readonly string[] {
  const ranges: string[] = [];
  for (let first = 0; first < lines.length;) {
    let last = first;
    while (lines[last + 1] === (lines[last] ?? 0) + 1) last += 1;
    ranges.push(first === last ? `${lines[first]}` : `${lines[first]}-${lines[last]}`);
    first = last + 1;
  }
  return ranges;
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
