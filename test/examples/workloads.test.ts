/** docs/workloads.md is kept true: its scenario runs and prints what it shows, its program too, and its tables parse. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { files, irqlab } from '../cli/help.js';
import { scenarioOf } from '../check/help.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}docs/workloads.md`, 'utf8');

function block(language: string, n = 0): string {
  const found = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))][n]?.[1];
  if (found === undefined) throw new Error(`the page has no block in ${language}`);
  return found;
}

/** First column of the table under a heading. */
function rows(heading: string): string[] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]*)`/g)].map(([, code = '']) => code),
  );
}

describe('docs/workloads.md', () => {
  test('its scenario prints what it shows', async () => {
    const at = files({ 'storm.yaml': block('yaml') });
    const { stdout, stderr, code } = await irqlab(['run', '--scenario', at('storm.yaml')]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(block('console')).toBe(`$ npx irqlab run --scenario storm.yaml\n${stdout}`);
  });

  test('a check refuses it, and a file with gaps that is wrong is told with its place', async () => {
    const at = files({
      'storm.yaml': block('yaml'),
      'gaps.yaml': `version: 1\nname: a\nmachine: {cpus: 2}\ndevices: [{name: nic, interArrival: {replay: {file: gaps.txt}}, irqs: [{irq: 24}]}]\n`,
      'gaps.txt': '100\nten\n',
    });
    const check = await irqlab(['check', '--scenario', at('storm.yaml')]);
    expect([check.code, check.stdout, check.stderr.split('\n').length]).toEqual([2, '', 2]);
    expect(check.stderr).toContain('events have times, and a check has none; write them under operations');
    const run = await irqlab(['run', '--scenario', at('gaps.yaml')]);
    expect(run).toEqual({
      code: 2,
      stdout: '',
      stderr: `${at('gaps.txt')}:2:1: "ten" is no gap; write a number of us in each line, for example 120\n`,
    });
  });

  /** What a program prints, and what it says that it does. */
  async function printed(program: string): Promise<[printed: string, said: string[]]> {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { cwd: root });
    return [stdout, [...program.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => `${text}\n`)];
  }

  test('its program prints what it says', async () => {
    const [stdout, said] = await printed(block('js'));
    expect(said).toHaveLength(4);
    expect(stdout).toBe(said.join(''));
  });

  test('its scenario is compiled, and runs as it says', async () => {
    const at = files({ 'storm.yaml': block('yaml') });
    const { stdout: compiled, stderr, code } = await irqlab(['compile', '--scenario', at('storm.yaml')]);
    expect([stderr, code, compiled.trimEnd().split('\n').length]).toEqual(['', 0, 1]);
    writeFileSync(at('storm.json'), compiled);
    const [stdout, said] = await printed(block('js', 1).replace('storm.json', at('storm.json')));
    expect(said).toHaveLength(2);
    expect(stdout).toBe(said.join(''));
  });

  test('the rows of its tables are what a file may say', () => {
    const whole = (device: string, rest = ''): string =>
      `version: 1\nname: a\nmachine: {cpus: 4}\ndevices: [{name: nic, ${device}irqs: [{irq: 24}]}]\n${rest}`;
    const [arrivals, policies] = [rows('Arrivals'), rows('Policies')];
    expect([arrivals.length, policies.length]).toEqual([7, 5]);
    for (const gaps of arrivals) scenarioOf(whole(`interArrival: ${gaps}, `));
    for (const policy of policies) scenarioOf(whole('', `policies: [{${policy}}]\n`));
    const costs = [...(/`handlerCycles` is.*/.exec(page)?.[0] ?? '').matchAll(/`(\{.*?\})`/g)].map(([, code = '']) => code);
    expect(costs).toHaveLength(4);
    for (const cost of costs) scenarioOf(whole(`handlerCycles: ${cost}, `));
  });
});
