/** The page of `irqlab compare`: a setting at a time, as a table and as charts. */
import { removeCharts } from './charts.js';
import { comparison } from './data.js';
import { element, make } from './dom.js';
import { drawLatencies } from './latency.js';
import { drawScatter } from './scatter.js';
import { drawTable } from './table.js';
import { drawTimeline } from './timeline.js';

let current = 0;

function draw(): void {
  removeCharts();
  const setting = comparison.settings[current];
  if (setting === undefined) return;
  element('about').textContent = `${setting.about === '' ? '' : `${setting.about}. `}${setting.pairs} seeds with each strategy.`;
  Array.from(element('settings').children).forEach((button, i) => button.setAttribute('aria-pressed', String(i === current)));
  drawTable(setting);
  drawLatencies(setting);
  drawScatter(setting);
  drawTimeline(setting, current);
}

comparison.settings.forEach(({ workload, machine }, i) => {
  const button = make('button', '', machine === undefined ? workload : `${workload} on ${machine}`);
  button.addEventListener('click', () => {
    current = i;
    // what is of interest is another thing there
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
