/** A counterexample made readable: its steps, which of them decide, where kernel and hardware parted, and the state where it broke. */
import type { System } from '../../scenario/index.js';
import { kebab } from '../../words.js';
import { instructionAt, instructionOf, unitName } from '../names/index.js';
import { findRace, replayPath, type Race, type Way } from '../ways/index.js';
import type { Explanation, Row } from './explanation.js';
import { flightsOf, spansOf, type Span } from './flights.js';
import { foldEnd, foldProbe } from './fold.js';
import { marksOf, type Mark, type Placed } from './marks.js';
import { narrate, type Lane } from './narrate.js';
import { stateLines, stateOf } from './state.js';
import { watch, type Watched } from './watch.js';

export interface ExplainOptions {
  /** every step a line, those that no other actor sees too, and what follows when all is decided */
  readonly verbose?: boolean;
}

/** Replays a failure, or any other way, and says what happened. */
export async function explain(system: System, way: Way, { verbose = false }: ExplainOptions = {}): Promise<Explanation> {
  const { path, property, loop } = way;
  const watched = await watch(system, path);
  const { steps } = watched;
  const around = loop === undefined ? [] : loopMarks(steps, loop);
  const breaking = property === undefined || loop !== undefined ? undefined : marksOf(system, watched, property);
  const failed = loop === undefined ? breaking?.[0].step : path.length - 1;
  const race = failed === undefined || failed < 0 || loop !== undefined ? undefined : await findRace(system, way, failed);
  const probe = steps.flatMap(({ events }, step): Placed[] =>
    events.some((e) => e.kind === 'probe')
      ? [{ step, kind: 'note', text: 'at rest; the probe begins: each irq is raised four times' }]
      : [],
  );
  // where a step has several, what it breaks is said last
  const pair = race === undefined || race === 'none' ? [] : raceMarks(system, way, watched, race);
  const placed = [...probe, ...(breaking ?? []), ...pair, ...around];
  placed.sort((a, b) => Number(a.kind === 'fail') - Number(b.kind === 'fail'));
  const spans = spansOf(system, watched);
  const rows = rowsOf(system, watched, placed, spans, verbose);
  const told = verbose ? rows : foldEnd(foldProbe(rows, path), failed, path);
  const shown = failed === undefined ? path : path.slice(0, failed + 1);
  const table = stateOf(system, (await replayPath(system, shown)).machine);
  return {
    lanes: lanesOf(system, rows),
    rows: told,
    notes: race === 'none' ? ['No two steps were found whose order alone decides it.'] : [],
    stateTitle: stateTitle(rows, failed),
    state: stateLines(table),
    table,
    flights: flightsOf(system, watched),
    spans,
  };
}

function rowsOf(system: System, { steps }: Watched, placed: readonly Placed[], spans: readonly Span[], verbose: boolean): Row[] {
  // where a loop begins and ends is said of the state, not of the step before it
  const ends = new Set(placed.flatMap(({ kind, step }) => (kind === 'loop' ? [step] : [])));
  const around = criticalSections(
    steps,
    placed.filter(({ step }) => !ends.has(step)),
    spans,
  );
  // a property that does not hold to begin with is marked in front of all steps
  const atOnce = placed.filter(({ step }) => step < 0).map(({ kind, text }): Mark => ({ kind, text }));
  const rows: Row[] = atOnce.length === 0 ? [] : [{ steps: [-1, -1], number: 0, visible: false, lines: [], marks: atOnce }];
  let number = 0;
  steps.forEach((step, i) => {
    if (step.visible) number++;
    const marks = placed.filter((each) => each.step === i).map(({ kind, text }): Mark => ({ kind, text }));
    const all = verbose || around.has(i);
    const brief = narrate(system, step, all);
    // what is marked must be seen, if it is only a load
    const lines = brief.length === 0 && !ends.has(i) && marks.some(({ kind }) => kind !== 'note') ? narrate(system, step, true) : brief;
    if (lines.length > 0 || marks.length > 0) rows.push({ steps: [i, i], number, visible: step.visible, lines, marks });
  });
  return rows;
}

/** Steps that take and give back the locks under which a CPU does what is marked. */
function criticalSections(steps: Watched['steps'], placed: readonly Placed[], spans: readonly Span[]): Set<number> {
  const marked = placed.flatMap(({ kind, step }) => {
    const cpu = steps[step] && instructionOf(steps[step])?.cpu;
    return kind === 'note' || cpu === undefined ? [] : [{ step, cpu }];
  });
  const around = spans.filter(
    ({ kind, cpu, from, to }) => kind === 'lock' && marked.some((each) => each.cpu === cpu && from < each.step && each.step < to),
  );
  return new Set(around.flatMap(({ from, to }) => [from, to]));
}

