/** What a verdict should not be trusted with: own properties that no state was asked about, and what never happened. */
import { Note, Op } from '../core/index.js';
import { judgeOf } from '../kernel/index.js';
import type { Machine } from '../machine/index.js';
import type { System } from '../scenario/index.js';

/** What an own property reads, as it was written, and whether any state was asked for it. */
function readingsOf(system: System, coverage: Uint8Array, property: string): Map<string, boolean> {
  const { program, labels } = system.built;
  const readings = new Map<string, boolean>();
  for (let pc = 1; pc < coverage.length; pc++) {
    const op = (program.code[pc * 4] ?? 0) & 0xff;
    const label = labels[(program.code[pc * 4 + 3] ?? 0) >>> 8];
    if (op < (Op.firstObservable as number) || op === (Op.flag as number) || label?.routine !== judgeOf(property)) continue;
    readings.set(label.text, readings.get(label.text) === true || coverage[pc] !== 0);
  }
  return readings;
}

/** Assertions of the scenario, and invariants of the model as far as nothing of them was ever evaluated. */
export function neverEvaluated(system: System, coverage: Uint8Array): string[] {
  const own = system.scenario.assert.map(({ name }) => name);
  return (system.built.program.own ?? []).flatMap((name) => {
    const readings = [...readingsOf(system, coverage, name)];
    const missed = readings.filter(([, done]) => !done).map(([text]) => JSON.stringify(text.replaceAll(/\s+/g, ' ')));
    if (missed.length === 0) return [];
    if (missed.length === readings.length) return [`${name} was never evaluated`];
    return own.includes(name) ? [`of ${name}, ${missed.join(', ')} was never evaluated: what stands before it decides in every state`] : [];
  });
}

/** Why a verdict that found nothing says nothing: an assertion that no state was asked about. */
export function neverJudged(system: System, coverage: Uint8Array): string | undefined {
  const never = system.scenario.assert.filter(({ name }) => ![...readingsOf(system, coverage, name).values()].includes(true));
  const [first] = never;
  if (first === undefined) return undefined;
  const where = 'afterProbe' in first ? 'the probe never ended' : 'no state was at rest';
  return `vacuous: ${never.map(({ name }) => name).join(', ')} was never evaluated: ${where}`;
}

/** Kinds of things that happened on some path: what a model counts (`Note`), and strays. */
export function kindsOf(machine: Machine): string[] {
  const notes = Object.keys(Note).filter((name): name is keyof typeof Note => Number.isNaN(Number(name)) && name !== 'count');
  return [...notes.filter((name) => machine.note(name) > 0), ...(machine.counter('strays') > 0 ? ['stray'] : [])];
}
