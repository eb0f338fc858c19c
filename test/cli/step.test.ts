/** `irqlab step` and `irqlab replay` as their users run them: scripted walks, tokens there and back, and what was mistyped. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Walk } from '../../src/check/index.js';
import { assembleSystem, findScenario } from '../../src/index.js';
import { Console } from '../../src/cli/console.js';
import { files, irqlab, shell, tooLong } from './help.js';

const at = files({ 'hello.txt': 'hello\n', folder: undefined });
const recording = 'test/conformance/lkml/2020-03-18-xhci-lost.trace';

/** The shortest way of Linux 5.6 to lose the interrupt, as somebody would type it. */
const theLoss = [
  'op0',
  'cpu0 until multi_cpu_stop',
  'cpu3 until multi_cpu_stop:3',
  'cpu0 until multi_cpu_stop:5',
  'cpu3 until __pci_write_msi_msg:3',
  'xhci.raise',
  'xhci',
  'cpu3',
  'xhci.m0',
  'xhci.m0',
];

const step56 = (commands: readonly string[]) =>
  irqlab(['step', 'xhci-hotplug', '--model', 'linux-5.6'], { input: `${commands.join('\n')}\n` });

describe.concurrent('step', () => {
  test('a scripted walk loses the interrupt; its token is replayed by replay and by run, and step goes back from its end', async () => {
    const file = at('loss.token');
    const { code, stdout, stderr } = await step56([...theLoss, 'rest', 'token', `save ${file}`]);
    expect([code, stderr]).toEqual([0, '']);
    const lost = stdout.split('\n').findIndex((line) => line.includes('>>> LOST here: nothing carries the event of xhci any more'));
    expect(stdout.split('\n').slice(lost - 3, lost)).toEqual([
      expect.stringMatching(/^ +\d+ {2}xhci\.m0 {2}xhci -> CPU 3 vector 0x21 reaches the LAPIC$/),
      '        in flight: - xhci -> CPU 3 vector 0x21',
      '        >>> LAPIC: 0x21 dropped: the LAPIC is disabled',
    ]);
    expect(stdout).toContain('At rest: FAILS no-loss; holds no-stray');
    const token = readFileSync(file, 'utf8').trimEnd();
    expect(token).toMatch(/^irqlab1\/xhci-hotplug\/linux-5\.6\/\S+$/);
    expect(stdout).toContain(`${token}\n`);
    expect(tooLong(stdout.replace(token, ''))).toEqual([]);

    const run = await irqlab(['run', '--schedule', token]);
    expect([run.code, run.stderr]).toEqual([1, '']);
    expect(run.stdout).toContain('13 of them visible; every step is the one that was found');
    const replayed = await irqlab(['replay', token]);
    expect([replayed.code, replayed.stderr]).toEqual([1, '']);
    expect(replayed.stdout).toContain('xhci-hotplug, linux-5.6: FAILED no-loss (');
    expect(await irqlab(['replay', file])).toEqual(replayed);
    expect(await irqlab(['replay', '-'], { input: `${token}\n` })).toEqual(replayed);

    const back = await irqlab(['step', file], { input: 'undo 2\nredo\nhistory\n' });
    expect([back.code, back.stderr]).toEqual([0, '']);
    expect(back.stdout).toMatch(/^xhci-hotplug, linux-5\.6: at the end of the schedule, after \d+ steps; help/);
    expect(back.stdout).toContain('Taken back, for redo: 1 step.');
    const other = await irqlab(['step', '-', '--model', 'linux-5.9'], { input: `${token}\nmsi xhci\n` });
    expect([other.code, other.stderr]).toEqual([0, '']);
    expect(other.stdout.replaceAll(/\s+/g, ' ')).toContain('the schedule was made with linux-5.6');
    expect(other.stdout).toMatch(/^owed +no$/m);
  });

  test('what there is to look at', async () => {
    const looks = [
      'where',
      'locks',
      'messages',
      'irr cpu3',
      'vectors cpu 3',
      'msi xhci',
      'var vector_irq[cpu 3][0x21]',
      'var stop_state',
      'changes',
    ];
    const { code, stdout, stderr } = await step56([...theLoss.slice(0, 8), '# a remark', '', ...looks]);
    expect([code, stderr, tooLong(stdout)]).toEqual([0, '', []]);
    for (const part of [
      /^CPU 3: IF=0\n {2}stopper: __pci_write_msi_msg:3 < irq_msi_update_msg:3 < msi_set_affinity:5 </m,
      /waits for the completion of its config\n +access, behind xhci -> CPU 3/,
      /^desc_lock\[irq 122\]: held by CPU 3$/m,
      /^xhci -> CPU 3 vector 0x21: on the way to the root complex; CPU 3 stopper waits\nfor it$/m,
      /^SVR +0xff$/m,
      /^0x21 {2}irq 122$/m,
      /^MSI address +0xfee00000$/m,
      /^vector_irq\[cpu 3\]\[0x21\] {2}irq 122$/m,
      /^stop_state {2}RUN$/m,
      /^xhci MSI address: 0xfee06000 -> 0xfee00000$/m,
      /^ +cpu0 +multi_cpu_stop:5 {2}waits for stop_state == EXIT, now RUN$/m,
    ])
      expect(stdout).toMatch(part);
  });

  test('a wrong command is one sentence, the walk goes on, and the exit code is 2', async () => {
    const { code, stdout, stderr } = await step56(['hello', 'op0', 'cpu0 x5']);
    expect([code, stderr]).toEqual([2, 'irqlab: there is no command or step "hello"; help lists the commands, list the steps\n']);
    expect(stdout).toContain('   6  cpu0  cpu_down:7  stop_thread_ack = 2\n');
  });

  test.each([
    ['0', /^there is no step 0; choose 1 to 3$/],
    ['cpu3', /^cpu3 has nothing to do \(idle\); enabled are xhci\.raise, op0 and probe$/],
    ['xhci.sample', /^xhci\.sample is not possible now; enabled are/],
    ['xhci.raise x2', /^xhci\.raise could be taken 1 of 2 times; then xhci\.raise is not possible$/],
    ['xhci.raise twice', /^behind xhci\.raise write nothing, x5, or until ROUTINE/],
    ['xhci.raise until fixup_irqs', /^only a CPU stands in a routine; write e\.g\. cpu0 until fixup_irqs$/],
    ['undo', /^no step was taken that could be undone$/],
    ['redo', /^nothing was undone that could be taken again$/],
    ['back to 9', /^write back to N, with N from 0 to 0; history lists the steps$/],
    ['var vecotr_irq', /^there is no variable "vecotr_irq", did you mean vector_irq; vars lists them$/],
    ['var vector_irq cpu3 0x21 1', /^vector_irq has 2 indexes, not 3; write var vector_irq cpu3 0x21$/],
    ['var vector_irq cpu1', /^there is no CPU "cpu1"; there are cpu0 or cpu3$/],
    ['var irq_affinity 7', /^there is no irq "7"; there are 122$/],
    ['irr', /^write irr and one of cpu0 or cpu3$/],
    ['msi nic', /^write msi and the name of a device: xhci$/],
    ['rest now', /^rest takes nothing behind it; write rest alone$/],
    ['token', /^a token needs a step; take one first$/],
    ['histroy', /^there is no command or step "histroy", did you mean history; /],
  ])('%s', async (line, sentence) => {
    const { code, stderr } = await step56([line]);
    expect([code, stderr.replace(/^irqlab: /, '').trimEnd()]).toEqual([2, expect.stringMatching(sentence)]);
  });

  test('a file that cannot be written, and arguments that name nothing', async () => {
    const unwritable = await step56(['op0', `save ${at('folder')}`]);
    expect([unwritable.code, unwritable.stderr]).toEqual([2, expect.stringMatching(/folder cannot be written \(EISDIR\); name a file/)]);
    for (const [args, input, sentence] of [
      [['usb'], '', /there is no built-in scenario usb; .*my\.yaml, or give a token, which begins with irqlab1\/$/m],
      [['-'], 'rest\n', /- takes a token in the first line of the standard input/],
      [['irqlab1/xhci-hotplug'], '', /a token has six fields/],
      [['--model', 'linux-4.4'], '', /there is no model linux-4\.4/],
      [[at('hello.txt')], '', /hello\.txt:1:1: /],
    ] as const) {
      const { code, stdout, stderr } = await irqlab(['step', ...args], { input });
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(sentence)]);
    }
  });

  test('a reader that has seen enough', async () => {
    const { stdout, stderr } = await shell('(echo op0; echo rest) | irqlab step | head -1');
    expect([stderr, stdout]).toEqual(['', 'xhci-hotplug, linux-5.9: help lists the commands\n']);
  });
});

