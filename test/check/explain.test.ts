/** A counterexample told: which step is marked as what, and the diagram in the columns of a mail. */
import { beforeAll, describe, expect, test } from 'vitest';
import { drawDiagram, explain, type Explanation } from '../../src/index.js';
import { wrap } from '../../src/check/index.js';
import { given, searchOf, small, systemFrom, type Options } from './help.js';

async function explained(scenario: string, options: Options, property: string): Promise<Explanation> {
  const failure = given((await searchOf(scenario, options)).failures.find((f) => f.property === property));
  return explain(systemFrom(scenario, options), failure);
}

/** The text of all lines of the row with a mark that begins like this. */
function marked({ rows }: Explanation, mark: string): string[] {
  return given(rows.find((row) => row.marks.some((m) => m.startsWith(mark)))).lines.map((line) => line.text);
}

function longest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

describe('xhci-hotplug on 5.6', () => {
  let story: Explanation;
  beforeAll(async () => {
    story = await explained('xhci-hotplug', { model: '5.6' }, 'noLoss');
  });

  test('the event is lost where the disabled LAPIC drops the message', () => {
    expect(marked(story, 'LOST here')).toEqual(['LAPIC: 0x21 dropped: the LAPIC is disabled']);
  });

  test('kernel and device part where the LAPIC is disabled', () => {
    expect(marked(story, 'from here kernel and xhci part')).toEqual(['apic_soft_disable: the LAPIC accepts nothing any more']);
    expect(story.rows.flatMap((row) => row.marks)).toEqual([
      'from here kernel and xhci part: its message goes to a LAPIC that is disabled',
      'LOST here: nothing carries the event of xhci any more',
    ]);
  });

  test('the visible steps are numbered 1 to 13, in order', () => {
    expect(story.rows.at(-1)?.number).toBe(13);
    expect(story.rows.filter((row) => row.visible).map((row) => row.number)).toEqual(Array.from({ length: 13 }, (_, i) => i + 1));
  });

  test('a column for each CPU and device, the dying CPU first', () => {
    expect(story.lanes.map(({ title }) => title)).toEqual(['CPU 3 (dying)', 'CPU 0 (new)', 'xhci']);
  });

  test('the state at the marked step: owed, disabled, still in the vector table', () => {
    const state = story.state.join('\n');
    expect(state).toContain('xhci: owed, its handler has not run since the event');
    expect(state).toMatch(/CPU 3: running, LAPIC disabled, IF=0, IRR -, ISR -, vector table: 0x21 irq 122/);
  });

  test.each([60, 80, 100, 120])('in %i columns no line is longer, and both marks are there', (width) => {
    const text = drawDiagram(story, width);
    expect(longest(text)).toBeLessThanOrEqual(width);
    const flat = text.replaceAll(/\s+/g, ' ');
    expect(flat).toContain('>>> from here kernel and xhci part: its message goes to a LAPIC that is disabled');
    expect(flat).toContain('>>> LOST here: nothing carries the event of xhci any more');
  });

  test('in 80 columns the names of the kernel are whole', () => {
    expect(drawDiagram(story, 80)).toContain('apic_soft_disable');
  });

  test('nothing ends in blanks, and styles go around whole lines', () => {
    const lines = drawDiagram(story, 80, { dim: (t) => t, bold: (t) => t, alarm: (t) => `[${t}]` }).split('\n');
    expect(lines.filter((line) => /\s$/.test(line))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('['))).not.toEqual([]);
  });
});

