/** A counterexample made readable: its steps, where kernel and hardware parted, where the event was lost, and the state there. */

import { Note } from '../core/index.js';
import type { System } from '../scenario/index.js';
import { kebab } from '../words.js';
import { hex, irqNumber, narrate, describeMessage, type Lane, type Line } from './narrate.js';
import { replayPath, type Replay } from './replay.js';
import type { PropertyName } from './search.js';

/** A row of the diagram: what one step did, in the columns it did it. */
export interface Row {
  /** visible steps up to and including this one */
  readonly number: number;
  readonly visible: boolean;
  readonly lines: readonly Line[];
  /** what is to be said about the state after it */
  readonly marks: readonly string[];
}

/** A way through a check; with the property that it breaks, if it breaks one. */
export interface Way {
  readonly path: readonly number[];
  readonly property?: PropertyName | undefined;
}

export interface Explanation {
  readonly lanes: readonly { readonly lane: Lane; readonly title: string }[];
  readonly rows: readonly Row[];
  /** state of everybody involved after the step that failed, as lines */
  readonly state: readonly string[];
}

/** Step at which the property was broken: an event lost, a flag; else the last. */
function failingStep(replay: Replay, property: PropertyName | undefined): { step: number; source: number | undefined } {
  const { steps } = replay;
  if (property === 'noLoss') {
    for (let i = steps.length - 1; i >= 0; i--) {
      const lost = steps[i]?.events.find((e) => e.kind === 'lost');
      if (lost !== undefined) return { step: i, source: lost.a };
    }
  }
  if (property === 'noLeak') {
    const given = steps.findIndex((step) => step.events.some((e) => e.kind === 'note' && e.b === Note.leaked));
    if (given >= 0) return { step: given, source: undefined };
  }
  if (property !== undefined && replay.atStart.includes(property)) return { step: -1, source: undefined };
  const flagged = steps.findIndex((step) => property !== undefined && step.broken.includes(property));
  return { step: flagged < 0 ? steps.length - 1 : flagged, source: flagged < 0 ? undefined : lastSampler(replay, flagged) };
}

function lastSampler(replay: Replay, from: number): number | undefined {
  for (let i = from; i >= 0; i--) {
    const sample = replay.steps[i]?.events.find((e) => e.kind === 'sample');
    if (sample !== undefined) return sample.a;
  }
  return undefined;
}

/** First step of the last stretch, up to `to`, in which device and kernel did not agree about a source. */
function partingStep(replay: Replay, source: number, to: number): number | undefined {
  const apart = (i: number): boolean => replay.steps[i]?.apart[source] !== undefined;
  let i = to;
  while (i >= 0 && !apart(i)) i--;
  if (i < 0) return undefined;
  while (i > 0 && apart(i - 1)) i--;
  return i;
}

/** Replays a failure, or any other way, and says what happened. */
export async function explain(system: System, { path, property }: Way): Promise<Explanation> {
  const replay = await replayPath(system, path);
  const { step: failed, source } = failingStep(replay, property);
  const parted = source === undefined ? undefined : partingStep(replay, source, failed);
  const rows: Row[] = [];
  let number = 0;
  if (failed < 0 && property !== undefined)
    rows.push({ number, visible: false, lines: [], marks: [`${kebab(property)} does not hold at the start`] });
  replay.steps.forEach((step, i) => {
    if (step.visible) number++;
    const marks: string[] = [];
    if (step.events.some((e) => e.kind === 'probe')) marks.push('at rest; the probe begins: each irq is raised four times');
    if (i === parted && source !== undefined)
      marks.push(`from here kernel and ${system.names.sources[source] ?? '?'} part: ${irqNumber(system, step.apart[source] ?? '')}`);
    if (i === failed && property !== undefined) marks.push(failedMark(system, property, source));
    const lines = narrate(system, step);
    if (lines.length > 0 || marks.length > 0) rows.push({ number, visible: step.visible, lines, marks });
  });
  return { lanes: lanesOf(system, rows), rows, state: await stateAfter(system, path.slice(0, failed + 1)) };
}

function failedMark(system: System, property: PropertyName, source: number | undefined): string {
  const name = source === undefined ? '' : (system.names.sources[source] ?? '');
  switch (property) {
    case 'noLoss':
      return `LOST here: nothing carries the event of ${name} any more`;
    case 'noStray':
      return 'STRAY here: a vector without a handler';
    case 'noLeak':
      return 'LEAKED here: a vector stays allocated that is nobody’s target';
    case 'progress':
      return 'no progress: something that was asked for has not happened, and nothing is on its way';
    default:
      return `${kebab(property)} does not hold here`;
  }
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
  return [...cpus, ...devices].filter(({ lane }) => used(lane));
}

function vectorSet(vectors: readonly number[]): string {
  return vectors.length === 0 ? '-' : vectors.map(hex).join(' ');
}

async function stateAfter(system: System, path: readonly number[]): Promise<string[]> {
  const { machine } = await replayPath(system, path);
  const lines: string[] = [];
  system.names.devices.forEach((name, d) => {
    const { addrLo, data } = machine.device(d);
    lines.push(`${name}: MSI address ${hex(addrLo)}, data ${hex(data)} (${describeMessage(system, addrLo, data)})`);
  });
  system.names.sources.forEach((name, s) => {
    if (machine.owed(s)) lines.push(`${name}: owed, its handler has not run since the event`);
  });
  system.names.cpus.forEach((name, c) => {
    const { irr, isr, enabled, interruptsOn, run } = machine.cpu(c);
    const slots = system.built.slots(machine, c).map(({ vector, text }) => `${hex(vector)} ${irqNumber(system, text)}`);
    lines.push(
      `${name}: ${run}, LAPIC ${enabled ? 'enabled' : 'disabled'}, IF=${interruptsOn ? 1 : 0}, IRR ${vectorSet(irr)}, ISR ${vectorSet(isr)}, vector table: ${slots.join(', ') || 'empty'}`,
    );
  });
  return lines;
}
