/** What the page shows: it stands in it. */
import type { PageData } from '../../compare/page.js';

export const { document: comparison, timelines } = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData;

export type Setting = PageData['document']['settings'][number];
export type Strategy = Setting['strategies'][number];
export type Metric = PageData['document']['metrics'][number];

/** Metrics that some run in the setting says something of. */
export const metricsOf = ({ strategies }: Setting): Metric[] =>
  comparison.metrics.filter(({ id }) => strategies.some(({ metrics }) => metrics[id] !== undefined));
