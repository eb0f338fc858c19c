/** Pins of the IOAPIC in the Linux model: what each step of their acknowledge is for (races.md 4), and the versions that lack it. */
import { describe, expect, test } from 'vitest';
import { search } from '../../../src/check/index.js';
import type { OwnBody, Reg } from '../../../src/kernel/index.js';
import { linux, ModelError } from '../../../src/kernel/model/index.js';
import { assembleWith, parseScenario } from '../../../src/scenario/index.js';

const MASKED = 1 << 16;
const PIN = 3;

interface Pin {
  readonly trigger?: 'edge' | 'level';
  readonly irq?: string;
  /** further keys of the machine, and of the file */
  readonly machine?: string;
  readonly file?: string;
  /** another irq has its vector on CPU 0, so that it gets a new one there */
  readonly beside?: boolean;
  readonly operations: string;
}

/** The properties that fail, of a pin that is irq 9 on CPU 1. */
async function failing(
  { trigger = 'level', irq = '', machine = '', file = '', beside = false, operations }: Pin,
  ...model: Parameters<typeof linux>
) {
  const text = `version: 1
name: pin
machine: {cpus: 2${machine}}
universe: {vectors: 2}
devices:
  - {name: line, raises: 2, message: {type: ioapic, pin: ${PIN}, trigger: ${trigger}}, irqs: [{irq: 9, cpu: 1${irq}}]}
${beside ? '  - {name: beside, raises: 0, irqs: [{irq: 8, cpu: 0, affinity: [0]}]}' : ''}
operations: [${operations}]
${file}`;
  const parsed = parseScenario(text, 'pin.yaml');
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  const { verdict, failures } = await search(assembleWith(parsed.scenario, linux(...model)), { memory: 2 ** 30, states: Infinity });
  return verdict === 'safe' ? [] : failures.map(({ property }) => property).toSorted();
}

const MOVE = '{move: {irq: 9, to: [0]}}';
const OFFLINE = '{offline: 1}';

/** Mask, move, unmask; the entry is written as it stands, with another mask bit. */
const setMask = (b: Parameters<OwnBody>[0], masked: boolean): void => {
  const low = b.pinRead(0, PIN, 0);
  b.pinWrite(0, PIN, 0, masked ? b.or('u32', low, MASKED) : b.and('u32', low, MASKED - 1));
};

/** The acknowledge with a part left out. */
const ack =
  ({ waits, explicit, early = false }: { waits: boolean; explicit: boolean; early?: boolean }): OwnBody =>
  (b, { irq, vector }, kernel) => {
    b.call(kernel.routine('irq_complete_move'), { irq, vector });
    const moves = (): Reg<'bool'> => b.load(kernel.variable<'bool'>('setaffinity_pending'), [irq]);
    const move = (): void => {
      b.store(kernel.variable<'bool'>('rte_masked'), [irq], 1);
      b.call(kernel.routine('irq_move_masked_irq'), { irq });
      b.store(kernel.variable<'bool'>('rte_masked'), [irq], 0);
    };
    b.if(moves(), () => {
      setMask(b, true);
      if (early) {
        move();
        setMask(b, false);
      }
    });
    const level = b.tmrBit(b.load(kernel.variable<'vector'>('apicd_vector'), [irq]));
    b.lapicWrite('eoi', 0);
    if (explicit) b.if({ op: 'eq', a: level, x: 0 }, () => b.pinEoi(0, b.load(kernel.variable<'vector'>('apicd_vector'), [irq])));
    if (!early)
      b.if(moves(), () => {
        const inService = b.and('u32', b.pinRead(0, PIN, 0), waits ? 1 << 14 : 0);
        b.if({ op: 'eq', a: inService, x: 0 }, move);
        setMask(b, false);
      });
  };

const acknowledging = (body: OwnBody) => ({ replace: { ioapic_ack_level: body } });

describe('the acknowledge of a level (races.md ioapic-remote-irr-migrate, ioapic-forwarded-ipi-tmr)', () => {
  test('as it is: a move and an offline are safe', async () => {
    expect(await failing({ operations: MOVE }, '6.12')).toEqual([]);
    expect(await failing({ operations: OFFLINE }, '6.12')).toEqual([]);
  });

  test('the same, written anew', async () => {
    const whole = acknowledging(ack({ waits: true, explicit: true }));
    expect(await failing({ operations: MOVE }, '6.12', whole)).toEqual([]);
    expect(await failing({ operations: OFFLINE }, '6.12', whole)).toEqual([]);
  });

  test('an entry that is written before the EOI leaves its line stuck', async () => {
    const early = acknowledging(ack({ waits: true, explicit: false, early: true }));
    expect(await failing({ operations: MOVE, beside: true }, '6.12')).toEqual([]);
    expect(await failing({ operations: MOVE, beside: true }, '6.12', early)).toContain('noStuckLine');
  });

  test('a vector that was forwarded by an IPI needs an explicit EOI', async () => {
    expect(await failing({ operations: OFFLINE }, '6.12', acknowledging(ack({ waits: true, explicit: false })))).toContain('noStuckLine');
  });

  test.each([0x11, 0x20])('without an EOI register a moment as an edge does it: version %i', async (version) => {
    const machine = `, ioapic: {version: ${version}}`;
    expect(await failing({ machine, operations: OFFLINE }, '6.12')).toEqual([]);
    expect(await failing({ machine: `${machine}, iommu: vtd`, operations: MOVE }, '6.12')).toEqual([]);
  });
});

