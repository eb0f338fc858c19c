/** The points of a way that an explanation marks: where belief and hardware part, and where the property breaks. */
import { Note } from '../../core/index.js';
import type { AnyVariable } from '../../kernel/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex, kebab } from '../../words.js';
import { descriptorName, instructionAt, irqNumber } from '../names/index.js';
import type { ReplayedStep } from '../ways/index.js';
import type { Watched } from './watch.js';

/** What is to be said about the state after a step. */
export interface Mark {
  /** `loop`: where a loop begins, and where it is closed */
  readonly kind: 'part' | 'race' | 'fail' | 'note' | 'loop';
  readonly text: string;
}

/** A mark and the step (index into the path) it stands at. */
export interface Placed extends Mark {
  readonly step: number;
}

/** Where a property breaks: after the first mark, of kind `fail`; then the others. */
type Breaking = readonly [Placed, ...Placed[]];

function fail(step: number, text: string): Placed {
  return { step, kind: 'fail', text };
}

function part(step: number, text: string): Placed {
  return { step, kind: 'part', text };
}

function lastIndex(watched: Watched): number {
  return watched.steps.length - 1;
}

/** First step from which on something holds up to step `to`; `to` + 1 if it does not hold there. */
function since(to: number, holds: (step: number) => boolean): number {
  let from = to + 1;
  while (from > 0 && holds(from - 1)) from--;
  return from;
}

function lastStep(steps: readonly ReplayedStep[], to: number, is: (step: ReplayedStep) => boolean): number {
  for (let i = to; i >= 0; i--) if (is(steps[i] as ReplayedStep)) return i;
  return -1;
}

/**
 * Where kernel and device part: the beginning of the stretch in which a message of the source would not reach its handler, the one
 * in which the message was sampled that matters up to step `to`; or the first one after that. And where they agree again, if that
 * is before `to`.
 */
function partings(system: System, { steps, frames }: Watched, source: number, to: number): Placed[] {
  const isApart = (i: number): boolean => steps[i]?.apart[source] !== undefined;
  const sampled = lastStep(steps, to, ({ events }) => events.some((e) => e.kind === 'sample' && e.a === source));
  let within = sampled;
  if (sampled < 0 || !isApart(sampled)) {
    within = Math.max(sampled, 0);
    while (within <= to && !isApart(within)) within++;
  }
  if (within > to) return [];
  const from = since(within, isApart);
  let again = within;
  while (again <= to && isApart(again)) again++;
  const name = system.names.sources[source] ?? '?';
  const why = irqNumber(system, steps[from]?.apart[source] ?? '');
  const marks = [part(from, `from here kernel and ${name} part: ${why} (${frames[from]?.sends[source] ?? ''})`)];
  if (again < to && sampled >= from && sampled < again)
    marks.push(part(again, `kernel and ${name} agree again, but not about what was sampled before`));
  return marks;
}

/** Source whose message the vector on this CPU came from; else the one that sampled last. */
function senderOf(system: System, { steps }: Watched, to: number, cpu: number, vector: number): number | undefined {
  const apicId = system.scenario.machine.cpus[cpu]?.apicId;
  const samples = steps.slice(0, to + 1).flatMap(({ events }) => events.filter((e) => e.kind === 'sample'));
  const match = samples.findLast((e) => ((e.b >>> 12) & 0xff) === apicId && (e.c & 0xff) === vector);
  return (match ?? samples.at(-1))?.a;
}

/** Vectors that were posted, and that nobody looks for. */
function inPir(system: System, machine: ProgramMachine, variable: AnyVariable): string[] {
  return machine
    .posted(variable.slot)
    .map(({ row, vector }) => `; vector ${hex(vector)} is in PIR of ${descriptorName(system, variable, row)}, where nobody looks`);
}

function loss(system: System, watched: Watched): Breaking {
  const { steps, replay } = watched;
  const end = lastIndex(watched);
  const owed = system.names.sources.flatMap((_, s) => (replay.machine.owed(s) ? [s] : []));
  const step = lastStep(steps, end, ({ events }) => events.some((e) => e.kind === 'lost' && owed.includes(e.a)));
  const source = steps[step]?.events.findLast((e) => e.kind === 'lost' && owed.includes(e.a))?.a ?? owed[0] ?? 0;
  const name = system.names.sources[source] ?? '';
  if (step >= 0)
    return [fail(step, `LOST here: nothing carries the event of ${name} any more`), ...partings(system, watched, source, step)];
  const pending = system.names.cpus.flatMap((cpu, c) =>
    replay.machine.cpu(c).irr.map((vector) => `; vector ${hex(vector)} is pending on ${cpu}, which does not take it`),
  );
  const posted = system.built.variables
    .filter(({ descriptor }) => descriptor)
    .flatMap((variable) => inPir(system, replay.machine, variable));
  const why = [...pending, ...posted].join('');
  return [fail(end, `LOST: at rest the event of ${name} is owed${why}`), ...partings(system, watched, source, end)];
}

function stray(system: System, watched: Watched, step: number): Breaking {
  const flagged = watched.steps[step]?.events.find((e) => e.kind === 'flag');
  const source = flagged && senderOf(system, watched, step, flagged.c, flagged.a);
  return [fail(step, 'STRAY here: a vector without a handler'), ...(source === undefined ? [] : partings(system, watched, source, step))];
}

