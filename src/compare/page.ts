/** A comparison as one page: data, charts and all that they need stand in it, and it asks for nothing from anywhere. */
import type { ComparisonDocument } from './document.js';
import type { Timeline } from './timeline.js';

/** What the page has: `timelines` by setting and strategy. */
export interface PageData {
  readonly document: ComparisonDocument;
  readonly timelines: readonly (readonly (Timeline | null)[])[];
}

/** Texts that go into the page as they are. */
export interface PageAssets {
  /** uPlot, which leaves a global of that name, and its style */
  readonly chartScript: string;
  readonly chartStyle: string;
  /** what draws `PageData`, which stands in the element `data` (src/web/comparison) */
  readonly script: string;
}

const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --dim: #5b6470; --grid: #e3e6ea; --card: #f6f7f9; --good: #116329; --bad: #b42318;
  --off: #b4231826; --on: #11632920; --lost: #d1242f; --stray: #bc6c00; --move: #57606a;
  --c0: #0969da; --c1: #c2410c; --c2: #1a7f37; --c3: #8250df; --c4: #9a6700; --c5: #0e7490; --c6: #bf3989; --c7: #57606a; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0f1319; --ink: #e6e9ee; --dim: #9aa4b1; --grid: #2a313b; --card: #171c24; --good: #56d364; --bad: #ff8078;
    --off: #ff807826; --on: #56d36420; --lost: #ff5c57; --stray: #e3a03a; --move: #8b949e;
    --c0: #58a6ff; --c1: #ff9b57; --c2: #56d364; --c3: #bc8cff; --c4: #e3b341; --c5: #4dd0e1; --c6: #ff7bc0; --c7: #9aa4b1; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem clamp(0.8rem, 3vw, 2rem); max-width: 76rem; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.35rem; margin: 0 0 0.2rem; } h2 { font-size: 1.02rem; margin: 0 0 0.4rem; }
p { margin: 0.2rem 0 0.8rem; color: var(--dim); }
nav { display: flex; flex-wrap: wrap; gap: 0.4rem; margin: 0.8rem 0; }
button, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--grid); border-radius: 6px; padding: 0.3rem 0.7rem; }
button[aria-pressed='true'] { border-color: var(--c0); box-shadow: inset 0 0 0 1px var(--c0); }
section { background: var(--card); border: 1px solid var(--grid); border-radius: 10px; padding: 0.9rem; margin: 0 0 1rem; min-width: 0; }
.pair { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 0.28rem 0.6rem; vertical-align: top; border-top: 1px solid var(--grid); white-space: nowrap; }
tr:first-child > * { border-top: 0; } th:first-child { text-align: left; font-weight: 500; position: sticky; left: 0; background: var(--card); }
th { font-weight: 600; } th[title] { text-decoration: underline dotted var(--dim); text-underline-offset: 3px; }
.chip { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; margin-right: 0.4em; }
.interval { display: block; font-size: 0.74rem; color: var(--dim); font-weight: 400; }
.mark { display: inline-block; width: 1.1em; font-size: 0.75em; }
.more .value, .more .mark { color: var(--bad); font-weight: 600; } .less .value, .less .mark { color: var(--good); font-weight: 600; }
label { color: var(--dim); margin-right: 0.8rem; } .key { margin-right: 0.9rem; white-space: nowrap; } .key i { display: inline-block; width: 0.9em; height: 0.9em; margin-right: 0.35em; vertical-align: -0.1em; }
.u-legend { color: var(--ink); font-size: 12px; text-align: left; } .u-legend .u-value { font-variant-numeric: tabular-nums; }
`;

/** Text inside of a script element: nothing in it may end that. */
const inScript = (text: string): string => text.replaceAll(/<(?=\/script|!--)/gi, '\\u003c');
const inHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** A page that works without a network. */
export function comparisonPage(data: PageData, { chartScript, chartStyle, script }: PageAssets): string {
  const { strategies, baseline, seed, intervals, alpha } = data.document;
  const keys = [
    ['--off', 'a CPU goes offline'],
    ['--on', 'a CPU comes online'],
    ['--lost', 'lost'],
    ['--stray', 'stray'],
    ['--move', 'move'],
  ].map(([name, text]) => `<span class="key"><i style="background: var(${name ?? ''})"></i>${text ?? ''}</span>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>irqlab compare: ${inHtml(strategies.join(', '))}</title>
<style>${chartStyle}${style}</style>
</head>
<body>
<h1>${inHtml(strategies.join(', '))}</h1>
<p>The same seeds for all, from ${seed} on. ▲ more and ▼ less than ${inHtml(baseline)}: shown; everything that is compared is better the less it is.</p>
<nav id="settings"></nav>
<p id="about"></p>
<section><div id="table" class="scroll"></div></section>
<div class="pair">
<section><h2>Latency</h2><div id="latency"></div></section>
<section><h2>Cost against risk</h2><p><label>across <select id="cost"></select></label><label>up <select id="risk"></select></label><br>A point a run; the large ones are medians.</p><div id="scatter"></div></section>
</div>
<section><h2>One run</h2><p><label>of <select id="run"></select></label><span id="told"></span></p><p>${keys.join('')}</p><div id="timeline"></div></section>
<section><h2>How to read it</h2>
<p>A value is the median of the runs; of lost, stray and faults the sum. Below it stands the interval in which the median of the differences lies, taken seed by seed: order statistics, exact whatever the distribution. Of lost, stray and faults it is the share of seeds with more of them less that with fewer.</p>
<p>All ${intervals.toLocaleString('en-US')} intervals of the page hold together with ${100 * (1 - alpha)} %. The error is divided among them, and each uses a half of its part at the first look, a quarter at the second, and so on: looking more often, and stopping when it suits, shows nothing that is not there.</p>
<p>No difference shown: the interval contains none as well. It does not say that there is none, only that it lies within.</p></section>
<script type="application/json" id="data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>
<script>${inScript(chartScript)}</script>
<script>${inScript(script)}</script>
</body>
</html>
`;
}
