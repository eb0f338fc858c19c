/** What the user got wrong: exit 2, one line for each mistake that says where and what would be right, and never a stack trace. */
import { beforeAll, describe, expect, test } from 'vitest';
import { files, irqlab, type Ran } from './help.js';

const good = `version: 1
name: mine
machine: {cpus: 2}
devices: [{name: nic, irqs: [{irq: 40, cpu: 1}]}]
`;

const at = files({
  'empty.yaml': '',
  'binary.yaml': Uint8Array.from({ length: 300 }, (_, i) => (i * 37) % 256),
  'folder.yaml': undefined,
  'key.yaml': `${good}operatoins: [{offline: 1}]\n`,
  'type.yaml': good.replace('cpus: 2', 'cpus: two'),
  'cpu.yaml': `${good}operations: [{offline: 7}]\n`,
  'several.yaml': `${good}operatoins: []\nuniverse: {vectors: 999}\noperations: [{offline: 7}]\n`,
  'model.yaml': `${good}model: linux-5.99\n`,
  'behaviour.yaml': `${good}behaviours: {settleDelya: none, irrScan: never}\n`,
  'timing.yaml': `${good}timing: {cfg.wirte: 9000}\n`,
  'syntax.yaml': `${good}operations: [\n`,
  'large.yaml': good.replace('cpus: 2', 'cpus: 40'),
  'none.trace': 'hello\nworld\n',
});

/** Nothing but one-line sentences on stderr, nothing on stdout. */
function refused({ code, stdout, stderr }: Ran): string[] {
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).not.toMatch(/^ {4}at |Error:|node:internal/m);
  expect(stderr.endsWith('\n')).toBe(true);
  return stderr.trimEnd().split('\n');
}

