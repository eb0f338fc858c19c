/** JUnit XML, as CI servers read it: a suite per check, a case per property. */
import { drawDiagram, type Checked } from '../check/index.js';
import { formatDiagnostic, restsOn, type Diagnostic } from '../scenario/index.js';
import { kebab } from '../words.js';
import { plural } from './output.js';
import { replayLine } from './verdict.js';

/** Columns of the diagrams. */
const DIAGRAM = 100;

interface Case {
  readonly name: string;
  readonly kind: 'passed' | 'failure' | 'error' | 'skipped';
  readonly message: string;
  readonly text: string;
}

interface Suite {
  readonly name: string;
  readonly className: string;
  readonly seconds: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
}

/** Text as XML 1.0 may hold it: what it cannot hold at all becomes the replacement character. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** Blanks other than the space would be read as such. */
function attribute(text: string): string {
  return escaped(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\r', '&#13;').replaceAll('\t', '&#9;');
}

function attributes(pairs: Readonly<Record<string, string | number>>): string {
  return Object.entries(pairs)
    .map(([name, value]) => ` ${name}="${attribute(String(value))}"`)
    .join('');
}

function suiteOf({ system, result, told, ms }: Checked): Suite {
  const { scenario, model, properties } = system;
  const { verdict, reason } = result;
  const raises = scenario.devices.map((d) => `${d.name} ${d.raises}`).join(', ');
  const rest = (): Omit<Case, 'name'> => {
    if (verdict === 'unknown') return { kind: 'error', message: `unknown: ${reason ?? ''}`, text: '' };
    if (reason !== undefined) return { kind: 'skipped', message: `the search is not complete: ${reason}`, text: '' };
    return { kind: 'passed', message: '', text: '' };
  };
  const cases = properties.map((property): Case => {
    const found = told.find(({ failure }) => failure.property === property);
    if (found === undefined) return { name: kebab(property), ...rest() };
    const { failure, explanation, token } = found;
    const message = `${kebab(property)} fails: the shortest way to it has ${plural(failure.length, 'visible step')}`;
    const text = `${drawDiagram(explanation, DIAGRAM)}\nReplay it:\n  ${replayLine(token, model)}\n`;
    return { name: kebab(property), kind: 'failure', message, text };
  });
  return {
    name: `${scenario.name}, ${model.name}, raises: ${raises}`,
    className: `irqlab.${scenario.name}.${model.name.replaceAll('.', '_')}`,
    seconds: ms / 1000,
    properties: {
      verdict,
      states: String(result.coverage.states),
      fingerprint: system.built.fingerprint,
      ...Object.fromEntries(Object.entries(restsOn(system)).map(([name, value]) => [`assumption.${name}`, value])),
    },
    cases,
  };
}

function tally(cases: readonly Case[], seconds: number): Record<string, string | number> {
  const of = (kind: Case['kind']): number => cases.filter((each) => each.kind === kind).length;
  return { tests: cases.length, failures: of('failure'), errors: of('error'), skipped: of('skipped'), time: seconds.toFixed(3) };
}

function caseLines({ name, kind, message, text }: Case, className: string, seconds: number): string[] {
  // one search decides all cases of a suite: each has its share of the time
  const open = `    <testcase${attributes({ classname: className, name, time: seconds.toFixed(3) })}`;
  if (kind === 'passed') return [`${open}/>`];
  const head = `      <${kind}${attributes({ message, ...(kind === 'skipped' ? {} : { type: name }) })}`;
  return [`${open}>`, text === '' ? `${head}/>` : `${head}>${escaped(text)}</${kind}>`, '    </testcase>'];
}

function document(suites: readonly Suite[]): string {
  const all = suites.flatMap(({ cases }) => cases);
  const seconds = suites.reduce((sum, suite) => sum + suite.seconds, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'irqlab check', ...tally(all, seconds) })}>`,
    ...suites.flatMap(({ name, className, seconds: time, properties, cases }) => [
      `  <testsuite${attributes({ name, ...tally(cases, time) })}>`,
      '    <properties>',
      ...Object.entries(properties).map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
      '    </properties>',
      ...cases.flatMap((each) => caseLines(each, className, time / Math.max(1, cases.length))),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

/** One suite for each check. */
export function junit(all: readonly Checked[]): string {
  return document(all.map(suiteOf));
}

/** Input that is wrong: an error for each mistake, so that no reader takes it for a run without tests. */
export function junitErrors(diagnostics: readonly Diagnostic[]): string {
  const cases = diagnostics.map((d): Case => ({
    name: d.line === 0 ? 'command line' : `${d.file}:${d.line}:${d.column}`,
    kind: 'error',
    message: d.line === 0 ? d.message : formatDiagnostic(d),
    text: '',
  }));
  return document([{ name: 'input', className: 'irqlab.input', seconds: 0, properties: {}, cases }]);
}
