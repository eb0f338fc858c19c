/** Tokens: a counterexample as text and back, on the same model and on another, whole and damaged. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeAction, replayPath } from '../../../src/check/index.js';
import {
  minimise,
  ModelError,
  parseToken,
  replayToken,
  systemOf,
  TokenError,
  tokenOf,
  type Replayed,
  type Token,
} from '../../../src/index.js';
import { given, searchOf, small, systemFrom, type Options } from '../help.js';

interface Counterexample {
  readonly path: readonly number[];
  readonly token: string;
}

const known = new Map<string, Promise<Counterexample>>();

async function find(scenario: string, options: Options, property: string): Promise<Counterexample> {
  const { failures } = await searchOf(scenario, options);
  const system = systemFrom(scenario, options);
  const { path } = await minimise(system, given(failures.find((f) => f.property === property)));
  return { path, token: await tokenOf(system, path) };
}

/** The shortest way to a property that fails, and its token. Searched for once. */
function counterexample(scenario: string, options: Options, property = 'noLoss'): Promise<Counterexample> {
  const key = JSON.stringify([scenario, options, property]);
  const found = known.get(key) ?? find(scenario, options, property);
  known.set(key, found);
  return found;
}

async function replayed(token: string, model?: string): Promise<Replayed> {
  const parsed = parseToken(token);
  return replayToken(parsed, systemOf(parsed, { model }));
}

const file = small({ devices: [{ name: 'box3', irq: 7, cpu: 1, vector: 0x21, kind: 'free', raises: 2 }], operations: ['offline: 1'] });

async function settings(scenario: string, options: Options, property?: string): Promise<Token['settings']> {
  return parseToken((await counterexample(scenario, options, property)).token).settings;
}

