/** What all charts have in common. */
import type UPlot from 'uplot';
import { element, styleOf } from './dom.js';

/** It is in the page already. */
declare const uPlot: typeof UPlot;

const FONT = '12px system-ui, sans-serif';
const there: UPlot[] = [];

export function removeCharts(): void {
  for (const chart of there.splice(0)) chart.destroy();
}

export function axis(label: string, text: (value: number) => string): UPlot.Axis {
  const grid = styleOf('--grid');
  return {
    label,
    stroke: styleOf('--ink'),
    font: FONT,
    labelFont: FONT,
    labelSize: 20,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
    // a logarithmic axis leaves some of its splits out
    values: (_, splits: readonly (number | null)[]) => splits.map((value) => (value === null ? '' : text(value))),
  };
}

/** Only powers of ten have a label. */
export const decades =
  (text: (value: number) => string) =>
  (value: number): string =>
    Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9 ? text(value) : '';

/** Draws a chart, as wide as there is room. */
export function place(
  id: string,
  options: (width: number) => Omit<UPlot.Options, 'width' | 'height'>,
  data: readonly (readonly (number | null)[])[],
): void {
  const box = element(id);
  box.replaceChildren();
  const width = box.clientWidth;
  const height = Math.round(Math.min(420, Math.max(260, width * 0.5)));
  there.push(new uPlot({ ...options(width), width, height }, data as UPlot.AlignedData, box));
}
