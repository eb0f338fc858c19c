/** The pieces that a picture is made of: SVG elements as text, and what they look like. */

/** Width of a character of the fixed font, and what one of the other takes at most on average, in units of the font's size. */
const FIXED = 0.605;
const PROPORTIONAL = 0.58;

export const fonts = { fixed: 11, label: 12, title: 15 } as const;

/** Characters of a font size that fit into a width, both in pixels. */
export function columnsIn(width: number, size: number, fixed = true): number {
  return Math.max(4, Math.floor(width / (size * (fixed ? FIXED : PROPORTIONAL))));
}

/** Text and attribute values: markup is escaped, what XML cannot hold is replaced. */
export function escapeXml(words: string): string {
  return words
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Attributes in the order given. Numbers with one decimal at most. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, content = ''): string {
  const list = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? Number(value.toFixed(1)) : escapeXml(value)}"`,
  );
  return `<${name}${list.join('')}${content === '' ? '/>' : `>${content}</${name}>`}`;
}

/** A line of text, its baseline at y. */
export function text(x: number, y: number, style: string, words: string, more: Readonly<Record<string, string | number>> = {}): string {
  return element('text', { x, y, class: style, ...more }, escapeXml(words));
}

/** Colours: on white, and on black. */
const colours = {
  paper: ['#ffffff', '#14171c'],
  ink: ['#1c2128', '#e2e6ec'],
  dim: ['#6b7480', '#8d96a3'],
  line: ['#c3cad3', '#434b57'],
  card: ['#f5f7fa', '#20252d'],
  fail: ['#c01c28', '#ff7b72'],
  failTint: ['#fdecec', '#3a1a1c'],
  race: ['#b35900', '#f0a348'],
  raceTint: ['#fff3e0', '#38290f'],
  part: ['#6639ba', '#b794f6'],
  partTint: ['#f3edfd', '#2a2140'],
  note: ['#33658a', '#79b8e8'],
  noteTint: ['#eaf3fa', '#16293a'],
  loop: ['#0a7a72', '#4fd1c5'],
  loopTint: ['#e6f6f4', '#12302e'],
  off: ['#9aa7b8', '#5b6675'],
  service: ['#2f7d4f', '#5fbf85'],
  lock: ['#a67c00', '#d6ae3a'],
  delay: ['#8a5a83', '#c493bd'],
} as const;

type Colour = keyof typeof colours;

/** What each class looks like: property and colour. */
const rules: readonly (readonly [selector: string, property: 'fill' | 'stroke', colour: Colour])[] = [
  ['.paper', 'fill', 'paper'],
  ['.ink', 'fill', 'ink'],
  ['.dim', 'fill', 'dim'],
  ['.card', 'fill', 'card'],
  ['.card,.rule,.life', 'stroke', 'line'],
  ['.arrow', 'stroke', 'ink'],
  ['.head', 'fill', 'ink'],
  ...(['fail', 'race', 'part', 'note', 'loop'] as const).flatMap((kind) => [
    [`.${kind}-text`, 'fill', kind] as const,
    [`.${kind}-edge`, 'stroke', kind] as const,
    [`.${kind}-tint`, 'fill', `${kind}Tint`] as const,
  ]),
  ...(['off', 'service', 'lock', 'delay'] as const).map((kind) => [`.${kind}`, 'fill', kind] as const),
];

function paint(scheme: 0 | 1): string {
  return rules.map(([selector, property, colour]) => `${selector}{${property}:${colours[colour][scheme]}}`).join('');
}

/** The style sheet: fonts that are there on every system, light and dark. */
export const styleSheet = [
  `text{font:${fonts.fixed}px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;white-space:pre}`,
  `.label,.lane,.mark{font:${fonts.label}px system-ui,"DejaVu Sans","Segoe UI",Helvetica,Arial,sans-serif}`,
  '.lane,.mark,.title,.number{font-weight:600}',
  `.title{font:600 ${fonts.title}px system-ui,"DejaVu Sans","Segoe UI",Helvetica,Arial,sans-serif}`,
  '.routine{font-style:italic}',
  '.life{stroke-dasharray:3 4}.life,.rule{stroke-width:1;fill:none}',
  '.arrow{stroke-width:1.4;fill:none}.gone{stroke-dasharray:5 3}.cross{stroke-width:2.2;fill:none}',
  '.bracket{stroke-width:1.8;fill:none}.edge{stroke-width:2}',
  paint(0),
  `@media (prefers-color-scheme:dark){${paint(1)}}`,
].join('\n');
