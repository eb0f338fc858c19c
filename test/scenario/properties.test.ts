/** Whatever is read: a scenario or diagnostics, never an exception; and what is written reads the same. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  builtinScenarios,
  parseScenario,
  parseScenarioBytes,
  stringifyScenario,
  type Parsed,
  type Scenario,
} from '../../src/scenario/index.js';
import { minimal } from './help.js';

/** What is wrong with a result; nothing for every input. */
function flaws(parsed: Parsed, text?: string): unknown[] {
  if ('scenario' in parsed) {
    const again = parseScenario(stringifyScenario(parsed.scenario), 'again');
    return isDeepStrictEqual(again, parsed) ? [] : [again];
  }
  const { errors } = parsed;
  const lines = text === undefined ? Infinity : text.split(/\r\n|\r|\n/).length;
  return [
    ...(errors.length > 0 ? [] : ['neither a scenario nor a mistake']),
    ...(new Set(errors.map((error) => JSON.stringify(error))).size === errors.length ? [] : ['the same twice']),
    ...errors.filter(({ line, column, message }) => line < 1 || line > lines || column < 1 || !/^[^\n]+; [^\n]+$/.test(message)),
  ];
}

describe('never an exception', () => {
  test('for bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(flaws(parseScenarioBytes(bytes, 'f'))).toEqual([]);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test('for text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(flaws(parseScenario(text, 'f'), text)).toEqual([]);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test('for text made of what YAML is made of', () => {
    const token = fc.constantFrom(
      'version',
      'name',
      ': ',
      ':',
      '- ',
      '\n',
      '\n  ',
      '\n    ',
      '{',
      '}',
      '[',
      ']',
      ', ',
      '1',
      'a',
      '"',
      "'",
      '#',
      '&x ',
      '*x',
      '!t ',
      '|',
      '>',
      '\t',
      '? ',
      '%',
      '---',
      '...',
      '<<',
      '@',
      '`',
    );
    const text = fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join(''));
    fc.assert(
      fc.property(text, (tokens) => {
        expect(flaws(parseScenario(tokens, 'f'), tokens)).toEqual([]);
      }),
      { numRuns: 600, seed: 1 },
    );
    fc.assert(
      fc.property(text, (tokens) => {
        expect(flaws(parseScenario(minimal + tokens, 'f'), minimal + tokens)).toEqual([]);
      }),
      { numRuns: 600, seed: 1 },
    );
  });

  test('for any JSON, alone and in every place of a scenario', () => {
    const keys = [
      'about',
      'model',
      'behaviours',
      'assumptions',
      'machine',
      'universe',
      'devices',
      'operations',
      'events',
      'policies',
      'parallel',
      'run',
      'timing',
    ];
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        expect(flaws(parseScenario(JSON.stringify(value), 'f'))).toEqual([]);
      }),
      { numRuns: 300, seed: 1 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }), (key, value) => {
        const base = { version: 1, name: 'a', machine: { cpus: 2 }, devices: [{ name: 'nic', irqs: [{ irq: 24 }] }] };
        expect(flaws(parseScenario(JSON.stringify({ ...base, [key]: value }), 'f'))).toEqual([]);
      }),
      { numRuns: 600, seed: 1 },
    );
  });

  test('for a built-in scenario with one stretch of it replaced', () => {
    const text = fc.constantFrom(...[...builtinScenarios.values()].map((builtin) => builtin.text));
    const cut = fc.tuple(
      text,
      fc.nat(),
      fc.nat({ max: 12 }),
      fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('', '\n', '9', '-1', 'x', '{}', '[]', ': ')),
    );
    fc.assert(
      fc.property(cut, ([whole, at, length, instead]) => {
        const from = at % whole.length;
        const changed = whole.slice(0, from) + instead + whole.slice(from + length);
        expect(flaws(parseScenario(changed, 'f'), changed)).toEqual([]);
      }),
      { numRuns: 600, seed: 1 },
    );
  });

  test('for deep nesting', () => {
    for (const text of ['['.repeat(50_000), '{a: '.repeat(20_000), '- '.repeat(50_000), `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`])
      expect(flaws(parseScenario(text, 'f'))).toEqual([]);
  });
});

