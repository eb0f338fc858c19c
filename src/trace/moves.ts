/** The moves of interrupts that a trace shows, each put together from the lines that tell of it. */
import type { TraceLine } from './ftrace.js';
import { printOf, type Print } from './prints.js';

/** A moment of a trace and the line that shows it. */
export interface Moment {
  readonly at: bigint;
  readonly line: number;
}

/** One move of an interrupt to another target. */
export interface Move {
  readonly irq: number;
  /** CPU that wrote the message; the old target, as the kernel has it (linux.md 2.5). */
  readonly cpu: number;
  /** The message is written, last half. */
  readonly at: bigint;
  readonly steps: 'direct' | 'two-step';
  readonly oldApicId: number;
  readonly apicId: number;
  /** Not printed in the long form of a two-step move; then known only from a later retrigger. */
  readonly oldVector?: number;
  readonly vector: number;
  readonly cause: Cause;
  /** Of all the lines that tell of it, ascending. */
  readonly lines: readonly number[];
  readonly allocated?: Moment;
  readonly redirected?: Moment;
  readonly checked?: Moment;
  readonly retriggered?: Moment;
}

export type Cause =
  /** By the stopper of the CPU that goes offline; `named` if its name was printed, else told from flags. */
  | { readonly kind: 'offline'; readonly named: boolean }
  /** In an interrupt: an affinity that was asked for earlier. */
  | { readonly kind: 'requested' }
  | { readonly kind: 'unknown' };

/** One entry of the traced driver's handler. */
export interface HandlerRun extends Moment {
  readonly cpu: number;
  /** The driver's name, from the function's: `xhci` of xhci_irq. */
  readonly source: string;
}

/** What a trace tells of interrupts, in the order of its lines. */
export type Happening =
  | { readonly kind: 'handler'; readonly line: number; readonly at: bigint; readonly cpu: number; readonly run: HandlerRun }
  /** `line` is the first of the move's. */
  | { readonly kind: 'move'; readonly line: number; readonly at: bigint; readonly cpu: number; readonly move: Move }
  /** Any other line: it shows that the trace went on. */
  | { readonly kind: 'other'; readonly line: number; readonly at: bigint; readonly cpu: number; readonly entry: boolean };

/** The lines of one move lie microseconds apart; those further apart, or backwards, belong to different pieces of a trace. */
const LONGEST_MOVE = 100_000_000n;
/** As far behind a move as fixup_irqs may come: its mdelay is 1 ms (linux.md 2.8), and other irqs are moved before. */
const LONGEST_FIXUP = 1_000_000_000n;

/** What has been seen of a move in several lines; its CPU is busy with it, with interrupts off, until it is done. */
interface Unfinished {
  readonly lines: readonly number[];
  readonly latest: bigint;
  readonly allocated?: Moment & { readonly apicId: number };
  readonly redirected?: Moment & { readonly vector: number; readonly oldApicId: number };
  readonly final?: Moment & { readonly vector: number; readonly apicId: number };
}

/** Everything that lines of a trace say about interrupts. */
export function happeningsOf(lines: readonly TraceLine[]): readonly Happening[] {
  const happenings: Happening[] = [];
  const unfinished = new Map<number, Unfinished>();
  for (const line of lines) {
    const print = printOf(line);
    const { cpu, at } = line;
    const open = stillOpen(unfinished.get(cpu), at);
    const moment: Moment = { at, line: line.line };
    if (print?.kind === 'handler') {
      happenings.push({ kind: 'handler', ...moment, cpu, run: { ...moment, cpu, source: print.source } });
      continue;
    }
    // A retrigger belongs to a move that is done, so it stays in the list as a line of its own.
    if (print?.kind === 'retriggered') attach(happenings, print, moment, cpu);
    const finished = print === undefined ? undefined : finish(print, line, open);
    if (finished !== undefined) {
      unfinished.delete(cpu);
      happenings.push({ kind: 'move', line: finished.lines[0] ?? line.line, at, cpu, move: finished });
      continue;
    }
    const next = continued(print, moment, open);
    if (next !== undefined) unfinished.set(cpu, next);
    happenings.push({ kind: 'other', ...moment, cpu, entry: print?.kind === 'entered' });
  }
  return happenings;
}

