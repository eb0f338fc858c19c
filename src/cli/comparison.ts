/** What a comparison has come to, as text: a table for each setting, and below it what is shown and what is not. */
import {
  metrics,
  valueText,
  type Comparison,
  type Metric,
  type SettingResult,
  type StrategyResult,
  type Summary,
  type Verdict,
} from '../compare/index.js';
import { wrap } from '../check/index.js';
import { count, headline, plural, style, width } from './output.js';

/** Columns of the names of metrics. */
const NAMES = 20;
/** Columns of a value with its mark, at least. */
const COLUMN = 12;

const marks = { more: '+', less: '-', same: '=', none: ' ' } as const;

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

const endings: Readonly<Record<SettingResult['ended'], string>> = {
  precise: 'all intervals are small',
  repeats: 'as many runs as were asked for (--repeats)',
  budget: 'the budget is used up (--budget)',
  interrupted: 'interrupted',
};

const settingName = ({ setting }: SettingResult): string =>
  `${setting.workload}${setting.machine === undefined ? '' : ` on ${setting.machine}`}`;

function cell(metric: Metric, summary: Summary | undefined, verdict: Verdict | undefined): string {
  if (summary === undefined) return '.  ';
  const value = metric.unit === 'events' ? count(summary.total ?? 0) : valueText(metric.unit, summary.median);
  return `${value} ${verdict === undefined ? ' ' : marks[verdict.shown]}`;
}

/** Columns of some strategies. */
function table(result: SettingResult, part: readonly StrategyResult[], names: ReadonlyMap<string, string>): string[] {
  const column = Math.floor((width() - NAMES) / part.length);
  const shown = metrics.filter(({ id }) => result.strategies.some(({ summaries }) => summaries.has(id)));
  const row = (name: string, cells: readonly string[]): string =>
    `  ${name.padEnd(NAMES - 2)}${cells.map((each) => each.padStart(Math.min(column, 16))).join('')}`.trimEnd();
  return [
    style.bold(
      row(
        '',
        part.map(({ strategy }) => `${names.get(strategy) ?? strategy}  `),
      ),
    ),
    ...shown.map((metric) =>
      row(
        metric.name,
        part.map(({ summaries, verdicts }) =>
          cell(
            metric,
            summaries.get(metric.id),
            verdicts.find((verdict) => verdict.metric === metric.id),
          ),
        ),
      ),
    ),
  ];
}

function intervalText({ unit }: Metric, { low, high, shown }: Verdict): string {
  const text = unit === 'events' ? percent : (value: number): string => valueText(unit, value);
  // the sign may be shown although the size is not known so well
  return `${low === 0 && shown === 'more' ? 'above 0' : text(low)} to ${high === 0 && shown === 'less' ? 'below 0' : text(high)}`;
}

/** `stray -84 % (-95 % to -60 %)` */
function shownText(metric: Metric, verdict: Verdict): string {
  const size = metric.unit === 'events' ? percent(verdict.difference) : valueText(metric.unit, verdict.difference);
  return `${metric.name} ${verdict.difference > 0 ? '+' : ''}${size} (${intervalText(metric, verdict)})`;
}

function named(verdicts: readonly Verdict[], shown: Verdict['shown']): readonly (readonly [Metric, Verdict])[] {
  return metrics.flatMap((metric) => {
    const verdict = verdicts.find((each) => each.metric === metric.id && each.shown === shown);
    return verdict === undefined ? [] : [[metric, verdict] as const];
  });
}

function indented(text: string): string[] {
  return wrap(text, width() - 6).map((line, i) => `${i === 0 ? '    ' : '      '}${line}`);
}

/** Of one strategy, against the baseline. */
function differences({ strategy, verdicts, refused }: StrategyResult, baseline: string): string[] {
  if (refused !== undefined) return [`  ${style.bold(strategy)}`, ...indented(`not run: ${refused}`)];
  const list = (shown: Verdict['shown']): string[] => named(verdicts, shown).map(([metric, verdict]) => shownText(metric, verdict));
  const [more, less] = [list('more'), list('less')];
  const same = named(verdicts, 'same').map(([{ name }]) => name);
  const unsure = named(verdicts, 'none');
  const known = unsure.filter(([, { low, high }]) => Number.isFinite(low) && Number.isFinite(high));
  const unknown = unsure.filter((each) => !known.includes(each)).map(([{ name }]) => name);
  const within = known.map(([metric, verdict]) => `${metric.name} (${intervalText(metric, verdict)})`);
  return [
    `  ${style.bold(`${strategy} against ${baseline}`)}`,
    ...(more.length > 0 ? indented(`more: ${more.join('; ')}`) : []),
    ...(less.length > 0 ? indented(`less: ${less.join('; ')}`) : []),
    ...(within.length > 0 ? indented(`no difference shown: ${within.join('; ')}`) : []),
    ...(unknown.length > 0 ? indented(`no difference shown, too few runs to say more: ${unknown.join(', ')}`) : []),
    ...(same.length > 0 ? indented(`no difference shown, equal in all runs: ${same.join(', ')}`) : []),
  ];
}

function settingText(result: SettingResult, baseline: string, names: ReadonlyMap<string, string>): string[] {
  const { strategies, setting, ended } = result;
  const pairs = strategies[0]?.runs.length ?? 0;
  if (strategies.length === 0) return [style.bold(`${settingName(result)}: no seed was run with all strategies`), ''];
  const fits = Math.max(1, Math.floor((width() - NAMES) / COLUMN));
  const parts = Array.from({ length: Math.ceil(strategies.length / fits) }, (_, i) => strategies.slice(i * fits, (i + 1) * fits));
  return [
    headline(settingName(result), `${setting.scenario.about ?? ''}`, style.dim),
    ...wrap(`${plural(pairs, 'seed')} with each strategy; ${endings[ended]}`, width() - 2).map((line) => `  ${line}`),
    '',
    ...parts.flatMap((part) => [...table(result, part, names), '']),
    ...strategies.slice(1).flatMap((each) => differences(each, baseline)),
    '',
  ];
}

export function comparisonText(comparison: Comparison): string {
  const { plan, settings, intervals } = comparison;
  const [baseline = ''] = plan.strategies.map(({ name }) => name);
  // long names do not fit above a column
  const long = plan.strategies.some(({ name }) => name.length > COLUMN - 2);
  const names = new Map(plan.strategies.map(({ name }, i) => [name, long ? String.fromCharCode(65 + (i % 26)) : name]));
  const legend = long ? plan.strategies.flatMap(({ name }) => wrap(`${names.get(name) ?? ''}  ${name}`, width())) : [];
  const notes = [
    `Medians of runs; of lost, stray and faults the sum. + more than ${baseline}, - less: shown. = equal in all runs. Neither: no difference shown. Latencies are raise to handler, of what was handled.`,
    `The same seeds for all; differences are taken seed by seed, and their medians lie in the intervals in brackets (order statistics, whatever the distribution). Of lost, stray and faults the difference is the share of seeds with more of them less that with fewer. All ${count(intervals)} intervals hold together with ${100 * (1 - plan.alpha)} %: the error is divided among them, and each by its looks, at twice the runs each time, a half, a quarter and so on.`,
  ];
  return [
    ...legend,
    ...(long ? [''] : []),
    ...settings.flatMap((each) => settingText(each, baseline, names)),
    ...notes.flatMap((note) => wrap(note, width())),
  ].join('\n');
}
