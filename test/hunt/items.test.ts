/** What a hunt tries: everything that makes sense, once, smallest first. */
import { describe, expect, test } from 'vitest';
import { everything, items, settingsOf, type Only } from '../../src/hunt/items.js';
import { makesSense, sequences } from '../../src/hunt/operations.js';
import { irqsOf, nameOf, scenarioOf, type Setting } from '../../src/hunt/program.js';
import { kinds } from '../../src/hunt/universe.js';
import { parseScenario, stringifyScenario, type Operation } from '../../src/scenario/index.js';

const alone: Setting = { platform: 'plain', kind: 'msi', cpus: 2, start: 1, surroundings: 'alone' };

/** All operations that a file can ask for on such a machine, one after the other, that the parser accepts. */
function bruteForce(setting: Setting, size: number): Operation[][] {
  const cpus = Array.from({ length: setting.cpus }, (_, cpu) => cpu);
  const devices = setting.surroundings === 'twin' ? ['nic', 'nic2'] : ['nic'];
  const managed = kinds.find(({ name }) => name === setting.kind)?.managed === true;
  const alphabet: Operation[] = [
    ...irqsOf(setting).flatMap(({ irq }): Operation[] => [
      ...(managed ? [] : cpus.map((cpu) => ({ move: { irq, to: [cpu] } }))),
      { free: irq },
      { request: irq },
      { disable: irq },
      { enable: irq },
    ]),
    // Linux does not take the CPU offline that has booted
    ...cpus.slice(1).flatMap((cpu): Operation[] => [{ offline: cpu }, { online: cpu }]),
    ...devices.flatMap((device): Operation[] => [{ teardown: device }, { allocate: device }]),
    { suspend: true },
  ];
  const accepted = (operations: readonly Operation[]): boolean =>
    'scenario' in parseScenario(JSON.stringify(scenarioOf({ ...setting, operations }, {}, 'linux-7.0')), 'test');
  const isTwice = (operations: readonly Operation[]): boolean =>
    operations.some((each, i) => i > 0 && 'move' in each && JSON.stringify(each) === JSON.stringify(operations[i - 1]));
  let all: Operation[][] = [[]];
  // what is wrong already does not become right
  for (let n = 0; n < size; n++)
    all = all.flatMap((some) => alphabet.map((each) => [...some, each])).filter((each) => accepted(each) && !isTwice(each));
  return all;
}

/** Every order of a few things. */
const orders = (all: readonly number[]): number[][] =>
  all.length === 0 ? [[]] : all.flatMap((first) => orders(all.filter((each) => each !== first)).map((rest) => [first, ...rest]));

/** The texts of a program in all names that CPUs which are alike, and irqs which are, can have. */
function renamings({ cpus, start, surroundings }: Setting, operations: readonly Operation[]): string[] {
  const kept = ['neighbour', 'crowd'].includes(surroundings) ? [0, 1] : [0, start];
  const alike = Array.from({ length: cpus }, (_, cpu) => cpu).filter((cpu) => !kept.includes(cpu));
  const twins = surroundings === 'twin' ? [24, 25] : [24];
  return orders(alike).flatMap((to) =>
    orders(twins).map((irqs) => {
      const cpu = (c: number): number => (alike.includes(c) ? (to[alike.indexOf(c)] ?? c) : c);
      const irq = (i: number): number => irqs[twins.indexOf(i)] ?? i;
      const device = (name: string): string => (irqs[0] === 25 ? (name === 'nic' ? 'nic2' : 'nic') : name);
      return JSON.stringify(
        operations.map((o) => {
          if ('move' in o) return { move: { irq: irq(o.move.irq), to: o.move.to.map(cpu) } };
          const [[kind = '', about] = []] = Object.entries(o) as [string, unknown][];
          if (kind === 'offline' || kind === 'online') return { [kind]: cpu(about as number) };
          return { [kind]: typeof about === 'number' ? irq(about) : typeof about === 'string' ? device(about) : about };
        }),
      );
    }),
  );
}

describe('sequences of operations', () => {
  test.each([
    [alone, 1],
    [alone, 2],
    [{ ...alone, start: 0 }, 2],
    [{ ...alone, cpus: 3, start: 0 }, 2],
    [{ ...alone, cpus: 3 }, 2],
    [{ ...alone, surroundings: 'twin' }, 2],
    [{ ...alone, cpus: 3, surroundings: 'neighbour' }, 1],
    [{ ...alone, kind: 'managed-msix' }, 3],
    [{ ...alone, platform: 'vtd', kind: 'multi-msi' }, 1],
    [{ ...alone, kind: 'level-pin' }, 1],
  ] as const)('%j, %i operations: what the parser accepts, one for each set of renamings', (setting: Setting, size: number) => {
    const classes = new Set(bruteForce(setting, size).map((each) => renamings(setting, each).toSorted()[0] ?? ''));
    const tried = sequences(setting, size);
    expect(new Set(tried.map((each) => renamings(setting, each).toSorted()[0] ?? ''))).toEqual(classes);
    expect(tried).toHaveLength(classes.size);
  });

  test('what is shrunk need not be in the first names, but must make sense', () => {
    const wide: Setting = { ...alone, cpus: 3, start: 0 };
    expect(makesSense(wide, [{ offline: 2 }])).toBe(true);
    expect(makesSense(wide, [{ online: 2 }])).toBe(false);
    expect(makesSense(wide, [{ offline: 2 }, { move: { irq: 24, to: [2] } }])).toBe(false);
    expect(makesSense({ ...wide, cpus: 2 }, [{ offline: 2 }])).toBe(false);
    expect(makesSense(alone, [{ free: 25 }])).toBe(false);
  });
});

describe('items', () => {
  const small: Only = { platforms: ['plain', 'vtd'], kinds: ['msi', 'multi-msi'] };

  test('are numbered from 0, smallest first, and of a size first what gives up nothing; no two have the same name', () => {
    const all = [...items(2, small)];
    expect(all.map(({ index }) => index)).toEqual([...all.keys()]);
    const ranks = all.map(({ size, given }) => size * 10 + Object.keys(given).length);
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(new Set(all.map(({ program, given }) => nameOf(program, given))).size).toBe(all.length);
    // on two CPUs, and on no more of them, is everything of size 1
    expect(all.filter(({ size }) => size === 1).every(({ program }) => program.cpus === 2 && program.operations.length === 1)).toBe(true);
    expect(new Set(all.map(({ program }) => program.cpus))).toEqual(new Set([2, 3]));
  });

  test('are scenarios as a file has them', () => {
    for (const { index, program, given } of items(1)) {
      if (index % 4 > 0) continue;
      const scenario = scenarioOf(program, given, 'linux-7.0');
      expect(parseScenario(stringifyScenario(scenario), 'test')).toEqual({ scenario });
    }
  });

  test('of size 1 are tried on every kind and platform that goes together', () => {
    const machines = new Set([...items(1)].map(({ program: { platform, kind } }) => `${platform} ${kind}`));
    expect(machines).toEqual(new Set(settingsOf(2, false).map(({ platform, kind }) => `${platform} ${kind}`)));
    expect(machines.has('plain multi-msi')).toBe(false);
    expect(machines.has('posted-msi hpet')).toBe(false);
    expect(machines.size).toBe(8 + 9 + 5 + 9);
    expect(everything.kinds).toHaveLength(9);
  });
});
