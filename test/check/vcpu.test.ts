/** Rules for virtual CPUs to which devices post (hardware.md E.3, E.4, H.6; races.md 7): each as it should be, and broken. */
import { describe, expect, test } from 'vitest';
import { PidWord } from '../../src/core/index.js';
import { ANV, postedToy, VECTOR, verdict, WNV } from '../engine/posted.js';
import { act, lapic, only, settle, type ToyOptions } from '../engine/toy.js';
import { vcpuKernel, type VcpuVariant } from '../engine/vcpu.js';

async function verdictOf(variant: VcpuVariant, options?: ToyOptions): Promise<string> {
  const sources = Array.from(
    { length: variant.devices ?? 1 },
    () => ({ kind: 'handshake', raises: variant.devices === 2 ? 1 : 2 }) as const,
  );
  return verdict(vcpuKernel(variant), { sources, ...options });
}

type Row = readonly [string, VcpuVariant, string];

describe('E.3: the CPU in guest mode', () => {
  test.each<Row>([
    ['T62 clears ON, then takes PIR', { from: 'running', does: [], devices: 2 }, 'safe'],
    ['T62 takes PIR, then clears ON', { from: 'running', does: [], devices: 2, guest: 'harvest first' }, 'noLoss'],
    ['running: SN is clear', { from: 'running', does: [], runs: { sn: 1 } }, 'noLoss'],
    ['running: NV is that of running vCPUs', { from: 'running', does: [], runs: { nv: WNV } }, 'noLoss'],
  ])('%s', async (_, variant, expected) => expect(await verdictOf(variant)).toBe(expected));
});

describe('E.4: SN is cleared, then PIR looked at', () => {
  const resumed = { from: 'preempted', does: ['load'] } as const;
  test.each<Row>([
    ['ON is set if there is something in PIR', resumed, 'safe'],
    ['T64 nobody looks', { ...resumed, recheck: 'none' }, 'noLoss'],
    ['PIR is looked at before', { ...resumed, recheck: 'before' }, 'noLoss'],
    ['SN stays set', { ...resumed, runs: { sn: 1 } }, 'noLoss'],
    ['T63 an urgent request notifies nobody that listens, and ON says so', { ...resumed, urgent: true, recheck: 'none' }, 'safe'],
    ['... to who looks at it', { ...resumed, urgent: true, recheck: 'none', entry: 'blind' }, 'noLoss'],
  ])('%s', async (_, variant, expected) => expect(await verdictOf(variant)).toBe(expected));
});

describe('E.4: preempted, for urgent requests', () => {
  const called = { from: 'preempted', does: [], urgent: true } as const;
  test.each<Row>([
    ['NV is that of blocked ones, and the vCPU is woken', { ...called, calls: WNV }, 'safe'],
    ['NV is that of running ones, and nobody listens', { ...called, calls: ANV }, 'noLoss'],
    ['a request that is not urgent wakes nobody', { ...called, urgent: false, calls: WNV }, 'noLoss'],
  ])('%s', async (_, variant, expected) => expect(await verdictOf(variant)).toBe(expected));
});

describe('E.4: NDST, NV and SN change with ON, in one word', () => {
  // it is woken for another reason while its device may post
  const kicked = { from: 'blocked', does: ['kick'], recheck: 'none' } as const;
  test.each<Row>([
    ['in one step', kicked, 'safe'],
    ['by a load and stores: ON, which the unit sets between them, is lost', { ...kicked, update: 'stores' }, 'noLoss'],
    ['NV stays that of blocked vCPUs', { ...kicked, runs: { nv: WNV } }, 'noLoss'],
  ])('%s', async (_, variant, expected) => expect(await verdictOf(variant)).toBe(expected));
});

describe('E.4: the vCPU moves to another CPU', () => {
  const moved = { from: 'running', does: ['preempt', 'load'] } as const;
  test.each<Row>([
    ['NDST first, and the entry takes PIR if ON is set', moved, 'safe'],
    ['T65 the guest runs before NDST names its CPU', { ...moved, ndst: 'late' }, 'noLoss'],
    ['T65 the entry does not look at ON, which a notification to the old CPU has left', { ...moved, entry: 'blind' }, 'noLoss'],
    ['PIR is not looked at behind SN', { ...moved, recheck: 'none' }, 'noLoss'],
  ])('%s', async (_, variant, expected) => expect(await verdictOf(variant)).toBe(expected));
});

describe('E.4: the vCPU blocks and is woken (races.md pi-pre-block-order)', () => {
  const blocks = { from: 'running', does: ['block'] } as const;
  test.each<Row>([
    ['on the list, then NV, then ON of the value found', blocks, 'safe'],
    ['NV before the list', { ...blocks, order: ['nv', 'list', 'on'] }, 'noLoss'],
    ['ON is read before NV changes', { ...blocks, order: ['list', 'on', 'nv'] }, 'noLoss'],
    ['ON is not looked at', { ...blocks, order: ['list', 'nv'] }, 'noLoss'],
    ['SN is set', { ...blocks, waits: { sn: 1 } }, 'noLoss'],
    ['NV stays that of running vCPUs', { ...blocks, waits: { nv: ANV } }, 'noLoss'],
    ['woken, it runs with the NV of blocked ones', { ...blocks, runs: { nv: WNV } }, 'noLoss'],
  ])('%s', async (_, variant, expected) => expect(await verdictOf(variant)).toBe(expected));
});

