/** What the bench has measured: tables of figures, as text and as JSON, and their ratios beside those of a reference. */

/** Of these only ratios can be compared between machines, so they alone are in a reference. */
export type Unit = 'ratio' | 'ns' | 'ms' | '/s' | 'bytes' | 'count';

export interface Column {
  readonly name: string;
  readonly unit: Unit;
}

export interface Row {
  readonly name: string;
  /** one for each column; undefined: there is none, and a note says why */
  readonly values: readonly (number | undefined)[];
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** what is missing and why, or what a figure is held to */
  readonly notes?: readonly string[];
}

/** Ratios by table, row and column. */
export type Reference = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;

/** The middle one; 0 of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

const WIDTH = 54;

function figure(value: number | undefined, unit: Unit): string {
  if (value === undefined) return '-';
  switch (unit) {
    case 'ratio':
      return value.toFixed(2);
    case 'ns':
    case 'ms':
      return `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US')} ${unit}`;
    case '/s':
      return `${Math.round(value).toLocaleString('en-US')}/s`;
    default:
      return Math.round(value).toLocaleString('en-US');
  }
}

/** A ratio's distance from what it was, in percent: below 0 is less. */
function deviation(value: number, before: number): string {
  const percent = Math.round((value / before - 1) * 100);
  return `${percent < 0 ? '' : '+'}${percent} %`;
}

/** As it is printed. */
export function formatTable({ title, columns, rows, notes = [] }: Table, reference: Reference = {}): string {
  const cells = rows.map(({ name, values }) =>
    columns.map((column, i) => {
      const value = values[i];
      const before = column.unit === 'ratio' ? reference[title]?.[name]?.[column.name] : undefined;
      const shown = figure(value, column.unit);
      return value === undefined || before === undefined ? shown : `${shown} (${deviation(value, before)})`;
    }),
  );
  const widths = columns.map(({ name }, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (head: string, row: readonly string[]): string =>
    `${head.padEnd(WIDTH)}  ${row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')}`.trimEnd();
  return [
    line(
      title,
      columns.map(({ name }) => name),
    ),
    ...rows.map(({ name }, r) => line(`  ${name}`, cells[r] ?? [])),
    ...notes.map((note) => `  ${note}`),
    '',
  ].join('\n');
}

/** The ratios of these tables, to two digits. */
export function referenceOf(tables: readonly Table[]): Reference {
  const entries = tables.flatMap(({ title, columns, rows }) => {
    const ratios = rows.map(({ name, values }) => {
      const own = columns.flatMap((column, i) => {
        const value = values[i];
        return column.unit === 'ratio' && value !== undefined ? [[column.name, Number(value.toFixed(2))] as const] : [];
      });
      return [name, Object.fromEntries(own)] as const;
    });
    const some = ratios.filter(([, own]) => Object.keys(own).length > 0);
    return some.length === 0 ? [] : [[title, Object.fromEntries(some)] as const];
  });
  return Object.fromEntries(entries);
}

/** One document; times are of the machine that it was measured on. */
export function jsonOf(tables: readonly Table[], quick: boolean): string {
  const { version, arch, platform } = process;
  return `${JSON.stringify({ node: version, platform, arch, quick, tables }, undefined, 2)}\n`;
}