describe('round trip', () => {
  const cases: readonly (readonly [string, string, Options, string])[] = [
    ['5.6 xhci-hotplug', 'xhci-hotplug', { model: '5.6' }, 'noLoss'],
    ['5.5 torn-move, a free device', 'torn-move', { model: '5.5' }, 'noStray'],
    ['5.9 move-hotplug, found by the probe', 'move-hotplug', {}, 'noLeak'],
    ['a behaviour was set', 'xhci-torn-offline', { set: { msiUpdate: 'direct' } }, 'noLoss'],
    ['behaviour and assumption were set', 'xhci-hotplug', { set: { settleDelay: 'none' }, assume: { push: 'root-complex' } }, 'noStray'],
    ['a sample was kept back', 'xhci-hotplug', { assume: { sampling: 'then-delay' } }, 'noLoss'],
    ['a scenario from a file, with a device called box3', file, { model: '5.6' }, 'noLoss'],
  ];

  test.each(cases)('%s: same steps, same image, same broken properties', async (_, scenario, options, property) => {
    const { path, token } = await counterexample(scenario, options, property);
    const direct = await replayPath(systemFrom(scenario, options), path);
    const { replay, exact, skipped } = await replayed(token);
    expect([exact, skipped]).toEqual([true, []]);
    expect(replay.steps.map((step) => step.action)).toEqual(path);
    expect(replay.machine.image()).toEqual(direct.machine.image());
    expect(replay.broken()).toEqual(direct.broken());
    expect(replay.broken()).toContain(property);
  });

  test('only characters that a shell leaves alone', async () => {
    for (const [, scenario, options, property] of cases) {
      expect((await counterexample(scenario, options, property)).token).toMatch(/^[\w./=+,@:#~-]+$/);
    }
  });

  test('a token says what was set, and nothing that the scenario says', async () => {
    expect(await settings('xhci-hotplug', { model: '5.6' })).toEqual({});
    expect(await settings('xhci-hotplug', { set: { settleDelay: 'none' }, assume: { push: 'root-complex' } })).toEqual({
      settleDelay: 'none',
      push: 'root-complex',
    });
    const inFile = `${file}assumptions: {push: none}\nbehaviours: {lapicDisable: early}\n`;
    expect(await settings(inFile, {})).toEqual({});
  });

  test('a device may be called as lspci calls it', async () => {
    const { token } = await counterexample(file.replaceAll('box3', '0000:00:14.0'), { model: '5.6' });
    expect((await replayed(token)).skipped).toEqual([]);
    expect(token).toContain('0000:00:14.0.raise');
  });

  test('a token of a file carries the file', async () => {
    const { token } = await counterexample(file, { model: '5.6' });
    expect(parseToken(token).scenario).toEqual(systemFrom(file).scenario);
  });
});

describe('on another model', () => {
  test('5.6 to 5.9: runs to rest without a failure, and lists what it skipped', async () => {
    const { token } = await counterexample('xhci-hotplug', { model: '5.6' });
    const { replay, exact, skipped } = await replayed(token, 'linux-5.9');
    expect(exact).toBe(false);
    expect(replay.broken()).toEqual([]);
    expect(replay.machine.quiet).toBe('rest');
    expect(replay.machine.owed(0)).toBe(false);
    // the event that was lost is raised at the same place, and handled
    expect(replay.steps.some((step) => step.events.some((e) => e.kind === 'raise'))).toBe(true);
    expect(replay.machine.note('retrigger')).toBe(1);
    expect(Array.isArray(skipped)).toBe(true);
  });

  test('what the model has no place for is skipped, by name', async () => {
    // without the look at the IRR the routine of the two steps has no such line
    const { token } = await counterexample('xhci-torn-offline', { set: { msiUpdate: 'direct' } });
    const { skipped, replay } = await replayed(token, 'linux-5.5');
    expect(replay.machine.quiet).toBe('rest');
    for (const each of skipped) expect(each).toMatch(/^(cpu\d+|xhci|op\d+|probe)/);
  });

  test('5.9 to 5.6: the way of the leak is one of the loss or of the leak there too, or of none: it ends at rest', async () => {
    const { token } = await counterexample('move-hotplug', {}, 'noLeak');
    const { replay } = await replayed(token, 'linux-5.6');
    expect(replay.machine.quiet).toBe('rest');
  });

  test('an unknown model is a ModelError', async () => {
    const { token } = await counterexample('xhci-hotplug', { model: '5.6' });
    expect(() => systemOf(parseToken(token), { model: 'linux-1.0' })).toThrow(ModelError);
    expect(() => systemOf(parseToken(token.replace('linux-5.6', 'linux-5.66')))).toThrow(ModelError);
  });
});

/** Either one of our two errors, with a sentence, or a replay that ends. */
async function survives(text: string): Promise<string> {
  try {
    const token = parseToken(text);
    await replayToken(token, systemOf(token));
    return 'replayed';
  } catch (error) {
    if (!(error instanceof TokenError || error instanceof ModelError)) throw error;
    return /^[^\n]{10,}$/.test(error.message) ? 'refused' : error.message;
  }
}

describe('damaged', () => {
  test('every prefix', async () => {
    const { token } = await counterexample('xhci-hotplug', { model: '5.6' });
    const outcomes = new Set<string>();
    for (let n = 0; n < token.length; n += n < 80 ? 1 : 2) outcomes.add(await survives(token.slice(0, n)));
    // a schedule that ends early is a schedule
    expect([...outcomes].toSorted()).toEqual(['refused', 'replayed']);
  });

  test('every prefix of one that carries a scenario', async () => {
    const { token } = await counterexample(file, { model: '5.6' });
    const carried = token.split('/').slice(0, 2).join('/').length;
    for (let n = 0; n <= carried; n += 7) expect(await survives(token.slice(0, n))).toBe('refused');
  });

  test('characters changed, left out and put in at random', async () => {
    const tokens = [
      (await counterexample('xhci-hotplug', { model: '5.6' })).token,
      (await counterexample(file, { model: '5.6' })).token,
      (await counterexample('xhci-hotplug', { set: { settleDelay: 'none' }, assume: { push: 'root-complex' } }, 'noStray')).token,
    ];
    const damage = fc.record({
      which: fc.nat(tokens.length - 1),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      cut: fc.nat(3),
      by: fc.oneof(
        fc.string({ maxLength: 3 }),
        fc.constantFrom('/', ',', '.', '@', '#1', 'x999', '~', '=', '+', '-', '0', 'cpu0', 'op0', ''),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (changes) => {
        let text = given(tokens[given(changes[0]).which]);
        for (const { at, cut, by } of changes) {
          const n = Math.floor(at * text.length);
          text = text.slice(0, n) + by + text.slice(n + cut);
        }
        expect(['refused', 'replayed']).toContain(await survives(text));
      }),
      { numRuns: 400, seed: 20200318 },
    );
  });

  test.each([
    ['nothing', ''],
    ['another text', 'hello'],
    ['too few fields', 'irqlab1/xhci-hotplug/linux-5.6'],
    ['a scenario that is not built in', 'irqlab1/usb/linux-5.6/0/-/op0'],
    ['a scenario that is no base64', 'irqlab1/~!!!/linux-5.6/0/-/op0'],
    ['a scenario that is no scenario', 'irqlab1/~e30/linux-5.6/0/-/op0'],
    ['a behaviour that does not exist', 'irqlab1/xhci-hotplug/linux-5.6/0/lapic=late/op0'],
    ['a step that is none', 'irqlab1/xhci-hotplug/linux-5.6/0/-/op0,,op0'],
  ])('%s is refused', async (_, text) => {
    expect(await survives(text)).toBe('refused');
  });

  test.each([
    ['an assumption without a value', 'irqlab1/xhci-hotplug/linux-5.6/0/push/op0'],
    ['an assumption that cannot be', 'irqlab1/xhci-hotplug/linux-5.6/0/push=far/op0'],
  ])('%s is refused', async (_, text) => {
    expect(await survives(text)).toBe('refused');
  });

  test('an exact replay leaves out a step that is not enabled and says so', async () => {
    const { token } = await counterexample('xhci-hotplug', { model: '5.6' });
    const fields = token.split('/');
    const { exact, skipped } = await replayed([...fields.slice(0, 5), `xhci.send,${fields[5] ?? ''}`].join('/'));
    expect([exact, skipped]).toEqual([true, ['xhci send']]);
  });

  test('a run length beyond all reason ends', async () => {
    const { replay } = await replayed((await counterexample('xhci-hotplug', { model: '5.6' })).token.replace('cpu0x16', 'cpu0x99999999'));
    expect(replay.steps.length).toBeLessThan(100_000);
  });
});

describe('actions', () => {
  test('each action that is enabled on the way of a counterexample has a name of its own', async () => {
    const { path } = await counterexample('move-hotplug', {}, 'noLeak');
    const system = systemFrom('move-hotplug');
    const machine = await system.machine({ timed: false, record: 0 });
    for (const action of path) {
      const names = machine.enabled().map((a) => {
        const { actor, choice } = describeAction(system, a);
        return `${actor}.${choice}`;
      });
      expect(new Set(names).size).toBe(names.length);
      machine.apply(action);
    }
  });
});