function stateTitle(rows: readonly Row[], failed: number | undefined): string {
  if (failed !== undefined && failed < 0) return 'State at the start:';
  const row = rows.find(({ steps: [from] }) => from === failed);
  if (row === undefined) return 'State at the end:';
  return row.visible ? `State after step ${row.number}:` : `State at the last mark, behind step ${row.number}:`;
}

/** What would be otherwise. */
const outcomes: Readonly<Record<string, string>> = {
  noLoss: 'the event would not be lost',
  noStray: 'the vector would find its handler',
  noLeak: 'no vector would leak',
  noStuckIsr: 'no vector would stay in service',
  inStep: 'device and kernel would agree',
  progress: 'all that was asked for would happen',
};

/** Where a loop begins, and where it is closed. */
function loopMarks(steps: Watched['steps'], { from, never }: NonNullable<Way['loop']>): Placed[] {
  const before = steps.slice(0, from).filter(({ visible }) => visible).length;
  const seen = steps.slice(from).some(({ visible }) => visible);
  const back = seen ? `from step ${before + 1} on` : 'by steps that nobody sees';
  return [
    { step: from - 1, kind: 'loop', text: 'the loop begins: what follows happens again and again' },
    { step: steps.length - 1, kind: 'loop', text: `the state is the one in which the loop began: again ${back}, for ever` },
    ...never.map((text): Placed => ({ step: steps.length - 1, kind: 'fail', text: `LIVELOCK: ${text}` })),
  ];
}

/** The marks of the racing pair. */
function raceMarks(system: System, { property = '' }: Way, { steps }: Watched, { first, second }: Race): Placed[] {
  const [one, other] = [nameOf(system, steps, first), nameOf(system, steps, second)];
  return [
    { step: first, kind: 'race', text: `race: with ${other}, see there` },
    { step: second, kind: 'race', text: `race: had ${other} come before ${one}, ${outcomes[property] ?? `${kebab(property)} would hold`}` },
  ];
}

/** `step 1 (take_cpu_down:2)`; what has no number is named by what it does. */
function nameOf(system: System, steps: Watched['steps'], at: number): string {
  const step = steps[at] as Watched['steps'][number];
  const instruction = instructionOf(step);
  const label = instruction && instructionAt(system, instruction.at).label;
  const place = label === undefined ? '' : ` (${label.routine}:${label.line})`;
  if (step.visible) return `step ${steps.slice(0, at + 1).filter(({ visible }) => visible).length}${place}`;
  if (label !== undefined) return `"${label.text}"${place}`;
  return `"${narrate(system, step, true)[0]?.text ?? '?'}"`;
}

/** CPUs in the order of the story: the one that goes offline first. */
function lanesOf(system: System, rows: readonly Row[]): Explanation['lanes'] {
  const used = (lane: Lane): boolean =>
    rows.some((row) => row.lines.some((line) => line.lane.kind === lane.kind && line.lane.index === lane.index));
  const dying = new Set(
    system.scenario.operations.flatMap((o) => ('offline' in o ? [system.scenario.machine.cpus.findIndex((c) => c.cpu === o.offline)] : [])),
  );
  const moves = system.scenario.operations.some((o) => 'move' in o);
  const start = new Set(
    system.scenario.devices.flatMap((device) => device.irqs.map((irq) => system.scenario.machine.cpus.findIndex((c) => c.cpu === irq.cpu))),
  );
  const heir = system.names.cpus.length === 2 ? ' (new)' : '';
  const role = (cpu: number): string => {
    if (dying.has(cpu)) return ' (dying)';
    if (dying.size > 0) return heir;
    if (!moves) return '';
    return start.has(cpu) ? ' (old)' : heir;
  };
  const cpus = system.names.cpus.map((name, index) => ({ lane: { kind: 'cpu', index } as Lane, title: `${name}${role(index)}` }));
  cpus.sort((a, b) => Number(dying.has(b.lane.index)) - Number(dying.has(a.lane.index)));
  const devices = system.names.devices.map((name, index) => ({ lane: { kind: 'device', index } as Lane, title: name }));
  const units = (system.scenario.machine.iommu?.units ?? []).map((_, index) => ({
    lane: { kind: 'iommu', index } as Lane,
    title: unitName(system, index),
  }));
  return [...cpus, ...units, ...devices].filter(({ lane }) => used(lane));
}