function leak(system: System, watched: Watched): Breaking {
  const { steps, frames } = watched;
  const end = lastIndex(watched);
  const leaked = frames[end]?.untargeted ?? [];
  const { cpu, vector } = leaked.find(({ awaits }) => awaits === undefined) ?? leaked[0] ?? { cpu: -1, vector: 0 };
  const at = (step: number): Watched['frames'][number]['untargeted'][number] | undefined =>
    frames[step]?.untargeted.find((each) => each.cpu === cpu && each.vector === vector);
  const which = `vector ${hex(vector)} of ${system.names.cpus[cpu] ?? '?'}`;
  const from = since(end, (i) => at(i) !== undefined);
  if (from > end) return [fail(end, 'LEAKED: at rest something is queued for a CPU that is offline')];
  const given = since(end, (i) => at(i) !== undefined && at(i)?.awaits === undefined);
  const noted = lastStep(steps, Math.min(given, end), ({ events }) => events.some((e) => e.kind === 'note' && e.b === Note.leaked));
  const awaits = at(from)?.awaits;
  const parted = awaits === undefined ? [] : [part(from, `from here ${which} is nobody’s target; ${awaits}`)];
  if (given > end) return [fail(end, `LEAKED: at rest ${which} is still allocated and nobody’s target`), ...parted];
  // the note stands in front of the store by which the kernel forgets the vector
  const step = noted >= from ? noted : given;
  return [fail(step, `LEAKED here: ${which} stays allocated, and nothing will free it`), ...parted];
}

function stuck(system: System, watched: Watched): Breaking {
  const end = lastIndex(watched);
  const cpu = watched.frames[end]?.cpus.findIndex(({ inService }) => inService.length > 0) ?? -1;
  if (cpu < 0) return [fail(end, 'STUCK: at rest a vector is in service, and no EOI retires it any more')];
  const vector = watched.frames[end]?.cpus[cpu]?.inService[0] ?? 0;
  const name = system.names.cpus[cpu] ?? '?';
  const taken = lastStep(watched.steps, end, ({ events }) => events.some((e) => e.kind === 'acknowledge' && e.a === cpu && e.b === vector));
  return [
    fail(end, `STUCK: at rest vector ${hex(vector)} is in service on ${name}, and no EOI retires it any more`),
    ...(taken < 0 ? [] : [part(taken, `from here vector ${hex(vector)} is in service on ${name} for good`)]),
  ];
}

function standstill(system: System, watched: Watched): Breaking {
  const { replay } = watched;
  const end = lastIndex(watched);
  replay.machine.enabled();
  if (replay.machine.quiet !== 'deadlock')
    return [fail(end, 'no progress: something that was asked for has not happened, and nothing is on its way')];
  const waits = system.names.cpus.flatMap((name, c) => {
    const at = replay.machine.instruction(c);
    const label = at === undefined ? undefined : instructionAt(system, at).label;
    return label === undefined ? [] : [`${name} stands at ${label.routine}:${label.line}, ${label.text}`];
  });
  return [fail(end, `no progress: DEADLOCK, nobody can go on${waits.map((each) => `; ${each}`).join('')}`)];
}

function outOfStep(system: System, watched: Watched): Breaking {
  const end = lastIndex(watched);
  const source = watched.steps[end]?.apart.findIndex((why) => why !== undefined) ?? -1;
  if (source < 0) return [fail(end, 'OUT OF STEP: at rest a device would not send what the kernel believes')];
  const says = `at rest ${system.names.sources[source] ?? '?'} would send ${watched.frames[end]?.sends[source] ?? ''}, and the kernel believes otherwise`;
  return [fail(end, `OUT OF STEP: ${says}`), ...partings(system, watched, source, end)];
}

/** What flagged steps are called, where there is a better name than that of the property. */
const flags: Readonly<Record<string, string>> = {
  noDuplicate: 'DUPLICATE here: the handler runs without an event',
  noFault: 'FAULT here: an interrupt request is refused',
  noWildWrite: 'WILD WRITE here: a message outside of the interrupt range',
};

/** Where a way breaks its property, and the steps at which kernel and hardware parted before. */
export function marksOf(system: System, watched: Watched, property: string): Breaking {
  if (watched.replay.atStart.includes(property)) return [fail(-1, `${kebab(property)} does not hold at the start`)];
  const flagged = watched.steps.findIndex(({ broken }) => broken.includes(property));
  switch (property) {
    case 'noLoss':
      return loss(system, watched);
    case 'noStray':
      return stray(system, watched, flagged < 0 ? lastIndex(watched) : flagged);
    case 'noLeak':
      return leak(system, watched);
    case 'noStuckIsr':
      return stuck(system, watched);
    case 'progress':
      return standstill(system, watched);
    case 'inStep':
      return outOfStep(system, watched);
    default:
      if (flagged < 0) return [fail(lastIndex(watched), `${kebab(property)} does not hold here, at rest`)];
      return [fail(flagged, flags[property] ?? `${kebab(property)} does not hold from here`)];
  }
}

/** What a single step that broke a property is called, without a look at the way. */
export function brokenMark(system: System, property: string, source: number | undefined): string {
  const name = source === undefined ? '' : (system.names.sources[source] ?? '');
  if (property === 'noLoss') return `LOST here: nothing carries the event of ${name} any more`;
  if (property === 'noStray') return 'STRAY here: a vector without a handler';
  return flags[property] ?? `${kebab(property)} does not hold from here`;
}