describe('E.4: unposting', () => {
  const unposted = { from: 'preempted', does: ['unpost'] } as const;
  test.each<Row>([
    ['the entry, a wait, PIR, and then the memory', unposted, 'safe'],
    ['PIR is taken before the wait', { ...unposted, unpost: ['drain', 'flush', 'free'] }, 'noLoss'],
    ['PIR is not taken', { ...unposted, unpost: ['flush', 'free'] }, 'noLoss'],
    ['the memory is given back before the wait', { ...unposted, unpost: ['free', 'flush', 'drain'] }, 'noFault,noLoss'],
    ['nothing is invalidated', { ...unposted, unpost: ['drain', 'free'] }, 'noFault,noLoss'],
  ])('%s', async (_, variant, expected) => expect(await verdictOf(variant)).toBe(expected));

  test.each([
    ['irr', 'safe'],
    ['root-complex', 'safe'],
    ['none', 'noFault,noLoss'],
  ] as const)('with a wait that drains as far as %s (D.4.3)', async (iecDrain, expected) => {
    expect(await verdictOf(unposted, { assumptions: { iecDrain } })).toBe(expected);
  });
});

describe('H.6, step by step', () => {
  const made = async (variant: VcpuVariant, options: ToyOptions = {}) => {
    const { machine, kernel } = await postedToy(vcpuKernel(variant), { record: 1, ring: 4096, ...options });
    /** PIR and ON, VIRR; what is pending and in service at CPU 0 */
    const state = (): unknown => {
      const { irrv, isrv } = lapic(machine, 0);
      const on = machine.variable(kernel.pid.slot, 0, PidWord.control) & 1;
      return {
        pir: machine.posted(kernel.pid.slot).map(({ vector }) => vector),
        on,
        virr: machine.variable(kernel.virr.slot, 0),
        irrv,
        isrv,
      };
    };
    const raise = (): void => {
      act(machine, 'raise', 0);
      settle(machine);
    };
    return { machine, state, raise };
  };
  const quiet = { pir: [], on: 0, virr: 0, irrv: 0, isrv: 0 };

  test('T66 in guest mode the CPU ends the notification itself, and what was posted is delivered to the guest', async () => {
    const { machine, state, raise } = await made({ from: 'running', does: [] });
    raise();
    expect([state(), only(machine.events(), 'acknowledge', 'serve', 'eoi').map(([kind, , vector]) => [kind, vector])]).toEqual([
      quiet,
      [
        ['acknowledge', ANV],
        ['eoi', ANV],
        ['serve', 0],
      ],
    ]);
  });

  test('T66 in host mode the same vector has an ordinary handler, and PIR waits for the entry into the guest', async () => {
    const { machine, state, raise } = await made({ from: 'blocked', does: ['kick'], recheck: 'none', waits: { nv: ANV } });
    raise();
    expect(only(machine.events(), 'acknowledge', 'serve').map(([kind, , vector]) => [kind, vector])).toEqual([['acknowledge', ANV]]);
    expect(state()).toEqual({ ...quiet, pir: [VECTOR], on: 1 });
    act(machine, 'operation', 0);
    settle(machine);
    expect([state(), machine.handled(0)]).toEqual([quiet, true]);
  });

  test('T61 T67 three posts of a vector are one bit and one notification, and one run of the handler', async () => {
    const options = { sources: [{ kind: 'free', raises: 3 }] } as const;
    const { machine, state, raise } = await made({ from: 'blocked', does: ['kick'], recheck: 'none', waits: { nv: ANV } }, options);
    for (let i = 0; i < 3; i++) raise();
    expect(state()).toEqual({ ...quiet, pir: [VECTOR], on: 1 });
    act(machine, 'operation', 0);
    settle(machine);
    const kinds = machine.events().map(({ kind }) => kind);
    expect(['post', 'accept', 'serve'].map((kind) => kinds.filter((each) => each === kind).length)).toEqual([3, 1, 1]);
  });

  test('T63 T64 with SN a post sets its bit and no more; that SN is cleared does nothing by itself', async () => {
    const { machine, state, raise } = await made({ from: 'preempted', does: ['load'], recheck: 'none' });
    raise();
    act(machine, 'operation', 0);
    settle(machine);
    expect([state(), only(machine.events(), 'accept')]).toEqual([{ ...quiet, pir: [VECTOR] }, []]);
  });

  test('T65 a notification on its way goes where NDST said when it was posted', async () => {
    const { machine } = await made({ from: 'running', does: ['preempt', 'load'] });
    act(machine, 'raise', 0);
    act(machine, 'sample', 0);
    // to the unit, which looks the entry up, and updates the descriptor
    for (let i = 0; i < 2; i++) act(machine, 'message', 0);
    for (const o of [0, 1]) {
      act(machine, 'operation', o);
      settle(machine, 'cpu');
    }
    act(machine, 'message', 0);
    settle(machine);
    // served on CPU 1, whose entry took PIR; the notification is for CPU 0 all the same
    expect(only(machine.events(), 'accept', 'serve')).toEqual([
      ['serve', 0, 0, 1],
      ['accept', 0, ANV, 0],
    ]);
  });
});
