import { describe, expect, test } from 'vitest';
import { AmdControl, AmdEvent, AmdReg, AmdStatus } from '../../../src/core/index.js';
import { amd, COMMANDS, command, instant, PAGE, STATUS } from './help.js';

const RUN = AmdStatus.cmdBufRun;

describe('the command buffer (F.5)', () => {
  test('is processed while CmdBufEn is set, in order, to the tail', async () => {
    const a = await amd();
    a.switch(AmdControl.cmdBufEn, false);
    expect(a.status & RUN).toBe(0);
    a.run(command.all, command.wait(7));
    expect([a.head, a.peek(STATUS)]).toEqual([0, 0]);
    a.switch(AmdControl.cmdBufEn, true);
    a.machine.settle();
    expect([a.head, a.peek(STATUS), a.status & RUN]).toEqual([2, 7, RUN]);
  });

  test('wraps at its length', async () => {
    const a = await amd();
    for (let n = 0; n < 300; n++) a.run(command.wait(n));
    expect([a.head, a.peek(STATUS)]).toEqual([300 - 256, 299]);
  });

  test.each([
    [9, 512],
    [8, 256],
    [3, 256],
  ])('length %i is %i entries, 256 at least', async (n, entries) => {
    const a = await amd();
    a.unit.write(AmdReg.commandBase, (BigInt(n) << 56n) | BigInt(COMMANDS), 8);
    for (let i = 0; i < 512; i++) a.poke(COMMANDS + 16 * i, ...command.all);
    a.unit.write(AmdReg.commandTail, 16 * 300, 4);
    a.machine.settle();
    expect(a.head).toBe(300 % entries);
  });

  test('the head moves when a command is fetched: that it is done, only a wait says (T44)', async () => {
    const a = await amd({ timing: { ...instant, 'qi.iec_inv': 1000 } });
    a.device(1);
    a.entry(1, 5, { vector: 0x40 });
    a.reaches(1, 5);
    a.entry(1, 5, { vector: 0x90 });
    a.submit(command.interrupts(1), command.wait(1));
    a.machine.advance(100);
    a.machine.dmaWrite32({ requester: 1, address: 0xfee00000, data: 5 });
    a.machine.advance(700);
    expect([a.head, a.peek(STATUS), a.machine.cpu(0).irr]).toEqual([1, 0, [0x40]]);
    a.machine.settle();
    expect([a.head, a.peek(STATUS)]).toEqual([2, 1]);
  });

  test('commands for pages take their time and have no effect', async () => {
    const a = await amd();
    a.run([1, 0x30000000, 0xfffff001, 0x7fffffff], [1, 0x40000000, 0, 0], command.wait(3));
    expect([a.peek(STATUS), a.log(), a.events('invalidate')]).toEqual([3, [], []]);
  });

  test('events say what was invalidated, and that a wait is complete', async () => {
    const a = await amd();
    a.run(command.device(5), command.interrupts(6), command.all, command.wait(0x11));
    expect(a.events('invalidate', 'wait')).toEqual([
      { time: 0n, kind: 'invalidate', iommu: 0, requester: 5, what: 'device' },
      { time: 0n, kind: 'invalidate', iommu: 0, requester: 6, what: 'interrupts' },
      { time: 0n, kind: 'invalidate', iommu: 0, what: 'all' },
      { time: 0n, kind: 'wait', iommu: 0, address: STATUS, data: 0x11 },
    ]);
  });
});

