/** `irqlab strategies`: ways of moving interrupts beside the assumptions that they rest on, as a table. */
import type { Command } from 'commander';
import {
  assumptionsGivenUp,
  strategiesOf,
  strategyCell,
  strategyGroups,
  wrap,
  type Cell,
  type Given,
  type Group,
  type Strategy,
} from '../check/index.js';
import { assumptionText, type Assumptions } from '../machine/index.js';
import type { Scenario } from '../scenario/index.js';
import { kebab } from '../words.js';
import { formatOption, loadScenario, several, wholeNumber } from './options.js';
import { count, Exit, InputError, Interrupt, plural, print, printJson, Progress, seconds, style, width } from './output.js';
import { limitsOf } from './searching.js';
import { cellText, legend } from './verdicts.js';

interface StrategiesOptions {
  readonly group?: readonly string[];
  readonly scenario?: readonly string[];
  readonly states: number;
  readonly format: 'text' | 'json' | 'markdown';
}

interface Row {
  readonly strategy: Strategy;
  readonly scenario: Scenario;
  /** in the order of `assumptionsGivenUp`; undefined: its machine does not rest on it, or it was not reached */
  readonly cells: readonly (Cell | undefined)[];
}

const columnName = (given: Given): string => (given === undefined ? 'in force' : given.join('='));

function columnText(given: Given): string {
  if (given === undefined) return 'the assumptions that kernel developers argue with';
  const texts: Readonly<Record<string, string>> = assumptionText[given[0] as keyof Assumptions];
  return texts[given[1]] ?? '';
}

function versionsText({ versions }: Strategy): string {
  if (versions === undefined) return 'no version';
  const [first, last] = versions.map((name) => name.replace(/^linux-/, ''));
  return first === last ? `${first}` : `${first} to ${last}`;
}

const wayText = ({ behaviours }: Strategy): string =>
  Object.entries(behaviours)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');

function groupsNamed(names: readonly string[] | undefined): readonly Group[] {
  return (names ?? strategyGroups.map(({ name }) => name)).map((name) => {
    const group = strategyGroups.find((each) => each.name === name);
    if (group === undefined)
      throw new InputError(`there is no group ${name}; there are ${strategyGroups.map((each) => each.name).join(', ')}`);
    return group;
  });
}

async function search(groups: readonly Group[], states: number): Promise<{ readonly rows: Row[]; readonly stopped: boolean }> {
  const progress = new Progress();
  const interrupt = new Interrupt();
  const rows: Row[] = [];
  for (const group of groups)
    for (const name of group.scenarios) {
      const scenario = loadScenario(name);
      for (const strategy of strategiesOf(group, scenario)) {
        const cells: (Cell | undefined)[] = [];
        for (const given of interrupt.stopped ? [] : assumptionsGivenUp) {
          const look = async (): Promise<boolean> => {
            progress.show(`${name}, ${versionsText(strategy)}, ${columnName(given)}`);
            return interrupt.look();
          };
          if (await look()) break;
          const cell = await strategyCell(scenario, strategy, given, { ...limitsOf({ states }), progress: look });
          if (!interrupt.stopped) cells.push(cell);
        }
        rows.push({ strategy, scenario, cells });
      }
    }
  progress.done();
  interrupt.done();
  return { rows: rows.filter(({ cells }) => cells.length > 0), stopped: interrupt.stopped };
}

/** Columns of a cell; those before what an assumption says. */
const CELL = 4;
const HEAD = 28;

function textTable(rows: readonly Row[]): string {
  const columns = assumptionsGivenUp.flatMap((given, i) =>
    wrap(columnText(given), width() - HEAD).map(
      (line, at) => (at === 0 ? `${`${i}`.padStart(2)}  ${columnName(given)}` : '').padEnd(HEAD) + line,
    ),
  );
  const lines: string[] = [];
  let [group, scenario] = ['', ''];
  for (const row of rows) {
    if (row.strategy.group !== group) lines.push('', style.bold(row.strategy.group));
    if (row.scenario.name !== scenario || row.strategy.group !== group) {
      lines.push(`  ${row.scenario.name.padEnd(28)}${assumptionsGivenUp.map((_, i) => `${i}`.padEnd(CELL)).join('')}`.trimEnd());
    }
    [group, scenario] = [row.strategy.group, row.scenario.name];
    const cells = assumptionsGivenUp.map((_, i) => (row.cells[i] === undefined ? '-' : cellText(row.cells[i])).padEnd(CELL)).join('');
    lines.push(`    ${versionsText(row.strategy).padEnd(26)}${cells}`.trimEnd());
    if (wayText(row.strategy) !== '') lines.push(...wrap(wayText(row.strategy), width() - 6).map((line) => style.dim(`      ${line}`)));
  }
  const failed = rows.flatMap(({ cells }) => cells.flatMap((cell) => cell?.failed ?? []));
  return [legend(failed), '', ...columns, ...lines, ''].join('\n');
}

