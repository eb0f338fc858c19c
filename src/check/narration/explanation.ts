/** What a way comes to when it is told: the value that is drawn, as text or as a picture. */
import type { Flight, Span } from './flights.js';
import type { Mark } from './marks.js';
import type { Lane, Line } from './narrate.js';
import type { StateTable } from './state.js';

/** A row of a diagram: what one step did, in the columns it did it; or several steps that are not told one by one. */
export interface Row {
  /** its steps, as indexes into the path: first and last */
  readonly steps: readonly [number, number];
  /** visible steps up to and including this one */
  readonly number: number;
  readonly visible: boolean;
  readonly lines: readonly Line[];
  /** what is to be said about the state after it */
  readonly marks: readonly Mark[];
  /** said in place of the lines of several steps */
  readonly folded?: string;
}

export interface Explanation {
  readonly lanes: readonly { readonly lane: Lane; readonly title: string }[];
  readonly rows: readonly Row[];
  /** what concerns no single step */
  readonly notes: readonly string[];
  /** which state is shown */
  readonly stateTitle: string;
  /** state of everybody involved there, as lines and as a table */
  readonly state: readonly string[];
  readonly table: StateTable;
  readonly flights: readonly Flight[];
  readonly spans: readonly Span[];
}
