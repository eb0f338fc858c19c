/** check for those who do not read: JSON by its schema, JUnit by a strict reader; and several bounds of raises. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { junit } from '../../src/cli/junit.js';
import type { Checked } from '../../src/check/index.js';
import { assembleSystem } from '../../src/index.js';
import { scenarioOf } from '../check/help.js';
import { files, irqlab, tooLong, type Ran } from './help.js';
import { parseXml, type Element } from './xml.js';

const inFile = files({
  'mine.yaml': `version: 1
name: mine
model: linux-5.6
machine: {cpus: 2}
universe: {vectors: 2}
devices: [{name: nic, raises: 1, irqs: [{irq: 40, cpu: 1}]}, {name: mute, raises: 0, irqs: [{irq: 41, cpu: 0}]}]
operations: [{offline: 1}]
assert:
  - {name: stays, always: "apicd_cpu[irq 40] == cpu 1"}
  - {name: implied, always: "in_flight < 100 || owed[irq 41]"}
`,
  'wrong.yaml': `version: 1
name: wrong
machine: {cpus: 2}
devices: [{name: nic, irqs: [{irq: 40, cpu: 1}]}]
assert: [{name: a, always: "owed[irq 7] <= 1"}]
`,
  'mute.yaml': 'version: 1\nname: mute\nmachine: {cpus: 2}\ndevices: [{name: nic, raises: 0, irqs: [{irq: 40, cpu: 1}]}]\n',
});

const json = (ran: Ran): Record<string, unknown> => JSON.parse(ran.stdout) as Record<string, unknown>;
const schema = async () => z.fromJSONSchema(json(await irqlab(['schema', 'check'])) as Parameters<typeof z.fromJSONSchema>[0]);

/** All elements of a name, in their order. */
function all(element: Element, name: string): Element[] {
  return [...(element.name === name ? [element] : []), ...element.children.flatMap((child) => all(child, name))];
}

const tally = (element: Element | undefined): (string | undefined)[] =>
  ['tests', 'failures', 'errors', 'skipped'].map((key) => element?.attributes[key]);