describe('other failures', () => {
  test('torn-move on 5.5: the stray, and the address without the data before it', async () => {
    const story = await explained('torn-move', { model: '5.5' }, 'noStray');
    expect(marked(story, 'STRAY here')).toEqual(['no irq handler for vector 0x22']);
    expect(marked(story, 'from here kernel and nic part')).toEqual(['nic MSI address := CPU 1']);
    expect(longest(drawDiagram(story, 60))).toBeLessThanOrEqual(60);
  });

  test('xhci-torn-offline, written directly: a torn message to a slot of another irq', async () => {
    const story = await explained('xhci-torn-offline', { set: { msiUpdate: 'direct' } }, 'noLoss');
    const marks = story.rows.flatMap((row) => row.marks).join('\n');
    expect(marks).toContain('from here kernel and xhci part: its message goes to a slot that is irq');
    expect(marks).toContain('LOST here: nothing carries the event of xhci any more');
  });

  test('move-hotplug: the leak is where the old vector is given up, and the probe is told', async () => {
    const story = await explained('move-hotplug', {}, 'noLeak');
    expect(marked(story, 'LEAKED here')).toEqual(['the old vector is given up, still allocated']);
    expect(story.rows.flatMap((row) => row.marks)).toContain('at rest; the probe begins: each irq is raised four times');
  });

  test('every failure of every scenario can be told, and fits', async () => {
    const all: readonly (readonly [string, Options])[] = [
      ['xhci-hotplug', { set: { irrScan: 'none' } }],
      ['xhci-hotplug', { assume: { sampling: 'then-delay' } }],
      ['torn-move', { model: '5.8' }],
      ['torn-move', { assume: { push: 'root-complex' } }],
      ['xhci-torn-offline', { set: { moveMark: 'none' } }],
    ];
    for (const [scenario, options] of all) {
      const system = systemFrom(scenario, options);
      for (const failure of (await searchOf(scenario, options)).failures) {
        const story = await explain(system, failure);
        expect(story.rows.flatMap((row) => row.marks).some((m) => /here|no progress/.test(m))).toBe(true);
        expect(longest(drawDiagram(story, 80))).toBeLessThanOrEqual(80);
      }
    }
  });

  test('progress: the one that says that nothing is on its way', async () => {
    const full = small({
      vectors: 1,
      devices: [
        { cpu: 1, vector: 0x21 },
        { cpu: 0, vector: 0x21, raises: 0 },
      ],
      operations: ['move: {irq: 24, to: [0]}'],
    });
    const story = await explained(full, {}, 'progress');
    expect(story.rows.at(-1)?.marks.at(-1)).toMatch(/^no progress/);
  });
});

test('three CPUs and two devices fit into 80 columns', async () => {
  const scenario = small({
    cpus: [0, 1, 2],
    devices: [
      { cpu: 1, vector: 0x21, raises: 1 },
      { cpu: 1, vector: 0x22, raises: 1, kind: 'free' },
    ],
    operations: ['offline: 1'],
  });
  const story = await explained(scenario, { model: '5.6' }, 'noLoss');
  const all = {
    ...story,
    lanes: ['cpu', 'cpu', 'cpu', 'device', 'device'].map((kind, i) => ({ lane: { kind: kind as 'cpu', index: i % 3 }, title: `${i}` })),
  };
  expect(longest(drawDiagram(all, 80))).toBeLessThanOrEqual(80);
});

test('words that are longer than a line are cut, not lost', () => {
  expect(wrap('a bbbbbbb cc', 3)).toEqual(['a', 'bbb', 'bbb', 'b', 'cc']);
  expect(wrap('', 3)).toEqual([]);
});

test('a torn message: another device’s handler takes the event, and the marks name the irq as the user knows it', async () => {
  const story = await explained('xhci-torn-offline', { model: '5.9', set: { msiUpdate: 'direct' } }, 'noLoss');
  const foreign = story.rows.findIndex(({ lines }) => lines.some(({ text }) => text.startsWith('foreign: ')));
  const lost = story.rows.findIndex(({ marks }) => marks.some((mark) => mark.startsWith('LOST here')));
  expect(foreign).toBeGreaterThan(0);
  // its carrier is gone once that handler's interrupt has ended
  expect(lost).toBeGreaterThan(foreign);
  expect(story.rows.flatMap((row) => row.marks)[0]).toBe('from here kernel and xhci part: its message goes to a slot that is irq 121');
});
