import { describe, expect, test } from 'vitest';
import type { Builder } from '../../src/kernel/index.js';
import { act, enabled, explore, handler, inFlight, msi, operation, search, settle, steps, task, toy } from '../engine/toy.js';

describe('the MSI capability', () => {
  /** CPU 0 writes ones everywhere, then zeros. */
  const written = async (address64: boolean) => {
    const registers = ['control', 'addrLo', 'addrHi', 'data'] as const;
    const { machine } = await toy(
      (k) => ({
        run: {
          0: task(k, 't', (b) => {
            for (const value of [0xffffffff, 0]) for (const register of registers) b.cfgWrite(0, register, value);
          }),
        },
        boot: (m) => m.setDevice(0, { control: 0x0182, addrLo: 0, addrHi: 0, data: 0 }),
      }),
      { sources: 1, devices: [{ address64, vectors: 32 }] },
    );
    steps(machine, 0, 8);
    const ones = machine.msiOf(0);
    steps(machine, 0, 8);
    return { ones, zeros: machine.msiOf(0) };
  };

  test('of control, enable and multiple-message enable can be written; address bits 1:0 stay 0; data has 16 bits (C.1)', async () => {
    const { ones, zeros } = await written(true);
    // of multiple-message enable no more than the capability has
    expect(ones).toEqual({ control: 0x51, addrLo: 0xfffffffc, addrHi: 0xffffffff, data: 0xffff, mask: 0 });
    expect(zeros).toEqual({ control: 0, addrLo: 0, addrHi: 0, data: 0, mask: 0 });
  });

  test('without 64-bit address there is no high half (C.1)', async () => {
    expect((await written(false)).ones.addrHi).toBe(0);
  });

  test('reads give what is there, at the moment the access takes effect (C.1)', async () => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const lo = d.variable('lo', 'u32', []);
        const data = d.variable('data', 'u16', []);
        const t = task(k, 't', (b) => {
          b.store(lo, [], b.cfgRead(0, 'addrLo'));
          b.store(data, [], b.cfgRead(0, 'data'));
        });
        return { lo, data, run: { 0: t } };
      },
      { sources: 1 },
    );
    steps(machine, 0, 1);
    machine.setDevice(0, { ...msi(3, 0x55), control: 1 });
    steps(machine, 0, 2);
    expect(machine.variable(kernel.lo.slot)).toBe(0xfee00000);
    settle(machine);
    expect(machine.variable(kernel.data.slot)).toBe(0x4055);
  });
});

describe('emission', () => {
  test('raise, sample, root complex, IRR are steps of their own, and the message is immutable from the sample on (0.3, C.4 E1, T1, T2)', async () => {
    const { machine } = await toy(() => ({}), { cpus: 2, sources: 1 });
    act(machine, 'raise');
    machine.setDevice(0, msi(0, 0x41));
    act(machine, 'sample');
    machine.setDevice(0, msi(1, 0x42));
    expect(inFlight(machine)).toEqual([{ origin: 0, stage: 0, address: 0xfee00000, data: 0x4041 }]);
    act(machine, 'message');
    expect(inFlight(machine)).toEqual([{ origin: 0, stage: 1, address: 0xfee00000, data: 0x4041 }]);
    act(machine, 'message');
    expect([machine.cpu(0).irr, machine.cpu(1).irr, inFlight(machine)]).toEqual([[0x41], [], []]);
  });

  test('a device that samples first and sends later sends what it sampled (design 1)', async () => {
    const { machine } = await toy(() => ({}), { cpus: 2, sources: 1, assumptions: { sampling: 'then-delay' } });
    act(machine, 'raise');
    act(machine, 'sample');
    machine.setDevice(0, msi(1, 0x42));
    expect(enabled(machine)).toEqual(['send 0']);
    expect(inFlight(machine)).toEqual([]);
    act(machine, 'send');
    settle(machine, 'message');
    expect([machine.cpu(0).irr, machine.cpu(1).irr]).toEqual([[0x30], []]);
  });

  test('with MSI disabled an event is dropped (C.4 E10, T37)', async () => {
    const { machine } = await toy(() => ({}), { sources: 1 });
    machine.setDevice(0, { ...msi(0, 0x30), control: 0 });
    act(machine, 'raise');
    expect(act(machine, 'sample')).toEqual(['noLoss']);
    machine.setDevice(0, msi(0, 0x30));
    expect(settle(machine)).toEqual([]);
    expect(machine.cpu(0).irr).toEqual([]);
  });

  test.each([
    ['an address outside of the interrupt range', { addrLo: 0xfed00000 }],
    ['a high half that is not 0', { addrHi: 1 }],
  ])('%s: a wild write, flagged, and no interrupt (C.3.1, design 4 no-wild-write)', async (_, wild) => {
    const { machine } = await toy(() => ({}), { sources: 1 });
    machine.setDevice(0, { ...msi(0, 0x30), ...wild });
    act(machine, 'raise');
    expect(act(machine, 'sample')).toContain('noWildWrite');
    expect([inFlight(machine), machine.counter('wildWrites')]).toEqual([[], 1]);
  });

  test('a handshake device raises only while it is owed nothing, a free one whenever it has sampled (design 3)', async () => {
    const { machine } = await toy(
      (k) => ({
        handlers: {
          0x30: handler(k, 'h', (b) => b.serve(0, 0)),
          0x31: handler(k, 'g', (b) => b.serve(1, 0)),
        },
        boot: (m) => m.setDevice(1, msi(0, 0x31)),
      }),
      { sources: [{ kind: 'handshake' }, { kind: 'free' }] },
    );
    for (const s of [0, 1]) {
      act(machine, 'raise', s);
      expect(enabled(machine)).not.toContain(`raise ${s}`);
      act(machine, 'sample', s);
    }
    expect(enabled(machine).filter((a) => a.startsWith('raise'))).toEqual(['raise 1']);
    settle(machine);
    expect(enabled(machine).filter((a) => a.startsWith('raise'))).toEqual(['raise 0', 'raise 1']);
  });

  test('a check has as many raises as the bound says', async () => {
    const { machine } = await toy(() => ({}), { sources: [{ raises: 2 }] });
    for (let i = 0; i < 2; i++) {
      act(machine, 'raise');
      act(machine, 'sample');
    }
    expect(enabled(machine)).not.toContain('raise 0');
  });
});

