/** What a unit does with a descriptor in a check, step by step, and who carries an event that was posted (hardware.md D.4.3, E.2). */
import { describe, expect, test } from 'vitest';
import { Actor, FaultReason, PidWord } from '../../src/core/index.js';
import { SELF, type Descriptors } from '../../src/kernel/index.js';
import type { EventRecord, ProgramMachine } from '../../src/machine/index.js';
import {
  ANV,
  control,
  invalidate,
  postedEntry,
  postedToy,
  remapAll,
  remapping,
  setControl,
  setRow,
  VECTOR,
  type Remapping,
} from '../engine/posted.js';
import {
  act,
  enabled,
  entryLow,
  handler,
  inFlight,
  only,
  operation,
  search,
  settle,
  smallIoapic,
  steps,
  type ToyOptions,
} from '../engine/toy.js';
import { vcpuKernel } from '../engine/vcpu.js';

/** Steps to the end, each the first that is enabled, the probe left out; what the ring said meanwhile of some kinds. */
function run(machine: ProgramMachine, ...kinds: EventRecord['kind'][]): string[] {
  settle(machine);
  return machine.events().flatMap(({ kind }) => (kinds.includes(kind) ? [kind] : []));
}

/** A machine that does nothing but post: its descriptors, and what a test sets up. */
function poster(set: (machine: ProgramMachine, table: Remapping, pid: Descriptors<'cpu'>) => void, options: ToyOptions = {}) {
  return postedToy(
    (k, d) => {
      const table = remapping(d);
      const pid = d.descriptors('pid', 'cpu');
      const moves = operation(k, 'moves', (b) => {
        b.storeRow(table.irte, 0, table.entries, 1);
        invalidate(b, table);
      });
      return {
        pid,
        handlers: { [ANV]: handler(k, 'drops', (b) => void b.exchange(pid, [SELF, VECTOR >> 5], 0)) },
        operations: [{ cpu: 1, routine: moves }],
        boot: (m) => {
          remapAll(m, table);
          setRow(m, table.irte, 0, postedEntry(m.descriptorAddress(pid.slot, 0)));
          setRow(m, table.entries, 1, postedEntry(m.descriptorAddress(pid.slot, 1)));
          setControl(m, pid, 0, control(), 0);
          set(m, table, pid);
        },
      };
    },
    { record: 1, ring: 4096, ...options },
  );
}

/** Source 0 raises, and its message takes `n` steps. */
function send(machine: ProgramMachine, n: number): void {
  act(machine, 'raise', 0);
  act(machine, 'sample', 0);
  for (let i = 0; i < n; i++) act(machine, 'message', 0);
}

