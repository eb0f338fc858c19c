/** Lines of ftrace (linux.md 1.1). */
import { describe, expect, test } from 'vitest';
import { given } from './help.js';
import { formatTime, parseFtrace, type TraceLine } from '../../src/trace/index.js';

function line(text: string): TraceLine {
  return given(parseFtrace(text, 't').lines[0]);
}

describe('a line', () => {
  test('has task, CPU, flags, exact time, event and fields', () => {
    expect(line('      <idle>-0     [003] d.h.   129.702493: xhci_irq: xhci irq')).toEqual({
      line: 1,
      comm: '<idle>',
      pid: 0,
      cpu: 3,
      flags: { irqsOff: true, needResched: false, context: 'hardirq', preemptDepth: 0 },
      at: 129_702_493_000n,
      event: 'xhci_irq',
      fields: 'xhci irq',
    });
  });

  test.each([
    ['<...>-14    [001] d..1   1.000000: e: f', '<...>', 14],
    ['kworker/0:0-5     [000] d.h.   1.000000: e: f', 'kworker/0:0', 5],
    [' a task-of mine-77 [000] ....  1.000000: e: f', 'a task-of mine', 77],
    ['(agetty)-3004    [047] d...    1.000000: e: f', '(agetty)', 3004],
    ['migration/3-24    [003] d..1    1.000000: e: f', 'migration/3', 24],
    ['bash-1234  (   1200) [000] ....  1.000000: e: f', 'bash', 1234],
  ])('%s', (text, comm, pid) => {
    expect(line(text)).toMatchObject({ comm, pid, event: 'e', fields: 'f' });
  });

  test.each([
    ['....', { irqsOff: false, needResched: false, context: 'task', preemptDepth: 0 }],
    ['d..1', { irqsOff: true, needResched: false, context: 'task', preemptDepth: 1 }],
    ['dNH2', { irqsOff: true, needResched: true, context: 'hardirq', preemptDepth: 2 }],
    ['..sf', { irqsOff: false, needResched: false, context: 'softirq', preemptDepth: 15 }],
    ['d.Z.', { irqsOff: true, needResched: false, context: 'nmi', preemptDepth: 0 }],
    ['d..1.', { irqsOff: true, needResched: false, context: 'task', preemptDepth: 1, migrateDisable: 0 }],
    ['d.h12', { irqsOff: true, needResched: false, context: 'hardirq', preemptDepth: 1, migrateDisable: 2 }],
  ])('flags %s', (flags, read) => {
    expect(line(`a-1 [000] ${flags} 1.000000: e: f`).flags).toEqual(read);
  });

  test('of a dump to the console has the CPU at the flags and microseconds', () => {
    const dumped = {
      comm: '<idle>',
      pid: 0,
      cpu: 12,
      at: 129_702_493_000n,
      event: 'xhci_irq',
      fields: 'xhci irq',
      flags: { context: 'hardirq' },
    };
    expect(line('[  201.123456]   <idle>-0      12d.h. 129702493us : xhci_irq: xhci irq')).toMatchObject(dumped);
    expect(line('[  201.123456]   <idle>-0      12d.h1. 129702493us!: xhci_irq: xhci irq')).toMatchObject(dumped);
  });

  test('keeps nanoseconds, and times beyond 2^53 ns', () => {
    expect(line('a-1 [000] .... 9999999.123456789: e: f').at).toBe(9_999_999_123_456_789n);
    expect(['1.5', '12.000001', '3.000000007'].map((time) => formatTime(line(`a-1 [000] .... ${time}: e: f`).at))).toEqual([
      '1.500000',
      '12.000001',
      '3.000000007',
    ]);
  });

  test('may have no event, no fields, or the function twice', () => {
    expect(line('a-1 [000] .... 1.0: do_exit <-do_group_exit')).toMatchObject({ event: '', fields: 'do_exit <-do_group_exit' });
    expect(line('a-1 [000] .... 1.0: empty:')).toMatchObject({ event: 'empty', fields: '' });
    expect(line('a-1 [000] .... 1.0: msi_set_affinity: msi_set_affinity: quirk: 1')).toMatchObject({
      event: 'msi_set_affinity',
      fields: 'quirk: 1',
    });
  });
});

describe('a text', () => {
  const good = 'a-1 [000] .... 1.000000: e: f';

  test('is used as far as it is a trace; the rest is counted and the first few are reported', () => {
    const text = [
      good,
      '# a-1 [000] .... 2.000000: e: f',
      '',
      '  what is this',
      good,
      ...Array.from({ length: 9 }, (_, i) => `garbage ${i}`),
    ].join('\r\n');
    const read = parseFtrace(text, 'some.trace');
    expect(read.lines.map((one) => one.line)).toEqual([1, 5]);
    expect([read.annotations, read.blank, read.garbage]).toEqual([1, 1, 10]);
    expect(read.diagnostics).toHaveLength(5);
    expect(read.diagnostics[0]).toEqual({
      file: 'some.trace',
      line: 4,
      column: 3,
      message: 'this is no line of a trace and is left out; expected "comm-pid [cpu] flags seconds: event: fields"',
    });
  });

  test.each([
    'a-1 [000] .... : e: f',
    'a-1 [000] ... 1.0: e: f',
    '-1 [000] .... 1.0: e: f',
    'a-b [000] .... 1.0: e: f',
    'a-1 [x] .... 1.0: e: f',
    `a-1 [000] .... 1.0: e: ${'f'.repeat(2000)}`,
  ])('%s is none', (text) => {
    expect(parseFtrace(text, 't').garbage).toBe(1);
  });
});
