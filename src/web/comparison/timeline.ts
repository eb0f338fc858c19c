/** One run: the longest latency at each time, moves, CPUs that go and come, and what went wrong. */
import type UPlot from 'uplot';
import type { Timeline } from '../../compare/timeline.js';
import { axis, decades, place } from './charts.js';
import { timelines, type Setting } from './data.js';
import { choose, drawn, drawnText, element, ms, styleOf } from './dom.js';

const time = (us: number): string => drawnText('time', us);

function drawSpans(u: UPlot, { hotplug }: Timeline): void {
  for (const [from, to, what] of hotplug) {
    const [left, right] = [u.valToPos(ms(from), 'x', true), u.valToPos(ms(to), 'x', true)];
    u.ctx.fillStyle = styleOf(/^(off|susp)/.test(what) ? '--off' : '--on');
    u.ctx.fillRect(left, u.bbox.top, Math.max(1, right - left), u.bbox.height);
  }
}

/** Lines from one height to another, as shares of the chart's from its top. */
function drawMarks(u: UPlot, marks: readonly (readonly [number, string])[], name: string, [from, to]: readonly [number, number]): void {
  u.ctx.strokeStyle = styleOf(name);
  u.ctx.lineWidth = (to - from < 0.1 ? 1 : 1.5) * devicePixelRatio;
  u.ctx.beginPath();
  for (const [cycle] of marks) {
    const left = u.valToPos(ms(cycle), 'x', true);
    u.ctx.moveTo(left, u.bbox.top + u.bbox.height * from);
    u.ctx.lineTo(left, u.bbox.top + u.bbox.height * to);
  }
  u.ctx.stroke();
}

export function drawTimeline({ strategies }: Setting, at: number): void {
  const told = strategies.flatMap(({ strategy }, s) => (timelines[at]?.[s] ? [[String(s), strategy] as const] : []));
  const timeline = timelines[at]?.[Number(choose('run', told))];
  if (!timeline) return element('timeline').replaceChildren('there is no run to show');
  const { cycles, worst, moves, losses, strays, hotplug, seed } = timeline;
  element('told').textContent =
    `Seed ${seed}: ${moves.length} moves, ${hotplug.length} CPUs offline or online, ${losses.length} lost, ${strays.length} stray.`;
  return place(
    'timeline',
    () => ({
      scales: { x: { time: false }, y: { distr: 3 } },
      axes: [axis('simulated milliseconds', String), { ...axis('longest raise to handler', decades(time)), size: 64 }],
      hooks: {
        drawAxes: [(u: UPlot) => drawSpans(u, timeline)],
        draw: [
          (u: UPlot) => drawMarks(u, moves, '--move', [0.95, 1]),
          (u: UPlot) => drawMarks(u, strays, '--stray', [0, 0.5]),
          (u: UPlot) => drawMarks(u, losses, '--lost', [0, 1]),
        ],
      },
      series: [
        { label: 'at', value: (_, value) => (value === null ? '' : `${value.toFixed(2)} ms`) },
        {
          label: 'longest latency',
          stroke: styleOf('--c0'),
          width: 1,
          fill: `${styleOf('--c0')}33`,
          points: { show: false },
          value: (_, value) => (value === null ? '' : time(value)),
        },
      ],
    }),
    [worst.map((_, i) => ms(((i + 0.5) * cycles) / worst.length)), worst.map((value) => (value === 0 ? null : drawn('time', value)))],
  );
}