describe('versions', () => {
  test('a thread keeps its irq masked through a move from 5.5 on (races.md ioapic-oneshot-unmask)', async () => {
    const threaded = { irq: ', threaded: true', operations: MOVE };
    expect(await failing(threaded, '5.4')).toEqual(['oneshot-masked']);
    expect(await failing(threaded, '5.5')).toEqual([]);
    expect(await failing(threaded, '6.12', { behaviours: { levelUnmask: 'always' } })).toEqual(['oneshot-masked']);
  });

  test('free_irq waits for what a LAPIC has accepted from 5.4 on (races.md free-irq-in-flight)', async () => {
    const freed = { operations: '{free: 9}, {request: 9}' };
    expect(await failing(freed, '4.19')).toEqual(['noStray']);
    expect(await failing(freed, '5.4')).toEqual([]);
    // the vector is given back as shut down: what comes late is swallowed
    expect(await failing(freed, '5.4', { behaviours: { levelWait: 'handler' } })).toEqual([]);
    expect(await failing(freed, '5.4', { behaviours: { levelWait: 'handler', shutdownMark: 'none' } })).toEqual(['noStray']);
  });

  test.each(['4.19', '5.9', '6.12', '7.0'])(
    '%s: a thread survives the offline of its CPU, and its irq the loss of its driver',
    async (version) => {
      expect(await failing({ irq: ', threaded: true', operations: OFFLINE }, version)).toEqual([]);
      expect(await failing({ irq: ', threaded: true', operations: '{disable: 9}, {enable: 9}' }, version)).toEqual([]);
      expect(await failing({ trigger: 'edge', irq: ', threaded: true', operations: '{disable: 9}, {enable: 9}' }, version)).toEqual([]);
    },
  );

  test.each(['4.19', '5.9', '6.12', '7.0'])('%s: devices lose power and have it again, with a line in service', async (version) => {
    expect(await failing({ operations: '{suspend: true}' }, version)).toEqual([]);
  });
});

/** Not in any list of races: an irq that is masked already is moved without the mask and read that would wait for the EOI. */
test('an irq that is disabled, and masked by its last interrupt, when its CPU goes: an EOI that is on its way misses the new vector', async () => {
  const disabled = { beside: true, operations: '{disable: 9}, {offline: 1}, {enable: 9}' };
  expect(await failing(disabled, '6.12')).toEqual(['noLoss', 'noStuckLine']);
  expect(await failing({ ...disabled, machine: ', iommu: vtd' }, '6.12')).toEqual([]);
});

describe('edges', () => {
  test('one that comes while an offline has its pin masked is lost, unless the chipset keeps it (races.md ioapic-edge-lost-while-masked)', async () => {
    const edge = { trigger: 'edge', operations: OFFLINE } as const;
    expect(await failing(edge, '6.12')).toEqual(['noLoss']);
    expect(await failing({ ...edge, file: 'assumptions: {ioapicEdge: latched}' }, '6.12')).toEqual([]);
    expect(await failing({ ...edge, machine: ', iommu: vtd' }, '6.12')).toEqual([]);
  });
});

test('the completion of a read of the entry pushes what the IOAPIC has sent (hardware.md C.6 G3): without that a freed entry faults', async () => {
  const freed = { machine: ', iommu: vtd', operations: '{free: 9}, {request: 9}' };
  expect(await failing(freed, '6.12')).toEqual([]);
  expect(await failing({ ...freed, file: 'assumptions: {push: none}' }, '6.12')).toContain('noFault');
});

test('several MSI of a device need remapping, one sentence says so', () => {
  const parsed = parseScenario(
    `version: 1\nname: several\nmachine: {cpus: 1}\ndevices: [{name: nic, message: {type: msi, vectors: 2}, irqs: [{irq: 7}, {irq: 8}]}]\n`,
    'several.yaml',
  );
  if ('errors' in parsed) throw new Error('it has no mistakes of its own');
  expect(() => assembleWith(parsed.scenario, linux('6.12'))).toThrow(ModelError);
});
