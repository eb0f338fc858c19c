/** Values are read as the hardware reads them: random ones are given to the machine, and what it does is what is said of them. */
import { describe, expect, test } from 'vitest';
import { amdOutcome, type AmdOutcome } from '../../src/explain/amdIrte.js';
import { irteOutcome, type IrteOutcome } from '../../src/explain/irte.js';
import { decodeMessage } from '../../src/explain/message.js';
import { rteMessage } from '../../src/explain/rte.js';
import { explainIrte, explainPid } from '../../src/index.js';
import { Dice } from '../engine/systems.js';
import { board, type Board } from '../ioapic/help.js';
import { amd, PAGE, tableOf, type Amd } from '../iommu/amd/help.js';
import { PID, posted, vtd, type Vtd } from '../iommu/help.js';

const word = (dice: Dice): bigint => BigInt(dice.below(2 ** 16)) | (BigInt(dice.below(2 ** 16)) << 16n);
const wide = (dice: Dice): bigint => word(dice) | (word(dice) << 32n);
/** Mostly few bits, so that most values get past the first check. */
const sparse = (dice: Dice): bigint => (dice.below(3) === 0 ? wide(dice) : wide(dice) & wide(dice) & wide(dice) & wide(dice));

/** What the machine did, and what was said that it would do. */
type Sides = readonly [did: readonly unknown[], said: readonly unknown[]];
/** Nothing that could be compared. */
const NOTHING: Sides = [[], []];

/** Vectors that a CPU has got; it acknowledges and ends them, in either mode. */
function taken(b: Board, c: number): number[] {
  const vectors: number[] = [];
  for (let vector = b.acknowledge(c); vector >= 0; vector = b.acknowledge(c)) {
    vectors.push(vector);
    b.eoi(c);
    b.msr(c, 0x80b, 0);
  }
  return vectors;
}

describe.each([false, true])('VT-d, EIME=%s', (eime) => {
  const DESCRIPTORS = 0x1400;

  /** An entry that has a chance to be used. */
  function entry(dice: Dice): readonly [high: bigint, low: bigint] {
    const [high, low] = [sparse(dice), sparse(dice)];
    const kind = dice.below(4);
    if (kind === 0) return [high, low];
    const source = high & 0xfffffn;
    const vector = (low & 0xff0000n) | 1n | (BigInt(dice.below(2)) << 1n);
    if (kind === 1) return [source & 0x3ffffn, vector | 0x8000n | (low & 0x4000n) | (BigInt(DESCRIPTORS + 64 * dice.below(4)) << 32n)];
    const destination = eime ? BigInt(dice.of([0, 0x12345])) << 32n : BigInt(dice.below(2)) << 40n;
    return [
      kind === 2 ? source : source & 0x3ffffn,
      vector | (low & 0xfcn) | (dice.below(4) === 0 ? low & (0xffffffffn << 32n) : destination),
    ];
  }

  function sides(v: Vtd, outcome: IrteOutcome): Sides {
    const [, kind, , b = 0, c = 0] = v.b.events('remap', 'fault')[0] ?? [];
    const [recorded, got] = [v.faults(), [taken(v.b, 0), taken(v.b, 1)]];
    if (outcome.what === 'blocked')
      return [
        [kind, b >>> 16, recorded, got],
        ['fault', outcome.reason, outcome.recorded ? [outcome.reason] : [], [[], []]],
      ];
    if (outcome.what === 'posted') {
      const at = Number(outcome.descriptor);
      // elsewhere is no memory, or no descriptor
      if (at < DESCRIPTORS || at >= DESCRIPTORS + 256) return NOTHING;
      const pir = v.b.memory(at + ((outcome.vector >> 5) << 2));
      return [
        [kind, c & 2, (c >>> 8) & 0xff, (pir >>> (outcome.vector & 31)) & 1],
        ['remap', 2, outcome.vector, 1],
      ];
    }
    const { vector, destination, logical, mode } = outcome;
    const cpu = (eime ? [0, 0x12345] : [0, 1]).indexOf(destination);
    const received = !logical && mode <= 1 && vector >= 16 && cpu >= 0;
    return [
      [kind, c & 2, (c >>> 8) & 0xff, c >>> 16, ...(received ? [got[cpu]] : [])],
      ['remap', 0, vector, destination & 0xffff, ...(received ? [[vector]] : [])],
    ];
  }

  test('random entries: blocked for the same reason, remapped or posted alike', async () => {
    const dice = new Dice(eime ? 11 : 12);
    const seen = new Set<string>();
    const v = await vtd({ size: 7, eime, ...(eime ? { x2apicIds: [0, 0x12345] } : {}) });
    for (let index = 0; index < 256; index++) {
      const [high, low] = entry(dice);
      const requester = dice.below(2) === 0 ? Number(high & 0xffffn) : dice.below(2 ** 16);
      for (let d = 0; d < 4; d++) v.b.poke(DESCRIPTORS + 64 * d + 32, 0x2n);
      v.raw(index, low, high);
      const predicted = irteOutcome(high, low, eime, requester);
      // INIT would end the test
      if (predicted.what === 'remapped' && predicted.mode === 5) continue;
      v.send(index, requester);
      // what is said in words is the same
      const { check, fields } = explainIrte(high, low, { eime, requester });
      const vector = predicted.what === 'blocked' ? undefined : Number(fields.find(({ name }) => name === 'vector')?.value);
      expect([index, check === undefined, vector]).toEqual(
        predicted.what === 'blocked' ? [index, false, undefined] : [index, true, predicted.vector],
      );
      seen.add(predicted.what === 'blocked' ? `${predicted.reason} ${predicted.recorded}` : predicted.what);
      const [did, said] = sides(v, predicted);
      expect([index, ...did]).toEqual([index, ...said]);
    }
    // every outcome was met, and each of the reasons with and without its record
    for (const each of ['34 true', '34 false', '36 true', '36 false', '38 true', '38 false', 'posted', 'remapped'])
      expect(seen).toContain(each);
  });
});

