/** What a row of `irqlab races` is, and what came of it. */

/** A kernel, and the scenario where it is another than the row's. */
export interface Kernel {
  /** e.g. `linux-5.8` */
  readonly model: string;
  /** behaviours that are otherwise than in the version */
  readonly set?: Readonly<Record<string, string>>;
  /** built-in, by its name */
  readonly scenario?: string;
}

/** A race that is checked: a kernel with it, and one in which it is repaired. */
export interface CheckedRace {
  /** the race, or `race/variant` */
  readonly id: string;
  /** built-in, by its name */
  readonly scenario: string;
  /** a livelock, under raises without bound: what is never done stands for the properties */
  readonly liveness?: true;
  readonly bad: Kernel;
  /** what fails in the kernel with the race, as users write it; the other must be safe */
  readonly properties: readonly [string, ...string[]];
  /** null: there is no repair */
  readonly fixed: Kernel | null;
  /** what a reader should know besides: why there is no repair, or what a repair that does not hold means */
  readonly reason?: string;
}

/** A race that no model shows yet. */
export interface OpenRace {
  readonly id: string;
  /** what is missing */
  readonly reason: string;
}

export type Race = CheckedRace | OpenRace;

/** True if there is something to check. */
export function isChecked(race: Race): race is CheckedRace {
  return 'scenario' in race;
}

/** What a check says of a kernel. */
export interface RaceOutcome {
  /** null: no model shows the race, and nothing was checked */
  readonly model: string | null;
  readonly set?: Readonly<Record<string, string>>;
  readonly scenario: string | null;
  /** livelocks were looked for */
  readonly liveness?: true;
  readonly verdict: 'safe' | 'failed' | 'unknown';
  /** all that fail, as users write them, in order of their names */
  readonly properties: readonly string[];
  /** visible steps of the shortest counterexample to a property of the row, or to any other, of a livelock with its loop; null: there is none */
  readonly steps: number | null;
  readonly states: number;
  readonly seconds: number;
  /** why it is not known, or why more may fail */
  readonly reason?: string;
}

/** What came of a row. */
export interface RaceResult {
  readonly id: string;
  /** null: nothing was checked */
  readonly scenario: string | null;
  readonly bad: RaceOutcome;
  /** null: there is no repair, or nothing was checked */
  readonly fixed: RaceOutcome | null;
  /** the kernel with the race fails and the repaired one is safe; null: nothing was checked */
  readonly ok: boolean | null;
  readonly reason: string | null;
}