/** Scenarios of all shapes, right by construction. */
const anyScenario = fc
  .record({
    cpus: fc.uniqueArray(fc.record({ cpu: fc.nat({ max: 4095 }), apicId: fc.nat({ max: 254 }), online: fc.boolean() }), {
      minLength: 1,
      maxLength: 6,
      selector: ({ cpu }) => cpu,
    }),
    about: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
    model: fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/),
    behaviours: fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      fc.string(),
      { maxKeys: 3 },
    ),
    push: fc.constantFrom('irr', 'root-complex', 'none'),
    recognition: fc.constantFrom('prompt', 'free'),
    names: fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,8}$/), { minLength: 1, maxLength: 4 }),
    kind: fc.constantFrom('handshake', 'free'),
    address64: fc.boolean(),
    raises: fc.nat({ max: 15 }),
    gaps: fc.oneof(
      fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 40 }).map((us) => ({ us })),
      fc.array(fc.integer({ min: 1, max: 1e12 }), { minLength: 1, maxLength: 4 }).map((cycles) => ({ cycles })),
      fc.constantFrom({ perSecond: 20_000 }, { us: 7 }, { cycles: 9 }).map((poisson) => ({ poisson })),
      fc.constantFrom(3, { min: 2, max: 9 }).map((events) => ({ bursty: { events, gap: { us: 2 }, pause: { cycles: 5000 } } })),
      fc
        .constantFrom({ us: [1, 2] }, { cycles: [9], repeat: true }, { file: 'gaps.txt', unit: 'ns' }, { file: 'a/trace', irq: 24 })
        .map((replay) => ({ replay })),
    ),
    moderation: fc.constantFrom(undefined, { us: 50 }, { cycles: 70 }),
    cost: fc.constantFrom<unknown>(
      3000,
      { uniform: { min: 0, max: 5 } },
      { exponential: 7 },
      { lognormal: { median: 3, p99: 9 } },
      { bimodal: { fast: 1, slow: 2, slowPercent: 5 } },
    ),
    events: fc.subarray([
      { at: { us: 0 }, move: { irq: 0, to: [] } },
      { at: { cycles: 7 }, move: { irq: 0, to: [] } },
    ]),
    policies: fc.subarray<unknown>([
      { storm: { perSecond: 9 } },
      { roundRobin: { everyUs: 5, irqs: [0] } },
      { balancer: { everyUs: 5 } },
      { numa: { everyUs: 5 } },
    ]),
    pause: fc.integer({ min: 1, max: 1e9 }),
    parallel: fc.boolean(),
    seconds: fc.double({ min: 1e-9, max: 1e6, noNaN: true }),
    seed: fc.nat({ max: 0xffff_ffff }),
    timing: fc.dictionary(
      fc.stringMatching(/^[a-z]+\.[a-z_]+$/),
      fc.oneof(fc.nat({ max: 1e9 }), fc.constant({ min: 1, default: 2, max: 2 })),
      { maxKeys: 3 },
    ),
  })
  .map((any): unknown => {
    const cpus = any.cpus.map((cpu, i) => ({
      ...cpu,
      apicId: (any.cpus[0]?.apicId ?? 0) < 200 ? i : 254 - i,
      online: i === 0 || cpu.online,
    }));
    return {
      version: 1,
      name: 'any-1',
      ...(any.about === undefined ? {} : { about: any.about }),
      model: any.model,
      behaviours: any.behaviours,
      assumptions: { push: any.push, recognition: any.recognition },
      machine: { cpus },
      universe: { vectors: 4 },
      devices: any.names.map((name, i) => ({
        name,
        kind: any.kind,
        message: { address64: any.address64 },
        raises: any.raises,
        interArrival: any.gaps,
        ...(any.moderation === undefined ? {} : { moderation: any.moderation }),
        handlerCycles: any.cost,
        irqs: [i % 2 === 0 ? { irq: i } : { irq: i, affinity: [cpus[0]?.cpu] }],
      })),
      operations: [{ pause: { us: any.pause } }, { move: { irq: 0, to: [cpus[0]?.cpu] } }],
      parallel: any.parallel,
      events: any.events.map(({ at, move }, i) => ({
        at,
        move: { ...move, to: [cpus[0]?.cpu], ...(i === 0 ? { on: cpus[0]?.cpu } : {}) },
      })),
      policies: any.policies,
      run: { seconds: any.seconds, seed: any.seed },
      timing: any.timing,
    };
  });

describe('what is written reads the same', () => {
  test('for scenarios of all shapes', () => {
    fc.assert(
      fc.property(anyScenario, (file) => {
        const parsed = parseScenario(JSON.stringify(file), 'f');
        expect(parsed).toHaveProperty('scenario');
        const { scenario } = parsed as { scenario: Scenario };
        expect(parseScenario(stringifyScenario(scenario), 'again')).toEqual({ scenario });
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test('and is readable', () => {
    const scenario = builtinScenarios.get('xhci-torn-offline')?.scenario as Scenario;
    expect(stringifyScenario(scenario)).toBe(`version: 1
name: xhci-torn-offline
about: The CPU of an xHCI controller goes offline, and on the CPU that takes over its vector is in use.
model: linux-5.9
machine:
  cpus:
    - {cpu: 0, apicId: 0}
    - {cpu: 3, apicId: 6}
universe: {vectors: 2}
devices:
  - name: xhci
    kind: handshake
    message: {type: msi, address64: true}
    raises: 3
    interArrival: {us: [100]}
    handlerCycles: 3000
    irqs:
      - {irq: 122, cpu: 3, vector: 0x21}
  - name: enp0s31f6
    kind: handshake
    message: {type: msi, address64: true}
    raises: 0
    interArrival: {us: [100]}
    handlerCycles: 3000
    irqs:
      - {irq: 121, cpu: 0, vector: 0x21}
operations:
  - offline: 3
run: {repeat: false, seconds: 1, seed: 1}
`);
  });
});
