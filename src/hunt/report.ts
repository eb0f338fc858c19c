/** What a hunt reports: the value that is printed, written as JSON, and drawn as a page. */
import { describeOperation, stringifyScenario } from '../scenario/index.js';
import { joined, kebab } from '../words.js';
import { confirmation, type Confirmation } from './confirm.js';
import type { Finding, Findings, Tally } from './findings.js';
import { givenText, rankOfGiven } from './given.js';
import { aboutOf, type Program } from './program.js';
import { JUDGEMENTS, remarkOn, type Remark } from './remarks.js';
import type { Ending, Shown, Told } from './tell.js';

/**
 * `found`: in the hunt of that kernel; `by`: with another program, its machine and what is done, null: with that of the finding. The
 * others: how the program of the finding ends there. `given`: what is given up for that.
 */
export type Cell =
  | { readonly found: true; readonly by: string | null; readonly given: string }
  | { readonly found: false; readonly ending: Ending; readonly given: string };

export interface ReportedFinding {
  readonly name: string;
  /** as users read it: `no-loss` */
  readonly property: string;
  /** where kernel and hardware stop agreeing; null: no step tells */
  readonly routine: string | null;
  readonly step: string | null;
  /** assumptions that it needs given up: `push=root-complex`; empty: none */
  readonly given: string;
  /** a device that waits for its handler meets it too */
  readonly handshake: boolean;
  /** programs that were tried and show it */
  readonly programs: number;
  readonly machines: readonly string[];
  /** a sentence about the machine, and what is done */
  readonly about: string;
  readonly operations: readonly string[];
  /** the kernel that it is shown on */
  readonly model: string;
  readonly scenario: string;
  /** the scenario's file */
  readonly yaml: string;
  readonly steps: number;
  readonly diagram: string;
  readonly svg: string;
  readonly token: string;
  /** by kernel */
  readonly versions: Readonly<Record<string, Cell>>;
  readonly confirm: Confirmation;
  /** what is known of the cause beyond what the search tells; null: it is not judged */
  readonly remark: Remark | null;
}

export interface HuntReport {
  /** kernels that were hunted */
  readonly models: readonly string[];
  /** of the largest programs that were tried */
  readonly size: number;
  /** all programs up to that size were tried */
  readonly complete: boolean;
  readonly tally: Tally;
  readonly findings: readonly ReportedFinding[];
}

/** The program that a finding is shown by: the one that gives up least, then the smallest, on the newest kernel. */
export function shownOf({ name, cause, examples }: Finding): Shown | undefined {
  const [best] = examples.toSorted((a, b) => rankOfGiven(a.item.given) - rankOfGiven(b.item.given) || a.item.index - b.item.index);
  const model = best?.models.at(-1);
  if (best === undefined || model === undefined) return undefined;
  const { item, found } = best;
  return { name, cause, program: item.program, given: item.given, manner: found.manner, model };
}

const rankOf = (finding: Finding): number => rankOfGiven(shownOf(finding)?.given ?? {});

/** Findings in the order in which they are told: what needs no assumption given up first. */
export function inOrder(findings: Findings): readonly Finding[] {
  return findings.all.toSorted((a, b) => rankOf(a) - rankOf(b));
}

const whatIsDone = ({ operations }: Program): string => operations.map(describeOperation).join('; ');

function cellOf(finding: Finding, model: number, ending: Ending): Cell {
  const shown = shownOf(finding);
  const [least] = finding.examples
    .filter(({ models }) => models.includes(model))
    .map(({ item }) => item)
    .toSorted((a, b) => rankOfGiven(a.given) - rankOfGiven(b.given));
  if (least === undefined) return { found: false, ending, given: givenText(shown?.given ?? {}) };
  const { program, given } = least;
  const isShown = ending === 'fails' || program === shown?.program;
  return { found: true, by: isShown ? null : `${aboutOf(program)} ${whatIsDone(program)}`, given: givenText(given) };
}

/** A finding with what was told of it; `models`: the hunted ones, by index. */
export function reported(finding: Finding, told: Told, models: readonly string[]): ReportedFinding {
  const { cause, programs, handshakes, machines } = finding;
  const { program, given, scenario, endings } = told;
  const cells = Object.entries(endings).map(([name, ending]) => [name, cellOf(finding, models.indexOf(name), ending)] as const);
  return {
    name: finding.name,
    property: kebab(cause.property),
    routine: cause.routine ?? null,
    step: cause.step ?? null,
    given: givenText(given),
    handshake: handshakes > 0,
    programs,
    machines,
    about: aboutOf(program),
    operations: program.operations.map(describeOperation),
    model: told.model,
    scenario: scenario.name,
    yaml: stringifyScenario(scenario),
    steps: told.length,
    diagram: told.diagram,
    svg: told.svg,
    token: told.token,
    versions: Object.fromEntries(cells),
    confirm: confirmation(program, cause.property),
    remark: remarkOn(finding.name) ?? null,
  };
}

/** `take_cpu_down: set_cpu_online(false)`; of what no step tells, that. */
export function placeOf({ routine, step }: Pick<ReportedFinding, 'routine' | 'step'>): string {
  if (step === null) return 'the state at rest';
  return routine === null ? step : `${routine}: ${step}`;
}

/** `a fault of the kernel. On 5.8 ...`; `not judged`. */
export function judgement({ remark }: ReportedFinding): string {
  return remark === null ? 'not judged' : `${JUDGEMENTS[remark.judgement]}. ${remark.reason}`;
}

/** A sign for a table. */
export function sign(cell: Cell | undefined): string {
  if (cell === undefined) return ' ';
  const fails = cell.given === '' ? 'X' : 'a';
  if (cell.found) return fails === 'X' && cell.by !== null ? 'x' : fails;
  return { fails, otherwise: 'o', holds: '.', undecided: '?', impossible: '-' }[cell.ending];
}

export const SIGNS =
  'X fails; x another program fails there, and kernel and hardware stop agreeing at the same step; a fails with an assumption given up; o the same property of the program fails, for another reason; . holds; ? not decided; - the kernel does not drive such a machine';

/** Neighbours that say the same: `4.19 to 5.8 X, 5.9 to 7.0 .` */
export function versionsText(versions: ReportedFinding['versions']): string {
  const groups: { readonly sign: string; readonly names: string[] }[] = [];
  for (const [name, cell] of Object.entries(versions)) {
    const last = groups.at(-1);
    if (last?.sign === sign(cell)) last.names.push(shortModel(name));
    else groups.push({ sign: sign(cell), names: [shortModel(name)] });
  }
  return groups.map(({ sign: s, names }) => `${names.length === 1 ? names[0] : `${names[0]} to ${names.at(-1)}`} ${s}`).join(', ');
}

/** By other programs than the one that is shown: what is done on which kernels, a line each. */
export function otherPrograms(versions: ReportedFinding['versions']): readonly string[] {
  const kernels = new Map<string, string[]>();
  for (const [name, cell] of Object.entries(versions))
    if (cell.found && cell.by !== null && sign(cell) === 'x') kernels.set(cell.by, [...(kernels.get(cell.by) ?? []), shortModel(name)]);
  return [...kernels].map(([by, names]) => `${joined(names, 'and')}: ${by}`);
}

export const shortModel = (name: string): string => name.replace(/^linux-/, '');
