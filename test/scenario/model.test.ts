/** A kernel of the user's own, with nothing but what the package exports. */
import { describe, expect, test } from 'vitest';
import {
  Assembler,
  assembleSystem,
  assembleWith,
  Declarations,
  drawDiagram,
  eq,
  explain,
  findScenario,
  parseScenario,
  programSetup,
  search,
  SELF,
  type BuiltModel,
  type KernelModel,
  type MachineSize,
  type Placement,
  type Scenario,
} from '../../src/index.js';

const LIMITS = { memory: 2 ** 30, states: Infinity };

/** The vector of irq i is at home on one CPU; a move writes the address and tells that CPU's table in the given order. */
function build(order: readonly ('table' | 'device')[], size: MachineSize, { irqs, apicIds, operations }: Placement): BuiltModel {
  const d = new Declarations();
  const home = d.variable('home', 'cpu', ['irq'], { visible: true });
  const k = new Assembler(d);
  const move = k.routine('move', { op: 'u8', irq: 'irq', to: 'cpu' }, (b, { op, irq, to }) => {
    for (const what of order) {
      if (what === 'table') b.store(home, [irq], to);
      else b.cfgWrite(b.constant('deviceOf', irq), 'addrLo', b.or('u32', b.shl('u32', b.constant('apicId', to), 12), 0xfee00000));
    }
    b.opEnd(op);
    b.end();
  });
  const interrupt = k.routine('interrupt', { vector: 'vector' }, (b) => {
    b.lapicWrite('eoi', 0);
    b.if(
      eq(b.load(home, [0]), SELF),
      () => b.serve(0, 0),
      () => b.flag('noStray', 0),
    );
    b.iret();
  });
  k.entry(move);
  k.interruptEntry(interrupt);
  const program = k.assemble(size);
  const { labels, entries, variables, fingerprint } = program;
  const entry = (name: string): number => entries.get(name) ?? 0;
  return {
    program: programSetup(program, d, size, { handlers: new Map(irqs.map(({ vector }) => [vector, entry('interrupt')])) }),
    labels,
    variables,
    fingerprint,
    operations: operations.flatMap(({ on: cpu, pause, ...o }) =>
      o.kind === 'move' ? [{ entry: entry('move'), cpu, pause, args: [o.irq, o.to[0] ?? 0] as const }] : [],
    ),
    systemVectors: [],
    disagreement: () => undefined,
    slots: () => [],
    boot: (machine) => {
      irqs.forEach(({ device, cpu, vector }, i) => {
        machine.setVariable(home.slot, i, 0, cpu);
        machine.setDevice(device, { control: 1, addrLo: 0xfee00000 + (apicIds[cpu] ?? 0) * 0x1000, addrHi: 0, data: 0x4000 + vector });
      });
      apicIds.forEach((_, c) => machine.setCpu(c, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true }));
    },
  };
}

const kernel = (...order: ('table' | 'device')[]): KernelModel => ({
  name: 'mine',
  behaviours: [],
  build: (size, placement) => build(order, size, placement),
});

function scenario(): Scenario {
  const text =
    'version: 1\nname: mine\nmachine: {cpus: 2}\ndevices: [{name: nic, irqs: [{irq: 7, cpu: 0}]}]\noperations: [{move: {irq: 7, to: [1]}}]\n';
  const parsed = parseScenario(text, 'mine.yaml');
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.scenario;
}

describe('a model of one’s own', () => {
  test('is checked like a built-in one: a message on its way finds the irq moved away', async () => {
    const system = assembleWith(scenario(), kernel('device', 'table'));
    const { verdict, failures } = await search(system, LIMITS);
    expect(verdict).toBe('failed');
    expect(failures.map((f) => f.property).toSorted()).toEqual(['noLoss', 'noStray']);
    expect(drawDiagram(await explain(system, failures[0]!), 80)).toMatch(/CPU 0.*nic/);
  });

  test('is safe where nothing moves', async () => {
    expect((await search(assembleWith({ ...scenario(), operations: [] }, kernel()), LIMITS)).verdict).toBe('safe');
  });

  test('runs under the assumptions that are set', async () => {
    const { assumptions, model } = assembleWith(scenario(), kernel('table'), { assumptions: { push: 'none' } });
    expect(assumptions).toMatchObject({ push: 'none', delivery: 'within-mdelay' });
    expect(model.name).toBe('mine');
  });
});

describe('the probe', () => {
  const { scenario: hotplug } = findScenario('xhci-hotplug')!;

  test('is left out for 0 raises', async () => {
    const { coverage, verdict } = await search(assembleSystem(hotplug, { model: 'linux-5.6', probeRaises: 0 }), LIMITS);
    const whole = await search(assembleSystem(hotplug, { model: 'linux-5.6' }), LIMITS);
    expect([verdict, coverage.probed]).toEqual(['failed', 0]);
    expect(whole.coverage.probed).toBeGreaterThan(0);
    expect(coverage.states).toBeLessThan(whole.coverage.states);
  });

  test('of more raises than a state can count is refused', async () => {
    await expect(assembleSystem(hotplug, { probeRaises: 8 }).machine({ timed: false, record: 0 })).rejects.toThrow(
      new RangeError('a check has at most 7 raises per irq in the probe, not 8; a timed run may have more'),
    );
  });
});
