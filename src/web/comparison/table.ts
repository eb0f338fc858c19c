/** All metrics of all strategies, with what is shown of their differences. */
import { comparison, metricsOf, type Metric, type Setting, type Strategy } from './data.js';
import { colourName, element, make, shown as text } from './dom.js';

const marks: Readonly<Record<string, string>> = { more: '▲', less: '▼', same: '=', none: '' };

function intervalText({ unit }: Metric, { low, high, shown }: Strategy['differences'][number]): string {
  if (low === null || high === null) return 'too few runs';
  const signed = (value: number): string => `${value > 0 ? '+' : ''}${text(unit === 'events' ? 'share' : unit, value)}`;
  // the sign may be shown although the size is not known so well
  return `${low === 0 && shown === 'more' ? 'above 0' : signed(low)} … ${high === 0 && shown === 'less' ? 'below 0' : signed(high)}`;
}

function cellOf(metric: Metric, strategy: Strategy): HTMLElement {
  const td = make('td');
  const summary = strategy.metrics[metric.id];
  if (summary === undefined) return td;
  const { unit } = metric;
  const events = unit === 'events';
  td.append(make('span', 'value', text(unit, events ? (summary.total ?? 0) : summary.median)));
  td.title = events
    ? `${text(unit, summary.total ?? 0)} in all runs; ${summary.runsWith ?? 0} of ${summary.runs} runs have any`
    : `median of ${summary.runs} runs; from ${text(unit, summary.least)} to ${text(unit, summary.most)}`;
  const difference = strategy.differences.find((each) => each.metric === metric.id);
  if (difference === undefined) return td;
  const { shown } = difference;
  td.classList.add(shown);
  td.append(make('span', 'mark', marks[shown] ?? ''));
  if (shown === 'same' || shown === 'none') td.append(make('span', 'interval', 'no difference shown'));
  td.append(make('span', 'interval', shown === 'same' ? 'equal in all runs' : intervalText(metric, difference)));
  return td;
}

function headOf({ strategy, refused }: Strategy, s: number): HTMLElement {
  const th = make('th');
  const chip = make('span', 'chip');
  chip.style.background = `var(${colourName(s)})`;
  const about = refused === undefined ? (s === 0 ? 'baseline' : `against ${comparison.baseline}`) : `not run: ${refused}`;
  th.append(chip, make('span', '', strategy), make('span', 'interval', about));
  return th;
}

export function drawTable(setting: Setting): void {
  const table = make('table');
  const head = make('tr');
  head.append(make('th'), ...setting.strategies.map(headOf));
  table.append(head);
  for (const metric of metricsOf(setting)) {
    const row = make('tr', metric.group);
    const th = make('th', '', metric.name);
    th.title = metric.about;
    row.append(th, ...setting.strategies.map((strategy) => cellOf(metric, strategy)));
    table.append(row);
  }
  element('table').replaceChildren(table);
}
