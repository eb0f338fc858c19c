/** The parts of the page, its colours, and its numbers. */
import { CYCLES_PER_SECOND, valueText, type Unit } from '../../compare/text.js';

/** Colours that tell strategies apart. */
const COLOURS = 8;

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

export function make(tag: string, className = '', text = ''): HTMLElement {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.textContent = text;
  return made;
}

/** Chooses among options; keeps what was chosen before if it is still there. */
export function choose(id: string, options: readonly (readonly [value: string, text: string])[], otherwise = ''): string {
  const select = element(id) as HTMLSelectElement;
  const wanted = select.value === '' ? otherwise : select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => value === wanted)) select.value = wanted;
  return select.value;
}

export const styleOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const colourName = (strategy: number): string => `--c${strategy % COLOURS}`;
export const colour = (strategy: number): string => styleOf(colourName(strategy));

export const shown = (unit: Unit, value: number): string => valueText(unit, value).replace(/ us$/, ' µs');

/** Times are drawn in microseconds, shares in percent. */
export const drawn = (unit: Unit, value: number): number =>
  unit === 'time' ? (value / CYCLES_PER_SECOND) * 1e6 : unit === 'share' ? value * 100 : value;

/** What was drawn, in words. */
export const drawnText = (unit: Unit, value: number): string =>
  shown(unit, unit === 'time' ? (value * CYCLES_PER_SECOND) / 1e6 : unit === 'share' ? value / 100 : value);

/** Milliseconds. */
export const ms = (cycles: number): number => (cycles / CYCLES_PER_SECOND) * 1e3;
