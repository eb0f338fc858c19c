/** Arrivals, moderation and costs of handlers as the core draws them (design 3 "Time"). */
import { describe, expect, test } from 'vitest';
import { Event, Rec, Table } from '../../src/core/index.js';
import { assembleSystem } from '../../src/index.js';
import { exponential, type ScenarioMachine } from '../../src/scenario/index.js';
import { scenarioOf } from '../check/help.js';

const RING = 1 << 16;

/** A machine of two CPUs with one device, irq 24. */
async function machineOf(device: string, rest = '', seed = 1): Promise<ScenarioMachine> {
  const text = `version: 1\nname: w\nmachine: {cpus: 2}\ndevices: [{name: nic, kind: free, ${device}, irqs: [{irq: 24}]}]\n${rest}`;
  return assembleSystem(scenarioOf(text)).machine({ timed: true, record: 1, ring: RING, seed });
}

/** Cycles of all events of a kind while the machine runs for so long. */
function times(machine: ScenarioMachine, kind: keyof typeof Event, cycles: number, source = 0): number[] {
  const end = machine.now + BigInt(cycles);
  const found: number[] = [];
  while (machine.now < end) {
    machine.run(Number(end - machine.now));
    // as `events` does, but a hundred thousand of them at little cost
    const { exports } = machine.core;
    const [tail, used, ring] = [exports.ringTail(), exports.ringUsed(), exports.table(Table.ring)];
    for (let i = 0; i < used; i++) {
      const at = ring + ((tail + i) % RING) * Rec.size;
      if (machine.core.u32(at + Rec.kind) !== Event[kind] || machine.core.u32(at + Rec.a) !== source) continue;
      found.push(machine.core.u32(at) + machine.core.u32(at + 4) * 2 ** 32);
    }
    exports.ringClear();
  }
  return found;
}

const gapsOf = (at: readonly number[]): number[] => at.map((time, i) => time - (at[i - 1] ?? 0));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Quantile q of these. */
function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.floor(q * sorted.length)] ?? NaN;
}

describe('the curve of an exponential distribution', () => {
  test('is that of the logarithm, at every point, and in between to a part in ten thousand', () => {
    const unit = 1e12;
    const points = exponential(unit);
    const rest = (i: number): number => {
      const level = Math.min(Math.floor(i / 32), 26);
      return (1 - (i - level * 32) / 64) / 2 ** level;
    };
    expect(points).toHaveLength(865);
    points.forEach((point, i) => expect(Math.abs(point + unit * Math.log(rest(i)))).toBeLessThan(1));
    // a chord lies above the curve: the mean of all that is drawn
    const area = points.slice(1).reduce((sum, point, i) => sum + ((point + (points[i] ?? 0)) / 2) * (rest(i) - rest(i + 1)), 0);
    expect(Math.abs(area / unit - 1)).toBeLessThan(1e-4);
  });
});

describe('arrivals', () => {
  test('poisson: mean and quantiles of 100,000 gaps are those of the exponential distribution', async () => {
    // so seldom that hardly any event meets the one before
    const unit = 3_000_000;
    const gaps = gapsOf(times(await machineOf('interArrival: {poisson: {us: 1000}}, handlerCycles: 0'), 'raise', 100_000 * unit));
    expect(Math.abs(gaps.length / 100_000 - 1)).toBeLessThan(0.01);
    expect(Math.abs(mean(gaps) / unit - 1)).toBeLessThan(0.01);
    for (const [q, within] of [
      [0.01, 0.04],
      [0.5, 0.01],
      [0.9, 0.01],
      [0.99, 0.02],
      [0.999, 0.05],
    ] as const) {
      const exact = -Math.log(1 - q) * unit;
      expect(Math.abs(quantile(gaps, q) / exact - 1), `quantile ${q}`).toBeLessThan(within);
    }
  });

  test('bursty: bursts of as many events as it says, at its gap, behind pauses that are exponential', async () => {
    const device = 'interArrival: {bursty: {events: {min: 3, max: 5}, gap: {cycles: 9000}, pause: {us: 1000}}}, handlerCycles: 0';
    const gaps = gapsOf(times(await machineOf(device), 'raise', 6_000 * 3_000_000));
    const bursts = [0];
    const pauses: number[] = [];
    for (const gap of gaps) {
      if (gap === 9000) bursts.push((bursts.pop() ?? 0) + 1);
      else {
        pauses.push(gap);
        bursts.push(1);
      }
    }
    // the last one is not over; in one or two an event met the one before
    const sizes = bursts.slice(1, -1).filter((size) => size > 2);
    expect(bursts.length - sizes.length).toBeLessThan(6);
    expect(pauses.length).toBeGreaterThan(5_500);
    expect(new Set(sizes)).toEqual(new Set([3, 4, 5]));
    for (const size of [3, 4, 5]) expect(sizes.filter((each) => each === size).length / sizes.length).toBeCloseTo(1 / 3, 1);
    expect(mean(pauses) / 3_000_000).toBeCloseTo(1, 1);
  });

  test('replayed: exactly the gaps of the list, cycle by cycle; then none, or the list again', async () => {
    const list = [5000, 70_001, 300_000_000_000, 12_345];
    const sums = (n: number): number[] => {
      let at = 0;
      return Array.from({ length: n }, (_, i) => (at += list[i % 4] ?? 0));
    };
    expect(times(await machineOf(`interArrival: {replay: {cycles: [${list.join(', ')}]}}`), 'raise', 9e11)).toEqual(sums(4));
    expect(times(await machineOf(`interArrival: {replay: {cycles: [${list.join(', ')}], repeat: true}}`), 'raise', 9.0001e11)).toEqual(
      sums(15).filter((at) => at <= 9.0001e11),
    );
  });

  test('periodic, and longer than 32 bits of cycles', async () => {
    expect(times(await machineOf('interArrival: {us: [2000000]}'), 'raise', 2e10)).toEqual([6e9, 1.2e10, 1.8e10]);
  });

  test('each device and purpose has a stream of its own: what another draws shifts nothing', async () => {
    const beside = (other: string, cost = '{exponential: 900}') =>
      assembleSystem(
        scenarioOf(`version: 1
name: w
machine: {cpus: 2}
devices:
  - {name: nic, kind: free, message: {type: msix}, interArrival: {poisson: {us: 300}}, handlerCycles: ${cost}, irqs: [{irq: 24}]}
  - {name: other, kind: free, message: {type: msix}, interArrival: ${other}, irqs: [{irq: 25}]}
`),
      ).machine({ timed: true, record: 1, ring: RING });
    const alone = times(await beside('{us: [1000000]}'), 'raise', 3e8);
    expect(alone.length).toBeGreaterThan(300);
    expect(times(await beside('{poisson: {us: 40}}'), 'raise', 3e8)).toEqual(alone);
    expect(times(await beside('{us: [1000000]}', '900'), 'raise', 3e8)).toEqual(alone);
  });
});