describe.concurrent('on the command line', () => {
  test.each([
    ['an unknown command', ['chekc'], /unknown command 'chekc' \(Did you mean check\?\); irqlab --help lists what there is/],
    ['an unknown flag', ['check', '--modle', 'linux-5.9'], /unknown option '--modle' \(Did you mean --model\?\); irqlab COMMAND --help/],
    ['a flag without its value', ['check', '--model'], /option '--model <name\|file>' argument missing/],
    ['one argument too many', ['check', 'xhci-hotplug'], /too many arguments/],
    ['an argument that is missing', ['import'], /missing required argument 'file'/],
    ['a format that does not exist', ['check', '--format', 'xml'], /argument 'xml' is invalid. Allowed choices are text, json/],
    [
      'a scenario that does not exist',
      ['check', '--scenario', 'usb'],
      /there is no built-in scenario usb; irqlab scenarios lists them, or name a file such as my\.yaml$/m,
    ],
    ['another command, the same', ['scenarios', 'xhci-hotplgu'], /xhci-hotplgu; did you mean xhci-hotplug\? irqlab scenarios lists them$/m],
    ['a model that does not exist', ['check', '--model', 'linux-4.4'], /there is no model linux-4\.4; there are linux-4\.19, linux-5\.4/],
    [
      'livelocks with a bound of raises',
      ['check', '--liveness', '--raises', '2'],
      /--liveness does not go with --raises: its devices raise without bound; leave out one of them/,
    ],
    ['livelocks at level 2', ['check', '--liveness', '--reduction', '2'], /does not go with --reduction 2, .* use 0 or 1/],
    ['a schedule with a deadline', ['run', '--schedule', 'x', '--deadline', '1'], /a schedule has no time, .* leave out --deadline or/],
    ['a deadline that is none', ['run', '--deadline', 'soon'], /"soon" is no whole number; write e\.g\. 1/],
    ['for run', ['run', '--model', 'linux-4.4'], /there is no model linux-4\.4; there are/],
    ['for models', ['models', 'linux-4.4'], /there is no model linux-4\.4; there are/],
    ['a behaviour that does not exist', ['check', '--set', 'delay=none'], /linux has no behaviour delay; it has msiUpdate, /],
    ['a behaviour that cannot be that', ['check', '--set', 'irrScan=no'], /behaviour irrScan cannot be no; it is one of scan, none/],
    ['an assumption that does not exist', ['check', '--assume', 'pull=irr'], /there is no assumption pull; there are sampling, push/],
    ['an assumption out of Object.prototype', ['check', '--assume', 'toString=irr'], /there is no assumption toString; there are/],
    [
      'an assumption that cannot be that',
      ['check', '--assume', 'push=far'],
      /assumption push cannot be far; it is irr or root-complex or none/,
    ],
    ['a setting without =', ['check', '--set', 'irrScan'], /"irrScan" is no setting; write name=value/],
    ['a seed that is none', ['run', '--seed', '-1'], /"-1" is no whole number; write e\.g\. 1/],
    ['no time at all', ['run', '--seconds', '0'], /"0" is no time to run; write seconds, more than 0/],
    ['too much of it', ['run', '--seconds', '1e30'], /"1e30" is no time to run/],
    [
      'seeds that are none',
      ['campaign', '--seeds', '5..3'],
      /"5\.\.3" is no range of seeds; write how many, e\.g\. 1000, or the first and/,
    ],
    ['a shard that is none', ['campaign', '--shard', '4/3'], /"4\/3" is no shard; write which of how many, 1\/4 to 4\/4/],
    ['results in what is no file', ['campaign', '--out', '/dev/full'], /\/dev\/full is no file that results can be kept in; name another/],
    ['a file of no campaign', ['merge', 'README.md'], /README\.md is no file of a campaign; name one that irqlab campaign wrote/],
    ['memory in words', ['check', '--memory', 'lots'], /"lots" is no amount of memory; write e\.g\. 512m or 2g/],
    ['more memory than there can be', ['check', '--memory', '9g'], /"9g" is outside of what a search can use; write 4m to 4g/],
    ['half a state', ['check', '--states', '0.5'], /"0\.5" is no whole number/],
    ['a kernel that is no version', ['import', 'README.md', '--kernel', 'mine'], /"mine" is no version of Linux; write e\.g\. 5\.6/],
    ['a schedule that is none', ['run', '--schedule', 'hello'], /a token begins with irqlab1\/, this one with "hello"/],
    ['a schedule that was cut', ['run', '--schedule', 'irqlab1/xhci-hotplug/linux-5.6'], /a token has six fields .* was it cut\?/],
    [
      'a schedule with a step that is none',
      ['run', '--schedule', 'irqlab1/xhci-hotplug/linux-5.6/0/-/op0,?'],
      /"\?" is no step of a schedule; expected/,
    ],
    [
      'a schedule for an unknown model',
      ['run', '--schedule', 'irqlab1/xhci-hotplug/linux-7/0/-/op0'],
      /there is no model linux-7; there are/,
    ],
  ])('%s', async (_, args, sentence) => {
    const lines = refused(await irqlab(args));
    expect(lines).toEqual([expect.stringMatching(sentence)]);
    expect(lines[0]).toMatch(/^irqlab: /);
  });

  test('a schedule of this very model with a step that is not possible there', async () => {
    const { stdout } = await irqlab(['check', '--model', 'linux-5.6', '--format', 'json']);
    const [failure] = (JSON.parse(stdout) as { failures: { token: string }[] }).failures;
    const damaged = (failure?.token ?? '').replace(',xhci.sample', ',xhci.send');
    expect(refused(await irqlab(['run', '--schedule', damaged]))).toEqual([
      'irqlab: the schedule does not fit the model it was made with: xhci send is not possible there; was it cut or changed?',
    ]);
    // one that only ends early is one, and is not said to be at rest
    const early = await irqlab(['run', '--schedule', (failure?.token ?? '').replace(/,xhci\.raise.*/, '')]);
    expect([early.code, early.stderr]).toEqual([0, '']);
    expect(early.stdout).toContain('no failure up to the end of the schedule');
  });
});

