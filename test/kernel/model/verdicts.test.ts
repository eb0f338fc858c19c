/** What the search finds out about Linux, version by version: the verdicts this program is there for (linux.md 2, races.md). */
import { describe, expect, test } from 'vitest';
import { searchOf, small, verdictOf, wasExecuted, type Options } from '../../check/help.js';

/** A table's row: its name, the scenario, what is set, and the properties that fail. */
type Row = readonly [name: string, scenario: string, options: Options, expected: 'safe' | readonly string[]];

function verdicts(rows: readonly Row[]): void {
  test.each(rows)('%s', async (_, scenario, options, expected) => {
    expect(await verdictOf(scenario, options)).toEqual(expected);
  });
}

describe('xhci-hotplug, by version', () => {
  verdicts([
    // races.md lapic-soft-disable-early: 5.4 to 5.8 drop what arrives between the soft-disable and the move of the irq. That the
    // vector stays the same makes the update atomic enough in all of them, so nothing else fails, not even in 5.5.
    ['5.5 loses: its LAPIC is disabled first', 'xhci-hotplug', { model: '5.5' }, ['noLoss']],
    ['5.6 loses, and nothing else fails', 'xhci-hotplug', { model: '5.6' }, ['noLoss']],
    // before 5.4 a dying CPU masks its local lines and goes on accepting
    ['4.19 is safe: its LAPIC is never disabled', 'xhci-hotplug', { model: '4.19' }, 'safe'],
    ['5.14 is safe', 'xhci-hotplug', { model: '5.14' }, 'safe'],
    ['6.6 is safe, with a timer for the cleanup', 'xhci-hotplug', { model: '6.6' }, 'safe'],
    ['6.12.117 is safe', 'xhci-hotplug', { model: '6.12.117' }, 'safe'],
    ['7.0 is safe, waiting for the handler on the old CPU', 'xhci-hotplug', { model: '7.0' }, 'safe'],
    // its cleanup is dead, but here no move is left to be cleaned up: the offline ends it by force
    ['5.8 loses: still disabled first', 'xhci-hotplug', { model: '5.8' }, ['noLoss']],
    ['5.9 is safe', 'xhci-hotplug', { model: '5.9' }, 'safe'],
    ['5.6 with the LAPIC disabled late is safe: the whole repair', 'xhci-hotplug', { model: '5.6', set: { lapicDisable: 'late' } }, 'safe'],
    ['5.9 with the LAPIC disabled early loses', 'xhci-hotplug', { set: { lapicDisable: 'early' } }, ['noLoss']],
  ]);

  test('5.9: the verdict is not vacuous', async () => {
    const result = await searchOf('xhci-hotplug');
    expect(result).toMatchObject({ verdict: 'safe', reason: undefined, failures: [] });
    expect(result.vacuity).toMatchObject({ neverHandled: [], neverEnded: [] });
    expect([result.vacuity.handlerRuns, result.vacuity.retriggers, result.vacuity.swallowed].every((n) => n > 0)).toBe(true);
    expect(wasExecuted(result, 're-trigger at the new target')).toBe(true);
    expect(result.coverage).toMatchObject({ poolFull: false });
    expect(result.coverage.probed).toBeGreaterThan(0);
  });
});

describe('xhci-torn-offline', () => {
  verdicts([
    ['5.6 loses at the disabled LAPIC', 'xhci-torn-offline', { model: '5.6' }, ['noLoss']],
    ['5.9 is safe', 'xhci-torn-offline', {}, 'safe'],
    ['5.14 is safe', 'xhci-torn-offline', { model: '5.14' }, 'safe'],
    // races.md msi-quirk-never-armed: the two steps are never taken
    ['5.17 loses: its two steps are never taken', 'xhci-torn-offline', { model: '5.17' }, ['noLoss']],
    // recorded: vector and CPU of an MSI without mask bits change in one pass
    ['6.12.117 loses: two steps only where there are mask bits', 'xhci-torn-offline', { model: '6.12.117' }, ['noLoss']],
    ['6.12.117 with msiUpdate=twoStep is safe', 'xhci-torn-offline', { model: '6.12.117', set: { msiUpdate: 'twoStep' } }, 'safe'],
    // the torn message (new CPU, old vector) runs the network card's handler; the xHCI's never runs
    ['5.9 with msiUpdate=direct loses', 'xhci-torn-offline', { set: { msiUpdate: 'direct' } }, ['noLoss']],
    // Not what one fears: the completion of the last config write pushes all earlier messages into the IRR, before the scan.
    ['5.9 with delivery=unbounded is safe: the config writes push', 'xhci-torn-offline', { assume: { delivery: 'unbounded' } }, 'safe'],
    // A message for (old CPU, new vector) may still be on its way from the root complex when the two-step update reads the IRR.
    // No wait comes before that read (the mdelay is later), and the scan after the mdelay passes over the slot: it is RETRIGGERED.
    // So nobody looks again, and the vector is swallowed.
    ['5.9 with push=root-complex loses', 'xhci-torn-offline', { assume: { push: 'root-complex' } }, ['noLoss']],
    ['5.9 with push=none loses in the same way', 'xhci-torn-offline', { assume: { push: 'none' } }, ['noLoss']],
  ]);
});

