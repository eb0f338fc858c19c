/** A counterexample told: which step is marked as what, and the diagram in the columns of a mail. */
import { beforeAll, describe, expect, test } from 'vitest';
import { drawDiagram, explain, minimise, type Explanation } from '../../../src/index.js';
import { wrap } from '../../../src/check/index.js';
import { allFailures } from '../failures.js';
import { given, searchOf, small, systemFrom, type Options } from '../help.js';

async function explained(scenario: string, options: Options, property: string, verbose = false): Promise<Explanation> {
  const failure = given((await searchOf(scenario, options)).failures.find((f) => f.property === property));
  const system = systemFrom(scenario, options);
  return explain(system, await minimise(system, failure), { verbose });
}

function marksOf({ rows }: Explanation): string[] {
  return rows.flatMap(({ marks }) => marks.map(({ text }) => text));
}

/** The text of all lines of the row with a mark that begins like this. */
function marked({ rows }: Explanation, mark: string): string[] {
  return given(rows.find((row) => row.marks.some((m) => m.text.startsWith(mark)))).lines.map((line) => line.text);
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
    expect(marksOf(story)).toEqual([
      'from here kernel and xhci part: its message goes to a LAPIC that is disabled (CPU 3, vector 0x21)',
      'race: with step 8, see there',
      'race: had step 8 come before step 1 (take_cpu_down:2), the event would not be lost',
      'LOST here: nothing carries the event of xhci any more',
    ]);
  });

  test('the visible steps are numbered, in order; what follows the loss is one line', () => {
    expect(story.rows.filter((row) => row.visible).map((row) => row.number)).toEqual(Array.from({ length: 8 }, (_, i) => i + 1));
    expect(story.rows.at(-1)).toMatchObject({ number: 13, folded: '... 5 more steps until nothing is on its way', lines: [] });
  });

  test('verbose: all 13, and every step of a CPU has a line', async () => {
    const all = await explained('xhci-hotplug', { model: '5.6' }, 'noLoss', true);
    expect(all.rows.filter((row) => row.visible).map((row) => row.number)).toEqual(Array.from({ length: 13 }, (_, i) => i + 1));
    expect(all.rows.some((row) => row.folded !== undefined)).toBe(false);
    const locks = ({ rows }: Explanation): number => rows.filter(({ lines }) => lines.some(({ text }) => text.startsWith('lock '))).length;
    expect([locks(story), locks(all)]).toEqual([0, 5]);
    expect(all.rows.length).toBeGreaterThan(80);
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
    expect(flat).toContain('>>> from here kernel and xhci part: its message goes to a LAPIC that is disabled (CPU 3, vector 0x21)');
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
    expect(marksOf(story)).toEqual([
      'from here kernel and xhci part: its message goes to a slot that is irq 121 (CPU 0, vector 0x21)',
      'race: with step 10 (__pci_write_msi_msg:5), see there',
      'kernel and xhci agree again, but not about what was sampled before',
      'race: had step 10 (__pci_write_msi_msg:5) come before step 7, the event would not be lost',
      'LOST here: nothing carries the event of xhci any more',
    ]);
  });

  test('move-hotplug: the leak is where the old vector is given up, and the probe is told', async () => {
    const story = await explained('move-hotplug', {}, 'noLeak');
    expect(marked(story, 'LEAKED here')).toEqual(['the old vector is given up, still allocated']);
    expect(marksOf(story)).toEqual([
      'race: with "stop_machine: interrupts off" (multi_cpu_stop:2), see there',
      'from here vector 0x21 of CPU 1 is nobody’s target; the next interrupt at the new target is to have it freed',
      'race: had "stop_machine: interrupts off" (multi_cpu_stop:2) come before step 4, no vector would leak',
      'at rest; the probe begins: each irq is raised four times',
      'LEAKED here: vector 0x21 of CPU 1 stays allocated, and nothing will free it',
    ]);
    expect(story.rows.at(-1)?.folded).toBe('... 9 more steps until the probe has ended');
  });

  test('xhci-torn-offline where a completion pushes no further: the IRR is read before the message is there', async () => {
    const story = await explained('xhci-torn-offline', { assume: { push: 'root-complex' } }, 'noLoss');
    expect(marked(story, 'race: with')).toEqual(['did one arrive here with the new vector?: no']);
    expect(marked(story, 'race: had')).toEqual(['LAPIC: IRR[0x22] set']);
    expect(marked(story, 'from here kernel and xhci part')).toEqual(['xhci MSI data := vector 0x22']);
    expect(marked(story, 'kernel and xhci agree again')).toEqual(['xhci MSI address := CPU 0']);
    // the critical section around what is marked
    const texts = story.rows.flatMap(({ lines }) => lines.map(({ text }) => text));
    expect(texts.filter((text) => /lock desc_lock/.test(text))).toEqual(['lock desc_lock[irq]', 'unlock desc_lock[irq]']);
  });

  test('a cleanup that never comes: nobody’s target from the move on, still allocated at rest; raises that go alike are one line', async () => {
    const story = await explained('torn-move', { model: '5.8' }, 'noLeak');
    expect(marked(story, 'from here vector 0x22 of CPU 0 is nobody’s target')[0]).toMatch(/^move_in_progress = 1/);
    expect(marksOf(story).at(-1)).toBe('LEAKED: at rest vector 0x22 of CPU 0 is still allocated and nobody’s target');
    expect(story.rows.at(-1)?.folded).toBe('... 14 more steps: 2 more raises of the probe, with the same outcome');
  });

  test('every failure of every scenario can be told, and fits', async () => {
    for (const { system, failure } of await allFailures()) {
      const way = await minimise(system, failure);
      for (const verbose of [false, true]) {
        const story = await explain(system, way, { verbose });
        expect(story.rows.flatMap(({ marks }) => marks).filter(({ kind }) => kind === 'fail')).toHaveLength(1);
        for (const width of [60, 80, 120]) expect(longest(drawDiagram(story, width))).toBeLessThanOrEqual(width);
      }
    }
  }, 120_000);

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
    expect(story.rows.at(-1)?.marks.at(-1)?.text).toMatch(/^no progress/);
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
  const lost = story.rows.findIndex(({ marks }) => marks.some((mark) => mark.text.startsWith('LOST here')));
  expect(foreign).toBeGreaterThan(0);
  // its carrier is gone once that handler's interrupt has ended
  expect(lost).toBeGreaterThan(foreign);
  expect(marksOf(story)[0]).toMatch(/^from here kernel and xhci part: its message goes to a slot that is irq 121/);
});

