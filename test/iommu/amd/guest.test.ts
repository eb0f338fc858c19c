import { describe, expect, test } from 'vitest';
import { AmdControl, AmdControlHigh, AmdEvent, AmdReg, AmdStatus } from '../../../src/core/index.js';
import { amd, GA_LOG, PAGE } from './help.js';

describe('an interrupt of a guest (F.3.3)', () => {
  test.each([0x41, 0xff, 0x20])('sets bit 0x%x of the IRR in its page, and no IRR of a LAPIC', async (vector) => {
    const a = await amd({ guest: true });
    a.device(1);
    a.guest(1, 5, { vector });
    expect(a.reaches(1, 5)).toEqual([]);
    const irr = Array.from({ length: 8 }, (_, word) => a.peek(PAGE + 0x200 + 16 * word));
    expect(irr).toEqual(Array.from({ length: 8 }, (_, word) => (word === vector >> 5 ? (1 << (vector & 31)) >>> 0 : 0)));
  });

  test('merges with what is pending there', async () => {
    const a = await amd({ guest: true });
    a.device(1);
    a.guest(1, 5, { vector: 0x41 });
    a.poke(PAGE + 0x220, 0x10);
    a.send(1, 5);
    a.send(1, 5);
    expect([a.peek(PAGE + 0x220), a.machine.diagnostics.pirMerge]).toEqual([0x12, 1]);
  });

  test('IsRun=1: a doorbell for the destination', async () => {
    const a = await amd({ guest: true, xt: true });
    a.device(1);
    a.guest(1, 5, { running: true, dest: 0x1234, logs: true });
    a.send(1, 5);
    const [post] = a.events('post');
    expect(post).toMatchObject({ iommu: 0, vector: 0x41, notified: true, destination: 0x1234, address: PAGE });
    expect(a.unit.read(AmdReg.gaTail, 4)).toBe(0);
  });

  test('IsRun=0 and GALogIntr=1: an entry of the log with tag and device, and its interrupt if GAIntEn is set', async () => {
    const a = await amd({ guest: true });
    a.unit.write(AmdReg.msiLow, 0xfee00000, 4);
    a.unit.write(AmdReg.msiData, 0x77, 4);
    a.device(1);
    a.guest(1, 5, { logs: true, tag: 0xcafe1234 });
    a.send(1, 5);
    expect([a.peek(GA_LOG), a.peek(GA_LOG + 4), a.unit.read(AmdReg.gaTail, 4)]).toEqual([0xcafe1234, 0x10000001, 8]);
    expect([a.got(), a.status & AmdStatus.gaLogInt]).toEqual([[], AmdStatus.gaLogInt]);
    a.unit.write(AmdReg.status, AmdStatus.gaLogInt, 4);
    a.switch(AmdControl.gaIntEn, true);
    expect(a.reaches(1, 5)).toEqual([0x77]);
  });

  test('with IntCapXTEn the interrupt of that log has a register of its own', async () => {
    const a = await amd({ guest: true, control: AmdControl.gaIntEn, controlHigh: AmdControlHigh.intCapXtEn });
    a.unit.write(AmdReg.xtGa, 0x55n << 32n, 8);
    a.device(1);
    a.guest(1, 5, { logs: true });
    expect(a.reaches(1, 5)).toEqual([0x55]);
  });

  test('whether it runs is looked at behind the IRR: a guest that halts between lookup and posting is in the log', async () => {
    const a = await amd({ guest: true });
    a.device(1);
    a.guest(1, 5, { running: true, logs: true, tag: 7 });
    a.machine.dmaWrite32({ requester: 1, address: 0xfee00000, data: 5 });
    // 10 to the unit, 10 for both fetches; the posting takes 5
    a.machine.advance(22);
    expect(a.events('remap', 'post').map(({ kind }) => kind)).toEqual(['remap']);
    a.guest(1, 5, { running: false, logs: true, tag: 8 });
    a.machine.settle();
    expect([a.peek(GA_LOG), a.unit.read(AmdReg.gaTail, 4), a.events('post')[0]!.notified]).toEqual([8, 8, false]);
  });

  test('IsRun=0 and GALogIntr=0: only the bit', async () => {
    const a = await amd({ guest: true });
    a.device(1);
    a.guest(1, 5);
    a.send(1, 5);
    expect([a.unit.read(AmdReg.gaTail, 4), a.events('post')[0]!.notified]).toEqual([0, false]);
  });

  test('the log overflows, and stands until software clears that', async () => {
    const a = await amd({ guest: true });
    a.device(1);
    a.guest(1, 5, { logs: true });
    for (let n = 0; n < 256; n++) a.send(1, 5);
    const bits = AmdStatus.gaLogOverflow | AmdStatus.gaLogRun;
    expect([a.unit.read(AmdReg.gaTail, 4), a.status & bits]).toEqual([8 * 255, AmdStatus.gaLogOverflow]);
    a.unit.write(AmdReg.gaHead, 80, 4);
    a.send(1, 5);
    expect(a.unit.read(AmdReg.gaTail, 4)).toBe(8 * 255);
    a.unit.write(AmdReg.status, AmdStatus.gaLogOverflow, 4);
    a.send(1, 5);
    expect([a.unit.read(AmdReg.gaTail, 4), a.status & bits]).toEqual([0, AmdStatus.gaLogRun]);
  });

  test('a page where no memory is: PAGE_TAB_HARDWARE_ERROR, and the device entry is named', async () => {
    const a = await amd({ guest: true });
    a.device(1, { domain: 7 });
    a.guest(1, 5, { page: 0x40000 });
    a.send(1, 5);
    expect(a.log()).toEqual([{ code: AmdEvent.pageTabHardware, requester: 1, domain: 7, flags: 8, address: 0x40000n }]);
  });

  test('takes ir.pi_post behind the lookup (G.2)', async () => {
    const a = await amd({ guest: true, timing: {} });
    a.device(1);
    a.guest(1, 5);
    const from = a.machine.now;
    a.send(1, 5);
    expect(Number(a.machine.now - from)).toBe(750 + 600 + 300);
  });
});
