/** Own properties that no state was asked about. */
import { Op } from '../../core/index.js';
import { judgeOf } from '../../kernel/index.js';
import type { System } from '../../scenario/index.js';
import { instructionAt } from '../names/index.js';

/** What an own property reads, as it was written, and whether any state was asked for it. */
function readingsOf(system: System, coverage: readonly number[], property: string): Map<string, boolean> {
  const readings = new Map<string, boolean>();
  for (let pc = 1; pc < coverage.length; pc++) {
    const { op, label } = instructionAt(system, pc);
    if (op < (Op.firstObservable as number) || op === (Op.flag as number) || label?.routine !== judgeOf(property)) continue;
    readings.set(label.text, readings.get(label.text) === true || coverage[pc] !== 0);
  }
  return readings;
}

/** Assertions of the scenario, and invariants of the model as far as nothing of them was ever evaluated. */
export function neverEvaluated(system: System, coverage: readonly number[]): string[] {
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
export function neverJudged(system: System, coverage: readonly number[]): string | undefined {
  const never = system.scenario.assert.filter(({ name }) => ![...readingsOf(system, coverage, name).values()].includes(true));
  const [first] = never;
  if (first === undefined) return undefined;
  const where = 'afterProbe' in first ? 'the probe never ended' : 'no state was at rest';
  return `vacuous: ${never.map(({ name }) => name).join(', ')} was never evaluated: ${where}`;
}
