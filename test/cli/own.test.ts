/** A model of the user's own: every command takes it, what is wrong with it is a sentence, and its verdicts can be reproduced. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { files, irqlab } from './help.js';

const repair = 'examples/own-repair.mjs';
const own = (body: string): string => `import { linux, eq, SELF } from 'irqlab';\nexport const model = linux('5.9', ${body});\n`;

const at = files({
  'nothing.mjs': 'export const kernel = 1;\n',
  'number.mjs': 'export const model = 7;\n',
  'syntax.mjs': 'export const a = 1;\nexport const model = linux(;\n',
  'throws.mjs': 'const a = undefined;\nexport const model = a.b;\n',
  'version.mjs': "import { linux } from 'irqlab';\nexport const model = linux('5.99');\n",
  'behaviour.mjs': own("{ behaviours: { settleDelay: 'never' } }"),
  'routine.mjs': own('{ replace: { irq_complete_mov: () => {} } }'),
  'variable.mjs': own("{ replace: { irq_complete_move: (b, { irq }, kernel) => {\n  b.load(kernel.variable('apicd_cpus'), [irq]);\n} } }"),
  'result.mjs': own('{ replace: { apic_set_affinity: () => {} } }'),
  'body.mjs': own('{ replace: { irq_complete_move: (b) => {\n  b.nonsense();\n} } }'),
  'name.mjs': own("{ name: 'my kernel/1' }"),
  'fault.mjs': own(
    "{ replace: { irq_complete_move: (b, { irq }, kernel) => {\n  b.lock(kernel.lock('vector_lock'), []);\n  b.store(kernel.variable('apicd_prev_cpu'), [irq], 77);\n  b.unlock(kernel.lock('vector_lock'), []);\n} } }",
  ),
  'boot.mjs': `import { linux } from 'irqlab';
const base = linux('5.9');
export const model = { ...base, build: (...given) => ({ ...base.build(...given),
  boot() { throw new Error('it does not boot'); } }) };
`,
  'behaved.mjs': own("{ behaviours: { settleDelay: 'none' } }"),
});

describe.concurrent('the worked example', () => {
  test('makes of a kernel that leaks a vector one that does not', async () => {
    const before = await irqlab(['check', '--scenario', 'move-hotplug', '--model', 'linux-5.9', '--format', 'json']);
    const after = await irqlab(['check', '--scenario', 'move-hotplug', '--model', repair, '--format', 'json']);
    const failed = ({ stdout }: { stdout: string }) =>
      (JSON.parse(stdout) as { failures: { property: string }[] }).failures.map((f) => f.property);
    expect([before.code, failed(before), after.code, failed(after)]).toEqual([1, ['no-leak'], 0, []]);
    expect(JSON.parse(after.stdout)).toMatchObject({ model: 'my-linux', own: ['__send_cleanup_vector'] });
    const fingerprint = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as { fingerprint: string }).fingerprint;
    expect(fingerprint(after)).not.toBe(fingerprint(before));
  });

  test('is what the page about it shows', () => {
    const page = readFileSync('docs/own-repair.md', 'utf8');
    const code = readFileSync(repair, 'utf8').replace(/^(?:\/\/.*\n)+/, '');
    expect(page).toContain(code);
  });
});

describe.concurrent('a model that does what none may do', () => {
  test.each([
    ['check', '--scenario', 'move-hotplug'],
    ['check', '--scenario', 'move-hotplug', '--workers', '2'],
    ['check', '--scenario', 'move-hotplug', '--liveness'],
    ['run', '--seconds', '1'],
    ['hunt', '--budget', '20s'],
    ['verdicts', '--scenario', 'move-hotplug'],
  ])('%s %s %s: a sentence that says where', async (...command) => {
    const { code, stderr } = await irqlab([...command, '--model', at('fault.mjs')]);
    expect(code).toBe(2);
    const [, place, sentence] = /^(.*?): (.*)\n$/.exec(stderr) ?? [];
    expect(place).toBe(`${at('fault.mjs')}:4:5`);
    expect(sentence).toMatch(
      /^the kernel model linux-5\.9.* is at fault at irq_complete_move:2 apicd_prev_cpu\[irq\] = 77: an index is out of range, or a value does not fit into its variable; apicd_prev_cpu\[irq 0(?: to \d)?\] holds 0 to \d+$/,
    );
  });

  test('campaign: the same, with the seed', async () => {
    const { code, stderr } = await irqlab(['campaign', '--seeds', '2', '--seconds', '0.1', '--model', at('fault.mjs')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^irqlab: seed \d cannot be run: the kernel model .* is at fault at irq_complete_move:2 apicd_prev_cpu\[irq\] = 77: /,
    );
  });
});

test.concurrent.each([['check', '--scenario', 'move-hotplug'], ['run']])(
  'what a function of the model throws in %s is told with its place',
  async (...command) => {
    const { code, stderr } = await irqlab([...command, '--model', at('boot.mjs')]);
    expect([code, stderr]).toEqual([2, `${at('boot.mjs')}:4:18: it does not boot\n`]);
  },
);

describe.concurrent('a model from a file', () => {
  test('is told with the verdict', async () => {
    const { stdout } = await irqlab(['check', '--scenario', 'move-hotplug', '--model', repair]);
    expect(stdout).toMatch(/^move-hotplug, my-linux: safe/);
    expect(stdout).toMatch(/own +routines of the user's own: __send_cleanup_vector/);
  });

  test('is named by the line that reproduces a failure, and that line does', async () => {
    const file = at('behaved.mjs');
    const { code, stdout } = await irqlab(['check', '--scenario', 'move-hotplug', '--model', file]);
    expect(code).toBe(1);
    const line = /irqlab (run --schedule \S+ --model \S+)/.exec(stdout)?.[1]?.split(' ') ?? [];
    expect(line.at(-1)).toBe(file);
    const again = await irqlab(line);
    expect(again.code).toBe(1);
    expect(again.stdout).toContain('every step is the one that was found');
    const replayed = await irqlab(['replay', line[2] ?? '', '--model', file, '--brief', '--format', 'json']);
    expect(replayed.code).toBe(1);
  });

  test('takes --set like any other', async () => {
    const { stdout } = await irqlab(['check', '--scenario', 'move-hotplug', '--model', repair, '--set', 'irrScan=none', '--states', '100']);
    expect(stdout).toMatch(/irrScan=none\s+\(set\)/);
    expect(stdout).toContain('__send_cleanup_vector');
  });

  test('goes through run, step and models', async () => {
    const ran = await irqlab(['run', '--seconds', '0.01', '--model', repair]);
    expect(ran.stdout).toContain('my-linux');
    const stepped = await irqlab(['step', 'move-hotplug', '--model', repair], { input: 'rest\nquit\n' });
    expect(stepped.stdout).toContain('my-linux');
    const listed = await irqlab(['models', repair]);
    expect(listed.stdout).toMatch(/^own: __send_cleanup_vector$/m);
  });
});

describe.concurrent('what is wrong with the file is one sentence', () => {
  test.each([
    ['missing.mjs', /missing\.mjs:1:1: this file does not exist; name one that exports a model/],
    ['nothing.mjs', /nothing\.mjs:1:1: this file exports no model; expected e\.g\. export const model = linux/],
    ['number.mjs', /number\.mjs:1:1: what this file exports as model is none/],
    ['syntax.mjs', /syntax\.mjs:2:28: Unexpected token ';'/],
    ['throws.mjs', /throws\.mjs:2:24: Cannot read properties of undefined/],
    ['version.mjs', /version\.mjs:2:22: there is no model of Linux 5\.99; there are/],
    ['behaviour.mjs', /behaviour\.mjs:2:22: behaviour settleDelay cannot be never; it is one of mdelay, none/],
    ['routine.mjs', /routine\.mjs:1:1: there is no routine irq_complete_mov; did you mean irq_complete_move\?/],
    ['variable.mjs', /variable\.mjs:3:17: there is no variable apicd_cpus; did you mean apicd_cpu\?/],
    ['result.mjs', /result\.mjs:1:1: .*apic_set_affinity/],
    ['body.mjs', /body\.mjs:3:5: b\.nonsense is not a function/],
    ['name.mjs', /name\.mjs:2:22: a model cannot be called "my kernel\/1"/],
  ])('%s', async (file, sentence) => {
    const { code, stdout, stderr } = await irqlab(['check', '--model', at(file)]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
