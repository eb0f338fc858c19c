/** The page of a comparison: what goes into it is read from where it is installed. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  comparisonDocument,
  comparisonPage,
  timelineOf,
  type Comparison,
  type PageAssets,
  type Strategy,
  type Timeline,
} from '../compare/index.js';
import { assembleSystem, type Scenario } from '../scenario/index.js';
import { expectWritable, writeText } from './files.js';
import { modelFrom } from './model.js';

const textAt = (url: string): string => readFileSync(fileURLToPath(url), 'utf8');

/** What the page needs besides the comparison. Says in one sentence why it cannot be written, before hours have gone into it. */
export function pageAssets(file: string): PageAssets {
  expectWritable(file);
  return {
    chartScript: textAt(import.meta.resolve('uplot/dist/uPlot.iife.min.js')),
    chartStyle: textAt(import.meta.resolve('uplot/dist/uPlot.min.css')),
    script: textAt(new URL('comparisonScript.js', import.meta.url).href),
  };
}

async function timeline(scenario: Scenario, { model, behaviours }: Strategy, seed: number, seconds: number): Promise<Timeline> {
  const system = assembleSystem(scenario, { model: await modelFrom(model), behaviours });
  return timelineOf(system, seed, seconds);
}

/** Writes the page; one run of each strategy in each setting is made again, to be told event by event. */
export async function writePage(file: string, comparison: Comparison, assets: PageAssets): Promise<void> {
  const { plan, settings } = comparison;
  const timelines: (Timeline | null)[][] = [];
  for (const { setting, strategies } of settings) {
    const row: (Timeline | null)[] = [];
    for (const [s, { runs }] of strategies.entries()) {
      const strategy = plan.strategies[s];
      const told =
        runs[0] === undefined || strategy === undefined
          ? null
          : timeline(setting.scenario, strategy, runs[0].seed, plan.seconds ?? setting.scenario.run.seconds);
      row.push(await told);
    }
    timelines.push(row);
  }
  writeText(file, comparisonPage({ document: comparisonDocument(comparison), timelines }, assets));
}
