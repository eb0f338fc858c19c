/** `irqlab diff`: behaviours with both values and their evidence, and the scenarios whose verdict changes. */
import { describe, expect, test } from 'vitest';
import { files, irqlab } from './help.js';

interface Document {
  readonly models: readonly { readonly name: string; readonly own?: readonly string[] }[];
  readonly behaviours: readonly {
    readonly name: string;
    readonly first?: { readonly value: string };
    readonly second?: { readonly value: string };
  }[];
  readonly scenarios: readonly {
    readonly scenario: string;
    readonly changed: boolean;
    readonly first: { readonly verdict: string; readonly failed: readonly string[] };
    readonly second: { readonly verdict: string; readonly failed: readonly string[] };
  }[];
}

const diff = async (...args: string[]): Promise<Document> => {
  const { code, stdout } = await irqlab(['diff', ...args, '--quick', '--format', 'json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Document;
};

const only = (...names: readonly string[]): string[] => names.flatMap((name) => ['--scenario', name]);

describe.concurrent('two versions', () => {
  test('differ in what the repair of 2020 changed, and in the verdicts that follow (linux.md 2.7, 2.8)', async () => {
    const { behaviours, scenarios } = await diff(
      'linux-5.8',
      'linux-5.9',
      ...only('xhci-hotplug', 'torn-move', 'move-hotplug', 'xhci-loop'),
    );
    expect(behaviours.map(({ name, first, second }) => [name, first?.value, second?.value])).toEqual([
      ['completeMove', 'dead', 'any'],
      ['lapicDisable', 'early', 'late'],
      // races.md amd-irte-valid-toggle: 5.9 too
      ['amdIrteUpdate', 'validToggle', 'atomic'],
    ]);
    const changed = scenarios.filter((each) => each.changed);
    expect(changed.map(({ scenario, first, second }) => [scenario, first.failed, second.failed])).toEqual(
      expect.arrayContaining([
        ['xhci-hotplug', ['no-loss'], []],
        ['move-hotplug', ['no-loss', 'no-leak'], ['no-leak']],
      ]),
    );
    expect(scenarios.find(({ scenario }) => scenario === 'xhci-loop')).toMatchObject({ how: 'run' });
  });

  test('in 80 columns, each behaviour in the words of the kernel, what does not change in one paragraph', async () => {
    const { code, stdout } = await irqlab([
      'diff',
      'linux-6.7',
      'linux-6.12.117',
      '--quick',
      ...only('xhci-hotplug', 'msi-move', 'move-hotplug'),
    ]);
    expect(code).toBe(0);
    expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(stdout).toMatch(/^linux-6\.7 and linux-6\.12\.117: \d+ behaviours of \d+ differ$/m);
    expect(stdout).toMatch(/^cleanupOffline: the old vector of a move whose old CPU is offline/m);
    expect(stdout).toMatch(/^ {2}linux-6\.7 +leak: forgotten, still allocated \(read\)$/m);
    expect(stdout).toMatch(/^ {2}linux-6\.12\.117 +free: freed \(read\)$/m);
    expect(stdout).toMatch(/^ {2}the same +safe: xhci-hotplug, msi-move$/m);
  });

  test('or in nothing', async () => {
    const { behaviours, scenarios } = await diff('linux-5.9', 'linux-5.9', ...only('torn-move', 'msi-move'));
    expect(behaviours).toEqual([]);
    expect(scenarios.some(({ changed }) => changed)).toBe(false);
  });
});

test('a repair of the user’s own beside its version, also where a machine is none for that version', async () => {
  const { models, behaviours, scenarios } = await diff(
    'linux-5.9',
    'examples/own-repair.mjs',
    ...only('move-hotplug', 'msi-old-offline', 'hpet-old-offline', 'edge-pin-old-offline', 'msi-move', 'posted-msi-offline'),
  );
  expect(models).toEqual([{ name: 'linux-5.9' }, { name: 'my-linux', own: ['__send_cleanup_vector'] }]);
  expect(behaviours).toEqual([]);
  const changed = scenarios.filter((each) => each.changed);
  expect(changed.map(({ scenario }) => scenario)).toContain('move-hotplug');
  // The leak goes. Nothing pushes an HPET's message, so there the dying CPU still finds it pending when its slot is freed.
  for (const { first, second, scenario } of changed) {
    const rest = first.failed.filter((property) => property !== 'no-leak');
    expect(first.failed).toContain('no-leak');
    expect([scenario, second.failed]).toEqual([scenario, scenario === 'hpet-old-offline' ? ['no-stray'] : rest]);
  }
  expect(scenarios.filter((each) => !each.changed).map(({ scenario }) => scenario)).toEqual(['msi-move', 'posted-msi-offline']);
});

describe('a routine that only some machines have', () => {
  const own = (name: string): string =>
    files({
      'mine.mjs': `import { linux } from 'irqlab';
export const model = linux('5.9', { name: 'mine', replace: { ${name}: (b, params, kernel) => kernel.original() } });
`,
    })('mine.mjs');

  test('may be replaced on those', async () => {
    const { scenarios } = await diff('linux-5.9', own('modify_irte'), ...only('xhci-loop', 'msi-move', 'remapped-msi-move'));
    expect(scenarios.map(({ second }) => second)).toMatchObject([
      { verdict: 'unknown', refused: true, reason: expect.stringContaining('there is no routine modify_irte;') as unknown },
      { verdict: 'unknown', refused: true },
      { verdict: 'safe' },
    ]);
  });

  test('is misspelt if none has it', async () => {
    const file = own('modify_irtes');
    const { code, stderr } = await irqlab(['diff', 'linux-5.9', file, '--quick', ...only('msi-move', 'remapped-msi-move')]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}:1:1: there is no routine modify_irtes; `);
  });
});

test('a model that does not exist is a mistake', async () => {
  const { code, stderr } = await irqlab(['diff', 'linux-5.9', 'linux-4.4']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^irqlab: there is no model linux-4\.4; there are /);
});
