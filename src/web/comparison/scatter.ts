/** Cost against risk: a point a run, and a large one for the median of each strategy. */
import type UPlot from 'uplot';
import { axis, place } from './charts.js';
import { metricsOf, type Setting } from './data.js';
import { choose, colour, drawn, drawnText, element, styleOf } from './dom.js';

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** A scale with some room beside the first and the last point, and nothing below 0 where nothing is. */
function room(_: UPlot, low: number, high: number): [number, number] {
  const margin = high > low ? (high - low) * 0.08 : Math.max(Math.abs(high) * 0.1, 1e-9);
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}

export function drawScatter(setting: Setting): void {
  const { strategies } = setting;
  const there = metricsOf(setting);
  const options = there.map(({ id, name }) => [id, name] as const);
  const loses = strategies.some(({ metrics }) => (metrics['lost']?.total ?? 0) > 0);
  const [across, up] = [choose('cost', options, 'migration'), choose('risk', options, loses ? 'lost' : 'p999')];
  const [x, y] = [there.find(({ id }) => id === across), there.find(({ id }) => id === up)];
  if (x === undefined || y === undefined) return;
  const points = strategies
    .flatMap(({ runs }, s) =>
      runs.flatMap((run) => {
        const of: Readonly<Record<string, unknown>> = run;
        const [a, b] = [of[x.id], of[y.id]];
        return typeof a === 'number' && typeof b === 'number' ? [{ s, x: drawn(x.unit, a), y: drawn(y.unit, b) }] : [];
      }),
    )
    .toSorted((a, b) => a.x - b.x);
  if (points.length === 0) return element('scatter').replaceChildren('no run says anything of both');
  const drawMedians = (u: UPlot): void => {
    strategies.forEach((_, s) => {
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
  return place(
    'scatter',
    () => ({
      legend: { show: false },
      cursor: { points: { show: false } },
      scales: { x: { time: false, range: room }, y: { range: room } },
      axes: [
        { ...axis(x.name, (value) => drawnText(x.unit, value)), space: 70 },
        { ...axis(y.name, (value) => drawnText(y.unit, value)), size: 72 },
      ],
      hooks: { draw: [drawMedians] },
      series: [
        {},
        ...strategies.map(({ strategy }, s) => ({
          label: strategy,
          paths: () => null,
          points: { show: true, size: 6, width: 1, stroke: colour(s), fill: `${colour(s)}66` },
        })),
      ],
    }),
    [points.map((point) => point.x), ...strategies.map((_, s) => points.map((point) => (point.s === s ? point.y : null)))],
  );
}