test('random messages behind VT-d: the index, the reserved bits, the end of the table', async () => {
  const dice = new Dice(21);
  const v = await vtd({ size: 7 });
  const seen = new Set<number>();
  for (let n = 0; n < 400; n++) {
    const address = (0xfee00000 | (dice.below(2 ** 20) & ~3)) >>> 0;
    const data = Number(dice.below(3) === 0 ? word(dice) : BigInt(dice.below(2 ** 16)));
    const near = dice.below(2) === 0 ? (address & 0xfee01ffb) >>> 0 : address;
    v.b.dma(0, near, data);
    v.b.settle();
    const [, kind, , b = 0] = v.b.events('remap', 'fault')[0] ?? [];
    v.faults();
    const message = decodeMessage(BigInt(near), BigInt(data));
    const reason = message.format !== 'remappable' ? 0x25 : message.reserved ? 0x20 : message.index > 255 ? 0x21 : 0x22;
    seen.add(reason);
    const index = message.format === 'remappable' ? message.index & 0xffff : b & 0xffff;
    expect([n, kind, b >>> 16, b & 0xffff]).toEqual([n, 'fault', reason, index]);
  }
  expect([...seen].toSorted()).toEqual([0x20, 0x21, 0x22, 0x25]);
});

test('random messages in compatibility format: who gets them, with which vector, edge or level; or nobody', async () => {
  const dice = new Dice(22);
  const b = await board();
  for (const c of [0, 1]) b.lapic(c, 0xd0, 1 << (24 + c));
  let accepted = 0;
  for (let n = 0; n < 400; n++) {
    const address = (0xfee00000 | (dice.of([0, 1, 2, 3, 0xff, dice.below(256)]) << 12) | (dice.below(2) << 2)) >>> 0;
    // INIT would end the test
    const data = dice.below(2 ** 16) & ~(dice.below(2) === 0 ? 0x700 : 0x400);
    b.dma(0, address, data);
    b.settle();
    const message = decodeMessage(BigInt(address), BigInt(data));
    if (message.format !== 'compatibility') throw new Error('wrong format');
    const { destination, logical, mode, vector, level } = message;
    const matching = [0, 1].filter((c) => (destination === 0xff ? true : logical ? (destination >> c) & 1 : destination === c));
    const got = b.events('accept').map(([, , c, v]) => [c, v]);
    const takes = mode <= 1 && vector >= 16 ? matching : [];
    // of the lowest priority one takes it
    const winners = mode === 1 && takes.length > 1 && got.length === 1 ? takes.filter((c) => c === got[0]?.[0]) : takes;
    expect([n, got]).toEqual([n, winners.map((c) => [c, vector])]);
    for (const [c = 0] of got) expect([n, b.tmr(c).includes(vector)]).toEqual([n, level]);
    accepted += got.length;
    for (const c of [0, 1]) taken(b, c);
  }
  expect(accepted).toBeGreaterThan(50);
});

test('random redirection entries: the message that a pin sends', async () => {
  const dice = new Dice(23);
  const b = await board();
  for (let n = 0; n < 300; n++) {
    const rte = wide(dice) & ~(0xfn << 12n) & ~0xfffffffe0000n & ~0x10000n;
    const level = dice.below(2) === 1;
    const entry = rte | (level ? 0x8000n : 0n);
    const pin = n % 24;
    b.setLow(pin, 0x10000);
    b.setRegister(0x11 + 2 * pin, Number(entry >> 32n));
    b.setLow(pin, Number(entry & 0xffffffffn));
    b.pin(pin, true);
    b.settle();
    b.pin(pin, false);
    const [, , , address = 0, data = 0] = b.events('pin')[0] ?? [];
    const said = rteMessage(entry);
    expect([n, address >>> 0, data]).toEqual([n, said.address, said.data]);
    b.setLow(pin, 0x10000);
    for (const c of [0, 1]) taken(b, c);
  }
});

