/** What became of the events of a run with a deadline, as text: in time, late and by whom, lost and at which step. */
import type { DeadlineReport, Held, LateEvent } from '../campaign/index.js';
import { count, field, plural } from './output.js';

/** Events told one by one, and things that held them up. */
const TOLD = 5;
const CYCLES_PER_SECOND = 3_000_000_000;

export function us(cycles: number): string {
  return `${(cycles / 3000).toFixed(cycles < 300_000 ? 2 : 0)} us`;
}

function heldText({ by, what, cycles }: Held): string {
  return `${by}${what === '' ? '' : ` (${what})`} ${us(cycles)}`;
}

function byCycles(held: readonly Held[]): Held[] {
  return held.toSorted((a, b) => b.cycles - a.cycles);
}

function eventText({ source, raised, outcome, latency, late, lostAt, held }: LateEvent): string {
  const when = `${source}, raised at ${(raised / CYCLES_PER_SECOND).toFixed(6)} s`;
  const parts = byCycles(held).map(heldText).join(', ');
  if (outcome === 'lost') return `${when}: ${lostAt ?? ''}, after ${us(latency)} (${parts})`;
  return `${when}: ${outcome === 'late' ? `after ${us(latency)}` : `not handled after ${us(latency)}`}, ${us(late)} too late: ${parts}`;
}

/** Rows under a heading, and how many more there are. */
function rows(heading: string, texts: readonly string[], all = texts.length): string[] {
  const shown = texts.slice(0, TOLD).flatMap((text, i) => field(i === 0 ? heading : '', text));
  const more = all - Math.min(texts.length, TOLD);
  return more > 0 ? [...shown, ...field('', `and ${count(more)} more`)] : shown;
}

export function deadlineText({ deadline, inTime, late, lost, onTheirWay, withdrawn, coalesced, events }: DeadlineReport): string[] {
  const rest = [
    ...(onTheirWay > 0 ? [`${count(onTheirWay)} still on their way`] : []),
    ...(withdrawn > 0 ? [`${count(withdrawn)} of irqs that were freed`] : []),
    ...(coalesced > 0 ? [`${count(coalesced)} coalesced with an older one`] : []),
  ];
  const whole = late.held.reduce((sum, { cycles }) => sum + cycles, 0);
  const share = ({ cycles }: Held): string => ((100 * cycles) / whole).toFixed(1);
  const worst = events.filter(({ outcome }) => outcome !== 'lost').toSorted((a, b) => b.latency - a.latency);
  const gone = events.filter(({ outcome }) => outcome === 'lost');
  return [
    ...field(
      'deadline',
      [
        `${plural(deadline, 'cycle')} (${us(deadline)}): ${count(inTime)} in time`,
        `${count(late.count)} late`,
        `${count(lost)} lost`,
        ...rest,
      ].join(', '),
    ),
    ...rows(
      'held up by',
      late.held.map((held) => `${heldText(held)}, ${share(held)} %`),
    ),
    ...rows('late', worst.map(eventText), late.count),
    ...rows('lost', gone.map(eventText), lost),
  ];
}
