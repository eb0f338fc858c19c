/** The traces of the 2020 thread: what exactly is read from them. */
import { describe, expect, test } from 'vitest';
import { formatFacts, formatTime, importTrace, xhciLost20200318, type Import, type Move } from '../../src/trace/index.js';
import { facts, imported, recording, recordings } from './help.js';

const shown = ({ irq, at, cpu, oldApicId, apicId, oldVector, vector, steps, cause, lines }: Move): string =>
  `${formatTime(at)} cpu ${cpu} irq ${irq} ${oldApicId}>${apicId} ${oldVector ?? '?'}>${vector} ${steps} ${cause.kind}${cause.kind === 'offline' && !cause.named ? '?' : ''} ${lines.join(',')}`;

const gaps = ({ traffic }: Import): number[] => traffic.gaps.map(({ us }) => us);
const parts = (trace: Import): unknown =>
  trace.parts.map(({ firstLine, lastLine, runs, moves }) => [firstLine, lastLine, runs.length, moves.length]);

test('the recording that the program carries is the one that was posted, byte for byte', () => {
  expect(xhciLost20200318.text).toBe(recording('2020-03-18-xhci-lost.trace'));
});

describe('2020-03-18, the lost xHCI interrupt', () => {
  const trace = imported('2020-03-18-xhci-lost.trace');

  test('is one piece of 31 lines', () => {
    expect(trace.count).toEqual({ trace: 31, annotations: 5, garbage: 0 });
    expect(trace.diagnostics).toEqual([]);
    expect(parts(trace)).toEqual([[6, 36, 25, 6]]);
  });

  test('shows six moves', () => {
    expect(trace.moves.map(shown)).toEqual([
      '129.679802 cpu 1 irq 122 2>6 33>33 direct offline? 10',
      '129.703150 cpu 3 irq 122 6>0 33>33 direct offline 32',
      '131.328790 cpu 0 irq 121 0>0 34>34 direct requested 33',
      '133.312704 cpu 0 irq 121 0>0 34>34 direct requested 34',
      '135.360786 cpu 0 irq 121 0>0 34>34 direct requested 35',
      '137.344694 cpu 0 irq 121 0>0 34>34 direct requested 36',
    ]);
  });

  test('tells the machine', () => {
    expect(facts(trace, 'CPUs that print')).toEqual(['read: 0, 1, 3 [6,11,33]']);
    expect(facts(trace, 'CPU')).toEqual(['read: APIC id 0 [33,34,35,36]', 'read: APIC id 2 [10]', 'read: APIC id 6 [32]']);
    expect(facts(trace, 'APIC ids')).toEqual(['inferred: APIC id = 2 * CPU [10,32,33]']);
  });

  test('tells irqs and vectors, and which one is traced', () => {
    expect(trace.traced).toBe(122);
    expect(facts(trace, 'irq 122').slice(0, 1)).toEqual(['read: vector 33 (0x21) [10,32]']);
    expect(facts(trace, 'irq 122')[1]).toMatch(/^inferred: handled by xhci_irq /);
    expect(facts(trace, 'irq 121')).toEqual([
      'read: vector 34 (0x22) [33,34,35,36]',
      'inferred: 3 gaps, 1983908 to 2048082 us [33,34,35,36]',
    ]);
  });

  test('has 23 gaps between interrupts, and one more in which the irq moved', () => {
    expect(gaps(trace)).toEqual([
      607, 49, 91, 130, 139, 644, 125, 142, 5198, 123, 167, 677, 123, 171, 5263, 133, 165, 828, 130, 176, 5315, 92, 113,
    ]);
    expect(trace.traffic.spanning.map(({ us, from, to }) => [us, from.line, to.line])).toEqual([[4992, 9, 11]]);
  });

  test('ends with silence: the irq is dead', () => {
    expect(trace.silences.map(({ us, last, dead, move }) => [us, last.line, last.cpu, dead, move?.lines])).toEqual([
      [7_642_201, 31, 3, true, [32]],
    ]);
    expect(facts(trace, 'irq 122 is dead')).toEqual(['inferred: moved 657 us after the last [31,32,36]']);
    expect(facts(trace, 'from one offline to the next')).toEqual(['read: 23348 us [10,32]']);
  });

  test('does not tell the device and the kernel', () => {
    expect(facts(trace, 'device')).toEqual([
      'assumed: MSI without mask bits []',
      'assumed: 64-bit message address []',
      'assumed: handshake: waits for its handler []',
    ]);
    expect(facts(trace, 'kernel')).toEqual(['assumed: 5.6 []']);
    expect(trace.steps).toEqual([]);
  });
});

