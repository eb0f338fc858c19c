/** `irqlab verdicts`: the built-in scenarios on all kernels, as a table. */
import type { Command } from 'commander';
import { verdictsOf, wrap, type Verdict } from '../check/index.js';
import { modelNames, type KernelModel } from '../kernel/model/index.js';
import { kebab } from '../words.js';
import { formatOption, modelNamed, orInputError, refuseEverywhere, scenariosNamed, several, wholeNumber } from './options.js';
import { count, Exit, Interrupt, print, printJson, Progress, seconds, style, width, type Format } from './output.js';

interface VerdictsOptions {
  readonly model?: readonly string[];
  readonly scenario?: readonly string[];
  readonly states: number;
  readonly format: Format;
}

/** Bytes that one search may take. */
const MEMORY = 3 * 2 ** 30;

/** A letter for each property that fails; what has none here is named by a star. */
const letters: Readonly<Record<string, string>> = {
  noLoss: 'L',
  noStray: 'S',
  noLeak: 'K',
  inStep: 'I',
  progress: 'P',
  noFault: 'F',
  noStuckLine: 'T',
  noStuckIsr: 'R',
};

interface Row {
  readonly scenario: string;
  readonly verdicts: readonly (Verdict | undefined)[];
}

/** `.` safe, letters of what fails, `?` not decided; empty: not reached. */
export function cellText(verdict: Pick<Verdict, 'verdict' | 'failed'> | undefined): string {
  if (verdict === undefined) return '';
  if (verdict.verdict === 'unknown') return '?';
  return verdict.failed.length === 0 ? '.' : verdict.failed.map((property) => letters[property] ?? '*').join('');
}

/** Neighbours that say the same, as `4.19 - 5.8`. */
function spans(models: readonly string[]): string {
  const short = models.map((name) => name.replace(/^linux-/, ''));
  const [first = '', last = ''] = [short[0], short.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

/** One line a scenario and verdict, as wide as it must be: versions that say the same stand together. */
function rowLines({ scenario, verdicts }: Row, names: readonly string[], column: number): string[] {
  const groups: { text: string; models: string[] }[] = [];
  verdicts.forEach((verdict, i) => {
    const text = cellText(verdict);
    const last = groups.at(-1);
    if (last?.text === text) last.models.push(names[i] ?? '');
    else groups.push({ text, models: [names[i] ?? ''] });
  });
  const said = groups.map(({ text, models }) => `${spans(models)} ${text}`).join(', ');
  return wrap(groups.length === 1 ? (groups[0]?.text ?? '') : said, Math.max(20, width() - column)).map(
    (line, i) => (i === 0 ? scenario : '').padEnd(column) + line,
  );
}

/** What the letters mean that stand in a table. `failed`: properties, as the core calls them. */
export function legend(failed: readonly string[]): string {
  const used = [...new Set(failed)];
  const failing = used.flatMap((property) => (letters[property] === undefined ? [] : [`${letters[property]} ${kebab(property)}`]));
  const own = used.length > failing.length ? ['* what the scenario or the model itself asserts'] : [];
  return wrap(['. safe', ...failing, ...own, '? not decided'].join(', '), width()).join('\n');
}

export function addVerdicts(program: Command): void {
  program
    .command('verdicts')
    .summary('the built-in scenarios on all kernels, as a table')
    .description(
      'Searches every built-in scenario that ends on every kernel model and prints what fails, versions that say the same together. Kernels whose programs are the same for a scenario are searched once.',
    )
    .option('--model <name|file>', 'only this kernel model; may be repeated', several)
    .option('--scenario <name|file>', 'only this scenario; may be repeated', several)
    .option('--states <n>', 'states after which a search is given up', wholeNumber, 5_000_000)
    .addOption(formatOption())
    .action(async ({ model, scenario, states, format }: VerdictsOptions) => {
      const models: KernelModel[] = [];
      for (const name of model ?? modelNames) models.push(await modelNamed(name));
      const all = scenariosNamed(scenario);
      const progress = new Progress();
      const interrupt = new Interrupt();
      const started = performance.now();
      const rows: Row[] = [];
      const names = models.map(({ name }) => name);
      const column = Math.max(...all.map(({ name }) => name.length)) + 2;
      for (const each of all) {
        const verdicts = await verdictsOf(each, models, {
          memory: MEMORY,
          states,
          look: async (_, { name }) => {
            progress.show(`${each.name}, ${name}`);
            return interrupt.look();
          },
        }).catch((error: unknown): never =>
          orInputError(() => {
            throw error;
          }),
        );
        rows.push({ scenario: each.name, verdicts });
        if (interrupt.stopped) break;
      }
      progress.done();
      interrupt.done();
      models.forEach((each, i) =>
        refuseEverywhere(
          each,
          rows.map(({ verdicts }) => verdicts[i]),
        ),
      );
      if (format === 'json') {
        printJson({ command: 'verdicts', models: names, scenarios: rows });
      } else {
        const decided = rows
          .flatMap(({ verdicts }) => verdicts)
          .filter((verdict) => verdict !== undefined && verdict.verdict !== 'unknown').length;
        print(
          [
            style.bold(
              `${count(rows.length)} scenarios on ${count(models.length)} kernels, ${count(decided)} of ${count(all.length * models.length)} decided (${seconds(performance.now() - started)})`,
            ),
            legend(rows.flatMap(({ verdicts }) => verdicts.flatMap((verdict) => verdict?.failed ?? []))),
            '',
            ...rows.flatMap((row) => rowLines(row, names, column)),
          ].join('\n'),
        );
      }
      process.exitCode = interrupt.stopped ? Exit.interrupted : Exit.ok;
    });
}