describe('COMPLETION_WAIT (F.5)', () => {
  test('stores 64 bits where it says', async () => {
    const a = await amd();
    a.run([(PAGE + 8) | 1, 0x10000000, 0x55667788, 0x11223344]);
    expect([a.peek(PAGE + 8), a.peek(PAGE + 12), a.peek(STATUS)]).toEqual([0x55667788, 0x11223344, 0]);
  });

  test('without s it stores nothing', async () => {
    const a = await amd();
    a.poke(STATUS, 9);
    a.run(command.wait(7, { store: false }));
    expect([a.peek(STATUS), a.head]).toEqual([9, 1]);
  });

  test('with i it sets ComWaitInt, without ComWaitIntEn too; only with it is there a message, one until software clears the bit', async () => {
    const a = await amd();
    a.unit.write(AmdReg.msiLow, 0xfee00000, 4);
    a.unit.write(AmdReg.msiData, 0x33, 4);
    a.run(command.wait(1, { interrupt: true }));
    expect([a.status & AmdStatus.comWaitInt, a.got()]).toEqual([AmdStatus.comWaitInt, []]);
    a.unit.write(AmdReg.status, AmdStatus.comWaitInt, 4);
    a.switch(AmdControl.comWaitIntEn, true);
    a.run(command.wait(2, { interrupt: true }));
    expect(a.got()).toEqual([0x33]);
    a.run(command.wait(3, { interrupt: true }));
    expect([a.got(), a.peek(STATUS)]).toEqual([[], 3]);
    a.unit.write(AmdReg.status, AmdStatus.comWaitInt, 4);
    a.run(command.wait(4, { interrupt: true }));
    expect([a.got(), a.status & AmdStatus.comWaitInt]).toEqual([[0x33], AmdStatus.comWaitInt]);
  });

  test('with ComWaitIntEn set behind it the message goes out then', async () => {
    const a = await amd();
    a.unit.write(AmdReg.msiLow, 0xfee01000, 4);
    a.unit.write(AmdReg.msiData, 0x34, 4);
    a.run(command.wait(1, { interrupt: true }));
    a.switch(AmdControl.comWaitIntEn, true);
    a.machine.settle();
    expect([a.got(0), a.got(1)]).toEqual([[], [0x34]]);
  });

  describe('drains what has used the entries that were invalidated (D.4.3)', () => {
    const timing = { ...instant, 'ir.to_lapic': 5000 };

    test.each([
      ['irr', 'interrupts', 1, true],
      ['irr', 'device', 1, true],
      ['irr', 'interrupts', 2, false],
      ['root-complex', 'interrupts', 1, false],
      ['none', 'interrupts', 1, false],
    ] as const)('iecDrain %s, %s of device %i: waits %s', async (iecDrain, what, device, waits) => {
      const a = await amd({ timing, assumptions: { iecDrain } });
      a.device(1);
      a.entry(1, 5, { vector: 0x51 });
      a.machine.dmaWrite32({ requester: 1, address: 0xfee00000, data: 5 });
      a.machine.advance(100);
      a.submit(command[what](device), command.wait(1));
      a.machine.advance(1000);
      expect([a.peek(STATUS), a.machine.cpu(0).irr]).toEqual([waits ? 0 : 1, []]);
      a.machine.settle();
      expect([a.peek(STATUS), a.machine.cpu(0).irr]).toEqual([1, [0x51]]);
    });

    test('not what has passed without an entry, unless the device entry is invalidated', async () => {
      for (const what of ['interrupts', 'device'] as const) {
        const a = await amd({ timing });
        a.machine.dmaWrite32({ requester: 1, address: 0xfee00000, data: 0x45 });
        a.machine.advance(100);
        a.submit(command[what](1), command.wait(1));
        a.machine.advance(1000);
        expect([what, a.peek(STATUS)]).toEqual([what, what === 'interrupts' ? 1 : 0]);
      }
    });

    test('a wait with nothing invalidated before does not', async () => {
      const a = await amd({ timing });
      a.device(1);
      a.entry(1, 5, { vector: 0x51 });
      a.machine.dmaWrite32({ requester: 1, address: 0xfee00000, data: 5 });
      a.machine.advance(100);
      a.submit(command.wait(1));
      a.machine.advance(1000);
      expect(a.peek(STATUS)).toBe(1);
    });
  });
});

describe('an error stops the command buffer at the command (F.5)', () => {
  test.each([
    ['opcode 0', [0, 0, 0, 0], AmdEvent.illegalCommand],
    ['an opcode that is none', [0, 0xf0000000, 0, 0], AmdEvent.illegalCommand],
    ['PREFETCH, which the features do not have', [0, 0x60000000, 0, 0], AmdEvent.illegalCommand],
    ['reserved bits of a wait', [STATUS | 1, 0x10100000, 0, 0], AmdEvent.illegalCommand],
    ['reserved bits behind a device', [0x10001, 0x50000000, 0, 0], AmdEvent.illegalCommand],
    ['reserved dwords', [1, 0x20000000, 0, 1], AmdEvent.illegalCommand],
    ['reserved bits of INVALIDATE_ALL', [1, 0x80000000, 0, 0], AmdEvent.illegalCommand],
    ['a wait that stores where no memory is', [0x80001, 0x10000000, 0, 0], AmdEvent.commandHardware],
  ] as const)('%s', async (_, words, code) => {
    const a = await amd();
    a.run(command.all, words, command.wait(1));
    expect([a.head, a.peek(STATUS), a.status & RUN]).toEqual([1, 0, 0]);
    expect(a.log()).toEqual([{ code, requester: 0, domain: 0, flags: 0, address: BigInt(COMMANDS + 16) }]);
    a.unit.write(AmdReg.commandTail, 16 * 4, 4);
    a.machine.settle();
    expect(a.head).toBe(1);
    a.poke(COMMANDS + 16, ...command.all);
    a.poke(COMMANDS + 48, ...command.all);
    a.switch(AmdControl.cmdBufEn, false);
    a.switch(AmdControl.cmdBufEn, true);
    a.machine.settle();
    expect([a.head, a.peek(STATUS), a.status & RUN]).toEqual([4, 1, RUN]);
  });

  test('a buffer where no memory is: COMMAND_HARDWARE_ERROR', async () => {
    const a = await amd();
    a.unit.write(AmdReg.commandBase, (8n << 56n) | 0x80000n, 8);
    a.unit.write(AmdReg.commandTail, 16, 4);
    a.machine.settle();
    expect([a.head, a.log()]).toEqual([0, [{ code: AmdEvent.commandHardware, requester: 0, domain: 0, flags: 0, address: 0x80000n }]]);
  });
});
