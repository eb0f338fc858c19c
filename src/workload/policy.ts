import { CYCLES_PER_US, type IrqView, type RunView, type TimedOperation } from '../scenario/index.js';

/** What changes a machine while it runs. One object a run: it may remember what it has done. */
export interface Policy {
  readonly name: string;
  /** What is to be done from `view.time` on, before `view.until`. The same for the same views and the same seed. */
  next(view: RunView): readonly TimedOperation[];
}

/** A policy, or only what it does. */
export type PolicySource = Policy | Policy['next'];

/** Only these are moved, and only to these; left out: all. */
export interface Among {
  readonly irqs?: readonly number[] | undefined;
  readonly cpus?: readonly number[] | undefined;
}

export const movable = ({ irqs }: RunView, among: Among): IrqView[] =>
  irqs.filter(({ irq, movable: may }) => may && (among.irqs?.includes(irq) ?? true));

export const targets = ({ online }: RunView, { cpus }: Among): readonly number[] =>
  cpus === undefined ? online : online.filter((cpu) => cpus.includes(cpu));

/** The times every so often, from the first behind the beginning on, that fall before `until`. */
export class Ticks {
  readonly #cycles: number;
  #next: number;

  constructor(everyUs: number) {
    this.#cycles = everyUs * CYCLES_PER_US;
    this.#next = this.#cycles;
  }

  before(until: number): number[] {
    const found: number[] = [];
    for (; this.#next < until; this.#next += this.#cycles) found.push(this.#next);
    return found;
  }
}
