/** `assert:` in a file: what is accepted, and that each mistake points at its character, however the text is quoted. */
import { describe, expect, test } from 'vitest';
import { findModel } from '../../src/kernel/model/index.js';
import { assembleSystem, findScenario, ModelError, parseScenario, stringifyScenario } from '../../src/index.js';
import { jsonSchema, type Vocabulary } from '../../src/scenario/index.js';
import { minimal, mistakes, scenario } from './help.js';

const known: Vocabulary = { data: (model) => (model === 'linux-5.9' ? findModel(model) : undefined) };
const said = (assert: string): string[] => mistakes(`${minimal}assert:\n${assert}`, known);

describe('a scenario with assertions', () => {
  const text = `${minimal}assert:
  - {name: a, always: "!owed[irq 24]"}
  - {name: b-2, atRest: vector_lock == free}
  - name: c
    afterProbe: >-
      all c in cpu:
        lapic_enabled[c]
`;

  test('keeps them in their order, and is written back', () => {
    const made = scenario(text);
    expect(made.assert).toEqual([
      { name: 'a', always: '!owed[irq 24]' },
      { name: 'b-2', atRest: 'vector_lock == free' },
      { name: 'c', afterProbe: 'all c in cpu:\n  lapic_enabled[c]' },
    ]);
    expect(scenario(stringifyScenario(made))).toEqual(made);
    expect(scenario(JSON.stringify(made))).toEqual(made);
    expect(scenario(minimal).assert).toEqual([]);
  });

  test('makes its properties those of the system, behind the built-in ones and the invariants of the model', () => {
    const { properties, built } = assembleSystem(scenario(text));
    expect(properties.slice(-4)).toEqual(['move-state', 'a', 'b-2', 'c']);
    expect(built.program.own).toEqual(['move-state', 'a', 'b-2', 'c']);
    expect(assembleSystem(scenario(text)).setup({ timed: true, record: 0 }).properties).not.toContain('a');
  });

  test('the example in a built-in file is true when it is taken in', () => {
    const { text: file } = findScenario('xhci-hotplug') ?? { text: '' };
    const taken = file.replace(/# assert:\n(?:# .*\n)+/, (lines) => lines.replaceAll(/^# /gm, ''));
    expect(taken).not.toBe(file);
    const parsed = parseScenario(taken, 'f.yaml', known);
    expect('scenario' in parsed && parsed.scenario.assert.map(({ name }) => name)).toEqual(['target-takes-it', 'slot-of-its-own']);
  });

  test('the JSON Schema says that an assertion has a name and one more key', () => {
    const schema = jsonSchema() as { properties: Record<string, { items: unknown }> };
    expect(schema.properties['assert']?.items).toMatchObject({ required: ['name'], minProperties: 2, maxProperties: 2 });
  });
});

/** A text, or a pattern for one. */
const wanted = (expected: string | RegExp): unknown => (typeof expected === 'string' ? expected : expect.stringMatching(expected));

describe('mistakes', () => {
  test.each([
    ['in a plain text', '  - name: a\n    always: owed[irq 7]\n', '7:18: irq 7 does not exist; the devices have irq 24'],
    ['in double quotes', '  - name: a\n    always: "!owed[irq 7]"\n', '7:20: irq 7 does not exist; the devices have irq 24'],
    ['in single quotes, one doubled', "  - name: a\n    always: '!owed[''x'']'\n", `7:20: "'" means nothing here; leave it out`],
    ['behind an escape', '  - name: a\n    always: "in_flight \\u003d= owed[irq 7]"\n', /^7:\d+: irq 7 does not exist/],
    [
      'in a literal block',
      '  - name: a\n    always: |\n      all c in cpu:\n        lapic_enabled[c] && owed[irq 7]\n',
      '9:34: irq 7 does not exist; the devices have irq 24',
    ],
    ['in a folded block', '  - name: a\n    always: >-\n      in_flight\n      == owed\n', /^9:10: owed has the index \[irq\]/],
    [
      'in flow',
      '  [{name: a, always: "in_flight == true"}]\n',
      '6:36: in_flight is a number and true is true or false; compare with a number, for example 0',
    ],
    [
      'at the end',
      '  - name: a\n    always: "in_flight =="\n',
      '7:26: the expression ends here; expected a number, a name such as owed[irq 24], or ( )',
    ],
    [
      'in a text of two lines',
      '  - name: a\n    always: "in_flight == 0 ||\n      owed[irq 7]"\n',
      '8:12: irq 7 does not exist; the devices have irq 24',
    ],
  ])('%s', (_, text, expected) => {
    expect(said(text)).toEqual([wanted(expected)]);
  });

  test.each([
    [
      'a quantifier without quotes',
      '  - name: a\n    always: all i in irq: owed[i]\n',
      /^7:\d+: a mapping begins inside of a value; .* put the value in quotes$/,
    ],
    [
      'a negation without quotes',
      '  - name: a\n    always: !owed[irq 24]\n',
      /^7:13: a value that begins with ! is a tag in YAML; put it in quotes$/,
    ],
    [
      'two keys',
      '  - {name: a, always: in_flight == 0, atRest: in_flight == 0}\n',
      /^6:5: an assertion has 2 keys, always and atRest; write exactly one of always, atRest or afterProbe$/,
    ],
    ['none', '  - name: a\n', /^6:5: an assertion says nothing; write exactly one of/],
    ['no name', '  - always: in_flight == 0\n', /^6:5: the key "name" is missing; add name: /],
    ['a name that is none', '  - {name: No Loss, always: in_flight == 0}\n', /^6:12: "No Loss" cannot be a name; .* for example no-loss$/],
    [
      'a built-in name',
      '  - {name: no-loss, always: in_flight == 0}\n',
      /^6:12: no-loss is a property of every check; choose another name than no-loss, .* or progress$/,
    ],
    [
      'an invariant’s name',
      '  - {name: move-state, always: in_flight == 0}\n',
      /^6:12: move-state is an invariant of the model linux-5\.9; choose another name$/,
    ],
    ['a number', '  - {name: a, always: 3}\n', /^6:23: expected an expression, got the number 3; put it in quotes$/],
    ['nothing', '  - {name: a, always: ""}\n', /^6:23: "" cannot be an expression; write a condition in quotes/],
    ['a misspelt key', '  - {name: a, alway: in_flight == 0}\n', /^6:15: unknown key "alway"; did you mean "always"\?$/],
  ])('%s', (_, text, expected) => {
    expect(said(text)[0]).toMatch(expected);
  });

  test('the same name twice, and too many', () => {
    const each = (name: string): string => `  - {name: ${name}, always: in_flight == 0}\n`;
    expect(said(each('a') + each('a'))).toEqual(['7:12: two assertions are named a; give one of them another name']);
    const many = Array.from({ length: 22 }, (_, i) => each(`p${i}`)).join('');
    expect(said(many)).toEqual(['26:5: more than 20 assertions; join some with &&']);
  });

  test('every expression is looked at, also where another key is wrong', () => {
    expect(said('  - {name: a, always: in_flight}\n  - {name: b, always: owed}\noperations: [{offline: 7}]\n')).toHaveLength(3);
  });

  test('without the names of a model the syntax is checked, and the rest when the system is assembled', () => {
    expect(mistakes(`${minimal}assert: [{name: a, always: "in_flight ="}]\n`)).toEqual([
      '5:39: "=" means nothing here; write == to compare',
    ]);
    const late = scenario(`${minimal}assert: [{name: a, always: "owed[irq 24] && vector_irk == 0"}]\n`);
    expect(() => assembleSystem(late)).toThrow(ModelError);
    expect(() => assembleSystem(late)).toThrow(
      'assertion a on linux-5.9, character 17 of its expression: unknown name "vector_irk"; did you mean "vector_irq"?',
    );
    const taken = scenario(`${minimal}assert: [{name: move-state, always: "owed[irq 24]"}]\n`);
    expect(() => assembleSystem(taken)).toThrow('move-state is an invariant of linux-5.9; choose another name for the assertion');
  });
});
