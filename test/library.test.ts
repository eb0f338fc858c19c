/** The library as Node loads it: light at the start, and otherwise what the sources say (scripts/doors.js). */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { filesWith, startSize } from '../bench/package.js';

const root = new URL('../', import.meta.url);
const folder = new URL('dist/bin/cli/', root);
const rooms = readdirSync(folder).filter((name) => name.startsWith('room-'));

/** What a program prints that imports the package. */
function printed(program: string): unknown {
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: root, encoding: 'utf8' }));
}

describe('a start', () => {
  test('of irqlab/machine reads two files', () => {
    expect(startSize('irqlab/machine')).toMatchObject({ files: 2 });
    expect(startSize('irqlab/machine').bytes).toBeLessThan(120_000);
  });

  test('of irqlab/run reads four files, and neither a kernel model nor what parses and checks', () => {
    expect(startSize('irqlab/run')).toMatchObject({ files: 4 });
    expect(startSize('irqlab/run').bytes).toBeLessThan(150_000);
    const text = [...filesWith('cli/runs.js')].map((name) => readFileSync(new URL(`../${name}`, folder), 'utf8')).join('\n');
    for (const absent of ['irq_set_affinity', 'YAMLParseError', 'ZodError']) expect(text).not.toContain(absent);
  });

  test('of irqlab reads four files, below 400,000 bytes, and neither YAML nor zod', () => {
    expect(startSize('irqlab')).toMatchObject({ files: 4 });
    expect(startSize('irqlab').bytes).toBeLessThan(400_000);
    const text = [...filesWith('index.js')].map((name) => readFileSync(new URL(`../${name}`, folder), 'utf8')).join('\n');
    for (const absent of ['ZodError', 'YAMLParseError']) expect(text).not.toContain(absent);
  });
});

test('names and kinds are those of the sources', () => {
  const kinds = (of: string) => `Object.entries(await import('${of}')).map(([name, value]) => name + ' ' + typeof value).sort()`;
  const [node, sources] = printed(`console.log(JSON.stringify([${kinds('irqlab')}, ${kinds('./dist/src/index.js')}]))`) as string[][];
  expect(node).toEqual(sources);
  expect(node).toContain('parseScenario function');
});

test('rooms have what is called in them', () => {
  const calls = [...filesWith('index.js')].flatMap((name) => {
    const text = readFileSync(new URL(`../${name}`, folder), 'utf8');
    return [...text.matchAll(/function (\w+)\(\.\.\.given\)\{return open(?:\$\d+)?\(\)\.(\w+)\(/g)].map(([, as, called]) => [as, called]);
  });
  expect(calls.length).toBeGreaterThan(50);
  const there = printed(
    `const rooms = await Promise.all(${JSON.stringify(rooms)}.map((name) => import('./dist/bin/cli/' + name)));
     console.log(JSON.stringify(rooms.flatMap((room) => Object.keys(room).filter((name) => typeof room[name] === 'function'))));`,
  );
  expect(there).toEqual(expect.arrayContaining(calls.map(([, called]) => called)));
});

test('irqlab/run runs what irqlab has compiled, and its machines are of the class that irqlab has', () => {
  const program = `
    const { compileScenario, findScenario, ScenarioMachine, timedRun } = await import('irqlab');
    const { openScenario } = await import('irqlab/run');
    const { scenario } = findScenario('xhci-hotplug');
    const runnable = openScenario(JSON.parse(JSON.stringify(await compileScenario(scenario))));
    const [ahead, direct] = [await runnable.run(), await timedRun(scenario)];
    console.log(JSON.stringify([ahead.handled, ahead.digest === direct.digest, (await runnable.machine()) instanceof ScenarioMachine]));`;
  expect(printed(program)).toEqual([9991, true, true]);
});

test('errors and machines from rooms are of the classes that a start has; what answers at once does so while others still load', () => {
  const program = `
    const { assembleSystem, FileError, findModel, findScenario, mergeCampaigns, ModelError, openPool, parseScenario, parseToken, ProgramMachine, TokenError } =
      await import('irqlab');
    const thrown = (call) => { try { call(); } catch (error) { return error; } };
    // its files are on the way when the others are called
    const merged = mergeCampaigns(['no.jsonl']).catch((error) => error);
    const pool = openPool([]);
    const mistakes = parseScenario('version: 2', 'a.yaml').errors.length;
    const machine = await assembleSystem(findScenario('xhci-hotplug').scenario).machine({ timed: true, record: 1, ring: 0 });
    await (await pool).close();
    console.log(JSON.stringify([
      thrown(() => findModel('none')) instanceof ModelError,
      thrown(() => parseToken('none')) instanceof TokenError,
      (await merged) instanceof FileError,
      mistakes > 0,
      machine instanceof ProgramMachine,
    ]));`;
  expect(printed(program)).toEqual([true, true, true, true, true]);
});

/**
 * Node refuses to `require` a module that is being imported at that moment. So what is imported on the way must not belong to a room that
 * somebody may call meanwhile, unless whoever imports it has it already.
 */
test('no room has a file that may be on its way', () => {
  const ofRooms = new Set(rooms.flatMap((name) => [...filesWith(`cli/${name}`)]));
  const late = readdirSync(folder).flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/\bimport\([`"'](\.\/[^`"']*)[`"']\)/g)].map(([, file = '']) => ({
      from: `cli/${name}`,
      to: `cli/${file.slice(2)}`,
    })),
  );
  expect(late.length).toBeGreaterThan(5);
  const racing = late.flatMap(({ from, to }) => {
    const there = filesWith(from);
    return [...filesWith(to)].filter((file) => !there.has(file) && ofRooms.has(file)).map((file) => `${from} imports ${to}, ${file}`);
  });
  expect(racing).toEqual([]);
});
