/** The Linux model, function by function: the allocator, deferred moves and their cleanup, the order of hardware accesses (linux.md 2). */
import { describe, expect, test } from 'vitest';
import { findModel, ModelError, modelNames } from '../../../src/index.js';
import { Note } from '../../../src/core/index.js';
import { small, verdictOf } from '../../check/help.js';
import { Walk } from './walk.js';

const UNUSED = 0;

describe('versions and behaviours', () => {
  /** The versions in which a behaviour changes, with what it is from there on. */
  const changes = (behaviour: string): string[] => {
    const values = modelNames.map((name) => [
      name.slice('linux-'.length),
      findModel(name).behaviours.find((b) => b.name === behaviour)?.value,
    ]);
    return values.filter(([, value], i) => value !== values[i - 1]?.[1]).map(([version, value]) => `${version ?? ''} ${value ?? ''}`);
  };

  test.each([
    ['msiUpdate', '4.19 direct', '5.6 twoStep', '5.17 direct', '6.7 twoStepReserved'],
    ['msiReadBack', '4.19 none', '5.14 read'],
    ['busyMove', '4.19 rearm'],
    ['completeMove', '4.19 compare', '5.8 dead', '5.9 any'],
    ['cleanup', '4.19 ipi', '6.6 timer'],
    ['cleanupOffline', '4.19 leak', '6.10 free'],
    ['edgeInProgress', '4.19 pending', '6.17 wait'],
    ['emptySlot', '4.19 once', '6.17 recheck'],
    ['lapicDisable', '4.19 never', '5.4 early', '5.9 late'],
    ['forceComplete', '4.19 target', '6.10 involved'],
    ['noVectorLeft', '4.19 stay', '6.10 anywhere'],
    ['offlineList', '4.19 leave', '6.6 free'],
  ])('%s changes in these versions (2.5-2.8, 2.11)', (behaviour, ...expected) => {
    expect(changes(behaviour)).toEqual(expected);
  });

  test('a release in which nothing that is modelled changed has the behaviours of the one before', () => {
    const of = (name: string): unknown[] => findModel(name).behaviours.map(({ others = [], ...rest }) => [rest, others.length]);
    expect(of('linux-6.9')).toEqual(of('linux-6.7'));
    expect(of('linux-6.9')).not.toEqual(of('linux-6.10'));
    expect(findModel('linux-6.9').name).toBe('linux-6.9');
    expect(modelNames).not.toContain('linux-6.9');
    expect(() => findModel('linux-6.11')).toThrow(ModelError);
  });

  test('what was recorded of 6.12.117 says so; 6.12 is the same, as read, but for what its stable series has repaired', () => {
    const [recorded, read] = [findModel('linux-6.12.117').behaviours, findModel('linux-6.12').behaviours];
    expect(recorded.filter((b) => b.evidence === 'recorded').map((b) => b.name)).toContain('cleanup');
    expect(read.filter((b) => b.evidence !== 'read').map((b) => [b.name, b.evidence])).toEqual([
      ['gaPost', 'memory'],
      ['gaUpdate', 'memory'],
    ]);
    const values = read.map((b) => b.value);
    const others = recorded.flatMap((b, i) => (b.value === values[i] ? [] : [[b.name, values[i], b.value]]));
    expect(others).toEqual([
      ['postedVcpuMove', 'overwrite', 'skip'],
      ['unpostEntry', 'cached', 'current'],
    ]);
  });

  test('every behaviour says what it is and where that is known from; what was set says so', () => {
    const { behaviours } = findModel('linux-5.9', { settleDelay: 'none' });
    expect(behaviours.every((b) => b.text !== '')).toBe(true);
    expect(behaviours.filter((b) => b.evidence === 'set').map((b) => [b.name, b.value])).toEqual([['settleDelay', 'none']]);
  });

  test.each([
    ['a version that has no table', 'linux-4.18', {}, 'there is no model linux-4.18; there are linux-4.19, linux-5.4, linux-5.5'],
    ['a name out of Object.prototype', 'linux-constructor', {}, 'there is no model linux-constructor'],
    ['another system', 'xen', {}, 'there is no model xen'],
    ['a behaviour that does not exist', 'linux-5.9', { settle: 'none' }, 'linux has no behaviour settle; it has msiUpdate'],
    [
      'a value that does not exist',
      'linux-5.9',
      { settleDelay: 'long' },
      'behaviour settleDelay cannot be long; it is one of mdelay, none',
    ],
  ])('%s', (_, name, set, message) => {
    expect(() => findModel(name, set)).toThrow(ModelError);
    expect(() => findModel(name, set)).toThrow(message);
  });
});

