/** What a run with a deadline says. */

/** A part of an event's way: what held it up, in words, and for how long altogether. */
export interface Held {
  readonly by:
    | 'device'
    | 'masked'
    | 'in flight'
    | 'posted'
    | 'CPU offline'
    | 'interrupts off'
    | 'in service'
    | 'priority'
    | 'recognition'
    | 'lock'
    | 'wait'
    | 'handler'
    | 'put off'
    | 'task'
    | 'nothing';
  /** where, and by whom: the routine that has interrupts off, whose handler runs, who holds the lock; '' if there is nothing to say */
  readonly what: string;
  /** cycles */
  readonly cycles: number;
}

/** An event that was not handled in time. What held it adds up to its latency. */
export interface LateEvent {
  /** device, or one of its irqs */
  readonly source: string;
  /** cycle of the raise; of a coalesced event, of the oldest raise that was not handled */
  readonly raised: number;
  /** `late`: handled, but too late; `overdue`: still on its way when the run ended; `lost`: nothing carries it any more */
  readonly outcome: 'late' | 'overdue' | 'lost';
  /** cycles from the raise to the handler, to the end of the run, or to the loss */
  readonly latency: number;
  /** cycles behind the deadline; 0 for one that was lost before */
  readonly late: number;
  /** at which step it was lost */
  readonly lostAt?: string;
  readonly held: readonly Held[];
}

/** What became of the events of a run. */
export interface DeadlineReport {
  /** cycles */
  readonly deadline: number;
  /** handled in time */
  readonly inTime: number;
  /** handled later than that, or not yet, though the deadline has passed */
  readonly late: { readonly count: number; readonly held: readonly Held[] };
  readonly lost: number;
  /** not yet handled when the run ended, and in time */
  readonly onTheirWay: number;
  /** of irqs that were freed before */
  readonly withdrawn: number;
  /** raised while one of the same source was owed: one handler serves them all */
  readonly coalesced: number;
  /** those that were late or lost, in the order in which that was known; no more than `KEPT` */
  readonly events: readonly LateEvent[];
}