/** From (CPU 0, 0x30) to (CPU 1, 0x41), all in the order given. */
const move = (order: readonly ('addrLo' | 'addrHi' | 'data')[]) => (b: Builder) => {
  for (const register of order) b.cfgWrite(0, register, { addrLo: 0xfee01000, addrHi: 0, data: 0x4041 }[register]);
};

describe('a message of several registers is torn (C.4 E2, E3, T3)', () => {
  const old = [0, 0x30];
  const moved = [1, 0x41];
  test.each([
    { order: ['addrLo', 'data'] as const, torn: [[1, 0x30]] },
    { order: ['addrLo', 'addrHi', 'data'] as const, torn: [[1, 0x30]] },
    { order: ['data', 'addrLo'] as const, torn: [[0, 0x41]] },
    { order: ['addrLo'] as const, torn: [], end: [1, 0x30] },
  ])('$order: exactly the mixtures between the writes are sent', async ({ order, torn, end = moved }) => {
    const { machine } = await toy((k) => ({ operations: [{ cpu: 0, routine: operation(k, 'move', move(order)) }] }), {
      cpus: 2,
      sources: [{ raises: 1 }],
    });
    const sent = new Set<string>();
    explore(machine, (m) => {
      for (const { address, data } of inFlight(m)) sent.add(JSON.stringify([(address >>> 12) & 0xff, data & 0xff]));
    });
    const expected = [old, ...torn, end].map((pair) => JSON.stringify(pair));
    expect([...sent].toSorted()).toEqual([...new Set(expected)].toSorted());
  });

  test('two steps, first the vector at the old CPU, then the new CPU: no pair that the kernel does not know (E4)', async () => {
    const known = new Set(
      [
        [0, 0x30],
        [0, 0x41],
        [1, 0x41],
      ].map(([cpu, vector]) => `${cpu} ${vector}`),
    );
    const unknown = async (order: readonly ('addrLo' | 'data')[]): Promise<number> => {
      const { machine } = await toy((k) => ({ operations: [{ cpu: 0, routine: operation(k, 'move', move(order)) }] }), {
        cpus: 2,
        sources: [{ raises: 2 }],
      });
      let n = 0;
      explore(machine, (m) => {
        n += inFlight(m).filter(({ address, data }) => !known.has(`${(address >>> 12) & 0xff} ${data & 0xff}`)).length;
      });
      return n;
    };
    expect(await unknown(['data', 'addrLo'])).toBe(0);
    expect(await unknown(['addrLo', 'data'])).toBeGreaterThan(0);
  });

  test('an address high half that is wrong for one write sends a wild message (E3)', async () => {
    const { machine } = await toy(
      (k) => ({
        operations: [
          {
            cpu: 0,
            routine: operation(k, 'move', (b) => {
              b.cfgWrite(0, 'addrHi', 1);
              b.cfgWrite(0, 'addrHi', 0);
            }),
          },
        ],
      }),
      { sources: [{ raises: 1 }], properties: ['noWildWrite'] },
    );
    // begin, first write, raise, sample
    expect((await search(machine)).failures.noWildWrite?.length).toBe(3);
  });
});