describe('any line at all', () => {
  test('is done, or refused with one sentence', async () => {
    const { scenario } = findScenario('move-hotplug') ?? {};
    if (scenario === undefined) throw new Error('move-hotplug');
    const walk = await Walk.begin(assembleSystem(scenario));
    const console = new Console(
      walk,
      () => 60,
      () => undefined,
    );
    const word = fc.oneof(
      fc.constantFrom(
        ...console.words(),
        'cpu0',
        'cpu2',
        'nic.raise',
        'x3',
        'until',
        'common_interrupt',
        'to',
        '1',
        '2',
        '99999999999',
        '0x21',
        'irq',
        'vector_irq',
        'pending_mask',
        '__proto__',
        'constructor',
      ),
      fc.string({ maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 4 }), async (words) => {
        const { text, wrong } = await console.run(words.join(' '));
        expect(`${text}${wrong ?? ''}`).not.toMatch(/undefined|NaN|\[object| at .*\.ts/);
        expect(wrong ?? 'nothing is wrong').toMatch(/^[^\n]{10,400}$/);
      }),
      { numRuns: 600, seed: 122 },
    );
  });

  test('help fits 60 columns', async () => {
    const { scenario } = findScenario('xhci-hotplug') ?? {};
    if (scenario === undefined) throw new Error('xhci-hotplug');
    const console = new Console(
      await Walk.begin(assembleSystem(scenario)),
      () => 60,
      () => undefined,
    );
    for (const line of ['help', 'op0', 'rest', 'where', 'irr cpu0', 'msi xhci', 'vars', 'var vector_irq', 'history']) {
      const { text } = await console.run(line);
      expect([line, text.split('\n').filter((each) => each.length > 60)]).toEqual([line, []]);
    }
  });
});