/** A page: a table for each group, each cell with its states, or the properties that fail and the token of a shortest way. */
function markdown(rows: readonly Row[]): string {
  const tokens: string[] = [];
  const cellOf = (cell: Cell | undefined): string => {
    if (cell === undefined) return '';
    if (cell.verdict === 'unknown') return 'unknown';
    if (cell.verdict === 'safe') return `safe, ${plural(cell.states, 'state')}`;
    tokens.push(cell.token ?? '');
    return `**${cell.failed.map(kebab).join(', ')}** [${tokens.length}](#tokens)`;
  };
  const groups = [...new Set(rows.map(({ strategy }) => strategy.group))];
  const tables = groups.flatMap((group) => {
    const own = rows.filter(({ strategy }) => strategy.group === group);
    const used = assumptionsGivenUp.flatMap((given, i) => (own.some(({ cells }) => cells[i] !== undefined) ? [[given, i] as const] : []));
    return [
      `## ${group[0]?.toUpperCase() ?? ''}${group.slice(1)}`,
      '',
      `| scenario | Linux | ${used.map(([given]) => (given === undefined ? 'in force' : `\`${columnName(given)}\``)).join(' | ')} |`,
      `| --- | --- |${used.map(() => ' --- |').join('')}`,
      ...own.map(
        ({ strategy, scenario, cells }) =>
          `| \`${scenario.name}\` | ${[versionsText(strategy), wayText(strategy)].filter((each) => each !== '').join(': ')} | ${used.map(([, i]) => cellOf(cells[i])).join(' | ')} |`,
      ),
      '',
    ];
  });
  const meanings = assumptionsGivenUp.flatMap((given) => (given === undefined ? [] : [`- \`${columnName(given)}\`: ${columnText(given)}`]));
  return [
    '# Strategies and what they rest on',
    '',
    'Ways in which Linux moves interrupts, on scenarios that put them to the test: under the assumptions in force, and with each of them given up alone. A cell says how many states a search that found nothing went through, or which properties fail, with the token of a shortest way: `irqlab run --schedule TOKEN` replays it. An empty cell: the machine does not rest on that. What is checked is the last of the versions; a way of no version is the newest with one step taken away. It is behaviour of the model, and this page is what `irqlab strategies --format markdown` prints.',
    '',
    ...meanings,
    '',
    ...tables,
    '## Tokens',
    '',
    ...tokens.map((token, i) => `${i + 1}. \`${token}\``),
    '',
  ].join('\n');
}

const rowJson = ({ strategy, scenario, cells }: Row) => ({
  group: strategy.group,
  scenario: scenario.name,
  versions: strategy.versions ?? null,
  model: strategy.model.name,
  behaviours: strategy.behaviours,
  cells: cells.flatMap((cell, i) => {
    if (cell === undefined) return [];
    const { failed, ...rest } = cell;
    const [name, value] = assumptionsGivenUp[i] ?? [];
    return [{ givenUp: name === undefined ? {} : { [name]: value }, ...rest, failed: failed.map(kebab) }];
  }),
});

export function addStrategies(program: Command): void {
  program
    .command('strategies')
    .summary('ways of moving interrupts beside the assumptions they rest on, as a table')
    .description(
      'Takes the ways in which versions of Linux update messages and remapping entries, clean up, and take a CPU offline, on built-in scenarios that put them to the test, and searches each under the assumptions in force and with each of them given up alone.',
    )
    .option('--group <name>', `only ${strategyGroups.map(({ name }) => name).join(', ')}; may be repeated`, several)
    .option('--scenario <name>', 'only this one of its scenarios; may be repeated', several)
    .option('--states <n>', 'states after which a search is given up', wholeNumber, 2_000_000)
    .addOption(formatOption(['text', 'json', 'markdown']))
    .action(async ({ group, scenario, states, format }: StrategiesOptions) => {
      const groups = groupsNamed(group).map((each) => ({
        ...each,
        scenarios: each.scenarios.filter((name) => scenario === undefined || scenario.includes(name)),
      }));
      const missing = scenario?.find((name) => !groups.some((each) => each.scenarios.includes(name)));
      if (missing !== undefined)
        throw new InputError(
          `no group has a scenario ${missing}; there are ${groupsNamed(group)
            .flatMap((each) => each.scenarios)
            .join(', ')}`,
        );
      const began = performance.now();
      const { rows, stopped } = await search(groups, states);
      const cells = rows.flatMap((row) => row.cells.filter((cell) => cell !== undefined));
      const decided = cells.filter(({ verdict }) => verdict !== 'unknown').length;
      if (format === 'json') printJson({ command: 'strategies', rows: rows.map(rowJson) });
      else if (format === 'markdown') print(markdown(rows));
      else {
        print(
          style.bold(
            `${plural(rows.length, 'row')}, ${count(decided)} of ${plural(cells.length, 'cell')} decided (${seconds(performance.now() - began)})`,
          ),
        );
        print(textTable(rows));
      }
      process.exitCode = stopped ? Exit.interrupted : Exit.ok;
    });
}
