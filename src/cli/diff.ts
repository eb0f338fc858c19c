/** `irqlab diff`: what differs between two kernel models, and which built-in scenarios show it. */
import type { Command } from 'commander';
import { systemOn, verdictsOf, wrap, type Verdict } from '../check/index.js';
import { behaviourDifferences, type ActiveBehaviour, type BehaviourDifference, type KernelModel } from '../kernel/model/index.js';
import { builtinScenarios, type Scenario } from '../scenario/index.js';
import { timedRun } from '../campaign/index.js';
import { kebab } from '../words.js';
import { formatOption, modelNamed, orInputError, refuseEverywhere, scenariosNamed, several } from './options.js';
import { count, Exit, field, Interrupt, print, printJson, Progress, style, width, type Format } from './output.js';

interface DiffOptions {
  readonly scenario?: readonly string[];
  readonly quick?: boolean;
  readonly format: Format;
}

/** How much is looked at: states of a check, simulated seconds of a run. */
const budgets = { full: { states: 2_000_000, seconds: 5 }, quick: { states: 50_000, seconds: 0.5 } } as const;
type Budget = (typeof budgets)['full' | 'quick'];

/** Bytes that a check of the table may take. */
const MEMORY = 2 ** 30;

/** What became of a scenario on one model. */
interface Outcome {
  readonly verdict: 'safe' | 'failed' | 'unknown';
  /** properties, as users write them */
  readonly failed: readonly string[];
  /** why it is not known; or why more may fail than is said */
  readonly reason: string | undefined;
  readonly refused?: true;
}

interface Row {
  readonly scenario: string;
  readonly how: 'check' | 'run';
  readonly first: Outcome;
  readonly second: Outcome;
}

function outcomeText({ verdict, failed, reason }: Outcome): string {
  const words = { safe: 'safe', failed: `FAILED ${failed.join(', ')}`, unknown: 'unknown' }[verdict];
  return reason === undefined ? words : `${words} (${reason})`;
}

function changed({ first, second }: Row): boolean {
  return first.verdict !== second.verdict || first.failed.join() !== second.failed.join();
}

/** Of a scenario that goes round and round: it is run. */
async function ran(scenario: Scenario, model: KernelModel, budget: Budget, told: Told): Promise<Outcome> {
  const on = orInputError(() => systemOn(scenario, model));
  if ('verdict' in on) return outcomeOf(on.verdict);
  const seconds = Math.min(budget.seconds, scenario.run.seconds);
  const { verdict, failed } = await timedRun(scenario, { model }, { seconds, progress: () => told.look(scenario, model) });
  if (verdict === 'interrupted') return unknown;
  // no failure within a run proves nothing
  return verdict === 'failed'
    ? { verdict: 'failed', failed: failed.map(kebab), reason: undefined }
    : { verdict: 'unknown', failed: [], reason: `no failure in ${seconds} simulated seconds` };
}

function outcomeOf({ verdict, failed, reason, refused }: Verdict): Outcome {
  return { verdict, failed: failed.map(kebab), reason, ...(refused && { refused }) };
}

const unknown: Outcome = { verdict: 'unknown', failed: [], reason: 'interrupted' };

/** The others are searched, and once if the two kernels are the same program there. */
async function checked(scenario: Scenario, models: readonly KernelModel[], budget: Budget, told: Told): Promise<readonly Outcome[]> {
  const limits = { memory: MEMORY, states: budget.states, look: (each: Scenario, model: KernelModel) => told.look(each, model) };
  const verdicts = await verdictsOf(scenario, models, limits).catch((error: unknown): never =>
    orInputError(() => {
      throw error;
    }),
  );
  return verdicts.map((each) => (each === undefined ? unknown : outcomeOf(each)));
}

/** Where the work is, on stderr; stops it on Ctrl-C. */
class Told {
  readonly #progress = new Progress();
  readonly #interrupt = new Interrupt();
  get stopped(): boolean {
    return this.#interrupt.stopped;
  }

  async look({ name }: Scenario, model: KernelModel): Promise<boolean> {
    this.#progress.show(`${name}, ${model.name}`);
    return this.#interrupt.look();
  }

  done(): void {
    this.#progress.done();
    this.#interrupt.done();
  }
}

