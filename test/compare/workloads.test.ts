/** The workloads that come with the program: what they do to a machine, and the story of one run. */
import { describe, expect, test } from 'vitest';
import { runSystem } from '../../src/campaign/index.js';
import { instantiate, timelineOf, workloads } from '../../src/compare/index.js';
import { assembleSystem } from '../../src/scenario/index.js';
import { given } from '../check/help.js';

const system = (name: string, cpus: number) =>
  assembleSystem(instantiate(given(workloads.find((each) => each.name === name)), { cpus }), { model: 'linux-7.0' });

describe('workloads', () => {
  test.each(workloads.map(({ name }) => name))('%s: devices raise, and policies are at work', async (name) => {
    const { injected, moves, handled, lost } = await runSystem(system(name, 4), { seed: 1, seconds: 0.02, measure: true });
    expect(handled).toBeGreaterThan(1000);
    expect(lost).toBe(0);
    expect(moves).toBeGreaterThan(0);
    expect(injected.done).toBeGreaterThan(0);
    expect(injected.total - injected.done).toBeLessThan(8);
  });

  test('the timeline of a run has its moves, and the CPUs that go and come in turn', async () => {
    const { moves, hotplug, worst } = await timelineOf(system('hotplug', 4), 1, 0.02);
    expect(moves.length).toBeGreaterThan(5);
    expect(worst.filter((latency) => latency > 0).length).toBeGreaterThan(100);
    expect(hotplug.length).toBeGreaterThan(4);
    // what is brought back went before, and at least half of them stay
    const away = new Set<string>();
    for (const [begun, ended, name] of hotplug) {
      const [what, cpu] = [name.slice(0, name.indexOf(' ')), name.slice(name.indexOf(' ') + 1)];
      expect(ended).toBeGreaterThan(begun);
      expect([what, away.has(cpu)]).toEqual(what === 'online' ? ['online', true] : ['offline', false]);
      if (what === 'online') away.delete(cpu);
      else away.add(cpu);
      expect(away.size).toBeLessThanOrEqual(2);
    }
  });

  test('the run that is told is the run that is measured', async () => {
    const { moves } = await timelineOf(system('steady', 4), 3, 0.02);
    expect(moves.length).toBe((await runSystem(system('steady', 4), { seed: 3, seconds: 0.02, measure: true })).moves);
  });
});