describe.concurrent('in a scenario file: one line a mistake, file:line:column: what is wrong; what would be right', () => {
  test.each([
    ['nosuch.yaml', ['1:1: this file does not exist; name one that can be read']],
    ['folder.yaml', ['1:1: this file is a directory; name one that can be read']],
    ['empty.yaml', ['1:1: ']],
    ['binary.yaml', ['1:1: ']],
    ['key.yaml', ['5:1: unknown key "operatoins"; did you mean "operations"?']],
    ['type.yaml', ['3:17: ']],
    ['cpu.yaml', ['5:24: CPU 7 does not exist; ']],
    ['several.yaml', ['5:1: unknown key "operatoins"; ', '6:21: ', '7:24: CPU 7 does not exist; ']],
    ['model.yaml', ['5:8: unknown model "linux-5.99"; ']],
    [
      'behaviour.yaml',
      ['5:14: unknown key "settleDelya"; did you mean "settleDelay"?', '5:42: irrScan cannot be "never"; write scan or none'],
    ],
    ['timing.yaml', ['5:10: ']],
    ['syntax.yaml', ['']],
  ])('%s', async (name, expected) => {
    const file = at(name);
    const lines = refused(await irqlab(['check', '--scenario', file]));
    expect(lines).toHaveLength(expected.length);
    for (const [i, line] of lines.entries()) {
      const said = line.replace(`${file}:`, '');
      expect(said.slice(0, expected[i]?.length)).toBe(expected[i]);
      expect(`:${said}`).toMatch(/^:\d+:\d+: \S.*; \S/);
    }
  });

  test('run says the same', async () => {
    const [checked, run] = await Promise.all(['check', 'run'].map((command) => irqlab([command, '--scenario', at('several.yaml')])));
    expect(run).toEqual(checked);
  });

  test('a machine that is too large for a check', async () => {
    expect(refused(await irqlab(['check', '--scenario', at('large.yaml')]))).toEqual([
      expect.stringMatching(/^irqlab: a check \w+ at most 16 CPUs, .*40/i),
    ]);
    expect((await irqlab(['run', '--scenario', at('large.yaml'), '--seconds', '0.01'])).code).toBe(0);
  });
});

describe.concurrent('with --format json: one document on stdout, nothing on stderr', () => {
  let ran: Ran[] = [];
  beforeAll(async () => {
    ran = await Promise.all([
      irqlab(['check', '--format', 'json', '--scenario', at('several.yaml')]),
      irqlab(['check', '--format=json', '--modle', 'x']),
      irqlab(['run', '--schedule', 'hello', '--format', 'json']),
      irqlab(['import', at('none.trace'), '--format', 'json']),
    ]);
  });

  test('errors with file, line, column, what is wrong and what is right', () => {
    for (const { code, stdout, stderr } of ran) {
      expect([code, stderr]).toEqual([2, '']);
      const { errors, ...rest } = JSON.parse(stdout) as { errors: Record<string, unknown>[] };
      expect(rest).toEqual({});
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors) {
        expect(error).toEqual({
          file: expect.any(String),
          line: expect.any(Number),
          column: expect.any(Number),
          wrong: expect.stringMatching(/\S/),
          right: expect.any(String),
        });
      }
    }
  });

  test('every mistake of a file, in the order of their places', () => {
    const { errors } = JSON.parse(ran[0]?.stdout ?? '') as { errors: { line: number; right: string }[] };
    expect(errors.map((e) => e.line)).toEqual([5, 6, 7]);
    expect(errors.every((e) => e.right !== '')).toBe(true);
  });
});

describe.concurrent('a trace that is none', () => {
  test('exit 2, with the lines that were looked at', async () => {
    const lines = refused(await irqlab(['import', at('none.trace')]));
    expect(lines.every((line) => line.startsWith(`${at('none.trace')}:`))).toBe(true);
    expect(lines.join('\n')).toContain('expected');
  });

  test.each([
    ['one that does not exist', 'nosuch.trace', 'does not exist'],
    ['a folder', 'folder.yaml', 'is a directory'],
  ])('%s', async (_, name, what) => {
    expect(refused(await irqlab(['import', at(name)]))).toEqual([`${at(name)}:1:1: this file ${what}; name one that can be read`]);
  });

  test('bytes that are no text', async () => {
    const lines = refused(await irqlab(['import', at('binary.yaml')]));
    expect(lines.length).toBeLessThan(50);
  });
});
