/** What a hunt tries: everything that makes sense, once, smallest first. */
import { describe, expect, test } from 'vitest';
import { everything, items, settingsOf, type Only } from '../../src/hunt/items.js';
import { makesSense, sequences } from '../../src/hunt/operations.js';
import { irqsOf, nameOf, scenarioOf, type Setting } from '../../src/hunt/program.js';
import { kinds } from '../../src/hunt/universe.js';
import { parseScenario, stringifyScenario, type Operation } from '../../src/scenario/index.js';

const isGuest = ({ platform }: Setting): boolean => platform.endsWith('vcpu');

/** What the parser accepts, and does nothing or nothing new. */
function isIdle(setting: Setting, operations: readonly Operation[]): boolean {
  let last = '';
  let place = setting.cpus - 1;
  const online = new Set(Array.from({ length: setting.cpus }, (_, cpu) => cpu));
  const posted = new Set(isGuest(setting) && setting.surroundings !== 'host' ? irqsOf(setting).map(({ irq }) => irq) : []);
  // what the vCPU may be: a device wakes it at any time, if it is posted
  let states = ['runs'];
  for (const operation of operations) {
    const text = JSON.stringify(operation);
    if ('move' in operation && text === last) return true;
    last = text;
    if ('preempt' in operation || 'block' in operation) {
      if (!states.includes('runs')) return true;
      if ('block' in operation) states = posted.size > 0 ? ['runs', 'blocked'] : ['blocked'];
    } else if ('wake' in operation) {
      if (!states.includes('blocked')) return true;
      states = ['runs'];
    } else if ('load' in operation) {
      if (operation.load.cpu === place) return true;
      place = operation.load.cpu;
    } else if ('post' in operation) {
      posted.add(operation.post.irq);
      states = ['runs', ...states.filter((each) => each === 'blocked')];
    } else if ('unpost' in operation) posted.delete(operation.unpost);
    else if ('online' in operation) online.add(operation.online);
    else if ('offline' in operation) {
      online.delete(operation.offline);
      if (operation.offline === place) place = Math.min(...online);
    }
  }
  return false;
}

const alone: Setting = { platform: 'plain', kind: 'msi', cpus: 2, start: 1, surroundings: 'alone' };

/** All operations that a file can ask for on such a machine, one after the other, that the parser accepts. */
function bruteForce(setting: Setting, size: number): Operation[][] {
  const cpus = Array.from({ length: setting.cpus }, (_, cpu) => cpu);
  const devices = setting.surroundings === 'twin' ? ['nic', 'nic2'] : ['nic'];
  const managed = kinds.find(({ name }) => name === setting.kind)?.managed === true;
  const guest: Operation[] = [
    ...irqsOf(setting).flatMap(({ irq }): Operation[] => [{ post: { irq, vcpu: 0 } }, { unpost: irq }]),
    ...cpus.map((cpu) => ({ load: { vcpu: 0, cpu } })),
    { preempt: 0 },
    { block: 0 },
    { wake: 0 },
  ];
  const alphabet: Operation[] = [
    ...irqsOf(setting).flatMap(({ irq }): Operation[] => [
      ...(managed ? [] : cpus.map((cpu) => ({ move: { irq, to: [cpu] } }))),
      { free: irq },
      { request: irq },
      { disable: irq },
      { enable: irq },
    ]),
    ...(isGuest(setting) || size === 1 ? guest : []),
    // Linux does not take the CPU offline that has booted
    ...cpus.slice(1).flatMap((cpu): Operation[] => [{ offline: cpu }, { online: cpu }]),
    ...devices.flatMap((device): Operation[] => [{ teardown: device }, { allocate: device }]),
    { suspend: true },
  ];
  const accepted = (operations: readonly Operation[]): boolean =>
    'scenario' in parseScenario(JSON.stringify(scenarioOf({ ...setting, operations }, {}, 'linux-7.0')), 'test');
  let all: Operation[][] = [[]];
  // what is wrong already does not become right
  for (let n = 0; n < size; n++)
    all = all.flatMap((some) => alphabet.map((each) => [...some, each])).filter((each) => !isIdle(setting, each) && accepted(each));
  return setting.surroundings === 'host' ? all.filter((some) => some.some((each) => 'post' in each)) : all;
}

