/**
 * The Local APIC and the IOAPIC inside Linux KVM, recorded operation by operation, beside ours. What differs must be among
 * `differences`; there every row has a section of hardware.md that wants it so, and excuses something.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { compare, scripts, type Tally } from './compare.js';
import { differences } from './differences.js';

describe('KVM, operation by operation', () => {
  const tallies = new Map<string, Tally>();

  test.each(scripts)('%s', async (script) => {
    const tally = await compare(script);
    tallies.set(script, tally);
    expect(tally.failed).toEqual([]);
    // the answers were read, and not all of them excused
    expect(tally.equal).toBeGreaterThan(tally.compared / 4);
  });

  test('every row of the differences excuses something', () => {
    const used = new Set([...tallies.values()].flatMap(({ excused }) => [...excused.keys()]));
    expect(differences.filter((row) => !used.has(row)).map(({ why, op }) => `${op.join()}: ${why}`)).toEqual([]);
  });

  afterAll(() => {
    const sum = (what: (tally: Tally) => number): number => [...tallies.values()].reduce((n, tally) => n + what(tally), 0);
    const rows = differences.map((row) => `${sum(({ excused }) => excused.get(row) ?? 0)}`.padStart(6) + `  ${row.op.join()}: ${row.why}`);
    console.log(
      [
        `KVM: ${sum(({ played }) => played)} operations, ${sum(({ compared }) => compared)} with an answer, ${sum(({ equal }) => equal)} equal,`,
        `  ${sum(({ fields }) => fields)} fields, failed ${sum(({ failed }) => failed.length)}; excused fields by row:`,
        ...rows,
      ].join('\n'),
    );
  });
});