describe('the unit', () => {
  test('with EIME a notification goes to an id of 32 bits (D.3.4)', async () => {
    const { machine } = await poster(
      (m, table, pid) => {
        remapAll(m, table, true);
        m.setVariable(pid.slot, 0, PidWord.ndst, 0x12345);
      },
      { apicIds: [0, 0x12345] },
    );
    send(machine, 3);
    expect(only(machine.events(), 'accept')).toEqual([['accept', 1, ANV, 0]]);
  });

  test.each([
    [
      'pidReserved',
      'a reserved bit',
      (m: ProgramMachine, _: Remapping, pid: Descriptors<'cpu'>) => m.setVariable(pid.slot, 0, PidWord.control, 4),
    ],
    ['pidUnreadable', 'no descriptor there', (m: ProgramMachine, table: Remapping) => m.setVariable(table.irte.slot, 0, 1, 0x40)],
    ['pidUnreadable', 'halves of two addresses', (m: ProgramMachine, table: Remapping) => m.setVariable(table.irte.slot, 0, 3, 2)],
  ] as const)('%s: %s, at the step that would post (D.6)', async (reason, _, set) => {
    const { machine, kernel } = await poster(set);
    send(machine, 1);
    expect([only(machine.events(), 'fault'), machine.posted(kernel.pid.slot)]).toEqual([[], []]);
    expect(machine.apply((Actor.message << 12) | 0).broken).toContain('noFault');
    expect(only(machine.events(), 'fault').map(([, , b]) => b >>> 16)).toEqual([FaultReason[reason]]);
    expect([machine.posted(kernel.pid.slot), inFlight(machine)]).toEqual([[], []]);
  });

  test.each([
    ['is used', [], 0],
    ['or has gone', [Actor.drop << 12], 1],
  ] as const)('T43 behind the 16-byte store the old entry, which may be cached, %s; the descriptor never is', async (_, first, row) => {
    const { machine, kernel } = await poster(() => undefined);
    act(machine, 'operation', 0);
    steps(machine, 1, 1);
    expect(machine.enabled()).toContain(Actor.drop << 12);
    for (const action of first) machine.apply(action);
    machine.setImage(machine.image());
    machine.setVariable(kernel.pid.slot, row, PidWord.control, control({ sn: 1 }));
    send(machine, 2);
    expect([machine.posted(kernel.pid.slot), inFlight(machine)]).toEqual([[{ row, vector: VECTOR }], []]);
  });

  test('a vector that an image does not hold is said', async () => {
    const { machine } = await poster((m, table, pid) =>
      setRow(m, table.irte, 0, postedEntry(m.descriptorAddress(pid.slot, 0), { vector: 0x77 })),
    );
    expect((await search(machine)).status).toBe('universe');
  });

  test.each([
    ['irr', [false, false, true]],
    ['root-complex', [false, true, true]],
    ['none', [true, true, true]],
  ] as const)(
    'a wait that drains as far as %s: before PIR has changed, while the notification is on its way, behind it (D.4.3)',
    async (iecDrain, ends) => {
      const { machine } = await poster(() => undefined, { assumptions: { iecDrain } });
      send(machine, 1);
      act(machine, 'operation', 0);
      settle(machine, 'cpu');
      // the invalidation
      act(machine, 'queue', 0);
      const mayEnd = (): boolean => machine.enabled().includes((Actor.queue << 12) | 0);
      const seen = [mayEnd()];
      for (let i = 0; i < 2; i++) {
        act(machine, 'message', 0);
        seen.push(mayEnd());
      }
      expect(seen).toEqual(ends);
    },
  );

  test('a level-triggered request that is blocked at its descriptor asks again (B.3.2)', async () => {
    const level = { kind: 'level', device: 0, message: 2, raises: 1 } as const;
    const { machine } = await poster(
      (m, _, pid) => {
        m.setVariable(pid.slot, 0, PidWord.control, 4);
        m.ioapic(0).write(0x11 + 2 * 2, 0x10000);
        m.ioapic(0).write(0x10 + 2 * 2, entryLow(0x41, { level: true }));
      },
      { ioapics: [smallIoapic], devices: [{ chipset: 'pins' }], sources: [level] },
    );
    act(machine, 'raise', 0);
    act(machine, 'pin', 2);
    // behind two devices and two CPUs: the IOAPIC
    const message = machine.enabled().find((a) => a >>> 12 === Actor.message) ?? 0;
    for (let i = 0; i < 2; i++) {
      machine.setImage(machine.image());
      machine.apply(message);
    }
    expect(enabled(machine)).toContain('pin 2');
  });
});

describe('who carries an event', () => {
  const recorded = { record: 1, ring: 4096 } as const;

  test('PIR does, while nobody is notified; who takes it out carries it to its handler', async () => {
    const { machine } = await postedToy(vcpuKernel({ from: 'preempted', does: ['load'] }), recorded);
    act(machine, 'raise', 0);
    expect(run(machine, 'post', 'lost', 'serve')).toEqual(['post']);
    expect([machine.owed(0), machine.brokenAtRest()]).toEqual([true, []]);
    act(machine, 'operation', 0);
    expect(run(machine, 'lost', 'serve')).toEqual(['serve']);
    expect([machine.owed(0), machine.brokenAtRest()]).toEqual([false, []]);
  });

  test('in a PIR that nobody looks at again it is not lost at a step, and owed at rest', async () => {
    const { machine } = await postedToy(vcpuKernel({ from: 'preempted', does: ['load'], recheck: 'none' }), recorded);
    act(machine, 'raise', 0);
    settle(machine);
    act(machine, 'operation', 0);
    expect(run(machine, 'lost', 'serve')).toEqual([]);
    expect(machine.brokenAtRest()).toEqual(['noLoss']);
  });

  test('who takes it out of PIR and drops it loses it there', async () => {
    const { machine } = await poster(() => undefined);
    act(machine, 'raise', 0);
    expect(run(machine, 'post', 'accept', 'lost')).toEqual(['post', 'accept', 'lost']);
  });
});