/** Every order of a few things. */
const orders = (all: readonly number[]): number[][] =>
  all.length === 0 ? [[]] : all.flatMap((first) => orders(all.filter((each) => each !== first)).map((rest) => [first, ...rest]));

/** The texts of a program in all names that CPUs which are alike, and irqs which are, can have. */
function renamings(setting: Setting, operations: readonly Operation[]): string[] {
  const { cpus, start, surroundings } = setting;
  const kept = [0, start, ...(['neighbour', 'crowd'].includes(surroundings) ? [1] : []), ...(isGuest(setting) ? [cpus - 1] : [])];
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
          if ('post' in o) return { post: { irq: irq(o.post.irq), vcpu: 0 } };
          if ('load' in o) return { load: { vcpu: 0, cpu: cpu(o.load.cpu) } };
          if ('preempt' in o || 'block' in o || 'wake' in o) return o;
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
    [{ ...alone, platform: 'vcpu' }, 3],
    [{ ...alone, platform: 'vcpu', cpus: 3, start: 0 }, 2],
    [{ ...alone, platform: 'vcpu', surroundings: 'twin' }, 2],
    [{ ...alone, platform: 'posted-msi-vcpu', kind: 'multi-msi' }, 1],
    [{ ...alone, platform: 'amd-vcpu' }, 2],
    [{ ...alone, platform: 'amd-vcpu', surroundings: 'host' }, 2],
  ] as const)('%j, %i operations: what the parser accepts, one for each set of renamings', (setting: Setting, size: number) => {
    const classes = new Set(bruteForce(setting, size).map((each) => renamings(setting, each).toSorted()[0] ?? ''));
    const tried = sequences(setting, size);
    expect(new Set(tried.map((each) => renamings(setting, each).toSorted()[0] ?? ''))).toEqual(classes);
    expect(tried).toHaveLength(classes.size);
  });

  test('of a guest: the thread of the vCPU is on the last CPU, and what the host does needs another', () => {
    const guest: Setting = { ...alone, platform: 'vcpu' };
    const texts = sequences(guest, 1).map((each) => each.map((o) => JSON.stringify(o)).join());
    expect(texts.toSorted()).toEqual(
      [
        '{"block":0}',
        '{"load":{"vcpu":0,"cpu":0}}',
        '{"move":{"irq":24,"to":[0]}}',
        '{"move":{"irq":24,"to":[1]}}',
        '{"offline":1}',
        '{"preempt":0}',
        '{"unpost":24}',
      ].toSorted(),
    );
    // an event of the device may have woken it, and only of a device that is posted
    expect(makesSense(guest, [{ block: 0 }, { preempt: 0 }])).toBe(true);
    expect(makesSense(guest, [{ unpost: 24 }, { block: 0 }, { preempt: 0 }])).toBe(false);
    expect(makesSense(guest, [{ unpost: 24 }, { block: 0 }, { wake: 0 }, { preempt: 0 }])).toBe(true);
    const post: Operation = { post: { irq: 24, vcpu: 0 } };
    expect(makesSense(guest, [{ unpost: 24 }, { block: 0 }, post, { preempt: 0 }])).toBe(true);
    expect(makesSense(guest, [{ wake: 0 }])).toBe(false);
    expect(makesSense(guest, [{ free: 24 }])).toBe(false);
    expect(makesSense(guest, [{ offline: 1 }, { online: 1 }])).toBe(false);
    expect(makesSense(alone, [{ preempt: 0 }])).toBe(false);
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

  test('are numbered from 0, smallest first; of a size moves first, and then what gives up nothing; no two have the same name', () => {
    const all = [...items(2, small)];
    expect(all.map(({ index }) => index)).toEqual([...all.keys()]);
    const plugs = (o: Operation): boolean => 'move' in o || 'offline' in o || 'online' in o;
    const isMoves = ({ program }: (typeof all)[number]): boolean => program.operations.every(plugs);
    const ranks = all.map((item) => item.size * 2 + Number(!isMoves(item)));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    const moves = all.filter(isMoves).map(({ size, given }) => size * 10 + Object.keys(given).length);
    expect(moves).toEqual(moves.toSorted((a, b) => a - b));
    expect(new Set(moves)).toEqual(new Set([10, 20, 21]));
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
    expect(machines.size).toBe(8 + 9 + 5 + 9 + 4 + 4 + 4);
    expect(machines.has('vcpu managed-msix')).toBe(false);
    expect(everything.kinds).toHaveLength(9);
  });
});
