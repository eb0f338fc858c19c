/** What of a machine a failure concerns, in words that failures of one kind have in common: no CPU, no vector, no time. */
import { Drop } from '../core/index.js';
import type { EventRecord } from '../machine/index.js';
import { hex } from '../words.js';

/** Kinds of events that `whereOf` looks at. */
export const telling: readonly EventRecord['kind'][] = ['lost', 'drop', 'init', 'fault'];

/** Why a message or a vector was dropped. */
export const dropped: Readonly<Record<Drop, string>> = {
  [Drop.softwareDisabled]: 'the LAPIC is disabled',
  [Drop.noTarget]: 'no LAPIC has this id',
  [Drop.illegalVector]: 'the vector is illegal',
  [Drop.noEffect]: 'it has no effect there',
  [Drop.wildWrite]: 'it is no interrupt',
  [Drop.disabledDevice]: 'MSI is disabled in the device',
  [Drop.silenced]: 'the device may send nothing',
  [Drop.masked]: 'it is masked, and does not keep what it cannot send',
};

/** What takes an event away, or undefined for a record of something else. */
function taking({ kind, b, c }: EventRecord): string | undefined {
  if (kind === 'drop') return `dropped (${dropped[c as Drop]})`;
  if (kind === 'init') return 'INIT empties the IRR';
  return kind === 'fault' ? `refused by a remapping unit, code ${hex(b >>> 16)}` : undefined;
}

/** `sources`: their names; `records`: the last ones of a run that failed, those that are `telling` at least. `late`: what held up most those that were late. */
export function whereOf(sources: readonly string[], records: readonly EventRecord[], late: string | undefined): string {
  const lost = records.findLast(({ kind }) => kind === 'lost');
  const fault = records.findLast(({ kind }) => kind === 'fault');
  if (lost !== undefined) {
    const before = records.slice(0, records.indexOf(lost)).findLast((record) => record.time === lost.time && taking(record) !== undefined);
    const source = sources[lost.a] ?? '?';
    return before === undefined ? source : `${source}, ${taking(before)}`;
  }
  if (late !== undefined) return `mostly ${late}`;
  return fault === undefined ? '' : (taking(fault) ?? '');
}
