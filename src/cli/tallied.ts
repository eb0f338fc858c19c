/** What a campaign has come to, as text: failures by kind with the command that makes the first of each, and the figures of all runs. */
import type { FailureKind, Tallied } from '../campaign/index.js';
import { wrap } from '../check/index.js';
import { kebab } from '../words.js';
import { injectedText, percentilesText, wayText, workText } from './counts.js';
import { count, field, plural, style, width } from './output.js';

/** The command that makes the first run of a kind. */
function replayOf(run: string, { seed }: FailureKind): string {
  return `${run} --seed ${seed}`;
}

export function kindsText(run: string, { kinds }: Tallied): string[] {
  return kinds.flatMap((kind) => {
    const { failed, where, runs, seed } = kind;
    const what = `${failed.map(kebab).join(', ')}${where === '' ? '' : `, ${where}`}`;
    return [...wrap(`${what}: ${plural(runs, 'run')}, the first with seed ${seed}`, width()).map(style.alarm), `  ${replayOf(run, kind)}`];
  });
}

export function figuresText({ counts, injected, latency, worst, late, cycles }: Tallied): string[] {
  return [
    ...wayText(counts, latency),
    ...field('slowest', `of each run: ${percentilesText(worst)}`),
    ...(late === 0 ? [] : field('late', plural(late, 'event'))),
    ...injectedText(injected),
    ...workText(counts, cycles),
  ];
}

/** `37 of 100 runs failed`; what is to be said in one line. */
export function verdictText({ runs, failed }: Tallied): readonly [words: string, paint: (text: string) => string] {
  return failed === 0
    ? [`no failure in ${plural(runs, 'run')}`, style.good]
    : [`FAILED in ${count(failed)} of ${plural(runs, 'run')}`, style.alarm];
}

/** Kinds of failures, each with the command that makes the first of them. */
export function kindsJson(run: string, kinds: readonly FailureKind[]): object[] {
  return kinds.map((kind) => ({ ...kind, failed: kind.failed.map(kebab), reproduce: replayOf(run, kind) }));
}
