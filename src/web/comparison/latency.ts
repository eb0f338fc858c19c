/** Latency curves: how slow the slowest one in n is; the further to the right, the rarer. */
import { axis, decades, place } from './charts.js';
import type { Setting } from './data.js';
import { colour, drawn, drawnText, element } from './dom.js';

const percent = (oneIn: number): string => `${Number((100 * (1 - 1 / oneIn)).toPrecision(7))} %`;
const time = (us: number): string => drawnText('time', us);

/** Lines that lie on each other are told apart. */
const dashes: readonly (readonly number[])[] = [[], [9, 4], [3, 3]];

export function drawLatencies({ strategies }: Setting): void {
  const shares = [...new Set(strategies.flatMap(({ latencyCurve }) => latencyCurve.map(([share]) => share)))].toSorted((a, b) => a - b);
  const last = shares.at(-1);
  if (last === undefined) return element('latency').replaceChildren('no event was handled');
  const lines = strategies.map(({ latencyCurve }) => {
    const by = new Map(latencyCurve.map(([share, cycles]) => [share, drawn('time', cycles)]));
    return shares.map((share) => by.get(share) ?? null);
  });
  return place(
    'latency',
    (width) => ({
      scales: { x: { distr: 3, time: false, range: [2, Math.max(10, 1 / (1 - last)) * 1.3] }, y: { distr: 3 } },
      axes: [
        axis('share of events that are no slower', (oneIn) =>
          width > 450 || Math.round(Math.log10(oneIn)) % 2 === 1 ? decades(percent)(oneIn) : '',
        ),
        { ...axis('raise to handler', decades(time)), size: 64 },
      ],
      series: [
        { label: 'events', value: (_, value) => (value === null ? '' : percent(value)) },
        ...strategies.map(({ strategy }, s) => ({
          label: strategy,
          stroke: colour(s),
          width: 2,
          dash: [...(dashes[s % dashes.length] ?? [])],
          points: { show: true, size: 5, fill: colour(s) },
          value: (_: unknown, value: number | null) => (value === null ? '' : time(value)),
        })),
      ],
    }),
    [shares.map((share) => 1 / (1 - share)), ...lines],
  );
}