test('a behaviour out of Object.prototype is none', () => {
  expect(() => findModel('linux-5.9', { toString: 'none' })).toThrow(ModelError);
});

describe('the matrix allocator (2.3)', () => {
  test('the CPU with most free vectors is chosen', async () => {
    // CPU 1 has two vectors in use, CPU 2 one
    const walk = await Walk.begin(
      small({
        cpus: [0, 1, 2],
        vectors: 4,
        devices: [
          { cpu: 0, vector: 0x21 },
          { cpu: 1, vector: 0x21 },
          { cpu: 1, vector: 0x22 },
          { cpu: 2, vector: 0x21 },
        ],
        operations: ['move: {irq: 24, to: [1, 2]}'],
      }),
    );
    walk.operation(0);
    expect(walk.target(0)).toEqual([0, 0x21]);
    walk.raise('d0');
    expect(walk.target(0)).toEqual([2, 0x22]);
    expect(walk.message(0)).toEqual([4, 0x22]);
    expect([0, 1, 2].map((c) => walk.variable('available', c))).toEqual([3, 2, 2]);
    expect([0, 1, 2].map((c) => walk.variable('allocated', c))).toEqual([1, 2, 2]);
  });

  test('on a tie the first CPU of the mask is chosen', async () => {
    const walk = await Walk.begin(
      small({ cpus: [0, 1, 2], devices: [{ cpu: 0, vector: 0x21 }], operations: ['move: {irq: 24, to: [1, 2]}'] }),
    );
    walk.operation(0);
    walk.raise('d0');
    expect(walk.target(0)).toEqual([1, 0x21]);
  });

  test('the lowest free vector is chosen, in a gap too', async () => {
    const walk = await Walk.begin(
      small({
        vectors: 4,
        devices: [
          { cpu: 0, vector: 0x24 },
          { cpu: 1, vector: 0x21 },
          { cpu: 1, vector: 0x23 },
        ],
        operations: ['move: {irq: 24, to: [1]}'],
      }),
    );
    walk.operation(0);
    walk.raise('d0');
    expect(walk.target(0)).toEqual([1, 0x22]);
    expect(walk.mask('alloc_map', 1)).toEqual([0x21, 0x22, 0x23]);
  });

  test('a target that is online and in the mask is kept (2.4 step 3)', async () => {
    const walk = await Walk.begin(small({ devices: [{ cpu: 1, vector: 0x22 }], operations: ['move: {irq: 24, to: [0, 1]}'] }));
    walk.operation(0);
    walk.raise('d0');
    expect(walk.target(0)).toEqual([1, 0x22]);
    expect(walk.mask('irq_affinity', 0)).toEqual([0, 1]);
    expect(walk.variable('apicd_move_in_progress', 0)).toBe(0);
  });

  test('no vector is free at the new CPU: the move is dropped, and the interrupt stays where it is', async () => {
    const full = small({
      vectors: 1,
      devices: [
        { cpu: 1, vector: 0x21 },
        { cpu: 0, vector: 0x21, raises: 0 },
      ],
      operations: ['move: {irq: 24, to: [0]}'],
    });
    const walk = await Walk.begin(full);
    walk.operation(0);
    walk.raise('d0');
    walk.raise('d0');
    expect(walk.target(0)).toEqual([1, 0x21]);
    expect(walk.variable('setaffinity_pending', 0)).toBe(0);
    // what was asked for has not happened, and nothing is on its way to make it happen
    expect(await verdictOf(full)).toEqual(['progress']);
  });

  test('lapic_can_unplug_cpu: offline is refused where the others have not enough free vectors', async () => {
    const full = small({
      vectors: 1,
      devices: [
        { cpu: 1, vector: 0x21 },
        { cpu: 0, vector: 0x21, raises: 0 },
      ],
      operations: ['offline: 1'],
    });
    const walk = await Walk.begin(full);
    walk.operation(0);
    expect(walk.mask('cpu_online_mask')).toEqual([0, 1]);
    expect(walk.variable('stop_ret')).toBe(1);
    expect(walk.replay.machine.cpu(1)).toMatchObject({ run: 'running', enabled: true, interruptsOn: true });
    walk.raise('d0');
    expect(walk.replay.machine.owed(0)).toBe(false);
    expect(await verdictOf(full)).toBe('safe');
  });
});