describe('2020-03-25, four rounds', () => {
  const trace = imported('2020-03-25-four-rounds.trace');

  test('is cut into them without a look at the annotations', () => {
    expect(parts(trace)).toEqual([
      [5, 12, 2, 3],
      [14, 20, 2, 2],
      [22, 27, 2, 2],
      [29, 35, 2, 2],
    ]);
    expect(facts(trace, 'parts')).toEqual(['inferred: 4 pieces, not one trace [14,22,29]']);
  });

  test('has nine moves, one of them in two steps', () => {
    expect(trace.moves.map(shown)).toEqual([
      '249.045231 cpu 1 irq 123 2>6 33>33 direct offline 8',
      '249.069563 cpu 3 irq 123 6>0 33>35 two-step offline 9',
      '250.294940 cpu 0 irq 122 0>0 33>33 direct requested 11',
      '75.585814 cpu 1 irq 123 2>6 33>33 direct offline? 18',
      '75.606381 cpu 3 irq 123 6>0 33>33 direct offline 19',
      '117.388527 cpu 1 irq 123 2>6 33>33 direct offline 25',
      '117.413877 cpu 3 irq 123 6>0 33>33 direct offline 26',
      '147.951368 cpu 3 irq 123 6>0 33>33 direct offline 33',
      '148.491198 cpu 0 irq 122 0>0 35>35 direct requested 35',
    ]);
    expect(facts(trace, 'device')[0]).toBe('inferred: MSI without mask bits [9]');
  });

  test('compares times within a round only', () => {
    expect(gaps(trace)).toEqual([74, 62, 144, 121]);
    expect(trace.silences.map(({ us, dead, move }) => [us, dead, move?.lines])).toEqual([
      [3_235_974, true, [8]],
      [695_152, true, [18]],
      [1_907_064, true, [25]],
      [540_508, true, [33]],
    ]);
  });
});

