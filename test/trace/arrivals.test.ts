/** Gaps of a device from a file of its user. */
import { describe, expect, test } from 'vitest';
import { withReplays, type Scenario } from '../../src/index.js';
import { scenarioOf } from '../check/help.js';

const scenario = (replay: string): Scenario =>
  scenarioOf(`version: 1
name: replayed
machine: {cpus: 2}
devices: [{name: nic, interArrival: {replay: ${replay}}, irqs: [{irq: 24}]}, {name: other, irqs: [{irq: 25}]}]
`);

/** The gaps of the first device in cycles, or the mistakes. */
function read(replay: string, text: string): unknown {
  const found = withReplays(scenario(replay), (file) => {
    expect(file).toBe('gaps');
    return text;
  });
  if ('errors' in found) return found.errors.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  expect(found.scenario.devices[1]).toEqual(scenario(replay).devices[1]);
  return found.scenario.devices[0]?.interArrival;
}

const entry = (at: string, irq: number): string => `  <idle>-0     [003] d.h.  ${at}: irq_handler_entry: irq=${irq} name=nic\n`;

describe('a number a line', () => {
  test('in microseconds, nanoseconds or cycles, with blanks and remarks', () => {
    expect(read('{file: gaps}', '# of Monday\n100\n\n 12.5 # short\r\n0.0004\n')).toEqual({ replay: { cycles: [300_000, 37_500, 1] } });
    expect(read('{file: gaps, unit: ns, repeat: true}', '1000\n7\n')).toEqual({ replay: { cycles: [3000, 21], repeat: true } });
    expect(read('{file: gaps, unit: cycles}', '7')).toEqual({ replay: { cycles: [7] } });
  });

  test('what is wrong is told with its place', () => {
    expect(read('{file: gaps}', '5\n  soon\n-1\n0\n0.0000001\n')).toEqual([
      'gaps:2:3: "soon" is no gap; write a number of us in each line, for example 120',
      'gaps:3:1: "-1" is no gap; write a number of us in each line, for example 120',
      'gaps:4:1: 0 us is out of range; write a gap from a cycle (1/3 ns) to 1000000000000 cycles',
      'gaps:5:1: 0.0000001 has more than 6 places behind the point; write fewer',
    ]);
    expect(read('{file: gaps, unit: cycles}', '1.5')).toEqual(['gaps:1:1: 1.5 is no whole number of cycles; write 1']);
    expect(read('{file: gaps}', '# nothing\n')).toEqual(['gaps:1:1: no gap stands here; write a number of us in each line']);
    expect(read('{file: gaps}', entry('12.000100', 24))).toContain(
      'gaps:1:3: this is a trace; say whose interrupts are meant, for example irq: 24, beside file',
    );
  });
});

describe('a trace', () => {
  const text = entry('12.000100', 24) + entry('12.000101', 9) + entry('12.000350', 24) + entry('12.000350', 24) + entry('12.000351', 24);

  test('gives the gaps between the entries of one handler; two at one time are one', () => {
    expect(read('{file: gaps, irq: 24}', text)).toEqual({ replay: { cycles: [750_000, 3000] } });
  });

  test('that does not show it, or shows it once', () => {
    expect(read('{file: gaps, irq: 5}', text)).toEqual(['gaps:1:1: the trace shows no handler of irq 5; it shows those of irq 9 and 24']);
    expect(read('{file: gaps, irq: 9}', text)).toEqual(['gaps:1:1: the trace shows irq 9 once, which makes no gap']);
    expect(read('{file: gaps, irq: 9}', '100\n')).toEqual([
      'gaps:1:1: no line tells of a handler; expected lines such as "... 12.000345: irq_handler_entry: irq=24 name=nic", or leave out irq for a number a line',
    ]);
  });
});