describe('a move and its cleanup (2.5, 2.7)', () => {
  const twoMoves = small({
    cpus: [0, 1, 2],
    devices: [{ cpu: 0, vector: 0x22, kind: 'free', raises: 8 }],
    operations: ['move: {irq: 24, to: [1]}', 'move: {irq: 24, to: [2]}'],
  });

  test('waits for the next interrupt; then the old vector waits for the first one at the new CPU', async () => {
    const walk = await Walk.begin(twoMoves);
    walk.operation(0);
    expect([walk.target(0), walk.variable('setaffinity_pending', 0)]).toEqual([[0, 0x22], 1]);
    walk.raise('d0');
    expect([walk.target(0), walk.variable('setaffinity_pending', 0)]).toEqual([[1, 0x21], 0]);
    expect([walk.variable('apicd_prev_cpu', 0), walk.variable('apicd_prev_vector', 0)]).toEqual([0, 0x22]);
    expect(walk.variable('apicd_move_in_progress', 0)).toBe(1);
    expect([walk.mask('alloc_map', 0), walk.mask('alloc_map', 1)]).toEqual([[0x22], [0x21]]);
    walk.raise('d0');
    expect(walk.variable('apicd_move_in_progress', 0)).toBe(0);
    expect([walk.mask('alloc_map', 0), walk.mask('alloc_map', 1)]).toEqual([[], [0x21]]);
    expect(walk.variable('vector_irq', 0, 0x22)).toBe(UNUSED);
    expect([walk.variable('available', 0), walk.variable('allocated', 0)]).toEqual([2, 0]);
    expect(walk.count('note', (e) => e.b === Note.cleaned)).toBe(1);
  });

  test('EBUSY while the one before is not cleaned up: the request is armed again, and the last one takes effect', async () => {
    const walk = await Walk.begin(twoMoves);
    const busy = () => walk.count('note', (e) => e.b === Note.busy);
    walk.operation(0);
    walk.raise('d0');
    walk.operation(1);
    // the first interrupt at CPU 1 only sends the old vector to cleanup
    walk.raise('d0');
    expect([busy(), walk.target(0), walk.variable('setaffinity_pending', 0)]).toEqual([1, [1, 0x21], 1]);
    walk.raise('d0');
    expect([busy(), walk.target(0), walk.variable('setaffinity_pending', 0)]).toEqual([1, [2, 0x21], 0]);
    walk.raise('d0');
    expect(walk.mask('alloc_map', 1)).toEqual([]);
    expect(walk.mask('alloc_map', 2)).toEqual([0x21]);
  });

  test('6.6: a timer on the old CPU frees the old vector, and comes again while that is pending there (2.7)', async () => {
    const walk = await Walk.begin(twoMoves, { model: '6.6', assume: { push: 'none' } });
    walk.operation(0);
    walk.raise('d0');
    // at the new CPU one is handled, and the vector is not freed yet
    walk.step('d0', 'raise');
    walk.step('d0', 'sample');
    while (!walk.enabled('cpu0', 't0'))
      walk.step(walk.enabled('d0', 'm0') ? 'd0' : 'cpu1', walk.enabled('d0', 'm0') ? 'm0' : walk.enabled('cpu1', 'irq') ? 'irq' : '');
    expect([walk.variable('apicd_queued', 0), walk.mask('alloc_map', 0)]).toEqual([1, [0x22]]);
    walk.step('cpu0', 't0');
    walk.rest();
    expect([walk.variable('apicd_queued', 0), walk.mask('alloc_map', 0)]).toEqual([0, []]);
    expect(walk.variable('vector_irq', 0, 0x22)).toBe(UNUSED);
    expect(walk.accesses(1).filter((a) => a.startsWith('IPI'))).toEqual([]);
  });

  test('6.6: an offline frees what waits on the list of its CPU, and the timer is gone (2.8 d7)', async () => {
    const scenario = small({
      cpus: [0, 1, 2],
      devices: [{ cpu: 1, vector: 0x22, kind: 'free', raises: 8 }],
      operations: ['move: {irq: 24, to: [2]}', 'offline: 1'],
    });
    const walk = await Walk.begin(scenario, { model: '6.6' });
    walk.operation(0);
    walk.raise('d0');
    walk.step('d0', 'raise');
    walk.step('d0', 'sample');
    while (!walk.enabled('cpu1', 't0'))
      walk.step(walk.enabled('d0', 'm0') ? 'd0' : 'cpu2', walk.enabled('d0', 'm0') ? 'm0' : walk.enabled('cpu2', 'irq') ? 'irq' : '');
    walk.step('op1');
    while (walk.enabled('cpu0') || walk.enabled('cpu1') || walk.enabled('cpu2'))
      walk.step(['cpu0', 'cpu1', 'cpu2'].find((c) => walk.enabled(c)) ?? '');
    expect(walk.enabled('cpu1', 't0')).toBe(false);
    expect([walk.variable('apicd_queued', 0), walk.mask('alloc_map', 1)]).toEqual([0, []]);
  });

  test('5.8 never cleans up, so that every later move is refused', async () => {
    const walk = await Walk.begin(twoMoves, { model: '5.8' });
    walk.operation(0);
    walk.raise('d0');
    walk.operation(1);
    for (let i = 0; i < 4; i++) walk.raise('d0');
    expect(walk.count('note', (e) => e.b === Note.busy)).toBe(4);
    expect([walk.target(0), walk.variable('setaffinity_pending', 0)]).toEqual([[1, 0x21], 1]);
    expect(walk.mask('alloc_map', 0)).toEqual([0x22]);
  });

  test('a move that still waits when its old CPU goes offline is done by that CPU', async () => {
    const walk = await Walk.begin(
      small({ cpus: [0, 1, 2], devices: [{ cpu: 1, vector: 0x21 }], operations: ['move: {irq: 24, to: [2]}', 'offline: 1'] }),
    );
    walk.operation(0);
    walk.operation(1);
    expect([walk.target(0), walk.message(0)]).toEqual([
      [2, 0x21],
      [4, 0x21],
    ]);
    expect(walk.variable('setaffinity_pending', 0)).toBe(0);
    // the old CPU was offline already, so its vector is free at once (2.4 step 4)
    expect(walk.mask('alloc_map', 1)).toEqual([]);
  });

  test('a move to a CPU that goes offline is dropped', async () => {
    const walk = await Walk.begin(small({ devices: [{ cpu: 0, vector: 0x21 }], operations: ['move: {irq: 24, to: [1]}', 'offline: 1'] }));
    walk.operation(0);
    walk.operation(1);
    expect(walk.variable('setaffinity_pending', 0)).toBe(0);
    walk.raise('d0');
    expect(walk.target(0)).toEqual([0, 0x21]);
  });

  test('the leak: the old CPU is offline when the first interrupt comes at the new one (races.md vector-leak-cpu-offline)', async () => {
    const walk = await Walk.begin('move-hotplug');
    walk.operation(0);
    walk.raise('xhci');
    walk.operation(1);
    walk.raise('xhci');
    expect(walk.count('note', (e) => e.b === Note.leaked)).toBe(1);
    expect([walk.mask('alloc_map', 1), walk.variable('apicd_prev_vector', 0)]).toEqual([[0x21], 0]);
  });

  test('offline ends an unfinished move by force: nothing leaks where the irq is still at the dying CPU', async () => {
    const walk = await Walk.begin(
      small({ devices: [{ cpu: 0, vector: 0x22, kind: 'free', raises: 4 }], operations: ['move: {irq: 24, to: [1]}', 'offline: 1'] }),
    );
    walk.operation(0);
    walk.raise('d0');
    expect(walk.variable('apicd_move_in_progress', 0)).toBe(1);
    walk.operation(1);
    expect(walk.variable('apicd_move_in_progress', 0)).toBe(0);
    expect([walk.mask('alloc_map', 0), walk.mask('alloc_map', 1)]).toEqual([[0x21], []]);
    expect(walk.target(0)).toEqual([0, 0x21]);
  });
});