describe('properties by any name', () => {
  test('one that nobody knows is marked where it is flagged, or at rest', async () => {
    const system = systemFrom('xhci-hotplug', { model: '5.6' });
    const failure = given((await searchOf('xhci-hotplug', { model: '5.6' })).failures[0]);
    const story = await explain(system, { path: failure.path, property: 'my-own' });
    expect(marksOf(story)).toEqual(['my-own does not hold here, at rest']);
    expect(story.notes).toEqual([]);
  });

  test('one that does not hold to begin with is marked in front of all steps', async () => {
    const story = await explain(systemFrom('xhci-hotplug'), { path: [], property: 'my-own' });
    expect(marksOf(story)).toEqual(['my-own does not hold here, at rest']);
    expect(drawDiagram(story, 60)).toContain('>>> my-own does not hold here');
  });

  test.each(['noStuckIsr', 'inStep', 'progress', 'noDuplicate', 'noLeak', 'noStray', 'noFault', 'noWildWrite'])(
    '%s is marked once wherever a way ends',
    async (property) => {
      const system = systemFrom('xhci-hotplug', { model: '5.6' });
      const { path } = given((await searchOf('xhci-hotplug', { model: '5.6' })).failures[0]);
      for (const length of [0, 60, path.length]) {
        const story = await explain(system, { path: path.slice(0, length), property });
        expect(story.rows.flatMap(({ marks }) => marks).filter(({ kind }) => kind === 'fail')).toHaveLength(1);
        expect(longest(drawDiagram(story, 60))).toBeLessThanOrEqual(60);
      }
    },
  );

  test('a way that breaks nothing has no mark, and no step is left out', async () => {
    const system = systemFrom('xhci-hotplug', { model: '5.6' });
    const failure = given((await searchOf('xhci-hotplug', { model: '5.6' })).failures[0]);
    const story = await explain(system, { path: failure.path });
    expect([marksOf(story), story.stateTitle, story.rows.at(-1)?.number]).toEqual([[], 'State at the end:', 13]);
  });
});
