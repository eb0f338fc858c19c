/** `irqlab strategies`: ways of moving interrupts beside the assumptions they rest on. */
import { describe, expect, test } from 'vitest';
import { assumptionsGivenUp, strategiesOf, strategyCell, strategyGroups, type Cell } from '../../src/check/index.js';
import { scenarioOf, systemFrom } from '../check/help.js';
import { irqlab, tooLong } from './help.js';

const groupOf = (name: string) => strategyGroups.find((group) => group.name === name) ?? strategyGroups[0]!;
const limits = { memory: 2 ** 30, states: 1_000_000 };

/** The cells of the ways of a group on a scenario, in words. */
async function table(group: string, name: string, ...columns: readonly string[]): Promise<Record<string, string[]>> {
  const scenario = scenarioOf(name);
  const rows: Record<string, string[]> = {};
  for (const strategy of strategiesOf(groupOf(group), scenario)) {
    const cells: string[] = [];
    for (const column of columns) {
      const given = assumptionsGivenUp.find((each) => (each?.join('=') ?? 'in force') === column);
      const cell = await strategyCell(scenario, strategy, given, limits);
      cells.push(cell === undefined ? '' : cell.verdict === 'failed' ? cell.failed.toSorted().join(' ') : cell.verdict);
    }
    rows[strategy.versions?.map((each) => each.slice('linux-'.length)).join(' ') ?? JSON.stringify(strategy.behaviours)] = cells;
  }
  return rows;
}

describe('strategies', () => {
  test('every scenario of a group is there, and the newest version drives it', () => {
    for (const group of strategyGroups)
      for (const name of group.scenarios) expect(systemFrom(name, { model: '7.0' }).scenario.name).toBe(name);
  });

  // linux.md 2.5: two steps rest on a config access that pushes what the device has sent as far as the IRR, which is read next
  test('the update in two steps rests on the push and on samples at once, and not on the delivery', async () => {
    const rows = await table(
      'message update',
      'torn-move',
      'in force',
      'sampling=then-delay',
      'push=root-complex',
      'delivery=unbounded',
      'iecDrain=none',
    );
    const torn = ['noStray', 'noStray', 'noStray', 'noStray', ''];
    const twoStep = ['safe', 'noStray', 'noStray', 'safe', ''];
    expect(rows).toEqual({ '4.19 5.5': torn, '5.6 5.9': twoStep, '5.14 5.14': twoStep, '5.17 6.6': torn, '6.7 7.0': torn });
  });

  test('a way that no version has is the newest without a step', async () => {
    const rows = await table('entry update', 'remapped-msi-move', 'in force', 'iecDrain=none');
    expect(rows['4.19 7.0']).toEqual(['safe', 'noLoss noStray']);
    expect(rows['{"iecWait":"none"}']?.[0]).toBe('noLoss noStray');
  });

  test('a cell that fails has the token of a shortest way', async () => {
    const scenario = scenarioOf('torn-move');
    const [oldest] = strategiesOf(groupOf('message update'), scenario);
    const cell: Cell | undefined = await strategyCell(scenario, oldest!, undefined, limits);
    const { code, stdout } = await irqlab(['run', '--schedule', cell?.token ?? '', '--format', 'json']);
    expect([code, cell?.failed]).toEqual([1, ['noStray']]);
    expect(stdout).toContain('no-stray');
  });
});

describe.concurrent('the command', () => {
  const few = ['strategies', '--scenario', 'torn-move', '--states', '10'];

  test('as text, in 80 columns', async () => {
    const { code, stdout } = await irqlab(few);
    expect([code, tooLong(stdout)]).toEqual([0, []]);
    expect(stdout).toMatch(/^ {2}torn-move +0 +1 +2/m);
    expect(stdout).toMatch(/^ {4}5\.6 to 5\.9 +\?/m);
  });

  test('as a page, with the meanings and the tables', async () => {
    const { code, stdout } = await irqlab([...few, '--format', 'markdown']);
    expect(code).toBe(0);
    expect(stdout).toContain('| `torn-move` | 5.6 to 5.9: msiUpdate=twoStep, msiReadBack=none | unknown |');
    expect(stdout).toMatch(/^- `push=none`: /m);
  });

  test('a group that is not there is a mistake', async () => {
    const { code, stderr } = await irqlab(['strategies', '--group', 'nothing']);
    expect([code, stderr]).toEqual([
      2,
      'irqlab: there is no group nothing; there are message update, entry update, AMD-Vi entry update, virtual CPUs, cleanup, offline\n',
    ]);
  });
});
