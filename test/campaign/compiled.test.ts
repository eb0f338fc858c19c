/** Scenarios that are compiled ahead: the same runs as those of the scenario itself, and nothing else than for the build that made them. */
import { describe, expect, test } from 'vitest';
import {
  assembleSystem,
  builtinScenarios,
  compileScenario,
  linux,
  ModelError,
  openScenario,
  parseScenario,
  timedRun,
  type CompiledScenario,
  type DriveLimits,
  type Outcome,
  type RunView,
  type Scenario,
} from '../../src/index.js';
import { scenarioOf } from '../check/help.js';

/** As it comes out of a file. */
async function throughText(...given: Parameters<typeof compileScenario>): Promise<CompiledScenario> {
  return JSON.parse(JSON.stringify(await compileScenario(...given))) as CompiledScenario;
}

async function outcomeOf(scenario: Scenario, limits: DriveLimits & { readonly measure?: boolean }): Promise<Outcome> {
  const { system: _, ...outcome } = await timedRun(scenario, {}, limits);
  return outcome;
}

const driven = (model: string, iommu: string): Scenario =>
  scenarioOf(`version: 1
name: driven
model: ${model}
machine: {cpus: [{cpu: 0}, {cpu: 2}, {cpu: 4}, {cpu: 6, online: false}], sockets: 2${iommu}}
universe: {vectors: 40}
devices:
  - {name: nic, count: 2, kind: free, message: {type: msix}, interArrival: {poisson: {us: 9}}, handlerCycles: {lognormal: {median: 900, p99: 9000}}, irqs: {count: 3}}
  - {name: disk, message: {type: msi}, interArrival: {bursty: {events: 8, gap: {us: 3}, pause: {us: 90}}}, moderation: {us: 8}, irqs: [{irq: 60, cpu: 2}]}
events:
  - {at: {us: 100}, move: {irq: 24, to: [4]}}
  - {at: {us: 300}, online: 6}
  - {at: {us: 2500}, offline: 2}
policies:
  - storm: {perSecond: 4000}
  - balancer: {everyUs: 700}
run: {seconds: 0.02, seed: 9}`);

describe('a run of a compiled scenario', () => {
  // one of each kind of machine, device and operation
  const some = [...builtinScenarios.values()].filter((_, i) => i % 6 === 0);
  test.each(some.map(({ scenario }) => [scenario.name, scenario] as const))('%s comes to the same', async (_, scenario) => {
    const limits = { seconds: 0.005, seed: 3 };
    expect(await openScenario(await throughText(scenario)).run(limits)).toEqual(await outcomeOf(scenario, limits));
  });

  test.each([
    ['linux-5.5', ''],
    ['linux-5.9', ', iommu: vtd'],
    ['linux-6.6', ', iommu: amd'],
    ['linux-7.0', ', iommu: {type: vtd, postedMsi: true}'],
  ])('%s%s, with events and policies, comes to the same with each seed', async (model, iommu) => {
    const scenario = driven(model, iommu);
    const runnable = openScenario(await throughText(scenario));
    expect([runnable.scenario, runnable.model]).toEqual(['driven', model]);
    const digests = new Set<string>();
    for (const limits of [{}, { seed: 4 }, { seed: 2 ** 40 + 1, seconds: 0.005 }]) {
      const outcome = await runnable.run(limits);
      expect(outcome).toEqual(await outcomeOf(scenario, limits));
      // without its policies it would be another run
      expect(outcome.injected.total).toBeGreaterThan(3);
      digests.add(outcome.digest);
    }
    expect(digests.size).toBe(3);
  });

  test('is driven by policies of its own, and measured, as the scenario is', async () => {
    const scenario = driven('linux-6.1', '');
    const turn = ({ time, irqs, online }: RunView) =>
      irqs
        .filter(({ movable }) => movable)
        .map(({ irq }, i) => ({ at: { cycles: time + i }, move: { irq, to: [online[i % online.length] ?? 0] } }));
    const limits = { seconds: 0.01, policies: [turn] };
    const measure = true;
    const outcome = await openScenario(await throughText(scenario, {}, { measure })).run(limits);
    expect(outcome).toEqual(await outcomeOf(scenario, { ...limits, measure }));
    expect(outcome.measured?.meters).toBeDefined();
    expect(outcome.injected.done).toBeGreaterThan(40);
  });

  test('has the routines of a model of the user’s own', async () => {
    const scenario = scenarioOf('xhci-hotplug');
    const model = linux('5.9', { replace: { irq_force_complete_move: (_, __, kernel) => kernel.original() } });
    const { model: name, run } = openScenario(await throughText(scenario, { model }));
    expect(name).toBe('linux-5.9-own');
    const { system: _, ...outcome } = await timedRun(scenario, { model });
    expect(await run()).toEqual(outcome);
  });
});

