/** Counterexamples as SVG: well formed, self-contained, everything inside of the picture, the same every time. */
import { beforeAll, describe, expect, test } from 'vitest';
import { drawSvg, explain, minimise, type Explanation } from '../../../src/index.js';
import { allFailures } from '../failures.js';
import { given, searchOf, small, systemFrom } from '../help.js';

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  text: string;
}

/** A strict reader of the XML that is needed here: throws at anything it does not know. */
function readXml(source: string): Element[] {
  const all: Element[] = [];
  const open: Element[] = [];
  const unescape = (text: string): string => {
    if (/[<>]|&(?!(amp|lt|gt|quot);)/.test(text)) throw new Error(`not escaped: ${text.slice(0, 60)}`);
    return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
  };
  const token = /<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  for (let at = 0; at < source.length; at = token.lastIndex) {
    token.lastIndex = at;
    const match = token.exec(source);
    if (match === null) throw new Error(`no XML: ${source.slice(at, at + 60)}`);
    const [, closes, name = '', attributes = '', empty, text] = match;
    if (text !== undefined) {
      const inside = open.at(-1);
      if (inside === undefined && text.trim() !== '') throw new Error(`text outside: ${text}`);
      if (inside !== undefined) inside.text += unescape(text);
    } else if (closes === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes something else`);
    } else {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, unescape(value)] as const);
      if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error(`an attribute of ${name} stands twice`);
      const element = { name, attributes: Object.fromEntries(pairs), text: '' };
      if (open.length === 0 && all.length > 0) throw new Error('two roots');
      all.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  if (open.length > 0) throw new Error(`${given(open.at(-1)).name} is not closed`);
  return all;
}

function number({ attributes }: Element, name: string): number {
  return Number(given(attributes[name]));
}

/** What stands outside of the picture, by the widest that fonts are: 0.605 of the size for the fixed one, more for bold text. */
function outside(elements: readonly Element[]): string[] {
  const svg = given(elements[0]);
  const [width, height] = [number(svg, 'width'), number(svg, 'height')];
  return elements
    .filter(({ name }) => name === 'text' || name === 'rect')
    .filter((each) => {
      const [x, y] = [Number(each.attributes['x'] ?? 0), Number(each.attributes['y'] ?? 0)];
      const isLabel = /label|lane|mark|title/.test(each.attributes['class'] ?? '');
      const wide = each.name === 'rect' ? number(each, 'width') : each.text.length * (isLabel ? 6.9 : 6.66);
      const left = each.attributes['text-anchor'] === 'end' ? x - wide : x;
      return !(left >= 0 && left + wide <= width + 0.1 && y >= 0 && y <= height);
    })
    .map(({ name, text, attributes }) => `${name} ${text} ${JSON.stringify(attributes)}`);
}

describe('the pictures of all built-in failures', () => {
  let stories: (readonly [string, Explanation])[];
  beforeAll(async () => {
    stories = [];
    for (const { name, system, failure } of await allFailures())
      stories.push([name, await explain(system, await minimise(system, failure))]);
  }, 120_000);

  test('are well formed, and nothing stands outside', () => {
    for (const [name, story] of stories) {
      for (const width of [500, 900, 1400]) {
        const elements = readXml(drawSvg(story, { title: name, width }));
        expect(elements[0]).toMatchObject({ name: 'svg', attributes: { xmlns: 'http://www.w3.org/2000/svg' } });
        expect([name, outside(elements)]).toEqual([name, []]);
      }
    }
  });

  test('need nothing from elsewhere, and run nothing', () => {
    for (const [, story] of stories) {
      const svg = drawSvg(story, { title: 'x' });
      expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\(|@import|@font-face|<script|\son\w+=|href/);
      expect(svg).toContain('prefers-color-scheme:dark');
    }
  });

  test('are the same every time', () => {
    for (const [, story] of stories) expect(drawSvg(story)).toBe(drawSvg(story));
  });

  test('say what the text says: every mark, every line of state, as text', () => {
    const flat = (text: string): string => text.replaceAll(/\s+/g, '');
    for (const [, story] of stories) {
      const said = flat(
        readXml(drawSvg(story))
          .filter((each) => each.name === 'text')
          .map(({ text }) => text)
          .join(''),
      );
      for (const { marks } of story.rows) for (const { text } of marks) expect(said).toContain(flat(text));
      for (const { name: cpu, slots } of story.table.cpus) {
        expect(said).toContain(flat(cpu));
        expect(said).toContain(flat(slots));
      }
    }
  });

  test('mark the failing step, and the race with its bracket', () => {
    for (const [name, story] of stories) {
      const elements = readXml(drawSvg(story));
      const count = (style: string): number => elements.filter(({ attributes }) => attributes['class']?.includes(style)).length;
      expect([name, count('fail-tint')]).toEqual([name, 1]);
      const races = story.rows.flatMap(({ marks }) => marks).filter(({ kind }) => kind === 'race').length;
      expect([name, [count('race-tint'), count('bracket')]]).toEqual([name, [races, races / 2]]);
    }
  });

  test('a dropped message ends in a cross, others in an arrow', () => {
    const [, lost] = given(stories[0]);
    expect(lost.flights.map(({ dropped }) => dropped)).toEqual([true]);
    expect(drawSvg(lost).match(/class="cross/g)).toHaveLength(2);
    const [, torn] = given(stories.find(([name]) => name.startsWith('torn-move {"model":"5.5"}')));
    expect(torn.flights.map(({ dropped, to }) => [dropped, to?.index])).toEqual([
      [false, 0],
      [false, 1],
    ]);
    expect(drawSvg(torn)).not.toContain('class="cross');
  });

  test('messages go from where they are sent over the root complex to where they arrive; what lasts begins and ends', () => {
    const [, torn] = given(stories.find(([name]) => name.startsWith('torn-move {"model":"5.5"}')));
    const textsAt = (step: number | undefined): string[] =>
      torn.rows.filter(({ steps }) => steps[0] === step).flatMap(({ lines }) => lines.map(({ text }) => text));
    const [first] = torn.flights;
    expect(textsAt(first?.sent)).toEqual(['samples its message: CPU 0, vector 0x22']);
    expect(textsAt(first?.root)).toEqual(['message at the root complex']);
    expect(textsAt(first?.arrived)).toEqual(['LAPIC: IRR[0x22] set']);
    const served = given(torn.spans.find(({ kind, cpu }) => kind === 'in service' && cpu === 1));
    expect([textsAt(served.from), textsAt(served.to)]).toEqual([['takes vector 0x22'], ['EOI 0x22']]);
    expect(torn.spans.some(({ kind, cpu }) => kind === 'interrupts off' && cpu === 1)).toBe(true);
  });
});

describe('other pictures', () => {
  test('an IPI from one CPU to another', async () => {
    const options = { set: { slotMark: 'none' } };
    const failure = given((await searchOf('xhci-hotplug', options)).failures.find(({ property }) => property === 'noStray'));
    const { flights } = await explain(systemFrom('xhci-hotplug', options), failure);
    expect(flights.some(({ from, root, to }) => from.kind === 'cpu' && from.index === 1 && root === undefined && to?.index === 0)).toBe(
      true,
    );
  });

  test('six lanes', async () => {
    const scenario = small({
      cpus: [0, 1, 2, 3],
      devices: [
        { name: 'a-device-with-a-name.1:2', cpu: 1, vector: 0x21, raises: 1 },
        { cpu: 1, vector: 0x22, raises: 1, kind: 'free' },
      ],
      operations: ['offline: 1'],
    });
    const system = systemFrom(scenario, { model: '5.6' });
    const story = await explain(system, { path: [] });
    const lanes = [0, 1, 2, 3].map((index) => ({ lane: { kind: 'cpu', index } as const, title: `CPU ${index}` }));
    const devices = [0, 1].map((index) => ({ lane: { kind: 'device', index } as const, title: given(system.names.devices[index]) }));
    const elements = readXml(drawSvg({ ...story, lanes: [...lanes, ...devices] }));
    expect(outside(elements)).toEqual([]);
    expect(elements.filter(({ attributes }) => attributes['class'] === 'life')).toHaveLength(6);
  });

  test('whatever a title is, it is text', async () => {
    const story = await explain(systemFrom('xhci-hotplug'), { path: [] });
    const title = `<b>&"'${String.fromCodePoint(0, 27, 0xfffe)}]]>`;
    const elements = readXml(drawSvg(story, { title }));
    expect(given(elements.find(({ name }) => name === 'text')).text).toBe(`<b>&"'${'\uFFFD'.repeat(3)}]]>`);
    expect(elements.some(({ name }) => name === 'b')).toBe(false);
  });
});