async function rowsOf(scenarios: readonly Scenario[], first: KernelModel, second: KernelModel, budget: Budget, told: Told): Promise<Row[]> {
  const rows: Row[] = [];
  for (const scenario of scenarios) {
    if (told.stopped) break;
    const { name } = scenario;
    if (scenario.run.repeat) {
      const [one, other] = [await ran(scenario, first, budget, told), await ran(scenario, second, budget, told)];
      rows.push({ scenario: name, how: 'run', first: one, second: other });
    } else {
      const [one = unknown, other = unknown] = await checked(scenario, [first, second], budget, told);
      rows.push({ scenario: name, how: 'check', first: one, second: other });
    }
  }
  return rows;
}

/** What one of the models has, beside its name. */
function sideText({ name }: KernelModel, models: readonly KernelModel[], text: string): string[] {
  const column = Math.max(...models.map((model) => model.name.length)) + 4;
  return wrap(text, Math.max(20, width() - column)).map((line, i) => (i === 0 ? `  ${name}` : '').padEnd(column) + line);
}

function behaviourText({ name, first, second }: BehaviourDifference, models: readonly [KernelModel, KernelModel]): string[] {
  const side = (model: KernelModel, each: ActiveBehaviour | undefined): string[] =>
    sideText(model, models, each === undefined ? 'has no such behaviour' : `${each.value}: ${each.text} (${each.evidence})`);
  const about = first?.about ?? second?.about;
  return [
    ...wrap(`${name}${about === undefined ? '' : `: ${about}`}`, width()).map(style.bold),
    ...side(models[0], first),
    ...side(models[1], second),
  ];
}

function report(first: KernelModel, second: KernelModel, rows: readonly Row[]): string {
  const differences = behaviourDifferences(first, second);
  const same = rows.filter((row) => !changed(row));
  const alike = new Map<string, string[]>();
  for (const { scenario, first: outcome } of same) {
    const text = outcomeText(outcome);
    alike.set(text, [...(alike.get(text) ?? []), scenario]);
  }
  const own = [first, second].flatMap((model) =>
    model.own === undefined ? [] : sideText(model, [first, second], `own routines: ${model.own.join(', ')}`),
  );
  return [
    style.bold(
      `${first.name} and ${second.name}: ${count(differences.length)} behaviour${differences.length === 1 ? '' : 's'} of ${count(first.behaviours.length)} differ${differences.length === 1 ? 's' : ''}`,
    ),
    ...own,
    ...differences.flatMap((difference) => ['', ...behaviourText(difference, [first, second])]),
    '',
    ...rows
      .filter(changed)
      .flatMap((row) => [
        style.bold(`${row.scenario} (${row.how})`),
        ...sideText(first, [first, second], outcomeText(row.first)),
        ...sideText(second, [first, second], outcomeText(row.second)),
      ]),
    ...(same.length === 0 ? [] : field('the same', [...alike].map(([outcome, names]) => `${outcome}: ${names.join(', ')}`).join('; '))),
    '',
  ].join('\n');
}

export function addDiff(program: Command): void {
  program
    .command('diff')
    .summary('what differs between two kernels: their behaviours, and the verdicts of the built-in scenarios')
    .description(
      'Compares two kernel models: each behaviour that differs, with both values and how they are known, and each built-in scenario whose verdict changes. A scenario is checked within a budget of states; one that goes round and round is run for some seconds.',
    )
    .argument('<first>', 'kernel model, e.g. linux-5.8, or a file that exports your own')
    .argument('<second>', 'another')
    .option('--scenario <name|file>', 'only this scenario; may be repeated (default: all built-in ones)', several)
    .option('--quick', `a small budget: ${count(budgets.quick.states)} states in place of ${count(budgets.full.states)}`)
    .addOption(formatOption())
    .action(async (a: string, b: string, { scenario, quick, format }: DiffOptions) => {
      const [first, second] = [await modelNamed(a), await modelNamed(b)];
      const scenarios = scenario === undefined ? [...builtinScenarios.values()].map((each) => each.scenario) : scenariosNamed(scenario);
      const told = new Told();
      const rows = await rowsOf(scenarios, first, second, quick === true ? budgets.quick : budgets.full, told);
      told.done();
      refuseEverywhere(
        first,
        rows.map((row) => row.first),
      );
      refuseEverywhere(
        second,
        rows.map((row) => row.second),
      );
      if (format === 'json') {
        const models = [first, second].map(({ name, own }) => ({ name, ...(own === undefined ? {} : { own }) }));
        printJson({
          command: 'diff',
          models,
          behaviours: behaviourDifferences(first, second),
          scenarios: rows.map((row) => ({ ...row, changed: changed(row) })),
        });
      } else print(report(first, second, rows));
      process.exitCode = told.stopped ? Exit.interrupted : Exit.ok;
    });
}