function stillOpen(open: Unfinished | undefined, at: bigint): Unfinished | undefined {
  return open !== undefined && at >= open.latest && at - open.latest <= LONGEST_MOVE ? open : undefined;
}

/** A move with one more of its lines, or undefined if the line is none of a move. */
function continued(print: Print | undefined, moment: Moment, open: Unfinished | undefined): Unfinished | undefined {
  const seen = { lines: [...(open?.lines ?? []), moment.line], latest: moment.at };
  if (print?.kind === 'allocated') return { lines: [moment.line], latest: moment.at, allocated: { ...moment, apicId: print.apicId } };
  if (print?.kind === 'redirected')
    return { ...open, ...seen, redirected: { ...moment, vector: print.vector, oldApicId: print.oldApicId } };
  if (print?.kind === 'final') return { ...open, ...seen, final: { ...moment, vector: print.vector, apicId: print.apicId } };
  return undefined;
}

/** The move that a line ends, if it ends one. */
function finish(print: Print, line: TraceLine, open: Unfinished | undefined): Move | undefined {
  const { cpu, at } = line;
  const cause = causeOf(line);
  if (print.kind !== 'move' && print.kind !== 'checked') return undefined;
  // An allocation for another target belongs to a move whose end is missing.
  const begun = open?.allocated?.apicId === print.apicId ? open.allocated : undefined;
  const allocated = begun && { at: begun.at, line: begun.line };
  if (print.kind === 'move') {
    const { irq, steps, oldApicId, apicId, oldVector, vector } = print;
    const lines = [...(allocated === undefined ? [] : [allocated.line]), line.line];
    return { irq, cpu, at, steps, oldApicId, apicId, oldVector, vector, cause, lines, ...(allocated && { allocated }) };
  }
  const { redirected, final } = open ?? {};
  if (redirected === undefined || final === undefined || redirected.line > final.line) return undefined;
  if ([redirected, final].some(({ vector }) => vector !== print.vector) || final.apicId !== print.apicId) return undefined;
  return {
    irq: print.irq,
    cpu,
    at: final.at,
    steps: 'two-step',
    oldApicId: redirected.oldApicId,
    apicId: final.apicId,
    vector: final.vector,
    cause,
    lines: [...(allocated === undefined ? [] : [allocated.line]), redirected.line, final.line, line.line],
    ...(allocated && { allocated }),
    redirected: { at: redirected.at, line: redirected.line },
    checked: { at, line: line.line },
  };
}

/** Notes a retrigger at the latest move of its irq by the same CPU: it tells the old vector too. */
function attach(happenings: Happening[], { irq, vector }: Extract<Print, { kind: 'retriggered' }>, moment: Moment, cpu: number): void {
  const index = happenings.findLastIndex((happening) => happening.kind === 'move' && happening.cpu === cpu && happening.move.irq === irq);
  const found = happenings[index];
  if (found?.kind !== 'move' || moment.at < found.at || moment.at - found.at > LONGEST_FIXUP) return;
  const { move } = found;
  happenings[index] = {
    ...found,
    move: { ...move, oldVector: move.oldVector ?? vector, retriggered: moment, lines: [...move.lines, moment.line] },
  };
}

/**
 * Who moves. Offline: the stopper thread, migration/N on CPU N; where its name is lost (`<...>`) it is told by a task that has
 * interrupts and preemption off, which no write to /proc has.
 */
function causeOf({ comm, cpu, flags }: TraceLine): Cause {
  if (flags.context === 'hardirq') return { kind: 'requested' };
  if (comm === `migration/${cpu}`) return { kind: 'offline', named: true };
  if (comm === '<...>' && flags.context === 'task' && flags.irqsOff && flags.preemptDepth > 0) return { kind: 'offline', named: false };
  return { kind: 'unknown' };
}
