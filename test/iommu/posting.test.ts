import { describe, expect, test } from 'vitest';
import { PID, posted, vtd, type Vtd } from './help.js';

const ON = 1;
const SN = 2;
const URG = 0x4000n;
const NV = 0xf2;

const pir = (v: Vtd): number[] =>
  Array.from({ length: 256 }, (_, n) => n).filter((n) => (v.b.memory(PID + ((n >> 5) << 2)) >>> (n & 31)) & 1);
const control = (v: Vtd): number => v.b.memory(PID + 32);
const setControl = (v: Vtd, low: number, dest = 0, eime = false): void =>
  v.b.poke(PID + 32, BigInt(low) | (BigInt(dest) << (eime ? 32n : 40n)));

async function posting(bits = 0n): Promise<Vtd> {
  const v = await vtd();
  v.raw(1, ...posted(PID, { vector: 0x45, bits }));
  setControl(v, NV << 16);
  return v;
}

describe('posting (E.2)', () => {
  test('T61 T67 sets the bit in PIR, and notifies once: five posts of one vector are one', async () => {
    const v = await posting();
    for (let i = 0; i < 5; i++) v.send(1);
    expect([pir(v), control(v) & 3, v.got()]).toEqual([[0x45], ON, [NV]]);
    expect(v.b.counter('accepts')).toBe(1);
    expect(v.b.diagnostic('pirMerge')).toBe(4);
  });

  test('T61 ON and PIR are there before the notification is', async () => {
    const v = await posting();
    v.b.dma(0, 0xfee00030, 0);
    v.b.advance(10 + 5 + 5);
    expect([pir(v), control(v) & 3, v.b.irr()]).toEqual([[0x45], ON, []]);
    v.b.settle();
    expect(v.b.irr()).toEqual([NV]);
  });

  test('T63 with SN and no urgency PIR is set, ON is not, nobody is notified', async () => {
    const v = await posting();
    setControl(v, (NV << 16) | SN);
    v.send(1);
    expect([pir(v), control(v) & 3, v.got()]).toEqual([[0x45], SN, []]);
  });

  test('T63 an urgent one notifies in spite of SN', async () => {
    const v = await posting(URG);
    setControl(v, (NV << 16) | SN);
    v.send(1);
    expect([pir(v), control(v) & 3, v.got()]).toEqual([[0x45], SN | ON, [NV]]);
  });

  test('T64 clearing SN notifies nobody', async () => {
    const v = await posting();
    setControl(v, (NV << 16) | SN);
    v.send(1);
    setControl(v, NV << 16);
    v.b.settle();
    expect([pir(v), v.got()]).toEqual([[0x45], []]);
  });

  test('T65 a notification on its way goes to the CPU that NDST named when it was posted', async () => {
    const v = await posting();
    v.b.dma(0, 0xfee00030, 0);
    v.b.advance(10 + 5 + 5);
    setControl(v, (NV << 16) | ON, 1);
    v.b.settle();
    expect([v.got(0), v.got(1)]).toEqual([[NV], []]);
  });

  test('NDST has 32 bits with EIME, and 8 in bits 303:296 without', async () => {
    const wide = await vtd({ eime: true, x2apicIds: [0, 0x12345] });
    wide.raw(1, ...posted(PID, { vector: 0x45 }));
    setControl(wide, NV << 16, 0x12345, true);
    wide.send(1);
    expect(wide.b.irr(1)).toEqual([NV]);
    const v = await posting();
    setControl(v, NV << 16, 1);
    v.send(1);
    expect(v.got(1)).toEqual([NV]);
  });

  test('the descriptor is never cached: each post reads NV anew', async () => {
    const v = await posting();
    v.send(1);
    setControl(v, 0xf3 << 16);
    v.send(1);
    expect(v.got()).toEqual([0xf3, 0xf2]);
  });

  test('T48 two stores to a live posted entry let a request post through a mixture of both addresses', async () => {
    const v = await posting();
    // the descriptor moves to 0x5_0000_1800; low half first
    const [low] = posted(0x1800, { vector: 0x45 });
    v.b.poke(0x4010, low);
    v.send(1);
    expect([pir(v), v.b.memory(0x1808)]).toEqual([[], 1 << (0x45 - 64)]);
  });
});