describe('2020-05, the steps of two-step moves', () => {
  const trace = imported('2020-05-two-step-steps.trace');

  test('is cut where times and targets contradict each other', () => {
    expect(parts(trace)).toEqual([
      [5, 10, 2, 1],
      [12, 15, 2, 1],
      [17, 29, 5, 4],
      [31, 35, 0, 1],
      [37, 42, 0, 2],
      [44, 44, 0, 1],
    ]);
  });

  test('has ten moves, put together from their lines', () => {
    expect(trace.moves.map(shown)).toEqual([
      '200.283044 cpu 3 irq 123 6>0 ?>33 two-step offline 7,8,9,10',
      '40.616488 cpu 0 irq 123 0>2 33>33 direct requested 12,13',
      '44.376684 cpu 0 irq 123 0>2 33>33 direct requested 17,18',
      '44.376774 cpu 1 irq 123 2>2 33>33 direct requested 20,21',
      '44.400691 cpu 1 irq 123 2>6 33>33 direct offline? 24,25',
      '44.421803 cpu 3 irq 123 6>0 33>33 direct offline 28,29',
      // The retrigger of line 35 tells the old vector.
      '275.665789 cpu 3 irq 123 6>4 33>36 two-step offline 31,32,33,34,35',
      '284.901604 cpu 1 irq 123 2>6 33>33 direct offline? 37,38',
      '284.924999 cpu 3 irq 123 6>4 ?>36 two-step offline 39,40,41,42',
      '48.530271 cpu 3 irq 122 6>4 33>34 two-step offline 44',
    ]);
  });

  test('tells how long each step takes (linux.md H8)', () => {
    expect(trace.steps.map(({ name, us, lines }) => [name, us, lines])).toEqual([
      ['allocation to direct write', [17, 19, 21, 24, 25, 25], [12, 13, 17, 18, 20, 21, 24, 25, 28, 29, 37, 38]],
      ['allocation to redirect', [21, 25, 27], [7, 8, 31, 32, 39, 40]],
      ['redirect to final write', [11, 12, 13], [8, 9, 32, 33, 40, 41]],
      ['final write to IRR check', [1, 1, 2], [9, 10, 33, 34, 41, 42]],
      ['IRR check to retrigger', [1002], [34, 35]],
    ]);
    expect(facts(trace, 'cfg.write, cfg.read')).toEqual(['inferred: 6600 to 7800 cycles [8,9,32,33,40,41]']);
  });

  test('shows a CPU that prints nothing', () => {
    expect(facts(trace, 'CPU 2')).toEqual(['inferred: APIC id 4 [35,42,44]']);
  });

  test('keeps gaps with a requested move, which costs a few microseconds, and drops the one with an offline', () => {
    expect(gaps(trace)).toEqual([81, 16, 91, 19_048, 114]);
    expect(trace.traffic.spanning.map(({ us }) => us)).toEqual([25_197]);
  });

  test('has no silence long enough to call the irq dead', () => {
    expect(trace.silences.map(({ us, dead }) => [us, dead])).toEqual([
      [4994, false],
      [0, false],
      [668, false],
    ]);
  });
});

describe('every recording', () => {
  test.each(recordings)('%s: no fact comes from an annotation, and only assumed ones from nowhere', (file) => {
    const lines = recording(file).split('\n');
    const trace = imported(file);
    expect(trace.facts.length).toBeGreaterThan(20);
    for (const { how, from } of trace.facts) {
      expect(from.length > 0).toBe(how !== 'assumed');
      expect([...from]).toEqual([...new Set(from)].toSorted((a, b) => a - b));
      for (const line of from) expect(lines[line - 1]).toMatch(/^\s*[^#\s].*-\d+ +\[\d+\]/);
    }
  });

  test.each(recordings)('%s says the same without its annotations', (file) => {
    const text = recording(file);
    const bare = imported(file);
    const blanked = text.replace(/^#.*$/gm, '#');
    expect(blanked).not.toBe(text);
    expect(importTrace(blanked, file).facts).toEqual(bare.facts);
  });

  test.each(recordings)('%s is shown at 80 columns, one fact a line', (file) => {
    const trace = imported(file);
    const table = formatFacts(trace);
    expect(table.trimEnd().split('\n')).toHaveLength(trace.facts.length);
    for (const text of [table, formatFacts(trace, { notes: true })])
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(table).not.toContain('...');
  });

  test('one line is a line', () => {
    expect(formatFacts(imported('2020-03-18-xhci-lost.trace'))).toContain('CPU 1: APIC id 2                                  line 10\n');
  });

  test('the table looks like this', () => {
    expect(formatFacts(imported('2020-03-18-xhci-lost.trace')).split('\n').slice(4, 10)).toEqual([
      'inferred  APIC ids: APIC id = 2 * CPU                       lines 10, 32-33',
      'read      irq 121: vector 34 (0x22)                         lines 33-36',
      'inferred  irq 121: 3 gaps, 1983908 to 2048082 us            lines 33-36',
      'read      irq 122: vector 33 (0x21)                         lines 10, 32',
      'inferred  irq 122: handled by xhci_irq                      lines 6-9, 11-31',
      'read      interrupts: 25 entries of the handler             lines 6-9, 11-31',
    ]);
  });
});
