/** A verdict as text: the line that says it, the counterexamples, and everything it rests on. */
import {
  collisionChance,
  drawDiagram,
  nothingNewFrom,
  verdictOf,
  wrap,
  type Checked,
  type CheckedAt,
  type RaisesRange,
  type SearchResult,
  type Told,
} from '../check/index.js';
import { assumptionText, type Assumptions } from '../machine/index.js';
import { restsOn, type System } from '../scenario/index.js';
import { kebab } from '../words.js';
import { count, FIELD, field, headline, plural, seconds, style, width } from './output.js';

/** The verdict with the properties that fail, or why there is none. */
export function verdictLine({ system, result, ms }: Pick<Checked, 'system' | 'result' | 'ms'>): string {
  const { verdict, failures, reason } = result;
  const words = {
    safe: 'safe',
    failed: `FAILED ${failures.map((f) => kebab(f.property)).join(', ')}`,
    unknown: `unknown: ${reason ?? ''}`,
  };
  const also = verdict === 'failed' && reason !== undefined ? `; the search is not complete: ${reason}` : '';
  const paint = { safe: style.good, failed: style.alarm, unknown: style.unsure }[verdict];
  return headline(`${system.scenario.name}, ${system.model.name}`, `${words[verdict]}${also} (${seconds(ms)})`, paint);
}

/** Each assumption in force, `push=irr`, and what it says. */
function assumptionPairs(system: System): (readonly [setting: string, text: string])[] {
  return Object.entries(restsOn(system)).map(([key, value]) => {
    const texts: Readonly<Record<string, string>> = assumptionText[key as keyof Assumptions];
    return [`${key}=${value}`, texts[value] ?? ''];
  });
}

function boundsText(system: System): string {
  const { machine, devices, universe, operations } = system.scenario;
  const raises = devices.map((d) => `${d.name} ${d.raises}`).join(', ');
  const setup = system.setup({ timed: false, record: 0 });
  return `${machine.cpus.length} CPUs, ${universe.vectors} vectors per CPU, raises: ${raises}; ${plural(operations.length, 'operation')}; ${setup.messages} messages in flight; ${setup.probeRaises} raises per irq in the probe; kernel memory sequentially consistent`;
}

function coverageText(result: SearchResult): string {
  const { coverage: c, fingerprintBits } = result;
  const pool = c.poolFull ? '; the pool of messages was full in some state' : '';
  return `${count(c.states)} states, ${count(c.transitions)} transitions (${count(c.executed)} executed), ${count(c.rest)} states at rest, ${c.depth} visible steps deep; images of ${c.averageImage.toFixed(0)} bytes (largest ${c.largestImage}); ${fingerprintBits}-bit fingerprints, chance of a collision ${collisionChance(result).toExponential(0)}${pool}`;
}

/** Columns that an assumption takes, before what it says. */
const SETTING = 25;

/** The assumptions in force. */
export function assumptionFields(system: System): string[] {
  const assumed = assumptionPairs(system).flatMap(([setting, text]) =>
    wrap(text, width() - FIELD - SETTING).map((line, i) => (i === 0 ? setting : '').padEnd(SETTING) + line),
  );
  return assumed.map((line, i) => (i === 0 ? '  assumptions' : '').padEnd(FIELD) + line);
}

/** The behaviours of the kernel model, and what in it is the user's own. */
export function behavioursText({ model }: System): string[] {
  return [
    ...(model.own === undefined ? [] : field('own', `routines of the user's own: ${model.own.join(', ')}`)),
    ...field('behaviours', model.behaviours.map((b) => `${b.name}=${b.value} (${b.evidence})`).join(', ')),
  ];
}

/** Everything a verdict rests on. */
export function foundations({ system, result }: Checked, verbose: boolean): string {
  const { vacuity } = result;
  return [
    ...field('bounds', boundsText(system)),
    ...field('properties', system.properties.map(kebab).join(', ')),
    ...assumptionFields(system),
    ...field('searched', coverageText(result)),
    ...field(
      'not vacuous',
      `${count(vacuity.handlerRuns)} handler runs, ${count(vacuity.retriggers)} re-triggers, ${count(vacuity.swallowed)} swallowed vectors; ${vacuity.notExecuted.length} of ${vacuity.microOps} micro-ops never executed${verbose ? ':' : ' (--verbose lists them)'}`,
    ),
    ...(verbose ? vacuity.notExecuted.flatMap((label) => field('', label)) : []),
    ...vacuity.neverEvaluated.flatMap((sentence, i) => field(i === 0 ? 'unevaluated' : '', sentence)),
    ...behavioursText(system),
    '',
  ].join('\n');
}

