/** `irqlab verdicts`: scenarios by kernels, as a table and as JSON, the same as a check of each. */
import { describe, expect, test } from 'vitest';
import { search } from '../../src/index.js';
import { systemFrom } from '../check/help.js';
import { irqlab, tooLong } from './help.js';

const models = ['linux-5.4', 'linux-5.8', 'linux-5.9', 'linux-6.10'];
const scenarios = ['xhci-hotplug', 'torn-move', 'move-hotplug'];
const table = ['verdicts', ...models.flatMap((name) => ['--model', name]), ...scenarios.flatMap((name) => ['--scenario', name])];

interface Document {
  readonly models: readonly string[];
  readonly scenarios: readonly {
    readonly scenario: string;
    readonly verdicts: readonly { readonly verdict: string; readonly failed: readonly string[]; readonly states: number }[];
  }[];
}

describe.concurrent('a table of verdicts', () => {
  test('groups the versions that say the same', async () => {
    const { code, stdout, stderr } = await irqlab(table);
    expect([code, stderr, tooLong(stdout)]).toEqual([0, '', []]);
    expect(stdout).toMatch(/^3 scenarios on 4 kernels, 12 of 12 decided \(/);
    expect(stdout).toContain('\n. safe, L no-loss, S no-stray, K no-leak, ? not decided\n');
    expect(stdout).toMatch(/^xhci-hotplug {2}5\.4 to 5\.8 L, 5\.9 to 6\.10 \.$/m);
    expect(stdout).toMatch(/^torn-move {5}5\.4 S, 5\.8 K, 5\.9 \., 6\.10 S$/m);
    expect(stdout).toMatch(/^move-hotplug {2}5\.4 to 5\.8 LK, 5\.9 K, 6\.10 \.$/m);
  });

  test('says what a check of each says', async () => {
    const document = JSON.parse((await irqlab([...table, '--format', 'json'])).stdout) as Document;
    expect(document.models).toEqual(models);
    expect(document.scenarios.map(({ scenario }) => scenario)).toEqual(scenarios);
    for (const { scenario, verdicts } of document.scenarios)
      for (const [i, name] of models.entries()) {
        const system = systemFrom(scenario, { model: name.replace('linux-', '') });
        const checked = await search(system, { memory: 2 ** 30, states: 1_000_000 });
        const found = checked.failures.map(({ property }) => property);
        expect([scenario, name, verdicts[i]?.verdict, (verdicts[i]?.failed ?? []).toSorted()]).toEqual([
          scenario,
          name,
          checked.verdict,
          found.toSorted(),
        ]);
      }
  });

  test('says ? where the states did not suffice', async () => {
    const { code, stdout } = await irqlab(['verdicts', '--model', 'linux-5.9', '--scenario', 'xhci-hotplug', '--states', '100']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 scenarios? on 1 kernels?, 0 of 1 decided/);
    expect(stdout).toMatch(/^xhci-hotplug {2}\?$/m);
  });

  test('a model that does not exist is a mistake', async () => {
    const { code, stderr } = await irqlab(['verdicts', '--model', 'linux-4.4', '--scenario', 'torn-move']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^irqlab: there is no model linux-4\.4; there are /);
  });
});
