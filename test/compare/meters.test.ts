/** What a timed run measures, against what can be seen from outside a few cycles at a time. */
import { describe, expect, test } from 'vitest';
import { runSystem } from '../../src/campaign/index.js';
import { Note } from '../../src/core/index.js';
import { assembleSystem, parseScenario, type Scenario, type System } from '../../src/scenario/index.js';

function scenario(...lines: readonly string[]): Scenario {
  const parsed = parseScenario(['version: 1', 'name: small', ...lines].join('\n'), 'small.yaml');
  if ('errors' in parsed) throw new Error(parsed.errors[0]?.message);
  return parsed.scenario;
}

const moves = scenario(
  'machine: {cpus: 3}',
  'devices: [{name: nic, kind: free, interArrival: {us: [7, 11]}, irqs: [{irq: 24, cpu: 0}]}]',
  'operations: [{pause: {us: 40}}, {move: {irq: 24, to: [1], on: 2}}, {pause: {us: 60}}, {move: {irq: 24, to: [0], on: 2}}]',
);

const offline = scenario(
  'machine: {cpus: 2}',
  'devices: [{name: nic, kind: free, interArrival: {us: [50]}, irqs: [{irq: 24, cpu: 1}]}]',
  'operations: [{pause: {us: 20}}, {offline: 1}]',
);

const moving = assembleSystem(moves, { model: 'linux-5.9' });
const leaving = assembleSystem(offline, { model: 'linux-5.9' });

/** What CPUs and variables are at, looked at every so many cycles. */
async function sampled({ built, machine }: System, { cycles, step }: { readonly cycles: number; readonly step: number }) {
  const at = await machine({ timed: true, record: 1, seed: 1, measure: true });
  const labels = Array.from({ length: built.program.code.length / 4 }, (_, i) => built.labels[(built.program.code[i * 4 + 3] ?? 0) >>> 8]);
  const seen = { interrupt: 0, operation: 0, flush: 0, stopped: 0, kept: 0, peak: 0 };
  const variable = (name: string): number => built.variables.findIndex((each) => each.name === name);
  const [state, kept, allocated] = [variable('stop_state'), variable('apicd_prev_vector'), variable('allocated')];
  for (let ran = 0; ran < cycles; ran += step) {
    at.run(step);
    if ([2, 3].includes(at.variable(state))) seen.stopped += step;
    if (at.variable(kept, 0) !== 0) seen.kept += step;
    seen.peak = Math.max(
      seen.peak,
      [0, 1, 2].slice(0, at.setup.apicIds.length).reduce((sum, c) => sum + at.variable(allocated, c), 0),
    );
    for (let c = 0; c < at.setup.apicIds.length; c++) {
      const label = labels[at.instruction(c) ?? -1];
      if (label === undefined || /sleeps|stop_todo|cpu_state/.test(label.text)) continue;
      seen[/^(common_interrupt|handle_edge_irq|apic_ack_edge|irq_complete_move)$/.test(label.routine) ? 'interrupt' : 'operation'] += step;
    }
  }
  return { seen, meters: at.meters(), machine: at };
}

/** As far as the samples tell. */
const near = (value: number, expected: number, within: number): void => expect(Math.abs(value - expected)).toBeLessThanOrEqual(within);

describe('a move and back on 5.9', () => {
  test('the vector stays until the cleanup IPI, of which there is one a move', async () => {
    const at = await moving.machine({ timed: true, record: 1, seed: 1, measure: true });
    at.run(600_000);
    const noted = (note: Note): bigint[] =>
      events.flatMap(({ kind, b, time }) => (kind === 'note' && b === (note as number) ? [time] : []));
    const events = at.events();
    const [begun, ended] = [noted(Note.moved), noted(Note.cleaned)];
    expect([begun.length, ended.length]).toEqual([2, 2]);
    const stays = begun.map((time, i) => Number((ended[i] ?? 0n) - time));
    expect(at.meters()?.gauges['keptVectors']).toEqual({
      begun: 2,
      cycles: stays.reduce((a, b) => a + b, 0),
      longest: Math.max(...stays),
      peak: 1,
    });
    expect(at.counter('ipis')).toBe(2);
  });

  test('CPU time by what it is spent on, vectors kept and allocated: as seen every 50 cycles', async () => {
    const { seen, meters } = await sampled(moving, { cycles: 600_000, step: 50 });
    near(meters?.spent.interrupt ?? 0, seen.interrupt, 2500);
    near(meters?.spent.operation ?? 0, seen.operation, 1000);
    expect(seen.operation).toBeGreaterThan(8000);
    near(meters?.gauges['keptVectors']?.cycles ?? 0, seen.kept, 200);
    expect(meters?.gauges['allocatedVectors']?.peak).toBe(seen.peak);
    expect(seen.peak).toBe(2);
  });
});

describe('a CPU goes offline', () => {
  test('all CPUs are stopped, and busy, for the mdelay and what is around it', async () => {
    const { seen, meters } = await sampled(leaving, { cycles: 3_600_000, step: 400 });
    const stopped = meters?.gauges['stopped'];
    near(stopped?.cycles ?? 0, seen.stopped, 800);
    expect(stopped).toMatchObject({ begun: 1, longest: stopped?.cycles, peak: 1 });
    expect(stopped?.cycles).toBeGreaterThan(3_000_000);
    near(meters?.spent.operation ?? 0, seen.operation, 8000);
    // both CPUs spin
    expect(meters?.spent.operation).toBeGreaterThan(2 * (stopped?.cycles ?? 0));
  });

  test('before it begins nothing is counted as an operation', async () => {
    const { measured } = await runSystem(moving, { seconds: 40e-6, measure: true });
    expect(measured?.meters?.spent).toMatchObject({ operation: 0, flush: 0 });
    expect(measured?.meters?.spent.interrupt).toBeGreaterThan(0);
  });
});

test('behind a remapping unit a move has one flush, and its wait is CPU time', async () => {
  const remapped: Scenario = { ...moves, machine: { ...moves.machine, iommu: { type: 'vtd', cachingMode: false, units: [{}] } } };
  const run = await runSystem(assembleSystem(remapped, { model: 'linux-6.1' }), { seconds: 0.0002, measure: true });
  expect([run.moves, run.measured?.flushes]).toEqual([2, 2]);
  expect(run.measured?.meters?.spent.flush).toBeGreaterThan(0);
  expect(run.measured?.faults).toBe(0);
});

test('measuring changes nothing of what happens', async () => {
  const limits = { seconds: 0.002, seed: 3 };
  const plain = await runSystem(moving, limits);
  expect(plain.measured).toBeUndefined();
  expect((await runSystem(moving, { ...limits, measure: true })).digest).toBe(plain.digest);
});
