/** Each command where everything is right: what it prints, as text and as JSON, and how it ends. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { builtinScenarios, modelNames, parseScenario, type Scenario } from '../../src/index.js';
import { behavioursOf } from '../../src/kernel/model/index.js';
import { files, interrupted, irqlab, shell, tooLong, type Ran } from './help.js';

const recording = 'test/conformance/lkml/2020-03-18-xhci-lost.trace';

function json(ran: Ran): Record<string, unknown> {
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

const escape = String.fromCodePoint(27);

const inFile = files({
  'mine.yaml': `version: 1
name: mine
model: linux-5.6
machine: {cpus: 2}
universe: {vectors: 2}
devices: [{name: nic, raises: 1, irqs: [{irq: 40, cpu: 1}]}]
operations: [{offline: 1}]
`,
  'garbage.trace': [
    'total nonsense',
    '          <idle>-0     [003] d.h.   129.702493: xhci_irq: xhci irq',
    String.fromCodePoint(0, 1, 2, 0xfffd),
    '     migration/3-24    [003] d..1   129.703150: msi_set_affinity: direct update msi 122, vector 33 -> 33, apicid: 6 -> 0',
    '',
  ].join('\n'),
});

describe.concurrent('check', () => {
  test('5.6: exits 1, names the property, draws the way, and prints a token that does it again', async () => {
    const { code, stdout, stderr } = await irqlab(['check', '--model', 'linux-5.6', '--scenario', 'xhci-hotplug']);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^xhci-hotplug, linux-5\.6: FAILED no-loss \(/);
    expect(stdout).toContain('no-loss: the shortest way to it has 13 visible steps');
    expect(stdout).toContain('>>> LOST here: nothing carries the event of xhci any more');
    const token = /irqlab run --schedule (\S+)/.exec(stdout)?.[1] ?? '';
    expect(tooLong(stdout).filter((line) => !line.includes(token))).toEqual([]);

    const again = await irqlab(['run', '--schedule', token]);
    expect(again).toMatchObject({ code: 1, stderr: '' });
    expect(again.stdout).toMatch(/^xhci-hotplug, linux-5\.6: FAILED no-loss\n/);
    expect(again.stdout).toContain('13 of them visible; every step is the one that was found');
    expect(tooLong(again.stdout)).toEqual([]);

    const repaired = await irqlab(['run', '--model', 'linux-5.9', '--schedule', token]);
    expect(repaired).toMatchObject({ code: 0, stderr: '' });
    expect(repaired.stdout).toMatch(/^xhci-hotplug, linux-5\.9: runs to rest without a failure\n/);
    expect(tooLong(repaired.stdout)).toEqual([]);
    expect(json(await irqlab(['run', '--model', 'linux-5.9', '--schedule', token, '--format', 'json']))).toMatchObject({
      command: 'run',
      schedule: true,
      scenario: 'xhci-hotplug',
      model: 'linux-5.9',
      exact: false,
      failed: [],
      atRest: true,
    });
  });

  test('5.9: exits 0 and prints safe with states, bounds, assumptions and what was not vacuous', async () => {
    const { code, stdout, stderr } = await irqlab(['check', '--model', 'linux-5.9']);
    expect([code, stderr, tooLong(stdout)]).toEqual([0, '', []]);
    expect(stdout).toMatch(/^xhci-hotplug, linux-5\.9: safe \(/);
    for (const part of [
      /bounds +2 CPUs, 2 vectors per CPU, raises: xhci 3; 1 operation/,
      /assumptions sampling=at-once/,
      /push=irr/,
      /delivery=within-mdelay/,
      /recognition=prompt/,
      /softDisabled=dispatches/,
      /searched +[\d,]+ states, [\d,]+ transitions \([\d,]+ executed\)/,
      /not vacuous +\d+ handler runs, \d+ re-triggers, \d+ swallowed vectors/,
      /micro-ops never executed/,
      /behaviours +msiUpdate=twoStep \(read\)/,
    ])
      expect(stdout).toMatch(part);
  });

  test('json: one document with verdict, failures and all that they rest on', async () => {
    const failed = json(await irqlab(['check', '--model', 'linux-5.6', '--format', 'json']));
    expect(failed).toMatchObject({
      command: 'check',
      scenario: 'xhci-hotplug',
      model: 'linux-5.6',
      verdict: 'failed',
      reason: null,
      failures: [{ property: 'no-loss', steps: 13 }],
      bounds: { cpus: 2, vectors: 2, raises: { xhci: 3 }, operations: 1 },
      assumptions: { sampling: 'at-once', push: 'irr', delivery: 'within-mdelay', recognition: 'prompt', softDisabled: 'dispatches' },
      behaviours: { lapicDisable: { value: 'early', evidence: 'read' } },
    });
    expect(failed).toHaveProperty('coverage.states');
    expect(failed).toHaveProperty('vacuity.handlerRuns');
    expect(failed).toHaveProperty('fingerprint');
    expect(failed).toHaveProperty('failures.0.diagram');
    expect(failed).toHaveProperty('failures.0.token');
    expect(json(await irqlab(['check', '--format=json']))).toMatchObject({ verdict: 'safe', failures: [] });
  });

  test('--set and --assume, printed with the verdict', async () => {
    const direct = await irqlab(['check', '--scenario', 'xhci-torn-offline', '--set', 'msiUpdate=direct']);
    expect(direct.code).toBe(1);
    expect(direct.stdout).toContain('FAILED no-loss');
    expect(direct.stdout).toContain('msiUpdate=direct (set)');
    const both = await irqlab(['check', '--set', 'settleDelay=none', '--assume', 'push=root-complex']);
    expect(both.code).toBe(1);
    expect(both.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'push=root-complex a config completion pushes earlier messages to the root complex only',
    );
    expect(tooLong(both.stdout.replaceAll(/^.*--schedule.*$/gm, ''))).toEqual([]);
  });

  test('--verbose lists what was never executed', async () => {
    const { code, stdout } = await irqlab(['check', '--verbose']);
    expect([code, tooLong(stdout)]).toEqual([0, []]);
    expect(stdout).toContain('common_interrupt:3 No irq handler for vector');
  });

  test('--states and --memory: exit 3, unknown, with the reason', async () => {
    const states = await irqlab(['check', '--scenario', 'move-hotplug', '--states', '1000']);
    expect([states.code, states.stderr]).toEqual([3, '']);
    expect(states.stdout).toMatch(/^move-hotplug, linux-5\.9: unknown: the limit of 1000 states was reached \(/);
    const memory = await irqlab(['check', '--scenario', 'xhci-loop', '--memory', '16m', '--format', 'json']);
    expect(memory.code).toBe(3);
    expect(json(memory)).toMatchObject({ verdict: 'unknown', reason: 'the memory limit was reached' });
  });

  test('a scenario file, with the model that it names', async () => {
    const { code, stdout } = await irqlab(['check', '--scenario', inFile('mine.yaml')]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^mine, linux-5\.6: FAILED no-loss/);
    expect((await irqlab(['check', '--scenario', inFile('mine.yaml'), '--model', 'linux-5.9'])).code).toBe(0);
  });
});

describe.concurrent('check --liveness', () => {
  const args = ['check', '--liveness', '--scenario', 'remapped-handler-left'];

  test('a livelock: exit 1, stem and loop, a token that leads round it, a picture', async () => {
    const picture = inFile('loop.svg');
    const { code, stdout, stderr } = await irqlab([...args, '--model', 'linux-6.15', '--svg', picture]);
    expect([code, stderr]).toEqual([1, `picture: ${picture}\n`]);
    expect(stdout).toMatch(/^remapped-handler-left, linux-6\.15: LIVELOCK handler-ends \(/);
    expect(stdout).toContain('handler-ends: 12 visible steps, then a loop of 12; devices go on raising in it');
    expect(stdout).toMatch(/ {2}fairness {4}weak for CPUs.*[^]* {2}assumptions sampling=at-once/);
    expect(readFileSync(picture, 'utf8')).toContain('LIVELOCK: CPU 1 never leaves its handler');
    const token = /irqlab run --schedule (\S+)/.exec(stdout)?.[1] ?? '';
    expect(tooLong(stdout).filter((line) => !line.includes(token))).toEqual([]);
    const again = await irqlab(['run', '--schedule', token]);
    expect(again).toMatchObject({ code: 1, stderr: '' });
    expect(again.stdout).toMatch(/^remapped-handler-left, linux-6\.15: LIVELOCK: the loop is closed/);
    expect(again.stdout.replaceAll(/\s+/g, ' ')).toMatch(/the \d+ steps behind step \d+ lead back to the state before them, byte for byte/);
    expect(json(await irqlab(['run', '--schedule', token, '--format', 'json']))).toMatchObject({ loop: { repeats: true } });
  });

  test('none: exit 0, as json', async () => {
    const ran = await irqlab([...args, '--model', 'linux-6.17', '--format', 'json']);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(json(ran)).toMatchObject({ liveness: true, verdict: 'safe', livelocks: [], bounds: { messagesOfASource: 1 } });
  });

  test('a limit: exit 3', async () => {
    const { code, stdout } = await irqlab([...args, '--states', '10']);
    expect([code, stdout.split('\n')[0]]).toEqual([3, 'remapped-handler-left, linux-5.9: unknown: the limit of 10 states was reached']);
  });
});

describe.concurrent('run', () => {
  test('with a deadline: exit 1 if an event is late, which is no loss', async () => {
    const { code, stdout, stderr } = await irqlab(['run', '--scenario', 'move-hotplug', '--seconds', '0.002', '--deadline', '100000']);
    expect([code, stderr, tooLong(stdout)]).toEqual([1, '', []]);
    expect(stdout).toMatch(
      /FAILED deadline after[^]*lost 0\n[^]* {2}deadline {4}100,000 cycles \(33\.33 us\): \d+ in time, 1 late, 0 lost\n/,
    );
    expect(stdout).toMatch(/ {2}held up by {2}interrupts off \(CPU 0: multi_cpu_stop\) [\d.]+ us, 9/);
    const ran = await irqlab(['run', '--scenario', 'move-hotplug', '--seconds', '0.002', '--deadline', '9000000', '--format', 'json']);
    expect([ran.code, json(ran)]).toMatchObject([0, { deadline: { deadline: 9_000_000, late: { count: 0 }, lost: 0, events: [] } }]);
  });

  test('5.6 loses within 60 simulated seconds: exit 1', async () => {
    const { code, stdout, stderr } = await irqlab(['run', '--model', 'linux-5.6', '--seed', '1', '--seconds', '60']);
    expect([code, stderr, tooLong(stdout)]).toEqual([1, '', []]);
    expect(stdout).toMatch(/^xhci-loop, linux-5\.6, seed 1: FAILED no-loss after [\d.]+ simulated seconds\n/);
    expect(stdout).toMatch(/interrupts +sent [\d,]+, handled [\d,]+, lost 1\n/);
  });

  test('5.9 does not: exit 0; the same command gives the same output', async () => {
    const args = ['run', '--model', 'linux-5.9', '--seed', '1', '--seconds', '5'];
    const first = await irqlab(args);
    expect([first.code, first.stderr, tooLong(first.stdout)]).toEqual([0, '', []]);
    expect(first.stdout).toMatch(/no failure in 5\.00 simulated seconds/);
    expect(await irqlab(args)).toEqual(first);
  });

  test('json', async () => {
    const ran = await irqlab(['run', '--scenario', inFile('mine.yaml'), '--seconds', '0.5', '--format', 'json']);
    expect(ran.code).toBe(0);
    expect(json(ran)).toMatchObject({
      command: 'run',
      scenario: 'mine',
      model: 'linux-5.6',
      seed: 1,
      verdict: 'passed',
      failed: [],
      assumptions: { push: 'irr' },
      lost: 0,
    });
    for (const key of [
      'sent',
      'handled',
      'owed',
      'strays',
      'dropped',
      'ipis',
      'moves',
      'leaked',
      'cycles',
      'seconds',
      'digest',
      'latency.p50',
      'memory.bytes',
      'memory.perCpu',
      'memory.perIrq',
    ])
      expect(json(ran)).toHaveProperty(key);
  });
});

describe.concurrent('import', () => {
  test('facts with where they come from', async () => {
    const { code, stdout, stderr } = await irqlab(['import', recording]);
    expect([code, stderr, tooLong(stdout)]).toEqual([0, '', []]);
    expect(stdout).toContain('31 trace lines, 5 annotations (no evidence), 0 lines that are neither');
    expect(stdout).toMatch(/^read +irq 122: vector 33 \(0x21\) +lines 10, 32$/m);
    const notes = await irqlab(['import', recording, '--notes']);
    expect([notes.code, tooLong(notes.stdout)]).toEqual([0, []]);
    expect(notes.stdout.length).toBeGreaterThan(stdout.length);
  });

  test('json, with both scenarios', async () => {
    const ran = json(await irqlab(['import', recording, '--format', 'json', '--kernel', '5.6']));
    expect(ran).toMatchObject({ command: 'import', file: recording, count: { trace: 31 }, diagnostics: [] });
    expect([typeof ran['check'], typeof ran['run'], Array.isArray(ran['facts'])]).toEqual(['object', 'object', true]);
  });

  test('--scenario prints a file that check and run take', async () => {
    for (const kind of ['check', 'run']) {
      const { code, stdout } = await irqlab(['import', recording, '--scenario', kind]);
      expect(code).toBe(0);
      expect(parseScenario(stdout, 'stdout')).toHaveProperty('scenario');
    }
    const made = await shell(
      `irqlab import ${recording} --scenario check > "${inFile('made.yaml')}" && irqlab check --scenario "${inFile('made.yaml')}"`,
    );
    expect(made.code).toBe(1);
    expect(made.stdout).toContain('FAILED no-loss');
  });

  test('--scenario with --format json is the scenario as JSON', async () => {
    const { stdout } = await irqlab(['import', recording, '--scenario', 'check', '--format', 'json']);
    expect((JSON.parse(stdout) as Scenario).operations).toEqual([{ offline: 3 }]);
  });

  test('lines that are none are reported with their place, the rest is used: exit 0', async () => {
    const { code, stdout, stderr } = await irqlab(['import', inFile('garbage.trace')]);
    expect(code).toBe(0);
    expect(stdout).toContain('2 trace lines, 0 annotations (no evidence), 2 lines that are neither');
    expect(stdout).toContain('irq 122: APIC id 6 -> 0');
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => line.slice(inFile('garbage.trace').length).split(' ')[0])).toEqual([':1:1:', ':3:1:']);
  });
});

describe.concurrent('lists', () => {
  test('scenarios', async () => {
    const { code, stdout, stderr } = await irqlab(['scenarios']);
    expect([code, stderr, tooLong(stdout)]).toEqual([0, '', []]);
    for (const name of ['xhci-hotplug', 'xhci-torn-offline', 'torn-move', 'move-hotplug', 'xhci-loop']) expect(stdout).toContain(name);
    expect(json(await irqlab(['scenarios', '--format', 'json']))).toHaveLength(builtinScenarios.size);
    const one = await irqlab(['scenarios', 'torn-move']);
    expect(parseScenario(one.stdout, 'stdout')).toHaveProperty('scenario.name', 'torn-move');
    expect(json(await irqlab(['scenarios', 'torn-move', '--format', 'json']))).toMatchObject({ name: 'torn-move' });
  });

  test('models', async () => {
    const names = (await irqlab(['models'])).stdout.trim().split('\n');
    expect(names).toEqual(modelNames);
    expect(names).toHaveLength(18);
    expect(json(await irqlab(['models', '--format', 'json']))).toEqual(names);
    const one = await irqlab(['models', 'linux-5.9']);
    expect([one.code, tooLong(one.stdout)]).toEqual([0, []]);
    expect(one.stdout).toMatch(/^lapicDisable=late /m);
    expect(json(await irqlab(['models', 'linux-5.9', '--format', 'json']))).toHaveLength(
      Object.keys(behavioursOf('linux-5.9') ?? {}).length,
    );
  });

  test('schema', async () => {
    const { code, stdout } = await irqlab(['schema']);
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ title: 'irqlab scenario, version 1', type: 'object' })]);
  });

  test('version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(await irqlab(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('help: of everything, in 80 columns', async () => {
    for (const args of [[], ['--help'], ...['check', 'run', 'import'].map((name) => [name, '--help'])]) {
      const { code, stdout, stderr } = await irqlab(args);
      expect([args, code, stderr, tooLong(stdout)]).toEqual([args, 0, '', []]);
      expect(stdout).toMatch(/^Usage: irqlab/);
      // defaults are words, not values of the language
      expect(stdout).not.toMatch(/default: (\{|null|false|undefined)/);
    }
  });
});

describe.concurrent('start', () => {
  test('tells the whole story in four parts, well within a minute', async () => {
    const began = performance.now();
    const { code, stdout, stderr } = await irqlab(['start']);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect([code, stderr]).toEqual([0, '']);
    expect(tooLong(stdout).filter((line) => !line.startsWith('  irqlab run --schedule '))).toEqual([]);
    expect(stdout.match(/^\d\. .*$/gm)).toEqual([
      expect.stringMatching(/^1\. What the trace says/),
      expect.stringMatching(/^2\. Linux 5\.6/),
      expect.stringMatching(/^3\. Linux 5\.9/),
      expect.stringMatching(/^4\. The reporter’s loop/),
    ]);
    expect(stdout).toMatch(/xhci-hotplug, linux-5\.6: FAILED no-loss/);
    expect(stdout).toMatch(/xhci-hotplug, linux-5\.9: safe/);
    expect(stdout).toMatch(/xhci-loop, linux-5\.6, seed 1: FAILED no-loss after/);
    expect(stdout).toMatch(/xhci-loop, linux-5\.9, seed 1: no failure in 120\.00/);
  });
});

describe.concurrent('behaviour as a part of a shell', () => {
  test('a pipe and NO_COLOR have no escape codes; FORCE_COLOR has', async () => {
    expect((await irqlab(['check', '--model', 'linux-5.6'])).stdout).not.toContain(escape);
    expect((await irqlab(['check'], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout).not.toContain(escape);
    expect((await irqlab(['check'], { env: { FORCE_COLOR: '1' } })).stdout).toContain(escape);
    expect((await irqlab(['check', '--format', 'json'], { env: { FORCE_COLOR: '1' } })).stdout).not.toContain(escape);
  });

  test('a reader that has seen enough: no complaint', async () => {
    for (const line of ['irqlab check --model linux-5.6 --verbose | head -1', 'irqlab schema | head -1', 'irqlab start | head -1']) {
      const { stdout, stderr } = await shell(line);
      expect([line, stderr, stdout.split('\n').length]).toEqual([line, '', 2]);
    }
  });

  test('Ctrl-C in a run: 130, with what was covered', async () => {
    const { code, stdout, stderr } = await interrupted(['run', '--model', 'linux-5.9', '--seconds', '1000000']);
    expect([code, stderr]).toEqual([130, '']);
    expect(stdout).toMatch(/interrupted after [\d.]+ simulated seconds\n +interrupts +sent [\d,]+/);
  });
});

test('the exit code tells the verdict, whether or not somebody reads to the end', async () => {
  const { stdout } = await shell('irqlab check --model linux-5.6 | head -1; echo ${PIPESTATUS[0]}');
  expect(stdout).toMatch(/FAILED no-loss.*\n1\n$/);
});

test('run --schedule --diagram draws what the schedule does, on another model too: there the event is sent again', async () => {
  const token = /irqlab1\/\S+/.exec((await irqlab(['check', '--model', 'linux-5.6'])).stdout)?.[0] ?? '';
  const lost = await irqlab(['run', '--schedule', token, '--diagram']);
  expect([lost.code, lost.stderr]).toEqual([1, '']);
  expect(lost.stdout).toContain('>>> LOST here');
  const saved = await irqlab(['run', '--schedule', token, '--model', 'linux-5.9', '--diagram']);
  expect([saved.code, saved.stderr]).toEqual([0, '']);
  expect(saved.stdout).not.toContain('LOST');
  expect(saved.stdout).toMatch(/apic_retrigger_irq: IPI\s+0x21 to CPU 0/);
  expect(saved.stdout).toContain('State at the end:');
});