describe('moderation', () => {
  const INTERVAL = 150_000;

  test.each([
    ['at-once', 'sample'] as const,
    // the message is formed at the beginning of the interval
    ['then-delay', 'send'] as const,
  ])('sampling %s: never two messages within the interval, and no event is lost', async (sampling, kind) => {
    const machine = await machineOf(
      'interArrival: {poisson: {us: 4}}, moderation: {us: 50}, handlerCycles: 300',
      `assumptions: {sampling: ${sampling}}\n`,
    );
    const sent = times(machine, kind, 3e8);
    expect(sent.length).toBeGreaterThan(1900);
    expect(Math.min(...gapsOf(sent).slice(1))).toBeGreaterThanOrEqual(INTERVAL);
    expect(machine.counter('lost')).toBe(0);
    // 25,000 events: one that comes while another waits is told with it, and the last one is told too
    expect(machine.counter('raises') + machine.counter('joined')).toBeGreaterThan(24_000);
    expect(machine.counter('raises') - machine.counter('served')).toBeLessThanOrEqual(machine.owed(0) ? 2 : 1);
  });

  test('an event behind the interval goes out at once, one within it as soon as it may', async () => {
    const machine = await machineOf('interArrival: {replay: {cycles: [200000, 60000, 1000, 400000]}}, moderation: {us: 50}');
    const sent = times(machine, 'sample', 2e6);
    expect(sent).toHaveLength(3);
    expect(sent[0]).toBeLessThan(200_500);
    expect(sent[1]).toBe((sent[0] ?? 0) + INTERVAL);
    expect(sent[2]).toBeLessThan(661_500);
    expect(machine.counter('joined')).toBe(1);
  });
});

describe('costs of handlers', () => {
  /** Of 6,000 runs of the handler, a millisecond apart. */
  async function costs(handlerCycles: string): Promise<number[]> {
    const machine = await machineOf(`interArrival: {us: [1000]}, handlerCycles: ${handlerCycles}`);
    machine.run(1_000_000);
    let before = 0;
    return Array.from({ length: 6000 }, () => {
      machine.run(3_000_000);
      machine.events();
      const { cycles } = machine.loadOfSource(0);
      const cost = cycles - before;
      before = cycles;
      return cost;
    });
  }

  test('uniform: between its bounds, all as likely', async () => {
    const all = await costs('{uniform: {min: 2000, max: 2003}}');
    // what the driver does besides is the same each time
    const base = Math.min(...all);
    for (const n of [0, 1, 2, 3]) expect(all.filter((cost) => cost - base === n).length / all.length).toBeCloseTo(0.25, 1);
    expect(new Set(all).size).toBe(4);
  });

  test('lognormal: median and 99 % are what it says', async () => {
    const all = await costs('{lognormal: {median: 10000, p99: 80000}}');
    expect(Math.abs(quantile(all, 0.5) / 10_000 - 1)).toBeLessThan(0.05);
    expect(Math.abs(quantile(all, 0.99) / 80_000 - 1)).toBeLessThan(0.15);
  });

  test('bimodal: the slow ones are as many as it says', async () => {
    const all = await costs('{bimodal: {fast: 2000, slow: 40000, slowPercent: 5}}');
    expect(new Set(all).size).toBe(2);
    expect(all.filter((cost) => cost > 30_000).length / all.length).toBeCloseTo(0.05, 2);
  });
});
