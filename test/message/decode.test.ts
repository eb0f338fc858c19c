import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cpu, Table } from '../../src/core/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import { interrupt, only, toy } from '../engine/toy.js';

/** Four CPUs with APIC ids 0, 2, 4, 6. */
const ids = [0, 2, 4, 6];
const machineOf = async () => (await toy(() => ({}), { cpus: 4, apicIds: ids, sources: 1 })).machine;

const FLAT = 0xffffffff;
const CLUSTER = 0x0fffffff;

interface Logical {
  readonly ldr: number;
  readonly dfr: number;
  readonly on: boolean;
}

/** Sets LDR, DFR and the software enable bit of a LAPIC. */
function setLogical(machine: ProgramMachine, c: number, { ldr, dfr, on }: Logical): void {
  const at = machine.core.exports.table(Table.cpus) + c * Cpu.size;
  machine.core.setU32(at + Cpu.ldr, ldr << 24);
  machine.core.setU32(at + Cpu.dfr, dfr);
  machine.core.setU16(at + Cpu.svr, on ? 0x1ff : 0xff);
}

interface Message {
  readonly dest: number;
  readonly logical?: boolean;
  readonly redirect?: boolean;
  readonly mode?: number;
  readonly vector?: number;
  /** of the address: format (bit 4) and bits 11:5 */
  readonly other?: number;
}

function deliver(
  machine: ProgramMachine,
  { dest, logical = false, redirect = false, mode = 0, vector = 0x41, other = 0 }: Message,
): number[] {
  machine.setDevice(0, {
    control: 1,
    addrLo: 0xfee00000 + dest * 0x1000 + (redirect ? 8 : 0) + (logical ? 4 : 0) + other,
    addrHi: 0,
    data: 0x4000 + mode * 0x100 + vector,
  });
  machine.events();
  interrupt(machine, 0);
  return only(machine.events(), 'accept').map(([, c]) => c);
}

test('physical: the LAPIC with this id, 0xff is for all (A.7.1)', async () => {
  const machine = await machineOf();
  expect(deliver(machine, { dest: 4 })).toEqual([2]);
  expect(deliver(machine, { dest: 0xff })).toEqual([0, 1, 2, 3]);
});

test('no such id: the message vanishes, no ESR bit and no fault (A.7.1, T28)', async () => {
  const machine = await machineOf();
  expect(deliver(machine, { dest: 3 })).toEqual([]);
  expect(machine.counter('noTarget')).toBe(1);
  expect(ids.map((_, c) => machine.core.u16(machine.core.exports.table(Table.cpus) + c * Cpu.size + Cpu.esrPending))).toEqual([0, 0, 0, 0]);
});

test('redirection hint with a physical destination: that one; 0xff matches nobody (C.3.3)', async () => {
  const machine = await machineOf();
  expect(deliver(machine, { dest: 2, redirect: true })).toEqual([1]);
  expect(deliver(machine, { dest: 0xff, redirect: true })).toEqual([]);
});

test('logical, flat: one bit each, multicast to all matches (A.7.2)', async () => {
  const machine = await machineOf();
  ids.forEach((_, c) => setLogical(machine, c, { ldr: 1 << c, dfr: FLAT, on: true }));
  expect(deliver(machine, { dest: 0b0110, logical: true })).toEqual([1, 2]);
  expect(deliver(machine, { dest: 0, logical: true })).toEqual([]);
  expect(deliver(machine, { dest: 0xff, logical: true })).toEqual([0, 1, 2, 3]);
});

test('logical, cluster: same cluster and a common bit (A.7.2)', async () => {
  const machine = await machineOf();
  [0x11, 0x12, 0x21, 0x22].forEach((ldr, c) => setLogical(machine, c, { ldr, dfr: CLUSTER, on: true }));
  expect(deliver(machine, { dest: 0x13, logical: true })).toEqual([0, 1]);
  expect(deliver(machine, { dest: 0x22, logical: true })).toEqual([3]);
  expect(deliver(machine, { dest: 0x31, logical: true })).toEqual([]);
});

test('lowest priority or redirection: exactly one of the enabled candidates, number vector mod n (A.7.4)', async () => {
  const machine = await machineOf();
  ids.forEach((_, c) => setLogical(machine, c, { ldr: 1 << c, dfr: FLAT, on: c !== 1 }));
  const taken = (message: Partial<Message>) =>
    [0x40, 0x41, 0x42, 0x43].map((vector) => deliver(machine, { dest: 0xf, logical: true, vector, ...message }));
  // 0x40 mod 3 is 1
  expect(taken({ mode: 1 })).toEqual([[2], [3], [0], [2]]);
  expect(taken({ redirect: true })).toEqual([[2], [3], [0], [2]]);
  ids.forEach((_, c) => setLogical(machine, c, { ldr: 1 << c, dfr: FLAT, on: false }));
  expect(taken({ mode: 1 })).toEqual([[], [], [], []]);
});

test('SMI, NMI and ExtINT set no IRR bit (A.6.2, T15)', async () => {
  const machine = await machineOf();
  for (const mode of [2, 4, 7]) expect(deliver(machine, { dest: 0, mode })).toEqual([]);
  expect(machine.cpu(0).irr).toEqual([]);
});

test('any message goes to whom section C.3 says', async () => {
  const machine = await machineOf();
  const start = machine.snapshot();
  const nibble = fc.integer({ min: 0, max: 15 });
  const lapic = fc.record({
    ldr: fc.oneof(nibble, fc.integer({ min: 0, max: 255 })),
    dfr: fc.constantFrom(FLAT, FLAT, CLUSTER, CLUSTER, 0x7fffffff),
    on: fc.boolean(),
  });
  const message = fc.record({
    dest: fc.oneof(nibble, fc.constantFrom(0xff, 0x11, 0x23), fc.integer({ min: 0, max: 255 })),
    logical: fc.boolean(),
    redirect: fc.boolean(),
    mode: fc.constantFrom(0, 1),
    vector: fc.integer({ min: 0, max: 255 }),
    other: fc.constantFrom(0, 0x10, 0xfe0),
  });
  fc.assert(
    fc.property(fc.tuple(lapic, lapic, lapic, lapic), message, (lapics, m) => {
      machine.restore(start);
      lapics.forEach((l, c) => setLogical(machine, c, l));
      const matches = lapics.flatMap(({ ldr, dfr }, c) => {
        if (!m.logical) return m.dest === ids[c] || (m.dest === 0xff && !m.redirect) ? [c] : [];
        const cluster = m.dest >> 4 === ldr >> 4 && (m.dest & ldr & 15) !== 0;
        return m.dest === 0xff || (dfr === FLAT && (m.dest & ldr) !== 0) || (dfr === CLUSTER && cluster) ? [c] : [];
      });
      const on = matches.filter((c) => lapics[c]?.on);
      const one = m.logical && (m.redirect || m.mode === 1);
      const targets = one && on.length > 0 ? [on[m.vector % on.length]] : on;
      expect(deliver(machine, m)).toEqual(m.vector < 16 ? [] : targets);
    }),
    { numRuns: 500, seed: 1 },
  );
});
