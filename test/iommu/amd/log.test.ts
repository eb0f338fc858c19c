import { describe, expect, test } from 'vitest';
import { AmdControl, AmdControlHigh, AmdEvent, AmdReg, AmdStatus } from '../../../src/core/index.js';
import { amd, command, LOG, type Amd } from './help.js';

/** A unit whose device 1 has no usable entry. */
async function faulty(options: Parameters<typeof amd>[0] = {}): Promise<Amd> {
  const a = await amd(options);
  a.device(1, { domain: 0xabcd });
  a.unit.write(AmdReg.msiLow, 0xfee00000, 4);
  a.unit.write(AmdReg.msiData, 0x77, 4);
  return a;
}

describe('the event log (F.6)', () => {
  test('an entry has the device, code, flags and domain, and the address of the request', async () => {
    const a = await faulty();
    a.send(1, 5, 0xfee5a008);
    const words = [0, 4, 8, 12].map((at) => a.peek(LOG + at));
    expect(words).toEqual([1, 0x2008abcd, 0xfee5a008, 0]);
    expect([a.unit.read(AmdReg.eventTail, 4), a.status & AmdStatus.eventLogInt]).toEqual([16, AmdStatus.eventLogInt]);
  });

  test('without EventLogEn nothing is logged; the request is blocked all the same', async () => {
    const a = await faulty();
    a.switch(AmdControl.eventLogEn, false);
    expect([a.reaches(1, 5), a.log(), a.status & (AmdStatus.eventLogInt | AmdStatus.eventLogRun)]).toEqual([[], [], 0]);
  });

  test('it wraps behind what software has taken out', async () => {
    const a = await faulty();
    for (let n = 0; n < 300; n++) {
      a.send(1, 5);
      expect(a.log()).toHaveLength(1);
    }
    expect(a.unit.read(AmdReg.eventTail, 4)).toBe(16 * (300 - 256));
  });

  test('without room an event is dropped, EventOverflow is set, and logging stops until software clears it', async () => {
    const a = await faulty();
    for (let n = 0; n < 255; n++) a.send(1, 5);
    expect([a.unit.eventLog.length, a.status & (AmdStatus.eventOverflow | AmdStatus.eventLogRun)]).toEqual([255, AmdStatus.eventLogRun]);
    a.send(1, 5);
    expect([a.unit.eventLog.length, a.status & (AmdStatus.eventOverflow | AmdStatus.eventLogRun)]).toEqual([255, AmdStatus.eventOverflow]);
    a.log();
    a.send(1, 5);
    expect(a.log()).toEqual([]);
    a.unit.write(AmdReg.status, AmdStatus.eventOverflow, 4);
    a.send(1, 5);
    expect(a.codes()).toEqual([AmdEvent.ioPageFault]);
  });

  test('with EventIntEn a message goes out: for an event, and none further until EventLogInt is cleared', async () => {
    const a = await faulty({ control: AmdControl.eventIntEn });
    a.send(1, 5);
    expect(a.got()).toEqual([0x77]);
    a.send(1, 5);
    expect([a.got(), a.log().length]).toEqual([[], 2]);
    a.unit.write(AmdReg.status, AmdStatus.eventLogInt, 4);
    a.send(1, 5);
    expect(a.got()).toEqual([0x77]);
  });

  test('and for the overflow', async () => {
    const a = await faulty({ control: AmdControl.eventIntEn });
    for (let n = 0; n < 255; n++) a.send(1, 5);
    a.got();
    a.send(1, 5);
    expect(a.got()).toEqual([0x77]);
  });

  test('while the pool of messages is full the interrupt waits', async () => {
    const a = await faulty({ control: AmdControl.eventIntEn, messages: 1 });
    a.send(1, 5);
    expect(a.got()).toEqual([0x77]);
    a.unit.write(AmdReg.status, AmdStatus.eventLogInt, 4);
    a.machine.dmaWrite32({ requester: 1, address: 0xfee00000, data: 5 });
    a.machine.settle();
    expect(a.got()).toEqual([0x77]);
  });

  test('the message of a unit itself is not remapped; with IntCapXTEn its own register says where it goes', async () => {
    const a = await faulty({ apicIds: [0, 0x12345], control: AmdControl.eventIntEn, controlHigh: AmdControlHigh.intCapXtEn });
    a.unit.write(AmdReg.xtEvent, (0x66n << 32n) | (0x12345n << 8n), 8);
    a.send(1, 5);
    expect([a.got(0), a.got(1)]).toEqual([[], [0x66]]);
  });

  test('a message that is no interrupt vanishes', async () => {
    const a = await faulty({ control: AmdControl.eventIntEn });
    a.unit.write(AmdReg.msiLow, 0x1000, 4);
    a.send(1, 5);
    expect([a.got(), a.machine.diagnostics.wildWrites]).toEqual([[], 1]);
  });

  test('machine events have the code', async () => {
    const a = await faulty();
    a.send(1, 5);
    expect(a.events('fault')).toEqual([{ time: 0n, kind: 'fault', iommu: 0, index: 5, code: AmdEvent.ioPageFault, requester: 1 }]);
  });
});

describe('a page fault is not logged (F.6)', () => {
  test.each([
    ['SupIOPF of its entry', {}, 2],
    ['IG of its device', { ig: 1 }, 0],
    ['SA of its device', { sa: 1 }, 0],
  ] as const)('%s', async (_, dte, bits) => {
    const a = await amd();
    a.device(1, dte);
    a.entry(1, 5, { remapEn: 0, bits });
    expect([a.reaches(1, 5), a.log(), a.events('fault')]).toEqual([[], [], [expect.objectContaining({ requester: 1 })]]);
  });

  test('SE of its device, behind the first, until that is invalidated', async () => {
    const a = await amd();
    a.device(1, { se: 1 });
    const logged = (): number => {
      a.send(1, 5);
      return a.log().length;
    };
    expect([logged(), logged(), logged()]).toEqual([1, 0, 0]);
    a.run(command.device(1));
    expect([logged(), logged()]).toEqual([1, 0]);
  });

  test('all else is, whatever they say', async () => {
    const a = await amd();
    a.device(1, { ig: 1, sa: 1, intCtl: 3 });
    a.device(2, { ig: 1, sa: 1, table: 0x40000 });
    a.send(1, 5);
    a.send(2, 5);
    expect(a.codes()).toEqual([AmdEvent.illegalDevTable, AmdEvent.pageTabHardware]);
  });
});