describe.concurrent('replay', () => {
  const found = irqlab(['check', '--model', 'linux-5.6', '--format', 'json']).then(
    ({ stdout }) => (JSON.parse(stdout) as { failures: { token: string }[] }).failures[0]?.token ?? '',
  );

  test('--steps, --brief, and both as JSON', async () => {
    const token = await found;
    const some = await irqlab(['replay', token, '--steps', '65..66']);
    expect([some.code, some.stderr]).toEqual([1, '']);
    expect(some.stdout).toBe(
      [
        '  65  xhci.sample  xhci samples its message: CPU 3, vector 0x21',
        '        xhci raised, not sampled: yes -> no',
        '        in flight: + xhci -> CPU 3 vector 0x21',
        '  66  xhci.m0  xhci -> CPU 3 vector 0x21 reaches the root complex',
        '        in flight xhci -> CPU 3 vector 0x21: on the way to the root complex ->',
        '          on the way to the LAPIC',
        '',
        'xhci-hotplug, linux-5.6: FAILED no-loss (105 steps)',
        'At rest: FAILS no-loss; holds no-stray, no-stuck-isr, no-fault, no-wild-write,',
        'move-state; only the probe will tell no-leak, in-step, progress.',
        '',
      ].join('\n'),
    );
    const brief = await irqlab(['replay', token, '--brief']);
    expect(tooLong(brief.stdout)).toEqual([]);
    // the 13 visible steps, and the operation that begins
    expect(brief.stdout.match(/^ +\d+ {2}\S/gm)).toHaveLength(14);
    const json = JSON.parse((await irqlab(['replay', token, '--steps', '67', '--format', 'json'])).stdout) as object;
    expect(json).toMatchObject({
      command: 'replay',
      model: 'linux-5.6',
      exact: true,
      skipped: [],
      length: 105,
      failed: ['no-loss'],
      end: { quiet: 'rest', fails: ['no-loss'] },
      steps: [
        {
          number: 67,
          step: 'xhci.m0',
          at: null,
          visible: true,
          changes: [{ name: 'in flight', from: 'xhci -> CPU 3 vector 0x21', to: null }],
          broken: ['no-loss'],
        },
      ],
    });
  });

  test('on another model: what could not be done, and no failure', async () => {
    const { code, stdout, stderr } = await irqlab(['replay', await found, '--model', 'linux-5.9', '--brief']);
    expect([code, stderr, tooLong(stdout)]).toEqual([0, '', []]);
    expect(stdout).toMatch(/^the schedule was made with linux-5\.6 \(\w+\); each CPU was taken/);
    expect(stdout).toContain('xhci owed: yes -> no');
    expect(stdout).toContain('xhci-hotplug, linux-5.9: runs to rest without a failure');
  });

  test('a model that has changed since is said', async () => {
    const fields = (await found).split('/');
    const { code, stdout } = await irqlab(['replay', fields.with(3, '0123456789abcdef').join('/'), '--steps', '1']);
    expect(code).toBe(1);
    expect(stdout.replaceAll('\n', ' ')).toMatch(/^linux-5\.6 is not what it was when the schedule was made \(0123456789abcdef, now /);
  });

  test.each([
    ['hello', '', /^irqlab: "hello" is no token; a token begins with irqlab1\//],
    ['-', '', /^irqlab: the standard input is no token/],
    [recording, '', /\.trace is a trace; to read a trace use irqlab import\n$/],
    ['-', readFileSync(recording, 'utf8'), /^irqlab: the standard input is a trace; to read a trace use irqlab import\n$/],
    ['README.md', '', /^irqlab: README\.md is no token/],
    ['irqlab1/xhci-hotplug/linux-5.6/0/-/op0,?', '', /"\?" is no step of a schedule/],
    ['irqlab1/xhci-hotplug/linux-7/0/-/op0', '', /there is no model linux-7/],
    ['src', '', /src:1:1: this file is a directory/],
  ])('%s is refused', async (argument, input, sentence) => {
    const { code, stdout, stderr } = await irqlab(['replay', argument], { input });
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(sentence)]);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  test.each([['9..3'], ['a'], ['..'], ['0..2'], ['1000..']])('--steps %s is refused', async (steps) => {
    const { code, stdout, stderr } = await irqlab(['replay', await found, '--steps', steps]);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/names no steps; write e\.g\. 3\.\.9|is behind its end/)]);
  });
});
