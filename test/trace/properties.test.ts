/** Whatever is imported: facts and scenarios or none, never an exception. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseScenario, stringifyScenario } from '../../src/scenario/index.js';
import { checkScenario, formatFacts, importTrace, runScenario } from '../../src/trace/index.js';
import { recording, recordings } from './help.js';

/** What is wrong with an import; nothing for every text. */
function flaws(text: string): unknown[] {
  const trace = importTrace(text, 'any.trace');
  const lines = text.split(/\r?\n/);
  const { trace: read, annotations, garbage } = trace.count;
  return [
    ...trace.facts.filter(({ from, how }) => how !== 'assumed' && from.length === 0),
    ...trace.facts.filter(({ from }) => from.some((line) => !/^[^#]/.test(lines[line - 1]?.trim() ?? ''))),
    ...formatFacts(trace, { notes: true })
      .split('\n')
      .filter((line) => line.length > 80),
    ...(read + annotations + garbage > lines.length ? ['more lines than there are'] : []),
    ...[checkScenario(trace), runScenario(trace)].filter(
      (made) => made !== undefined && !isDeepStrictEqual(parseScenario(stringifyScenario(made), 'x'), { scenario: made }),
    ),
  ];
}

describe('never an exception', () => {
  test('for bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(flaws(new TextDecoder('latin1').decode(bytes))).toEqual([]);
      }),
      { numRuns: 300, seed: 1 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(flaws(text)).toEqual([]);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('for a recording with stretches of it lost or replaced', () => {
    const damage = fc.tuple(
      fc.constantFrom(...recordings.map(recording)),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 80 }), fc.string({ maxLength: 5 })), { maxLength: 5 }),
    );
    fc.assert(
      fc.property(damage, ([text, cuts]) => {
        expect(
          flaws(
            cuts.reduce((damaged, [at, length, instead]) => {
              const from = at % (damaged.length + 1);
              return damaged.slice(0, from) + instead + damaged.slice(from + length);
            }, text),
          ),
        ).toEqual([]);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test('for a recording whose lines are shuffled', () => {
    const lines = recordings.flatMap((file) => recording(file).split('\n'));
    fc.assert(
      fc.property(fc.shuffledSubarray(lines), (some) => {
        expect(flaws(some.join('\n'))).toEqual([]);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('for lines of every form with any numbers', () => {
    const number = fc.oneof(
      fc.nat({ max: 6 }),
      fc.constantFrom(33, 34, 36, 200),
      fc.nat({ max: 300 }),
      fc.constantFrom(254, 255, 4095, 65_535, 65_536, 99_999, 1e12),
    );
    const form = fc.constantFrom(
      'xhci_irq: xhci irq',
      'irq7_irq: irq7 irq',
      'do_IRQ: vector: N desc ffff9e84075b1800',
      'msi_set_affinity: direct update msi N, vector N -> N, apicid: N -> N',
      'msi_set_affinity: twostep update msi, irq N, vector N -> N, apicid: N -> N',
      'msi_set_affinity: quirk[1] new vector allocated, new apic = N vector = N this apic = N',
      'msi_set_affinity: quirk: 1: new vector allocated, new cpu = N',
      'msi_set_affinity: Redirect to new vector N on old apic N',
      'msi_set_affinity: Transition to new target apic N vector N',
      'msi_set_affinity: Update Done [IRR 1]: irq N Nvec N Napic N',
      'msi_set_affinity: Direct Update: irq N Ovec=N Oapic N Nvec N Napic N',
      'fixup_irqs: retrigger vector N irq N',
    );
    const task = fc.constantFrom('migration/0-9', 'migration/3-24', '<...>-14', '<idle>-0', 'cat-7');
    const line = fc
      .record({
        task,
        cpu: fc.oneof(fc.nat({ max: 4 }), fc.constantFrom(300, 99_999)),
        flags: fc.constantFrom('d.h.', 'd..1', '....'),
        at: fc.nat({ max: 3_000_000 }),
        form,
        numbers: fc.array(number, { minLength: 5, maxLength: 5 }),
      })
      .map(({ task: who, cpu, flags, at, form: shape, numbers }) => {
        let next = 0;
        return `${who} [${cpu}] ${flags} ${Math.floor(at / 1000)}.${String(at % 1000).padStart(6, '0')}: ${shape.replace(/\bN\b/g, () => String(numbers[next++]))}`;
      });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (some) => {
        expect(flaws(some.join('\n'))).toEqual([]);
      }),
      { numRuns: 1000, seed: 1 },
    );
  });
});

test('a trace of 100 000 lines takes seconds at most', () => {
  const round = Array.from({ length: 1000 }, (_, i) =>
    i % 10 === 9
      ? `migration/${i % 4}-24 [00${i % 4}] d..1 1.${String(i).padStart(6, '0')}: msi_set_affinity: direct update msi 122, vector 33 -> 33, apicid: ${(i % 4) * 2} -> ${((i + 2) % 4) * 2}`
      : `<idle>-0 [00${i % 4}] d.h. 1.${String(i).padStart(6, '0')}: xhci_irq: xhci irq`,
  ).join('\n');
  const begin = performance.now();
  const trace = importTrace(Array.from({ length: 100 }, () => round).join('\n'), 'big.trace');
  expect(trace.count.trace).toBe(100_000);
  expect(runScenario(trace)).toBeDefined();
  expect(formatFacts(trace).length).toBeGreaterThan(0);
  expect(performance.now() - begin).toBeLessThan(20_000);
});