describe.concurrent('own properties', () => {
  test('a failing one is told like a built-in one, and its token does it again', async () => {
    const { code, stdout, stderr } = await irqlab(['check', '--scenario', inFile('mine.yaml')]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^mine, linux-5\.6: FAILED stays, no-loss \(/);
    expect(stdout).toMatch(/\nstays: the shortest way to it has \d+ visible steps\n/);
    expect(stdout).toContain('>>> stays does not hold from here');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('move-state, stays, implied');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'of implied, "owed[irq 41]" was never evaluated: what stands before it decides in every state',
    );
    expect(tooLong(stdout.replaceAll(/^.*--schedule.*$/gm, ''))).toEqual([]);
    const token = /--schedule (\S+)/.exec(stdout)?.[1] ?? '';
    const again = await irqlab(['run', '--schedule', token]);
    expect(again).toMatchObject({ code: 1, stderr: '' });
    expect(again.stdout).toMatch(/^mine, linux-5\.6: FAILED stays\n/);
    expect(json(await irqlab(['run', '--schedule', token, '--format', 'json']))).toMatchObject({ failed: ['stays'], exact: true });
  });

  test('a mistake in one points into the expression', async () => {
    const ran = await irqlab(['check', '--scenario', inFile('wrong.yaml')]);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toBe(`${inFile('wrong.yaml')}:5:34: irq 7 does not exist; the devices have irq 40\n`);
  });

  test('a run says that it does not check them', async () => {
    const { code, stdout } = await irqlab(['run', '--model', 'linux-5.9', '--scenario', inFile('mine.yaml'), '--seconds', '0.01']);
    expect([code, tooLong(stdout)]).toEqual([0, []]);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('unchecked 2 assertions of the scenario: check looks at every state, a run does not');
  });

  test('models --names lists what they can name', async () => {
    const { code, stdout } = await irqlab(['models', 'linux-5.9', '--names']);
    expect([code, tooLong(stdout)]).toEqual([0, []]);
    expect(stdout).toMatch(/^irr\[cpu\]\[vector\] {2,}the vector is pending in the IRR$/m);
    expect(stdout).toMatch(/^vector_irq\[cpu\]\[vector\] {2,}UNUSED, SHUTDOWN, RETRIGGERED or an irq$/m);
    expect(stdout).toMatch(/^desc_lock\[irq\] {2,}a lock: the CPU that holds it, or free$/m);
    expect(stdout).not.toContain('requested');
    expect(JSON.parse((await irqlab(['models', 'linux-5.9', '--names', '--format', 'json'])).stdout)).toContainEqual({
      name: 'owed',
      index: ['irq'],
      about: 'raised, and its handler has not run since',
    });
    expect(await irqlab(['models', '--names'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--names needs a model; there are linux-4.19'),
    });
  });
});

describe.concurrent('json', () => {
  test.each([
    ['safe', ['check'], 0],
    ['failed', ['check', '--scenario', inFile('mine.yaml')], 1],
    ['unknown', ['check', '--scenario', 'move-hotplug', '--states', '1000'], 3],
    ['several bounds', ['check', '--model', 'linux-5.6', '--raises', '1..2'], 1],
    ['a mistake in the file', ['check', '--scenario', inFile('wrong.yaml')], 2],
    ['a mistake on the line', ['check', '--raises', '0'], 2],
  ])('%s: one document that the published schema accepts', async (_, args, code) => {
    const ran = await irqlab([...args, '--format', 'json']);
    expect([ran.code, ran.stderr]).toEqual([code, '']);
    expect((await schema()).safeParse(json(ran)).error).toBe(undefined);
  });

  test('the schema of a scenario is what schema prints without a word; another word is a mistake', async () => {
    expect((await irqlab(['schema'])).stdout).toBe((await irqlab(['schema', 'scenario'])).stdout);
    expect(await irqlab(['schema', 'run'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Allowed choices are scenario, check'),
    });
  });
});

describe.concurrent('--raises', () => {
  test('a bound in place of the file’s: a device that raises nothing stays so, and the token has the bound in it', async () => {
    const ran = json(await irqlab(['check', '--scenario', inFile('mine.yaml'), '--raises', '3', '--format', 'json']));
    expect(ran).toMatchObject({ bounds: { raises: { nic: 3, mute: 0 } } });
    const [{ token }] = ran['failures'] as [{ token: string }];
    expect(await irqlab(['run', '--schedule', token])).toMatchObject({ code: 1, stderr: '' });
  });

  test('several: a row each, from where on nothing is new, and each counterexample once', async () => {
    const { code, stdout, stderr } = await irqlab(['check', '--model', 'linux-5.6', '--raises', '1..3']);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^xhci-hotplug, linux-5\.6, raises 1\.\.3: FAILED no-loss \(/);
    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toMatch(/ 1 raise FAILED no-loss \(13 steps\); [\d,]+ states, depth \d+; \d+ of \d+ micro-ops executed /);
    expect(text).toMatch(/ 2 raises FAILED no-loss \(13 steps\); [\d,]+ states, depth \d+; no micro-ops for the first time /);
    expect(text).toContain('nothing new from 2 raises on: no other property fails');
    expect(stdout.match(/--schedule/g)).toHaveLength(1);
    expect(tooLong(stdout.replaceAll(/^.*--schedule.*$/gm, ''))).toEqual([]);
  });

  test('safe at every bound is safe; what reaches a limit ends the row of bounds and says so', async () => {
    const safe = await irqlab(['check', '--raises', '1..2']);
    expect(safe.code).toBe(0);
    expect(safe.stdout).toMatch(/^xhci-hotplug, linux-5\.9, raises 1\.\.2: safe \(/);
    const limited = await irqlab(['check', '--raises', '3..4', '--states', '10', '--scenario', 'torn-move']);
    expect(limited.code).toBe(3);
    expect(limited.stdout.replaceAll(/\s+/g, ' ')).toContain('larger bounds were not searched: the limit of 10 states was reached');
  });

  test.each([['0'], ['4..1'], ['1...4'], ['1..16'], ['many'], ['-1'], ['1..']])('%s is a mistake', async (text) => {
    const ran = await irqlab(['check', `--raises=${text}`]);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(`"${text}" is no bound of raises; write e.g. 3, or 1..4 to search each, 15 at most`);
  });

  test('nothing to bound is a mistake', async () => {
    const ran = await irqlab(['check', '--raises', '2', '--scenario', inFile('mute.yaml')]);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('every device of mute has raises: 0, which --raises leaves as it is');
  });
});

describe.concurrent('junit', () => {
  test('a case for each property: failures with message, diagram and token', async () => {
    const ran = await irqlab(['check', '--scenario', inFile('mine.yaml'), '--format', 'junit']);
    expect([ran.code, ran.stderr]).toEqual([1, '']);
    const root = parseXml(ran.stdout);
    expect(tally(root)).toEqual(['11', '2', '0', '0']);
    const [suite] = all(root, 'testsuite');
    expect(tally(suite)).toEqual(['11', '2', '0', '0']);
    expect(suite?.attributes).toMatchObject({
      name: 'mine, linux-5.6, raises: nic 1, mute 0',
      time: expect.stringMatching(/^\d+\.\d{3}$/),
    });
    const cases = all(root, 'testcase');
    expect(cases.map(({ attributes }) => attributes['name'])).toEqual(
      'no-loss no-stray no-leak in-step no-stuck-isr no-fault no-wild-write progress move-state stays implied'.split(' '),
    );
    expect(cases.every(({ attributes }) => attributes['classname'] === 'irqlab.mine.linux-5_6' && attributes['time'] !== undefined)).toBe(
      true,
    );
    const failure = all(cases[9] as Element, 'failure')[0];
    expect(failure?.attributes['message']).toMatch(/^stays fails: the shortest way to it has \d+ visible steps$/);
    expect(failure?.text).toContain('>>> stays does not hold from here');
    const token = /irqlab run --schedule (\S+)/.exec(failure?.text ?? '')?.[1] ?? '';
    expect(await irqlab(['run', '--schedule', token])).toMatchObject({ code: 1, stderr: '' });
  });

  test('unknown is an error with the reason; several bounds are a suite each', async () => {
    const unknown = parseXml((await irqlab(['check', '--scenario', 'move-hotplug', '--states', '10', '--format', 'junit'])).stdout);
    expect(tally(unknown)).toEqual(['9', '0', '9', '0']);
    expect(all(unknown, 'error')[0]?.attributes['message']).toBe('unknown: the limit of 10 states was reached');
    const several = parseXml((await irqlab(['check', '--raises', '1..2', '--format=junit'])).stdout);
    expect(all(several, 'testsuite').map(({ attributes }) => attributes['name'])).toEqual([
      'xhci-hotplug, linux-5.9, raises: xhci 1',
      'xhci-hotplug, linux-5.9, raises: xhci 2',
    ]);
    expect(tally(several)).toEqual(['18', '0', '0', '0']);
  });

  test('wrong input is a report with errors, and the log says it too', async () => {
    const ran = await irqlab(['check', '--scenario', inFile('wrong.yaml'), '--format', 'junit']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(':5:34: irq 7 does not exist');
    const root = parseXml(ran.stdout);
    expect(tally(root)).toEqual(['1', '0', '1', '0']);
    expect(all(root, 'error')[0]?.attributes['message']).toContain(':5:34: irq 7 does not exist; the devices have irq 40');
    const line = parseXml((await irqlab(['check', '--modle', 'x', '--format', 'junit'])).stdout);
    expect(all(line, 'error')[0]?.attributes['message']).toContain("unknown option '--modle'");
    expect(await irqlab(['run', '--format', 'junit'])).toMatchObject({ code: 2, stdout: '' });
  });

  test('whatever a text holds, the file is XML', () => {
    const system = assembleSystem(scenarioOf('xhci-hotplug'));
    const nasty = `a<b>&"'\t\n]]>${String.fromCodePoint(0, 7, 27, 0xfffe)}\ud800é`;
    const checked = {
      system: { ...system, names: { ...system.names } },
      result: { verdict: 'unknown', reason: nasty, failures: [], coverage: { states: 1 } },
      told: [],
      ms: 1,
      interrupted: false,
    } as unknown as Checked;
    const text = junit([checked]);
    expect(all(parseXml(text), 'error')[0]?.attributes['message']).toBe(`unknown: a<b>&"'\t\n]]>${'\ufffd'.repeat(5)}é`);
  });
});
