/** Steps of a walk in lines: what was done, below it what that changed, and what is to be said about it. */
import { changeText, wrap, type Judgement, type Taken } from '../check/index.js';
import { style } from './output.js';
import { kebab } from '../words.js';

/** `   7  cpu3  take_cpu_down:4  apic_soft_disable ...`, broken behind the name; below it where names leave too little room. */
export function entry(number: string, name: string, words: string, columns: number, nameWidth = name.length): string[] {
  const head = `${number.padStart(4)}  ${name.padEnd(nameWidth)}  `;
  const beside = head.length <= columns / 2;
  const hang = beside ? head.length : 8;
  const lines = wrap(words, columns - hang).map((line, i) => (beside && i === 0 ? head : ' '.repeat(hang)) + line);
  return (beside ? lines : [head, ...lines]).map((line) => line.trimEnd());
}

/** A step that was taken. */
export function takenText(taken: Taken, columns: number, detail = true): string {
  const words = taken.at === undefined ? taken.text : `${taken.at}  ${taken.text}`;
  const [head = '', ...rest] = entry(String(taken.number), taken.name, words, columns);
  const changes = detail ? taken.changes.flatMap((change) => hung(changeText(change), columns)) : [];
  const paint = taken.broken.length > 0 ? style.alarm : style.bold;
  const remarks = taken.remarks.flatMap((remark) => hung(`>>> ${remark}`, columns).map(paint));
  return [style.bold(head), ...rest.map(style.bold), ...changes, ...remarks].join('\n');
}

function hung(text: string, columns: number): string[] {
  return wrap(text, columns - 10).map((line, i) => ' '.repeat(i === 0 ? 8 : 10) + line);
}

function list(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${what} ${names.map(kebab).join(', ')}`];
}

/** What a state without anything under way says. */
export function judgementText({ quiet, holds, fails, open }: Judgement, columns: number): string {
  const parts = [...list('FAILS', fails), ...list('holds', holds), ...list('only the probe will tell', open)];
  const paint = fails.length > 0 ? style.alarm : style.good;
  return wrap(`${quiet === 'rest' ? 'At rest' : 'Deadlock, nothing is enabled'}: ${parts.join('; ')}.`, columns)
    .map(paint)
    .join('\n');
}
