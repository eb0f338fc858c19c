/**
 * What a page with a comparison does in the browser: tables and charts of the data that stand in it. Its text is put into the page as it
 * is, so it imports nothing; `uPlot` is there already.
 */
import type UPlot from 'uplot';
import type { ComparisonDocument, PageData } from '../compare/index.js';

declare const uPlot: typeof UPlot;

type Setting = ComparisonDocument['settings'][number];
type StrategyData = Setting['strategies'][number];
type MetricData = ComparisonDocument['metrics'][number];

const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData;
const { document: doc, timelines } = data;
const COLOURS = 8;

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

function make(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.textContent = text;
  return made;
}

const styleOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = (strategy: number): string => styleOf(`--c${strategy % COLOURS}`);

// --- numbers

function significant(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return Math.abs(value) >= 99.95 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

function timeText(cycles: number): string {
  const us = (cycles / doc.cyclesPerSecond) * 1e6;
  const size = Math.abs(us);
  if (size >= 999_500) return `${significant(us / 1e6)} s`;
  if (size >= 999.5) return `${significant(us / 1e3)} ms`;
  return size >= 0.9995 || us === 0 ? `${significant(us)} µs` : `${significant(us * 1e3)} ns`;
}

function valueText(unit: string, value: number): string {
  if (unit === 'share') return `${significant(value * 100)} %`;
  return unit === 'time' ? timeText(value) : significant(value);
}

// --- the table

const marks: Readonly<Record<string, string>> = { more: '▲', less: '▼', same: '=', none: '' };

function cellOf(metric: MetricData, strategy: StrategyData): HTMLElement {
  const td = make('td', '');
  const summary = strategy.metrics[metric.id];
  if (summary === undefined) return td;
  const events = metric.unit === 'events';
  td.append(make('span', 'value', events ? significant(summary.total ?? 0) : valueText(metric.unit, summary.median)));
  td.title = events
    ? `${significant(summary.total ?? 0)} in all runs; ${summary.runsWith ?? 0} of ${summary.runs} runs have any`
    : `median of ${summary.runs} runs; from ${valueText(metric.unit, summary.least)} to ${valueText(metric.unit, summary.most)}`;
  const difference = strategy.differences.find((each) => each.metric === metric.id);
  if (difference === undefined) return td;
  const { low, high, shown } = difference;
  td.classList.add(shown);
  const text = (value: number): string => (events ? `${significant(value * 100)} %` : valueText(metric.unit, value));
  const sign = (value: number): string => (value > 0 ? '+' : '');
  // the sign may be shown although the size is not known so well
  const from = low === 0 && shown === 'more' ? 'above 0' : `${sign(low ?? 0)}${text(low ?? 0)}`;
  const to = high === 0 && shown === 'less' ? 'below 0' : `${sign(high ?? 0)}${text(high ?? 0)}`;
  const interval = low === null || high === null ? 'too few runs' : `${from} … ${to}`;
  td.append(make('span', 'mark', marks[shown] ?? ''));
  if (shown === 'same' || shown === 'none') td.append(make('span', 'interval', 'no difference shown'));
  td.append(make('span', 'interval', shown === 'same' ? 'equal in all runs' : interval));
  return td;
}

function drawTable(setting: Setting): void {
  const table = make('table', '');
  const head = make('tr', '');
  head.append(make('th', ''));
  setting.strategies.forEach(({ strategy, refused }, s) => {
    const th = make('th', '');
    const chip = make('span', 'chip');
    chip.style.background = `var(--c${s % COLOURS})`;
    th.append(chip, make('span', '', strategy));
    th.append(make('span', 'interval', refused === undefined ? (s === 0 ? 'baseline' : `against ${doc.baseline}`) : `not run: ${refused}`));
    head.append(th);
  });
  table.append(head);
  for (const metric of doc.metrics.filter(({ id }) => setting.strategies.some(({ metrics }) => metrics[id] !== undefined))) {
    const row = make('tr', metric.group);
    const th = make('th', '', metric.name);
    th.title = metric.about;
    row.append(th, ...setting.strategies.map((strategy) => cellOf(metric, strategy)));
    table.append(row);
  }
  element('table').replaceChildren(table);
}

// --- charts

const charts: UPlot[] = [];

function axis(label: string, text: (value: number) => string): UPlot.Axis {
  const [stroke, grid] = [styleOf('--ink'), styleOf('--grid')];
  return {
    label,
    stroke,
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    labelSize: 20,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
    values: (_, splits) => splits.map((value) => (value === null ? '' : text(value))),
  };
}

function place(id: string, make: (width: number) => UPlot): void {
  const box = element(id);
  box.replaceChildren();
  const chart = make(box.clientWidth);
  box.append(chart.root);
  charts.push(chart);
}

const height = (width: number): number => Math.round(Math.min(420, Math.max(260, width * 0.5)));

/** Only powers of ten have a label. */
const decades =
  (text: (value: number) => string) =>
  (value: number): string =>
    Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9 ? text(value) : '';

/** How slow the slowest one in n is: the further to the right, the rarer. */
function drawLatencies(setting: Setting): void {
  const shown = setting.strategies.map(({ latencyCurve }) => latencyCurve);
  const shares = [...new Set(shown.flatMap((curve) => curve.map(([share]) => share)))].toSorted((a, b) => a - b);
  if (shares.length === 0) return element('latency').replaceChildren('no event was handled');
  const percent = (oneIn: number): string => `${Number((100 * (1 - 1 / oneIn)).toPrecision(7))} %`;
  const us = (cycles: number): number => (cycles / doc.cyclesPerSecond) * 1e6;
  const lines = shown.map((curve) => {
    const by = new Map(curve.map(([share, cycles]) => [share, us(cycles)]));
    return shares.map((share) => by.get(share) ?? null);
  });
  const options = (width: number): UPlot.Options => ({
    width,
    height: height(width),
    scales: { x: { distr: 3, time: false, range: [2, Math.max(10, 1 / (1 - (shares.at(-1) ?? 0.5))) * 1.3] }, y: { distr: 3 } },
    axes: [
      axis('share of events that are no slower', (oneIn) =>
        width > 450 || Math.round(Math.log10(oneIn)) % 2 === 1 ? decades(percent)(oneIn) : '',
      ),
      {
        ...axis(
          'raise to handler',
          decades((value) => timeText((value * doc.cyclesPerSecond) / 1e6)),
        ),
        size: 64,
      },
    ],
    series: [
      { label: 'events', value: (_, value) => (value === null ? '' : percent(value)) },
      ...setting.strategies.map(({ strategy }, s) => ({
        label: strategy,
        stroke: colour(s),
        width: 2,
        // lines that lie on each other are told apart
        dash: [[], [9, 4], [3, 3]][s % 3] ?? [],
        points: { show: true, size: 5, fill: colour(s) },
        value: (_: UPlot, value: number | null) => (value === null ? '' : timeText((value * doc.cyclesPerSecond) / 1e6)),
      })),
    ],
  });
  return place('latency', (width) => new uPlot(options(width), [shares.map((share) => 1 / (1 - share)), ...lines]));
}

function axisSelects(setting: Setting): readonly [MetricData, MetricData] | undefined {
  const there = doc.metrics.filter(({ id }) => setting.strategies.some(({ metrics }) => metrics[id] !== undefined));
  const choose = (id: string, wanted: string): MetricData | undefined => {
    const select = element(id) as HTMLSelectElement;
    const before = select.value === '' ? wanted : select.value;
    select.replaceChildren(...there.map((metric) => new Option(metric.name, metric.id)));
    select.value = there.some((metric) => metric.id === before) ? before : (there[0]?.id ?? '');
    return there.find((metric) => metric.id === select.value);
  };
  const [x, y] = [
    choose('cost', 'migration'),
    choose('risk', setting.strategies.some(({ metrics }) => (metrics['lost']?.total ?? 0) > 0) ? 'lost' : 'p999'),
  ];
  return x && y && [x, y];
}

/** A point a run, and a large one for the median. */
function drawScatter(setting: Setting): void {
  const chosen = axisSelects(setting);
  if (chosen === undefined) return;
  const [x, y] = chosen;
  const scaled = (metric: MetricData, value: number): number =>
    metric.unit === 'time' ? (value / doc.cyclesPerSecond) * 1e6 : metric.unit === 'share' ? value * 100 : value;
  const text =
    (metric: MetricData) =>
    (value: number): string =>
      metric.unit === 'time'
        ? timeText((value * doc.cyclesPerSecond) / 1e6)
        : metric.unit === 'share'
          ? `${significant(value)} %`
          : significant(value);
  const points = setting.strategies.flatMap(({ runs }, s) =>
    runs.flatMap((run) => {
      const of: Readonly<Record<string, unknown>> = run;
      const [a, b] = [of[x.id], of[y.id]];
      return typeof a === 'number' && typeof b === 'number' ? [{ s, x: scaled(x, a), y: scaled(y, b) }] : [];
    }),
  );
  if (points.length === 0) return element('scatter').replaceChildren('no run says anything of both');
  points.sort((a, b) => a.x - b.x);
  const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  const room = (_: UPlot, low: number, high: number): [number, number] => {
    const margin = high > low ? (high - low) * 0.08 : Math.max(Math.abs(high) * 0.1, 1e-9);
    return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
  };
  const centres = (u: UPlot): void => {
    setting.strategies.forEach((_, s) => {
      const own = points.filter((point) => point.s === s);
      if (own.length === 0) return;
      const left = u.valToPos(middle(own.map((point) => point.x)), 'x', true);
      const top = u.valToPos(middle(own.map((point) => point.y)), 'y', true);
      u.ctx.beginPath();
      u.ctx.arc(left, top, 8 * devicePixelRatio, 0, 2 * Math.PI);
      u.ctx.fillStyle = colour(s);
      u.ctx.fill();
      u.ctx.lineWidth = 2 * devicePixelRatio;
      u.ctx.strokeStyle = styleOf('--paper');
      u.ctx.stroke();
    });
  };
  place(
    'scatter',
    (width) =>
      new uPlot(
        {
          width,
          height: height(width),
          legend: { show: false },
          cursor: { points: { show: false } },
          scales: { x: { time: false, range: room }, y: { range: room } },
          axes: [
            { ...axis(x.name, text(x)), space: 70 },
            { ...axis(y.name, text(y)), size: 72 },
          ],
          hooks: { draw: [centres] },
          series: [
            {},
            ...setting.strategies.map(({ strategy }, s) => ({
              label: strategy,
              paths: () => null,
              points: { show: true, size: 6, width: 1, stroke: colour(s), fill: `${colour(s)}66` },
            })),
          ],
        },
        [points.map((point) => point.x), ...setting.strategies.map((_, s) => points.map((point) => (point.s === s ? point.y : null)))],
      ),
  );
}

function timelineSelect(setting: Setting, at: number): number {
  const select = element('run') as HTMLSelectElement;
  const before = select.value;
  select.replaceChildren(...setting.strategies.flatMap(({ strategy }, s) => (timelines[at]?.[s] ? [new Option(strategy, String(s))] : [])));
  if ([...select.options].some(({ value }) => value === before)) select.value = before;
  return Number(select.value);
}

function drawTimeline(setting: Setting, at: number): void {
  const timeline = timelines[at]?.[timelineSelect(setting, at)];
  if (!timeline) return element('timeline').replaceChildren('there is no run to show');
  const { cycles, worst, moves, losses, strays, hotplug, seed } = timeline;
  const ms = (cycle: number): number => (cycle / doc.cyclesPerSecond) * 1e3;
  const bin = cycles / worst.length;
  const xs = worst.map((_, i) => ms((i + 0.5) * bin));
  const ys = worst.map((value) => (value === 0 ? null : (value / doc.cyclesPerSecond) * 1e6));
  element('told').textContent =
    `Seed ${seed}: ${moves.length} moves, ${hotplug.length} CPUs offline or online, ${losses.length} lost, ${strays.length} stray.`;
  const spans = (u: UPlot): void => {
    for (const [from, to, what] of hotplug) {
      const [left, right] = [u.valToPos(ms(from), 'x', true), u.valToPos(ms(to), 'x', true)];
      u.ctx.fillStyle = styleOf(what.startsWith('off') || what.startsWith('susp') ? '--off' : '--on');
      u.ctx.fillRect(left, u.bbox.top, Math.max(1, right - left), u.bbox.height);
    }
  };
  const ticks = (u: UPlot): void => {
    const strokes = (marked: readonly (readonly [number, string])[], name: string, from: number, to: number, width: number): void => {
      u.ctx.strokeStyle = styleOf(name);
      u.ctx.lineWidth = width * devicePixelRatio;
      u.ctx.beginPath();
      for (const [cycle] of marked) {
        const left = u.valToPos(ms(cycle), 'x', true);
        u.ctx.moveTo(left, u.bbox.top + u.bbox.height * from);
        u.ctx.lineTo(left, u.bbox.top + u.bbox.height * to);
      }
      u.ctx.stroke();
    };
    strokes(moves, '--move', 0.95, 1, 1);
    strokes(strays, '--stray', 0, 0.5, 1.5);
    strokes(losses, '--lost', 0, 1, 1.5);
  };
  place(
    'timeline',
    (width) =>
      new uPlot(
        {
          width,
          height: height(width),
          scales: { x: { time: false }, y: { distr: 3 } },
          axes: [
            axis('simulated milliseconds', (value) => significant(value)),
            {
              ...axis(
                'longest raise to handler',
                decades((value) => timeText((value * doc.cyclesPerSecond) / 1e6)),
              ),
              size: 64,
            },
          ],
          hooks: { drawAxes: [spans], draw: [ticks] },
          series: [
            { label: 'at', value: (_, value) => (value === null ? '' : `${value.toFixed(2)} ms`) },
            {
              label: 'longest latency',
              stroke: styleOf('--c0'),
              width: 1,
              fill: `${styleOf('--c0')}33`,
              points: { show: false },
              value: (_, value) => (value === null ? '' : timeText((value * doc.cyclesPerSecond) / 1e6)),
            },
          ],
        },
        [xs, ys],
      ),
  );
}

// --- the page

let current = 0;

function draw(): void {
  charts.splice(0).forEach((chart) => {
    chart.destroy();
  });
  const setting = doc.settings[current];
  if (setting === undefined) return;
  element('about').textContent = `${setting.about}. ${setting.pairs} seeds with each strategy.`;
  [...element('settings').children].forEach((button, i) => {
    button.setAttribute('aria-pressed', String(i === current));
  });
  drawTable(setting);
  drawLatencies(setting);
  drawScatter(setting);
  drawTimeline(setting, current);
}

doc.settings.forEach(({ workload, machine }, i) => {
  const button = make('button', '', machine === undefined ? workload : `${workload} on ${machine}`);
  button.addEventListener('click', () => {
    current = i;
    for (const id of ['cost', 'risk']) element(id).replaceChildren();
    draw();
  });
  element('settings').append(button);
});
for (const id of ['cost', 'risk', 'run']) element(id).addEventListener('change', draw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
let wide = innerWidth;
addEventListener('resize', () => {
  // a phone that scrolls changes its height alone
  if (innerWidth === wide) return;
  wide = innerWidth;
  draw();
});
draw();
