/** An explanation as text: the line, a summary, the fields as a table, and below it check, causes, what to look at, what resembles it. */
import { wrap } from '../check/index.js';
import type { ExplainedField, Explained, Resemblance } from '../explain/index.js';
import { FIELD, style } from './output.js';

/** The least that a text beside its value may have. */
const NARROW = 24;
/** A value longer than this has its text below it. */
const LONG = 18;

const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));

/** Name, bits and value in columns, and the text beside them; below them where they leave too little room. */
function table(fields: readonly ExplainedField[], columns: number): string[] {
  const name = widest(fields.map((each) => each.name)) + 2;
  const place = widest(fields.map(({ bits = '' }) => bits));
  const bits = place === 0 ? 0 : place + 2;
  const value = Math.min(LONG, widest(fields.map((each) => each.value).filter(({ length }) => length <= LONG))) + 2;
  const hang = 2 + name + bits + value;
  return fields.flatMap((each) => {
    const head = `  ${each.name.padEnd(name)}${(each.bits ?? '').padEnd(bits)}${each.value.padEnd(value)}`;
    const beside = each.value.length <= LONG && columns - hang >= NARROW;
    const indent = beside ? hang : 6;
    const lines = wrap(each.text, columns - indent).map((line, i) => (beside && i === 0 ? head : ' '.repeat(indent)) + line);
    return (beside && lines.length > 0 ? lines : [...wrapped(head, columns), ...lines]).map((line) => line.trimEnd());
  });
}

/** A head that is itself too long: a value of many digits in a narrow terminal. */
function wrapped(head: string, columns: number): string[] {
  if (head.trimEnd().length <= columns) return [head];
  return wrap(head.trim(), columns - 6).map((line, i) => (i === 0 ? '  ' : '      ') + line);
}

/** `  causes      1. text`, with the text behind its mark. */
function items(name: string, texts: readonly string[], mark: (n: number) => string, columns: number): string[] {
  return texts.flatMap((text, n) => {
    const head = mark(n);
    const lines = wrap(text, columns - FIELD - head.length);
    return lines.map(
      (line, i) => `${(n === 0 && i === 0 ? `  ${name}` : '').padEnd(FIELD)}${(i === 0 ? head : '').padEnd(head.length)}${line}`,
    );
  });
}

/** A command, broken so that a shell takes it whole. */
function command(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `  ${word}`);
  }
  return lines.map((line, i) => (i < lines.length - 1 ? `${line} \\` : line));
}

function resembling(all: readonly Resemblance[], columns: number): string[] {
  return all.flatMap((each, n) =>
    [...command(each.command, columns - FIELD).map(style.bold), ...wrap(each.text, columns - FIELD - 2).map((line) => `  ${line}`)].map(
      (line, i) => (n === 0 && i === 0 ? '  resembles' : '').padEnd(FIELD) + line,
    ),
  );
}

/** What was said before is not said again. */
class Said {
  readonly #texts = new Set<string>();

  isNew(text: string): boolean {
    const isNew = !this.#texts.has(text);
    this.#texts.add(text);
    return isNew;
  }
}

function adviceText({ causes, next, resembles }: Explained, said: Said, columns: number): string[] {
  const again = causes.length > 0 && !said.isNew(JSON.stringify(causes));
  return [
    ...items('causes', again ? ['as above'] : causes, (n) => (causes.length === 1 || again ? '' : `${n + 1}. `), columns),
    ...items(
      'look at',
      next.filter((each) => said.isNew(each)),
      () => '- ',
      columns,
    ),
    ...resembling(
      resembles.filter((each) => said.isNew(each.command)),
      columns,
    ),
  ];
}

function explanationText(each: Explained, said: Said, columns: number): string {
  const again = each.lines.length > 1 ? ` (${each.lines.length} times)` : '';
  const advice = adviceText(each, said, columns);
  return [
    ...wrap(`${each.source}${again}`, columns - 2).map((line) => style.dim(`> ${line}`)),
    '',
    ...wrap(each.summary, columns).map(style.bold),
    ...(each.fields.length === 0 ? [] : ['', ...table(each.fields, columns)]),
    ...(each.check === undefined && advice.length === 0 ? [] : ['']),
    ...(each.check === undefined ? [] : items('check', [each.check], () => '', columns)),
    ...advice,
    '',
  ].join('\n');
}

export function explanationsText(all: readonly Explained[], columns: number): string {
  const said = new Said();
  return all.map((each) => explanationText(each, said, columns)).join('\n');
}
