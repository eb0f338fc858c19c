import { expect, test } from 'vitest';
import { rte } from '../ioapic/help.js';
import { instant, PID, posted, vtd, type Vtd } from './help.js';

const PIN = 4;
const VECTOR = 0x31;

/** A level-triggered entry in remappable format for `index`; its own vector is `VECTOR` (B.2). */
function route(v: Vtd, index: number, level = true): void {
  v.b.setRegister(0x11 + 2 * PIN, ((index << 17) | 0x10000) >>> 0);
  v.b.setLow(PIN, VECTOR | (level ? rte.level : 0));
}

const inService = (v: Vtd): boolean => (v.b.low(PIN) & rte.remoteIrr) !== 0;

/** EOI register of the IOAPIC. */
const directedEoi = (v: Vtd, vector: number): void => v.b.write(v.b.window(0x40), vector);

test('T35 a level interrupt that is posted is an edge: TMR 0, no EOI broadcast, Remote IRR until a directed EOI', async () => {
  const v = await vtd();
  v.raw(5, ...posted(PID, { vector: 0x77 }));
  v.poke(PID + 32, 0x00f2_0000n, 0n); // NV 0xf2, NDST 0
  route(v, 5);
  v.b.pin(PIN, true);
  v.b.settle();
  expect(v.b.memory(PID + 12)).toBe(1 << (0x77 - 96)); // PIR
  expect([v.b.irr(), v.b.tmr(), inService(v)]).toEqual([[0xf2], [], true]);
  v.b.pin(PIN, false);
  expect(v.b.acknowledge()).toBe(0xf2);
  v.b.eoi();
  v.b.settle();
  expect(inService(v)).toBe(true);
  expect(v.b.events('retire')).toEqual([]);
  directedEoi(v, VECTOR);
  expect(inService(v)).toBe(false);
});

test('T35 while the line stays active, the directed EOI asks for the next one, which finds ON set and does not notify', async () => {
  const v = await vtd();
  v.raw(5, ...posted(PID, { vector: 0x77 }));
  v.poke(PID + 32, 0x00f2_0000n, 0n);
  route(v, 5);
  v.b.pin(PIN, true);
  v.b.settle();
  v.got();
  directedEoi(v, VECTOR);
  v.b.settle();
  expect([v.got(), inService(v)]).toEqual([[], true]);
  // bits 23:16: the vector of the notification
  expect(v.b.events('post').map(([, , , b]) => b)).toEqual([0xf20177, 0x77]);
});

test('the notification of a posted level tells its pin nothing any more (B.3.2)', async () => {
  const v = await vtd({ timing: { ...instant, 'ir.to_lapic': 5000 } });
  v.raw(5, ...posted(PID, { vector: 0x77 }));
  v.poke(PID + 32, 0x00f2_0000n, 0n);
  route(v, 5);
  v.b.pin(PIN, true);
  v.b.advance(10 + 10 + 5 + 5);
  expect([v.b.irr(), inService(v)]).toEqual([[], true]);
  v.b.pin(PIN, false);
  directedEoi(v, VECTOR);
  v.b.settle();
  expect([v.b.irr(), inService(v)]).toEqual([[0xf2], false]);
});

test('T31 a level entry remapped to a vector other than its own is never retired by the EOI of that vector', async () => {
  const v = await vtd();
  v.entry(5, { vector: 0x51, bits: 0x10n }); // TM level
  route(v, 5);
  v.b.pin(PIN, true);
  v.b.settle();
  v.b.pin(PIN, false);
  expect([v.b.irr(), v.b.tmr(), inService(v)]).toEqual([[0x51], [0x51], true]);
  expect(v.got()).toEqual([0x51]);
  v.b.settle();
  expect(v.b.events('retire').map(([, , , vector, cleared]) => [vector, cleared])).toEqual([[0x51, 0]]);
  expect(inService(v)).toBe(true);
  directedEoi(v, VECTOR);
  expect(inService(v)).toBe(false);
});

test('with equal vectors and trigger modes the EOI broadcast ends the service (B.3.2)', async () => {
  const v = await vtd();
  v.entry(5, { vector: VECTOR, bits: 0x10n });
  route(v, 5);
  v.b.pin(PIN, true);
  v.b.settle();
  v.b.pin(PIN, false);
  expect([inService(v), v.got()]).toEqual([true, [VECTOR]]);
  v.b.settle();
  expect(inService(v)).toBe(false);
});

test('an IRTE with edge trigger under a level entry sends no EOI broadcast (B.3.2)', async () => {
  const v = await vtd();
  v.entry(5, { vector: VECTOR });
  route(v, 5);
  v.b.pin(PIN, true);
  v.b.settle();
  expect([v.b.tmr(), v.got(), inService(v)]).toEqual([[], [VECTOR], true]);
  v.b.settle();
  expect([v.b.events('retire'), inService(v)]).toEqual([[], true]);
});

test('the source id of an IOAPIC is that of its setup (D.3.3)', async () => {
  const v = await vtd({ ioapics: [{ requester: 0xf0f8 }] });
  v.entry(5, { vector: 0x51, sid: 0xf0f8, svt: 1 });
  route(v, 5, false);
  v.b.pulse(PIN);
  v.b.settle();
  expect(v.got()).toEqual([0x51]);
});

test('a blocked edge is over; a blocked level asks again after the retry interval, with a fault each time (D.3)', async () => {
  const v = await vtd();
  route(v, 5, false);
  v.b.pulse(PIN);
  v.b.settle();
  expect(v.record(0)).toEqual({ reason: 0x22, requester: 0xff00, index: 5 });
  v.b.advance(100_000);
  expect([v.faults(), v.b.irr(), inService(v)]).toEqual([[0x22], [], false]);
  route(v, 5);
  v.b.pin(PIN, true);
  v.b.settle();
  expect(v.faults()).toEqual([0x22]);
  v.b.advance(3100);
  expect(v.faults()).toEqual([0x22]);
});