/** One pass over the registers: w0-w4 of 2.5. */
function written(address: string, data: string, address64 = true): string[] {
  return [
    'read control',
    `write control ${address64 ? '81' : '1'}`,
    `write addrLo ${address}`,
    ...(address64 ? ['write addrHi 0'] : []),
    `write data ${data}`,
  ];
}

/** The part of a list from the first element that is equal to `from` to the first `to` behind it. */
function between(list: readonly string[], from: string, to: string): string[] {
  const begin = list.indexOf(from);
  return list.slice(begin, list.indexOf(to, begin) + 1);
}

/** CPU 1 goes offline, and on CPU 0 the vector of its irq is in use. */
function torn(address64: boolean): string {
  return small({
    devices: [
      { cpu: 1, vector: 0x21, address64 },
      { cpu: 0, vector: 0x21, raises: 0 },
    ],
    operations: ['offline: 1'],
  });
}

describe('the order of hardware accesses', () => {
  test.each([true, false])(
    'direct: w0 control, w1 control, w2 address, w3 address high if there is one (%s), w4 data',
    async (address64) => {
      const walk = await Walk.begin(torn(address64), { set: { msiUpdate: 'direct' } });
      walk.operation(0);
      const accesses = walk.accesses(1);
      expect(between(accesses, 'read control', 'write data 4022')).toEqual(written('fee00000', '4022', address64));
      expect(accesses.filter((a) => a === 'read control')).toHaveLength(1);
    },
  );

  test('two steps: s5 lock, s6 mark, s7 old CPU and new vector, s8 new CPU, s9 unlock, s10 the IRR', async () => {
    const walk = await Walk.begin(torn(true));
    walk.operation(0);
    const accesses = walk.accesses(1);
    const marked = accesses.indexOf('vector_irq = 2');
    expect(accesses.slice(marked - 1, accesses.indexOf('read IRR', marked) + 1)).toEqual([
      'lock vector_lock',
      'vector_irq = 2',
      ...written('fee02000', '4022'),
      ...written('fee00000', '4022'),
      'unlock vector_lock',
      'read IRR',
    ]);
  });

  test('two steps are not taken where the vector stays the same (s3)', async () => {
    const walk = await Walk.begin('xhci-hotplug');
    walk.operation(0);
    expect(walk.accesses(1).filter((a) => a === 'read control')).toHaveLength(1);
  });

  test('two steps mark no slot that is in use (s6)', async () => {
    // on the dying CPU the new vector belongs to another irq
    const walk = await Walk.begin(
      small({
        vectors: 3,
        devices: [
          { cpu: 1, vector: 0x21 },
          { cpu: 1, vector: 0x22 },
          { cpu: 0, vector: 0x21 },
        ],
        operations: ['offline: 1'],
      }),
    );
    walk.operation(0);
    expect(walk.target(0)).toEqual([0, 0x22]);
    const first = walk.accesses(1).slice(0, walk.accesses(1).indexOf('read IRR'));
    expect(first.filter((a) => a === 'vector_irq = 2')).toEqual([]);
  });

  const masked = [
    'lvtError = 100fe',
    'lvtTimer = 100ec',
    'lvtLint0 = 10700',
    'lvtLint1 = 10400',
    'lvtPerfmon = 10000',
    'lvtThermal = 10000',
    ...['lvtTimer', 'lvtLint0', 'lvtLint1', 'lvtError', 'lvtPerfmon'].map((entry) => `${entry} = 10000`),
    'esr = 0',
  ].map((access) => `LAPIC ${access}`);
  const d = {
    entered: ['interrupts off', 'lock vector_lock', 'unlock vector_lock'],
    leftOnlineMask: ['lock vector_lock', 'offline', 'unlock vector_lock'],
    migrated: [
      'lock desc_lock',
      'lock vector_lock',
      'unlock vector_lock',
      'lock vector_lock',
      'vector_irq = 3',
      'unlock vector_lock',
      ...written('fee00000', '4021'),
      'unlock desc_lock',
    ],
    settled: ['mdelay', 'read IRR', 'vector_irq = 0'],
    masked,
    disabled: [...masked, 'LAPIC svr = ff'],
    left: ['interrupts on', 'interrupts off', 'park'],
  };

  test('offline, late: d2 may it, d3 online mask, d4 irqs, d5 mdelay, d6 scan, d8 soft-disable, d9 interrupts on, d10 idle', async () => {
    const walk = await Walk.begin('xhci-hotplug');
    walk.operation(0);
    expect(walk.accesses(1)).toEqual([...d.entered, ...d.leftOnlineMask, ...d.migrated, ...d.settled, ...d.disabled, ...d.left]);
  });

  test("offline, early: the soft-disable comes before all of it (d2')", async () => {
    const walk = await Walk.begin('xhci-hotplug', { model: '5.6' });
    walk.operation(0);
    expect(walk.accesses(1)).toEqual([...d.entered, ...d.disabled, ...d.leftOnlineMask, ...d.migrated, ...d.settled, ...d.left]);
  });

  test("4.19: local lines are masked where 5.4 disables the LAPIC, which is never done (d2')", async () => {
    const walk = await Walk.begin('xhci-hotplug', { model: '4.19' });
    walk.operation(0);
    expect(walk.accesses(1)).toEqual([...d.entered, ...d.masked, ...d.leftOnlineMask, ...d.migrated, ...d.settled, ...d.left]);
  });

  test('a vector found pending: the IPI to the new target comes before the mark (d6)', async () => {
    const walk = await Walk.begin('xhci-hotplug');
    walk.step('op0');
    // the event comes when the dying CPU has its interrupts off and has not touched the device
    while (!walk.accesses(1).includes('offline')) walk.step(walk.enabled('cpu3') ? 'cpu3' : 'cpu0');
    walk.step('xhci', 'raise');
    walk.step('xhci', 'sample');
    walk.rest();
    const accesses = walk.accesses(1);
    expect(between(accesses, 'read IRR', 'vector_irq = 2')).toEqual([
      'read IRR',
      'lock desc_lock',
      'lock vector_lock',
      'IPI re-trigger at the new target',
      'unlock vector_lock',
      'vector_irq = 2',
    ]);
    expect(walk.replay.machine.owed(0)).toBe(false);
    expect(walk.replay.machine.note('swallowed')).toBe(1);
  });

  test('online: TPR and SVR, local lines, then online mask and vector table under one lock, then the timer (2.9)', async () => {
    const walk = await Walk.begin(small({ devices: [{ cpu: 0, vector: 0x21 }], operations: ['offline: 1', 'online: 1'] }));
    walk.operation(0);
    const before = walk.accesses(1).length;
    walk.operation(1);
    const accesses = walk.accesses(1).slice(before);
    expect(accesses.filter((each) => !each.startsWith('vector_irq'))).toEqual([
      ...['svr = ff', 'tpr = 10', 'svr = 1ff', 'lvtLint0 = 10700', 'lvtLint1 = 10400', 'esr = 0', 'lvtError = fe', 'esr = 0'].map(
        (access) => `LAPIC ${access}`,
      ),
      'lock vector_lock',
      'unlock vector_lock',
      ...['lvtTimer = 100ec', 'lvtTimer = ec', 'divide = 3'].map((access) => `LAPIC ${access}`),
    ]);
    expect(walk.replay.machine.cpu(1)).toMatchObject({ enabled: true, tpr: 0x10, interruptsOn: true, run: 'running' });
    expect(walk.mask('cpu_online_mask')).toEqual([0, 1]);
  });
});
