/** The README is kept true: what it shows is what the program prints, and its examples run. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { drawDiagram, drawSvg, explain, minimise, search, searchLivelocks, tellLivelock } from '../src/check/index.js';
import { assembleSystem, findScenario, parseScenario, type Overrides, type Scenario } from '../src/scenario/index.js';
import { shell } from './cli/help.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');

function block(language: string, n = 0): string {
  const found = [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))][n]?.[1];
  if (found === undefined) throw new Error(`the README has no block in ${language}`);
  return found;
}

const builtin = (name: string): Scenario => {
  const found = findScenario(name);
  if (found === undefined) throw new Error(name);
  return found.scenario;
};

const failuresOf = async (scenario: Scenario, overrides: Overrides): Promise<string[]> =>
  (await search(assembleSystem(scenario, overrides), { memory: 2 ** 30, states: Infinity })).failures.map((f) => f.property).toSorted();

describe('README', () => {
  test('shows the counterexample as it is printed', async () => {
    const system = assembleSystem(builtin('xhci-hotplug'), { model: 'linux-5.6' });
    const { failures } = await search(system, { memory: 2 ** 30, states: Infinity });
    expect(failures).toHaveLength(1);
    const story = await explain(system, await minimise(system, failures[0]!));
    expect(block('text')).toBe(drawDiagram(story, 80));
    // npx irqlab check --scenario xhci-hotplug --model linux-5.6 --svg docs/xhci-hotplug-5.6.svg
    const picture = 'docs/xhci-hotplug-5.6.svg';
    expect(readme).toContain(`](${picture})`);
    expect(readFileSync(root + picture, 'utf8')).toBe(
      drawSvg(story, { title: 'xhci-hotplug, linux-5.6: no-loss fails, 13 visible steps' }),
    );
  });

  test('shows the loop of the livelock as it is printed', async () => {
    const system = assembleSystem(builtin('msi-move'), { model: 'linux-6.15', unbounded: true });
    const { livelocks } = await searchLivelocks(system, { memory: 2 ** 28, states: Infinity });
    expect(livelocks).toHaveLength(1);
    expect(drawDiagram((await tellLivelock(system, livelocks[0]!)).explanation, 80)).toContain(block('text', 1));
  });

  test('its commands, some with the token of that counterexample, print what it shows', async () => {
    const blocks = [...readme.matchAll(/^```console\n\$ (.*)\n([^]*?)^```$/gm)];
    expect(blocks).toHaveLength(5);
    for (const [, command = '', output] of blocks) {
      const token = command.includes('$TOKEN') ? "TOKEN=$(irqlab check --model linux-5.6 | grep -o 'irqlab1/.*'); " : '';
      const { stdout, stderr } = await shell(token + command.replaceAll('npx irqlab', 'irqlab'));
      expect([stdout, stderr]).toEqual([output, '']);
    }
  });

  test.each([
    ['xhci-hotplug', 'linux-5.6', {}, {}, ['noLoss']],
    ['xhci-hotplug', 'linux-5.9', {}, {}, []],
    ['xhci-hotplug', 'linux-5.9', { retrigger: 'none' }, {}, ['noLoss']],
    ['xhci-hotplug', 'linux-5.9', { slotMark: 'none' }, {}, ['noStray']],
    ['xhci-hotplug', 'linux-5.9', { settleDelay: 'none' }, {}, []],
    ['xhci-torn-offline', 'linux-5.9', {}, {}, []],
    ['xhci-torn-offline', 'linux-5.9', {}, { delivery: 'unbounded' }, []],
    ['xhci-torn-offline', 'linux-5.9', {}, { push: 'root-complex' }, ['noLoss']],
    ['xhci-torn-offline', 'linux-5.9', { msiUpdate: 'direct' }, {}, ['noLoss']],
    ['torn-move', 'linux-5.5', {}, {}, ['noStray']],
    ['torn-move', 'linux-5.6', {}, {}, []],
    ['move-hotplug', 'linux-5.9', {}, {}, ['noLeak']],
  ] as const)('%s on %s with %o and %o: %o', async (name, model, behaviours, assumptions, expected) => {
    expect(await failuresOf(builtin(name), { model, behaviours, assumptions })).toEqual(expected);
  });

  test('its scenario file parses and fails as it says', async () => {
    const parsed = parseScenario(block('yaml'), 'my-nic.yaml');
    if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
    expect(await failuresOf(parsed.scenario, {})).toEqual(['noLeak', 'noLoss']);
    expect(await failuresOf(parsed.scenario, { assumptions: { push: 'irr' } })).toEqual(['noLeak']);
  });

  test('its assertions parse, hold on 5.9, and one fails on 5.6 as it says', async () => {
    const parsed = parseScenario(block('yaml') + block('yaml', 1), 'my-nic.yaml');
    if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
    expect(await failuresOf(parsed.scenario, {})).toEqual(['noLeak', 'noLoss']);
    const { failures } = await search(assembleSystem(parsed.scenario, { model: 'linux-5.6' }), { memory: 2 ** 30, states: Infinity });
    expect(failures.map(({ property, length }) => `${property} ${length}`)).toContain('target-listens 2');
    expect(failures.map(({ property }) => property)).not.toContain('slot-of-the-target');
  });

  test('its devices parse, and pins fail where it says', async () => {
    const parsed = parseScenario(`version: 1\nname: devices\nmachine: {cpus: 2}\n${block('yaml', 3)}`, 'devices.yaml');
    expect('errors' in parsed ? parsed.errors : []).toEqual([]);
    const threaded = builtin('level-pin-threaded-move');
    expect(await failuresOf(threaded, { model: 'linux-5.4' })).toEqual(['oneshot-masked']);
    expect(await failuresOf(threaded, { model: 'linux-5.5' })).toEqual([]);
    const edge = builtin('edge-pin-old-offline');
    expect(await failuresOf(edge, { model: 'linux-7.0' })).toEqual(['noLoss']);
    expect(await failuresOf(edge, { model: 'linux-7.0', assumptions: { ioapicEdge: 'latched' } })).toEqual([]);
  });

  test('its machine of 4096 CPUs is that of the example', () => {
    const example: unknown = parse(readFileSync(`${root}examples/datacentre-4096.yaml`, 'utf8'));
    expect(example).toMatchObject(parse(block('yaml', 2)) as object);
  });

  test('its vCPU loses an event until 5.5', async () => {
    const parsed = parseScenario(block('yaml', 5), 'guest.yaml');
    if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
    expect(await failuresOf(parsed.scenario, {})).toEqual(['noLoss']);
    expect(await failuresOf(parsed.scenario, { model: 'linux-5.5' })).toEqual([]);
  });

  test('its example at register level prints what it says, under the name of the package', async () => {
    const said = [...block('js').matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => `${text}\n`);
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', block('js')], { cwd: root });
    expect(said).toHaveLength(6);
    expect(stdout).toBe(said.join(''));
  });

  test('its library example runs, under the name of the package', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', block('js', 1)], { cwd: root });
    expect(stdout).toMatch(/^failed 7916\nnoLoss 13\n {6}CPU 3/);
  });
});
