/** Devices of scenarios besides those with a plain MSI, on a kernel of a few lines: checked, told, drawn, replayed from a token. */
import { describe, expect, test } from 'vitest';
import { drawDiagram, drawSvg, explain, parseToken, Replay, search, tokenOf } from '../../src/check/index.js';
import { Assembler, Declarations, programSetup, type MachineSize } from '../../src/kernel/index.js';
import type { BuiltModel, KernelModel, Placement } from '../../src/kernel/model/index.js';
import { assembleSystem, assembleWith, parseScenario, type Scenario } from '../../src/scenario/index.js';
import { entryLow } from '../engine/toy.js';

const LIMITS = { memory: 2 ** 30, states: Infinity };

/** Vector 0x21 + i is irq i's, on CPU 0. A move masks the entry of irq 0, changes its data and unmasks it. */
function build(size: MachineSize, { irqs, devices, operations }: Placement): BuiltModel {
  const d = new Declarations();
  const k = new Assembler(d);
  const isPin = devices.map(({ chipset }) => chipset === 'pins');
  const move = k.routine('move', { op: 'u8' }, (b, { op }) => {
    b.mmioWrite(0, 0, 'control', 1);
    b.mmioWrite(0, 0, 'data', 0x4023, 'new vector');
    b.mmioWrite(0, 0, 'control', 0);
    b.mmioRead(0, 0, 'control', 'read back');
    b.opEnd(op);
    b.end();
  });
  const handlers = irqs.map((_, i) =>
    k.routine(`handler${i}`, { vector: 'vector' }, (b) => {
      b.serve(i, 0);
      b.lapicWrite('eoi', 0);
      b.iret();
    }),
  );
  k.entry(move);
  for (const each of handlers) k.interruptEntry(each);
  const program = k.assemble(size);
  const { labels, entries, variables, fingerprint } = program;
  const entry = (name: string): number => entries.get(name) ?? 0;
  const vectors = new Map([...irqs.map(({ vector }, i) => [vector, entry(`handler${i}`)] as const), [0x23, entry('handler0')]]);
  return {
    program: programSetup(program, d, size, { handlers: vectors }),
    labels,
    variables,
    fingerprint,
    operations: operations.map(({ on: cpu, pause }) => ({ entry: entry('move'), cpu, pause, args: [0, 0] as const })),
    systemVectors: [],
    disagreement: () => undefined,
    slots: () => [],
    boot: (machine) => {
      irqs.forEach(({ device, message, vector }) => {
        const at = { addrLo: 0xfee00000, addrHi: 0, data: 0x4000 + vector, masked: false };
        if (isPin[device]) machine.ioapic(0).write(0x10 + 2 * message, entryLow(vector, { level: true }));
        else if (devices[device]?.msix) machine.setEntry(device, message, at);
        else machine.setChipset(device, at);
        if (devices[device]?.msix) machine.setMsix(device, 0x8000);
      });
      machine.setCpu(0, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true });
    },
  };
}

const model: KernelModel = { name: 'mine', behaviours: [], build };

function scenarioOf(devices: string): Scenario {
  const text = `version: 1
name: mine
machine: {cpus: 1}
devices:
${devices}
operations: [{move: {irq: 7, to: [0]}}]
`;
  const parsed = parseScenario(text, 'mine.yaml');
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.scenario;
}

const all = scenarioOf(`  - {name: nic, raises: 1, message: {type: msix}, irqs: [{irq: 7}]}
  - {name: wire, raises: 1, kind: level, message: {type: ioapic, pin: 3}, irqs: [{irq: 8, vector: 0x22}]}`);

describe('MSI-X and a pin', () => {
  test('are checked: a mask and a read back keep events', async () => {
    const { verdict, failures } = await search(assembleWith(all, model), LIMITS);
    expect([verdict, failures]).toEqual(['safe', []]);
  });

  test('a way is told step by step, drawn, and replayed from its token', async () => {
    const system = assembleWith(all, model);
    const replay = await Replay.begin(system);
    const path: number[] = [];
    // whoever can go on, the wire first
    for (let n = 0; n < 200; n++) {
      const enabled = replay.machine.enabled().filter((action) => action >>> 12 !== 7);
      const next = enabled.find((action) => action === 0x3001) ?? enabled[0];
      if (next === undefined) break;
      path.push(next);
      replay.apply(next);
    }
    const story = await explain(system, { path }, { verbose: true });
    const told = story.rows.flatMap(({ lines }) => lines.map(({ text }) => text));
    expect(told).toEqual(
      expect.arrayContaining([
        'pin 3 sends its message: CPU 0, vector 0x22',
        'EOI 0x22 goes to the IOAPIC',
        'EOI 0x22 at the IOAPIC: Remote IRR cleared',
        'posts a write: nic entry 0 data := vector 0x23',
        'entry 0 data := vector 0x23',
        'entry 0 vector control := masked',
      ]),
    );
    expect(drawDiagram(story)).toContain('posts a write');
    expect(drawSvg(story)).toContain('<svg');
    const token = await tokenOf(system, path);
    expect(parseToken(token).scenario).toEqual(all);
    expect(token).toContain('ioapic0.pin3,');
    expect(token).toContain('nic.w0');
  });
});

test.each(['hpet', 'dmar'])('an event of a device of type %s is checked', async (type) => {
  const scenario = scenarioOf(`  - {name: chip, raises: 1, message: {type: ${type}}, irqs: [{irq: 7}]}`);
  const { verdict, failures } = await search(assembleWith({ ...scenario, operations: [] }, model), LIMITS);
  expect([verdict, failures]).toEqual(['safe', []]);
});

test('several irqs of a device are told apart by their numbers', () => {
  const scenario = scenarioOf('  - {name: nic, message: {type: msix}, irqs: [{irq: 7, vector: 0x21}, {irq: 9, vector: 0x22}]}');
  expect(assembleWith(scenario, model).names.sources).toEqual(['nic:7', 'nic:9']);
});

test('a model that does not know a device says so', () => {
  const scenario = scenarioOf('  - {name: nic, message: {type: msi, vectors: 2}, irqs: [{irq: 7}, {irq: 8}]}');
  expect(() => assembleSystem(scenario)).toThrow(
    /^Linux gives a device several MSI only with interrupt remapping; write one irq for nic, or machine iommu$/,
  );
});
