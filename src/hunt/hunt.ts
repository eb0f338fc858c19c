/** The hunt itself: items go out to whoever tries them, and what came of them is taken in their order. */
import type { KernelModel } from '../kernel/model/index.js';
import { examine, systemsOn, type Limits, type Outcome } from './examine.js';
import { Findings } from './findings.js';
import { items, type Item, type Only } from './items.js';
import type { Head, Stretch } from './keep.js';
import { scenarioOf } from './program.js';

/** Items that are tried in one go: those side by side are often of one machine. */
const BATCH = 8;

/** What came of some items, in their order. */
export type Answer = readonly (readonly Outcome[])[];

/** Tries items. */
export async function examineAll(batch: readonly Item[], models: readonly KernelModel[], limits: Limits): Promise<Answer> {
  const answers: (readonly Outcome[])[] = [];
  for (const { program, given } of batch) answers.push(await examine(program, given, models, limits));
  return answers;
}

/** A hunt that may have begun before. */
export class Hunt {
  readonly findings = new Findings();
  /** size of the programs that are tried */
  size = 1;
  readonly #rest: Generator<Item>;
  readonly #keep: (stretch: Stretch) => void;
  readonly #waiting = new Map<number, { readonly batch: readonly Item[]; readonly answer: Answer }>();
  #next = 0;

  /** `most`: the largest size; `only`: what of all there is; `before`: what was done already; `keep`: is told what is done. */
  constructor(most: number, only: Only, before: readonly Stretch[], keep: (stretch: Stretch) => void) {
    this.#rest = items(most, only);
    this.#keep = keep;
    for (const stretch of before) this.#again(stretch);
  }

  #again({ to, searches, states, told }: Stretch): void {
    const outcomes = new Map(told);
    while (this.findings.tally.items < to) {
      const { value, done } = this.#rest.next();
      if (done === true) return;
      this.size = value.size;
      this.findings.add(value, outcomes.get(value.index) ?? []);
    }
    this.findings.count(searches, states);
  }

  /** Items to be tried, some at a time. */
  *batches(): Generator<readonly Item[]> {
    for (;;) {
      const batch: Item[] = [];
      while (batch.length < BATCH) {
        const { value, done } = this.#rest.next();
        if (done === true) break;
        batch.push(value);
      }
      if (batch.length === 0) return;
      yield batch;
    }
  }

  /** What came of batch `number`, counted from 0; it is looked at when those before it have come. */
  take(number: number, batch: readonly Item[], answer: Answer): void {
    this.#waiting.set(number, { batch, answer });
    for (let next = this.#waiting.get(this.#next); next !== undefined; next = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next++);
      this.#enter(next.batch, next.answer);
    }
  }

  #enter(batch: readonly Item[], answer: Answer): void {
    const before = this.findings.tally;
    batch.forEach((item, i) => {
      this.size = item.size;
      this.findings.add(item, answer[i] ?? []);
    });
    const all = answer.flat();
    this.findings.count(
      all.length,
      all.reduce((sum, { states }) => sum + states, 0),
    );
    const { items: to, searches, states } = this.findings.tally;
    const told = batch.flatMap(({ index }, i) => {
      const outcomes = (answer[i] ?? []).filter(({ found, undecided }) => found.length > 0 || undecided !== undefined);
      return outcomes.length === 0 ? [] : [[index, outcomes] as const];
    });
    this.#keep({ to, searches: searches - before.searches, states: states - before.states, told });
  }
}

/** FNV-1a, 32 bits. */
function digest(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h.toString(16).padStart(8, '0');
}

/** What a file is to say of a hunt of these kernels. */
export function headOf(models: readonly KernelModel[], names: readonly string[], only: Only, { states }: Limits): Head {
  const all = [...items(1, only)];
  const [first] = all;
  const programs =
    first === undefined ? [] : systemsOn(scenarioOf(first.program, first.given, ''), models).map(({ system }) => system.built.fingerprint);
  const behaviours = models.map((model) => [model.name, model.behaviours.map(({ name, value }) => [name, value]), model.own]);
  const scenarios = all.map(({ program, given }) => scenarioOf(program, given, ''));
  return { irqlab: 'hunt', version: 1, models: names, only, states, digest: digest(JSON.stringify([scenarios, programs, behaviours])) };
}