/** What replays a token: a model of the user's own is named besides. */
export function replayLine(token: string, { file }: System['model']): string {
  return `irqlab run --schedule ${token}${file === undefined ? '' : ` --model ${file}`}`;
}

export function toldText({ failure, explanation, token }: Told, model: System['model'], shortest = true): string {
  return [
    `${style.alarm(kebab(failure.property))}: ${shortest ? 'the shortest' : 'a'} way to it has ${plural(failure.length, 'visible step')}`,
    '',
    drawDiagram(explanation, width(), style),
    style.dim('Replay it:'),
    `  ${replayLine(token, model)}`,
    '',
  ].join('\n');
}

/** A row for each bound of raises, and from where on nothing is new. */
export function raisesText({ from, to }: RaisesRange, all: readonly CheckedAt[], verbose: boolean): string {
  const [one] = all;
  if (one === undefined) return '';
  const { scenario, model } = one.checked.system;
  const { verdict, reason } = verdictOf(all);
  const failed = all.flatMap(({ first }) => first.failures);
  const words = { safe: 'safe', failed: `FAILED ${failed.join(', ')}`, unknown: `unknown: ${reason ?? ''}` }[verdict];
  const paint = { safe: style.good, failed: style.alarm, unknown: style.unsure }[verdict];
  const ms = all.reduce((sum, { checked }) => sum + checked.ms, 0);
  const done = all.at(-1)?.raises ?? from;
  return [
    headline(`${scenario.name}, ${model.name}, raises ${from}..${to}`, `${words} (${seconds(ms)})`, paint),
    ...all.flatMap((each, i) => [
      ...field(plural(each.raises, 'raise'), rowText(each, i === 0)),
      ...(verbose ? each.first.microOps.flatMap((label) => field('', label)) : []),
    ]),
    ...(done < to ? field('', `larger bounds were not searched: ${reason ?? ''}`) : []),
    ...field('', newsText(all, done)),
    '',
    '',
  ].join('\n');
}

function rowText({ checked: { result }, first }: CheckedAt, isFirst: boolean): string {
  const { verdict, reason, failures, coverage, vacuity } = result;
  const lengths = failures.map((f) => `${kebab(f.property)} (${plural(f.length, 'step')})`).join(', ');
  const words = { safe: 'safe', failed: `FAILED ${lengths}`, unknown: `unknown: ${reason ?? ''}` }[verdict];
  const also = verdict === 'failed' && reason !== undefined ? `; the search is not complete: ${reason}` : '';
  const microOps = isFirst
    ? `${count(vacuity.microOps - vacuity.notExecuted.length)} of ${plural(vacuity.microOps, 'micro-op')} executed`
    : `${first.microOps.length === 0 ? 'no' : count(first.microOps.length)} micro-op${first.microOps.length === 1 ? '' : 's'} for the first time`;
  const kinds = isFirst || first.kinds.length === 0 ? '' : `; for the first time: ${first.kinds.map(kebab).join(', ')}`;
  return `${words}${also}; ${plural(coverage.states, 'state')}, depth ${coverage.depth}; ${microOps}${kinds}`;
}

function newsText(all: readonly CheckedAt[], done: number): string {
  if (all.length === 1) return 'one bound alone does not say whether more raises bring anything new';
  const still = nothingNewFrom(all);
  if (still === undefined) return `at ${plural(done, 'raise')} there is still something new: try more`;
  return `nothing new from ${plural(still, 'raise')} on: no other property fails, no micro-op is executed and no kind of thing happens for the first time`;
}

/** How a search that has not come to its end can go on. */
export function keptText({ result: { kept } }: Checked): string {
  return kept === undefined ? '' : `Go on with it:\n  irqlab check --resume ${kept}\n`;
}
