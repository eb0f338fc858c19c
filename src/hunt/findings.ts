/** What a hunt has found: failures grouped by their cause, each with the smallest program, and nothing that needs more than another. */
import type { Cause } from '../check/index.js';
import { isSame, type Found, type Outcome } from './examine.js';
import { isWithin } from './given.js';
import type { Item } from './items.js';
import { kindOf, platformOf } from './universe.js';
import { kebab } from '../words.js';

/** A program that shows a finding. */
export interface Example {
  readonly item: Item;
  /** indexes of the kernels on which it does */
  readonly models: readonly number[];
  readonly found: Found;
}

export interface Finding {
  /** short, and the same wherever the cause is found */
  readonly name: string;
  readonly cause: Cause;
  /** the smallest programs: on no kernel is there one that gives up as much as another, and more */
  readonly examples: readonly Example[];
  /** programs that show it, and of them those that a device meets that waits for its handler */
  readonly programs: number;
  readonly handshakes: number;
  /** machines on which it was met: `msix`, `vtd/msix` */
  readonly machines: readonly string[];
}

interface Growing extends Finding {
  readonly group: string;
  examples: Example[];
  programs: number;
  handshakes: number;
  machines: string[];
}

/** How the work stands. */
export interface Tally {
  /** items that were tried */
  readonly items: number;
  readonly searches: number;
  readonly states: number;
  /** searches that were given up */
  readonly undecided: number;
}

/** Where nothing but the state at rest shows that something is wrong: how the device tells its event. */
function wayOf({ program }: Item): string {
  if (kindOf(program).message.type === 'ioapic') return 'pin';
  const { iommu, guest } = platformOf(program);
  if (guest === true) return iommu?.type === 'amd' ? 'avic' : 'vcpu';
  return iommu?.type === 'vtd' && iommu.postedMsi === true ? 'posted' : 'message';
}

const operationKinds = ({ program }: Item): readonly string[] => program.operations.map((o) => Object.keys(o)[0] ?? '');

/** Whether these words stand in the others in this order. */
function isPartOf(few: readonly string[], many: readonly string[]): boolean {
  let at = 0;
  for (const each of many) if (each === few[at]) at++;
  return at === few.length;
}

/** As a part of a name. */
const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()
    .replaceAll(' ', '-');

/** What stands before a colon, or the first words. */
const brief = (step: string): string =>
  slug(step.split(':')[0] ?? '')
    .split('-')
    .slice(0, 3)
    .join('-');

/** Takes what came of each item, in the order of the items; what is found depends on nothing else. */
export class Findings {
  readonly #all: Growing[] = [];
  #tally: Tally = { items: 0, searches: 0, states: 0, undecided: 0 };

  get all(): readonly Finding[] {
    return this.#all;
  }

  get tally(): Tally {
    return this.#tally;
  }

  add(item: Item, outcomes: readonly Outcome[]): void {
    const undecided = outcomes.filter((each) => each.undecided !== undefined).length;
    this.#tally = { ...this.#tally, items: this.#tally.items + 1, undecided: this.#tally.undecided + undecided };
    for (const { models, found } of outcomes) for (const each of found) this.#enter({ item, models, found: each });
  }

  /** What it took: searches that found nothing leave no other trace. */
  count(searches: number, states: number): void {
    this.#tally = { ...this.#tally, searches: this.#tally.searches + searches, states: this.#tally.states + states };
  }

  #enter(example: Example): void {
    const { item, models, found } = example;
    const finding = this.#findingOf(item, found.cause);
    const shows = (each: Example, model: number): boolean => each.models.includes(model);
    const fresh = models.filter((model) => !finding.examples.some((each) => shows(each, model) && isWithin(each.item.given, item.given)));
    if (fresh.length > 0) {
      const needless = (each: Example, model: number): boolean => fresh.includes(model) && isWithin(item.given, each.item.given);
      const others = finding.examples.map((each) => ({ ...each, models: each.models.filter((model) => !needless(each, model)) }));
      const same = others.find((each) => each.item.index === item.index && each.found.manner === found.manner);
      const joined = { ...example, models: [...(same?.models ?? []), ...fresh].toSorted((a, b) => a - b) };
      finding.examples = [...others.filter((each) => each !== same && each.models.length > 0), joined];
    }
    finding.programs++;
    if (found.handshake) finding.handshakes++;
    const machine = `${item.program.platform === 'plain' ? '' : `${item.program.platform}/`}${item.program.kind}`;
    if (!finding.machines.includes(machine)) finding.machines.push(machine);
  }

  /** A cause that no step tells is the same as one whose operations are among those of the program. */
  #findingOf(item: Item, cause: Cause): Growing {
    const operations = operationKinds(item);
    const group = cause.step === undefined ? wayOf(item) : '';
    const known = this.#all.find(
      (each) =>
        each.group === group &&
        isSame(each.cause, cause) &&
        (cause.step !== undefined || each.examples.some((example) => isPartOf(operationKinds(example.item), operations))),
    );
    if (known !== undefined) return known;
    const words = cause.step === undefined ? [group, ...operations] : [slug(cause.routine ?? ''), brief(cause.step)];
    const plain = [kebab(cause.property), ...words].filter((word) => word !== '').join('-');
    const same = this.#all.filter(({ name }) => name.startsWith(plain) && /^(-\d+)?$/.test(name.slice(plain.length))).length;
    const name = same === 0 ? plain : `${plain}-${same + 1}`;
    const made: Growing = { name, group, cause, examples: [], programs: 0, handshakes: 0, machines: [] };
    this.#all.push(made);
    return made;
  }
}