describe('torn-move', () => {
  verdicts([
    // races.md msi-torn-nonmaskable: a stray, but the handler that runs after the move serves the event
    ['5.5: a stray, no loss', 'torn-move', { model: '5.5' }, ['noStray']],
    ['5.6 is safe', 'torn-move', { model: '5.6' }, 'safe'],
    ['5.17: the stray is back', 'torn-move', { model: '5.17' }, ['noStray']],
    ['6.12.117: a stray', 'torn-move', { model: '6.12.117' }, ['noStray']],
    ['6.12.117 with msiUpdate=twoStep is safe', 'torn-move', { model: '6.12.117', set: { msiUpdate: 'twoStep' } }, 'safe'],
    // races.md orig-ax-cleanup-dead: the old vector is never given back
    ['5.8 leaks the old vector', 'torn-move', { model: '5.8' }, ['noLeak']],
    ['5.9 is safe', 'torn-move', {}, 'safe'],
    ['5.9 with msiUpdate=direct: the stray is back', 'torn-move', { set: { msiUpdate: 'direct' } }, ['noStray']],
  ]);

  test('5.9 with push=root-complex: the cleanup IPI is sent again, and a vector that is later still is a stray', async () => {
    // A message for the old vector has left the root complex and has not arrived when the interrupt at the new CPU sends the
    // cleanup. If it arrives while the cleanup runs, that sees it in the IRR and comes again; if later, its slot is empty.
    const result = await searchOf('torn-move', { assume: { push: 'root-complex' } });
    expect(result.failures.map((f) => f.property)).toEqual(['noStray']);
    expect(wasExecuted(result, 'cleanup IPI to itself')).toBe(true);
    expect(wasExecuted(await searchOf('torn-move'), 'cleanup IPI to itself')).toBe(false);
  });
});

describe('move-hotplug', () => {
  verdicts([
    // races.md vector-leak-cpu-offline: the old CPU is gone before the first interrupt at the new one
    ['5.9 leaks, and nothing else fails', 'move-hotplug', {}, ['noLeak']],
    ['5.6 leaks and loses', 'move-hotplug', { model: '5.6' }, ['noLeak', 'noLoss']],
    ['6.6 leaks: its list is freed, a move in progress is not on it', 'move-hotplug', { model: '6.6' }, ['noLeak']],
    ['6.10 is safe', 'move-hotplug', { model: '6.10' }, 'safe'],
    // either would do: the offline ends the move, or the first interrupt behind it frees the vector
    ['6.10 with forceComplete=target is safe', 'move-hotplug', { model: '6.10', set: { forceComplete: 'target' } }, 'safe'],
    ['6.10 with cleanupOffline=leak is safe', 'move-hotplug', { model: '6.10', set: { cleanupOffline: 'leak' } }, 'safe'],
    ['7.0 is safe', 'move-hotplug', { model: '7.0' }, 'safe'],
  ]);
});

describe('what each part of 5.9 is for: without it, alone', () => {
  verdicts([
    ['settleDelay=none is safe by default: push=irr does the same work', 'xhci-hotplug', { set: { settleDelay: 'none' } }, 'safe'],
    ['with push=root-complex 5.9 is safe: the delay waits for the message', 'xhci-hotplug', { assume: { push: 'root-complex' } }, 'safe'],
    [
      'with push=root-complex and settleDelay=none it fails: so push=irr is the assumption that stood in for the delay',
      'xhci-hotplug',
      { set: { settleDelay: 'none' }, assume: { push: 'root-complex' } },
      ['noLoss', 'noStray'],
    ],
    [
      'irrScan=none: a pending vector is lost, and taken with its slot cleared',
      'xhci-hotplug',
      { set: { irrScan: 'none' } },
      ['noLoss', 'noStray'],
    ],
    ['retrigger=none: found, and not sent again', 'xhci-hotplug', { set: { retrigger: 'none' } }, ['noLoss']],
    ['slotMark=none: sent again, but the old one is a stray', 'xhci-hotplug', { set: { slotMark: 'none' } }, ['noStray']],
    ['moveMark=none: the temporary vector is a stray', 'xhci-torn-offline', { set: { moveMark: 'none' } }, ['noStray']],
    ['completeMove=dead: the old vector is never given back', 'torn-move', { set: { completeMove: 'dead' } }, ['noLeak']],
    ['completeMove=compare does as well here', 'torn-move', { set: { completeMove: 'compare' } }, 'safe'],
  ]);
});