test('random descriptors: whether a post notifies, whom, and which bits are requested', async () => {
  const dice = new Dice(24);
  const v = await vtd();
  v.raw(1, ...posted(PID, { vector: 0x45 }));
  let [notified, silent] = [0, 0];
  for (let n = 0; n < 200; n++) {
    const control = BigInt(dice.below(4)) | (BigInt(16 + dice.below(240)) << 16n) | (BigInt(dice.below(2)) << 40n);
    const pir = [0, 1, 2, 3].map(() => sparse(dice));
    const words = [...pir, control, 0n, 0n, 0n];
    words.forEach((each, i) => v.b.poke(PID + 8 * i, each));
    const said = Object.fromEntries(explainPid(words, { eime: false }).fields.map(({ name, value, text }) => [name, { value, text }]));
    v.send(1);
    const accepts = v.b.events('accept').map(([, , c, vector]) => [c, vector]);
    const notifies = said['ON']?.value === '0' && said['SN']?.value === '0';
    expect([n, accepts]).toEqual([n, notifies ? [[Number(said['NDST']?.value) >> 8, Number(said['NV']?.value)]] : []]);
    if (notifies) notified++;
    else silent++;
    const now = Array.from({ length: 8 }, (_, i) => v.b.memory(PID + 4 * i));
    const requested = Array.from({ length: 256 }, (_, i) => i).filter((i) => ((now[i >> 5] ?? 0) >>> (i & 31)) & 1);
    const before = requested.filter((i) => i !== 0x45 || (pir[1]! >> 5n) & 1n);
    expect(said['PIR']?.text).toBe(
      before.length === 0 ? 'no vector is requested' : `requested: ${before.map((i) => `0x${i.toString(16).padStart(2, '0')}`).join(', ')}`,
    );
    for (const c of [0, 1]) taken(v.b, c);
  }
  expect([notified > 20, silent > 20]).toEqual([true, true]);
});

describe.each([
  ['32 bits', false, false],
  ['128 bits', true, false],
  ['128 bits, XTEn', true, true],
] as const)('AMD-Vi, entries of %s', (_name, is128, xt) => {
  const cpus = xt ? [0, 0x7030201] : [0, 1];

  function sides(a: Amd, outcome: AmdOutcome): Sides {
    const [log, got] = [a.log(), [a.got(0), a.got(1)]];
    if (outcome.what === 'blocked')
      return [
        [log.map(({ code, flags }) => [code, flags]), got],
        [outcome.recorded ? [[2, outcome.programmed ? 0x98 : 8]] : [], [[], []]],
      ];
    if (outcome.what === 'guest') {
      if (outcome.page !== BigInt(PAGE)) return NOTHING;
      const irr = PAGE + 0x200 + ((outcome.vector >> 5) << 4);
      const requested = (a.peek(irr) >>> (outcome.vector & 31)) & 1;
      a.poke(irr, 0);
      return [[requested], [1]];
    }
    const { vector, destination, logical } = outcome;
    const cpu = cpus.indexOf(destination);
    if (logical || destination === (xt ? 0xffffffff : 0xff) || (cpu >= 0 && vector < 16)) return [[log], [[]]];
    return [
      [log, got],
      [[], cpus.map((_, c) => (c === cpu ? [vector] : []))],
    ];
  }

  test('random entries: aborted, remapped or for a guest alike', async () => {
    const dice = new Dice(31 + Number(is128) + 2 * Number(xt));
    const seen = new Set<string>();
    const a = await amd({ ga: is128, guest: is128, xt, ...(xt ? { apicIds: cpus } : {}) });
    a.device(1, { length: 8 });
    for (let index = 0; index < 256; index++) {
      let [high, low] = is128 ? [sparse(dice), sparse(dice)] : [0n, sparse(dice) & 0xffffffffn];
      if (dice.below(3) > 0) {
        const destination = BigInt(dice.of(cpus));
        low = 1n | (low & 0x2en) | (is128 ? (destination & 0xffffffn) << 8n : (destination << 8n) | (low & 0xffff0000n));
        high = is128 ? (high & 0xffn) | ((destination >> 24n) << 56n) : 0n;
        if (dice.below(3) === 0) [low, high] = [low | 0x80n | (BigInt(dice.below(2)) << 6n), (high & 0xffn) | BigInt(PAGE)];
      }
      const at = tableOf(1) + (is128 ? 16 : 4) * index;
      const words = [low & 0xffffffffn, low >> 32n, high & 0xffffffffn, high >> 32n].map(Number);
      a.poke(at, ...(is128 ? words : words.slice(0, 1)));
      const said = amdOutcome((high << 64n) | low, is128, xt);
      a.send(1, index);
      seen.add(said.what === 'blocked' ? `${said.what} ${said.recorded}` : said.what);
      const [did, wanted] = sides(a, said);
      expect([index, ...did]).toEqual([index, ...wanted]);
    }
    for (const each of ['blocked true', 'blocked false', 'remapped', ...(is128 ? ['guest'] : [])]) expect(seen).toContain(each);
  });
});
