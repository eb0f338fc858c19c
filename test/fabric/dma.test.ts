import { describe, expect, test } from 'vitest';
import { board, type Board } from '../ioapic/help.js';

const MSI = 0xfee00000;

describe('posted writes of requesters (C.6)', () => {
  test('data is in memory once it has arrived, not before', async () => {
    const b = await board();
    expect(b.dma(0x100, 0x40, 0xcafe)).toBe(1);
    b.advance(749);
    expect(b.memory(0x40)).toBe(0);
    b.advance(1);
    expect(b.memory(0x40)).toBe(0xcafe);
  });

  test('to 0xfeex_xxxx it is an interrupt message', async () => {
    const b = await board();
    b.dma(0x100, MSI + 0x1000, 0x4031);
    b.advance(750 + 299);
    expect(b.irr(1)).toEqual([]);
    b.advance(1);
    expect([b.irr(0), b.irr(1)]).toEqual([[], [0x31]]);
  });

  test('a message that matches no LAPIC disappears (T28)', async () => {
    const b = await board();
    expect(b.dma(1, MSI + 0x9000, 0x4031)).toBe(1);
    expect(b.settle()).toBe(true);
    expect([b.irr(0), b.irr(1)]).toEqual([[], []]);
    expect(b.counter('noTarget')).toBe(1);
  });

  test('above 4 GiB 0xfeex_xxxx is no interrupt; outside of memory a write is lost', async () => {
    const b = await board();
    expect(b.dma(1, MSI, 0x4031, 1)).toBe(1);
    expect(b.dma(1, 0x1000, 5)).toBe(1);
    expect(b.dma(1, 0, 5, 1)).toBe(1);
    expect(b.dma(1, 0xfffffffc, 5, 0xffffffff)).toBe(1);
    expect(b.settle()).toBe(true);
    expect(b.irr()).toEqual([]);
    expect(b.counter('wildWrites')).toBe(4);
    expect(b.memory(0)).toBe(0);
  });

  test('bits 1:0 of the address do not count, the last DWORD of memory does', async () => {
    const b = await board();
    b.dma(1, 0xfff, 0x1234);
    b.settle();
    expect(b.memory(0xffc)).toBe(0x1234);
  });

  /** The order in which what was sent has arrived, over many seeds with jitter. */
  async function arrivals(requesterLists: number, send: (b: Board) => void): Promise<Set<string>> {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const b = await board({ requesterLists, jitter: true, seed, timing: { 'dma.write_visible': { min: 1, default: 10, max: 4000 } } });
      send(b);
      expect(b.settle()).toBe(true);
      orders.add(
        b
          .events('write', 'accept')
          .map(([, kind, , what, data]) => (kind === 'write' ? `write ${data}` : `vector ${what}`))
          .join(', '),
      );
    }
    return orders;
  }

  test.each([1, 3])('T5 a message does not overtake the data that its requester has written before (%i lists)', async (lists) => {
    const orders = await arrivals(lists, (b) => {
      b.dma(0x100, 0, 1);
      b.dma(0x100, 4, 2);
      b.dma(0x100, MSI, 0x4031);
    });
    expect([...orders]).toEqual(['write 1, write 2, vector 49']);
  });

  test.each([1, 3])('T5 it may overtake the data of another requester (%i lists)', async (lists) => {
    const orders = await arrivals(lists, (b) => {
      b.dma(0x100, 0, 1);
      b.dma(0x200, MSI, 0x4031);
    });
    expect([...orders].toSorted()).toEqual(['vector 49, write 1', 'write 1, vector 49']);
  });

  test('data does not wait for a message behind the root complex', async () => {
    const b = await board({ timing: { 'msi.dev_to_rc': 10, 'ir.to_lapic': 5000, 'dma.write_visible': 10 } });
    b.dma(1, MSI, 0x4031);
    b.dma(1, 0, 7);
    b.advance(10);
    expect(b.memory(0)).toBe(7);
    b.settle();
    expect(b.irr()).toEqual([0x31]);
  });

  test('where no list is for them, requesters may write nothing', async () => {
    const b = await board({ requesterLists: 0 });
    expect(b.dma(1, 0, 1)).toBe(0);
    expect(b.settle()).toBe(true);
    expect(b.memory(0)).toBe(0);
  });

  test('a full pool takes nothing: 0; room comes with arrivals', async () => {
    const b = await board({ messages: 2 });
    expect([1, 2, 3].map((value) => b.dma(1, 4 * value, value))).toEqual([1, 1, 0]);
    b.settle();
    expect([b.memory(4), b.memory(8), b.memory(12)]).toEqual([1, 2, 0]);
    expect(b.dma(1, 12, 3)).toBe(1);
  });

  test('CPUs read and write the same memory, in any width', async () => {
    const b = await board();
    b.dma(1, 0x40, 0x11223344);
    b.settle();
    expect([b.read(0x40), b.read(0x40, 1), b.read(0x41, 1), b.read(0x42, 2)]).toEqual([0x11223344, 0x44, 0x33, 0x1122]);
    b.write(0x41, 0xff, 1);
    expect(b.memory(0x40)).toBe(0x1122ff44);
    expect([b.read(0xffe, 4), b.read(0x1000), b.read(0xfff, 1)]).toEqual([0xffffffff, 0xffffffff, 0]);
  });
});

describe('settle', () => {
  test('takes no time where nothing is on its way', async () => {
    const b = await board();
    expect(b.settle()).toBe(true);
    expect(b.now).toBe(0);
  });

  test('ends at the arrival of the last message, or at its limit', async () => {
    const b = await board();
    b.dma(1, MSI, 0x4031);
    expect(b.settle(1049)).toBe(false);
    expect(b.now).toBe(1049);
    expect(b.settle(1)).toBe(true);
    expect(b.now).toBe(1050);
  });

  test('waits for pins that are about to send, not for those who find no LAPIC', async () => {
    const b = await board();
    b.setLow(1, 0x31);
    b.setDestination(1, 9);
    b.pulse(1);
    expect(b.settle()).toBe(true);
    expect(b.now).toBe(60 + 900 + 300);
    b.setLow(2, 0x41);
    b.pulse(2);
    expect(b.settle()).toBe(true);
    expect(b.irr()).toEqual([0x41]);
  });
});