describe('xhci-hotplug on 5.9, assumptions given up one by one', () => {
  verdicts([
    ['recognition=free is safe: the scan does not depend on it', 'xhci-hotplug', { assume: { recognition: 'free' } }, 'safe'],
    ['softDisabled=holds is safe: what is held was sent again', 'xhci-hotplug', { assume: { softDisabled: 'holds' } }, 'safe'],
    // a sample that the device keeps back is no message yet: no completion pushes it, no delay waits for it
    ['sampling=then-delay fails', 'xhci-hotplug', { assume: { sampling: 'then-delay' } }, ['noLoss', 'noStray']],
    ['delivery=unbounded is safe: the config writes push', 'xhci-hotplug', { assume: { delivery: 'unbounded' } }, 'safe'],
    ['push=none is safe: the delay waits', 'xhci-hotplug', { assume: { push: 'none' } }, 'safe'],
    [
      'push=none and delivery=unbounded together fail: each stands in for the other',
      'xhci-hotplug',
      { assume: { push: 'none', delivery: 'unbounded' } },
      ['noLoss', 'noStray'],
    ],
    [
      'softDisabled=holds needs the re-trigger: without the mark nothing is a stray any more',
      'xhci-hotplug',
      { set: { slotMark: 'none' }, assume: { softDisabled: 'holds' } },
      'safe',
    ],
  ]);
});

/** One controller on CPU 3, which goes offline and comes back; then `after`. */
function replug(...after: string[]): string {
  return small({ cpus: [0, 3], devices: [{ irq: 122, cpu: 3, vector: 0x21 }], operations: ['offline: 3', 'online: 3', ...after] });
}

describe('online again, more CPUs, more devices (5.9)', () => {
  verdicts([
    ['offline 3, online 3', replug(), {}, 'safe'],
    ['and a move back', replug('move: {irq: 122, to: [3]}'), {}, 'safe'],
    [
      'and a move back, with the LAPIC disabled early',
      replug('move: {irq: 122, to: [3]}'),
      { set: { lapicDisable: 'early' } },
      ['noLoss', 'progress'],
    ],
    ['three CPUs', small({ cpus: [0, 1, 2], devices: [{ cpu: 1, vector: 0x21 }], operations: ['offline: 1'] }), {}, 'safe'],
    // in one order of the two it is move-hotplug
    [
      'a move and an offline in parallel leak, and nothing else fails',
      small({ devices: [{ cpu: 1, vector: 0x21 }], operations: ['offline: 1', 'move: {irq: 24, to: [0]}'], more: 'parallel: true' }),
      {},
      ['noLeak'],
    ],
    [
      'a handshake and a free device on the dying CPU',
      small({
        devices: [
          { cpu: 1, vector: 0x21, raises: 1 },
          { cpu: 1, vector: 0x22, raises: 1, kind: 'free' },
        ],
        operations: ['offline: 1'],
      }),
      {},
      'safe',
    ],
    [
      'a free device on the CPU that takes over',
      small({
        devices: [
          { cpu: 1, vector: 0x21, raises: 1 },
          { cpu: 0, vector: 0x21, raises: 1, kind: 'free' },
        ],
        operations: ['offline: 1'],
      }),
      {},
      'safe',
    ],
    [
      'its last CPU goes: the affinity is broken, the interrupt goes on',
      small({ devices: [{ cpu: 1, vector: 0x21, affinity: [1] }], operations: ['offline: 1'] }),
      {},
      'safe',
    ],
    // of the two moves the second has to wait for the cleanup of the first
    [
      'two moves in a row end at the CPU asked for last',
      small({
        cpus: [0, 1, 2],
        devices: [{ cpu: 0, vector: 0x22, kind: 'free' }],
        operations: ['move: {irq: 24, to: [1]}', 'move: {irq: 24, to: [2]}'],
      }),
      {},
      'safe',
    ],
    // races.md orig-ax-cleanup-dead: every later change is refused
    [
      'two moves in a row on 5.8: the second never happens',
      small({
        cpus: [0, 1, 2],
        devices: [{ cpu: 0, vector: 0x22, kind: 'free' }],
        operations: ['move: {irq: 24, to: [1]}', 'move: {irq: 24, to: [2]}'],
      }),
      { model: '5.8' },
      ['noLeak', 'progress'],
    ],
  ]);

  test('online again: both operations end, on every path', async () => {
    // a path on which one does not end is a failure of progress, so that nothing fails says it for all
    const result = await searchOf(replug('move: {irq: 122, to: [3]}'));
    expect(result).toMatchObject({ verdict: 'safe', vacuity: { neverEnded: [], neverHandled: [] } });
    expect(wasExecuted(result, 'SIPI to')).toBe(true);
    expect(wasExecuted(result, 'lapic_online')).toBe(true);
  });

  test('the task of an operation runs on a CPU that is there', async () => {
    const devices = [{ cpu: 2, vector: 0x21, raises: 1 }];
    expect(await verdictOf(small({ cpus: [0, 1, 2], devices, operations: ['offline: 0', 'move: {irq: 24, to: [1]}'] }))).toBe('safe');
    expect(await verdictOf(small({ devices: [{ cpu: 1, vector: 0x21, raises: 1 }], operations: ['offline: 0', 'online: 0'] }))).toBe(
      'safe',
    );
  });

  // The second cpu_down may find the stopper of a CPU that has counted itself out of the first and has not ended yet.
  test('two CPUs go offline, one after the other', async () => {
    const devices = [{ cpu: 2, vector: 0x21, raises: 1 }];
    expect(await verdictOf(small({ cpus: [0, 1, 2], devices, operations: ['offline: 0', 'offline: 1'] }))).toBe('safe');
  });
});