describe('a machine of a compiled scenario', () => {
  test('is driven by hand as that of the scenario is', async () => {
    const scenario = driven('linux-7.0', '');
    const mode = { timed: true, record: 1, ring: 1 << 14, seed: 1 } as const;
    const machines = [await openScenario(await throughText(scenario)).machine(1), await assembleSystem(scenario).machine(mode)];
    const [compiled, expected] = machines.map((machine) => {
      machine.setAffinity(60, [0], { us: 50 });
      machine.online(6);
      machine.offline(4, { us: 200 });
      expect(() => machine.setAffinity(61, [0])).toThrow('irq 61 does not exist; the devices have irq 24 to 29 and 60');
      machine.advance(15_000_000);
      const { cpus, irqs, pending } = machine.view();
      return { cpus, irqs, pending, injected: machine.injected, digest: machine.eventDigest() };
    });
    expect(compiled).toEqual(expected);
    // the second to bring CPU 6 finds it there
    expect(compiled?.injected).toEqual({ total: 6, begun: 6, ended: 6 });
    expect(compiled?.cpus.map(({ online }) => online)).toEqual([true, false, false, true]);
  });

  test('does not depend on what was done with another', async () => {
    const runnable = openScenario(await throughText(driven('linux-5.9', '')));
    const digests = await Promise.all([1, 2, 1].map(async (seed) => (await runnable.machine(seed)).digest()));
    expect(digests[0]).toBe(digests[2]);
    expect(digests[0]).not.toBe(digests[1]);
  });
});

describe('what is no compiled scenario of this build', () => {
  const another = /^xhci-hotplug was compiled by another build of irqlab; compile it again with the one that runs it$/;

  test('is refused: another module', async () => {
    const compiled = await throughText(scenarioOf('xhci-hotplug'));
    const { parts } = compiled.content;
    // of which nothing need be as here
    const content = { parts, value: { setup: {} } };
    await expect(openScenario({ ...compiled, build: compiled.build ^ 1, content }).run()).rejects.toThrow(another);
  });

  test('is refused: a state that this build would not have made', async () => {
    const compiled = await throughText(scenarioOf('xhci-hotplug'));
    const { parts, value } = compiled.content;
    const content = value as { readonly changes: readonly number[] };
    const cut = { parts, value: { ...content, changes: content.changes.slice(0, -3) } } as CompiledScenario['content'];
    await expect(openScenario({ ...compiled, content: cut }).run()).rejects.toThrow(another);
    const beyond = { parts, value: { ...content, changes: [2 ** 31, 1, 1] } } as CompiledScenario['content'];
    await expect(openScenario({ ...compiled, content: beyond }).run()).rejects.toThrow(RangeError);
  });

  test('is refused: something else', () => {
    for (const other of [{ version: 1, name: 'a' }, { format: 'irqlab compiled scenario' }, null, 7])
      expect(() => openScenario(other as unknown as CompiledScenario)).toThrow('this is no compiled scenario; irqlab compile writes one');
  });

  test('is no scenario either', async () => {
    const parsed = parseScenario(JSON.stringify(await compileScenario(scenarioOf('xhci-hotplug'))), 'x.json');
    expect(parsed).toEqual({
      errors: [
        { file: 'x.json', line: 1, column: 1, message: 'this is a compiled scenario, for irqlab/run; name the file that it was made of' },
      ],
    });
  });

  test('cannot be compiled', async () => {
    await expect(compileScenario(scenarioOf('xhci-hotplug'), { model: 'linux-2.4' })).rejects.toThrow(ModelError);
  });
});
