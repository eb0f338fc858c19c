/** Instructions on AMD-Vi units, one by one (hardware.md F): what they leave in memory and registers, and what no program may do. */
import { describe, expect, test } from 'vitest';
import { Actor, Amd, AmdStatus, Table } from '../../src/core/index.js';
import { AssemblyError, Declarations, programSetup, SELF, type Assembler, type Builder } from '../../src/kernel/index.js';
import { iommusOf, ModelFault, type ProgramMachine } from '../../src/machine/index.js';
import { act, enabled, entryLow, settle, smallIoapic, steps, task, toy, type Toy, type ToyKernel } from '../engine/toy.js';

const unit = (options = {}): object => ({ iommus: iommusOf([{ type: 'amd', ...options }], []), irtes: 4, memory: 3 * 4096, tableRows: 8 });

const variables = (d: Declarations) => ({
  irte: d.variable('irte', 'u32', ['irte', 'word'], { dma: true }),
  sem: d.variable('sem', 'u32', ['cpu', 'word'], { dma: true }),
  short: d.variable('short', 'u32', ['cpu'], { dma: true }),
  image: d.variable('image', 'u32', ['cpu', 'word']),
  found: d.variable('found', 'u32', ['word']),
});

type Variables = ReturnType<typeof variables>;

/** CPU 0 executes a body; one device, whose requester id is 8. */
function playing(
  body: (b: Builder, v: Variables, k: Assembler) => void,
  more: { readonly boot?: (machine: ProgramMachine, v: Variables) => void; readonly type?: object } = {},
): Promise<Toy<ToyKernel & { v: Variables }>> {
  return toy(
    (k, d) => {
      const v = variables(d);
      return {
        v,
        run: { 0: task(k, 'body', (b) => body(b, v, k)) },
        boot: (m) => {
          m.setAmdUnit(0, { table: v.irte.slot, stride: 64, size: 2 });
          more.boot?.(m, v);
        },
      };
    },
    { sources: 1, ...unit(more.type) },
  );
}

const words = (machine: ProgramMachine, slot: number, row: number): number[] => [0, 1, 2, 3].map((i) => machine.variable(slot, row, i));
const amd = (machine: ProgramMachine, field: Amd): number => machine.core.u32(machine.core.exports.table(Table.amds) + field);

describe('storeRow', () => {
  test('copies all four words in one step', async () => {
    const { machine, kernel } = await playing((b, { irte, image }) => {
      [1, 2, 3, 4].forEach((word, i) => b.store(image, [SELF, i], word));
      b.storeRow(irte, 5, image, SELF);
    });
    steps(machine, 0, 4);
    expect(words(machine, kernel.v.irte.slot, 5)).toEqual([0, 0, 0, 0]);
    steps(machine, 0, 1);
    expect(words(machine, kernel.v.irte.slot, 5)).toEqual([1, 2, 3, 4]);
  });
});

describe('queuePut', () => {
  test('makes commands as F.5 lays them out; nobody sees them before the tail moves', async () => {
    const { machine, kernel } = await playing((b, { sem }) => {
      b.queuePut(0, 0x50000000, 8);
      b.queuePut(0, 0x10000003, 0x77, [sem, SELF]);
      b.queueTail(0);
    });
    steps(machine, 0, 2);
    const at = machine.core.exports.guestAt();
    const sem = machine.guestAddress(kernel.v.sem.slot);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((i) => machine.core.u32(at + 4 * i))).toEqual([8, 0x50000000, 0, 0, sem + 3, 0x10000000, 0x77, 0]);
    expect(enabled(machine).filter((step) => step.startsWith('queue'))).toEqual([]);
    steps(machine, 0, 1);
    act(machine, 'queue');
    act(machine, 'queue');
    expect(words(machine, kernel.v.sem.slot, 0)).toEqual([0x77, 0, 0, 0]);
    expect(amd(machine, Amd.status)).toBe(AmdStatus.cmdBufRun | AmdStatus.comWaitInt);
    // the ring has slid back
    expect([Amd.commandHead, Amd.commandTail].map((field) => amd(machine, field))).toEqual([0, 0]);
  });

  test('a status of less than 8 bytes a row, which the store would leave, is a fault of the program', async () => {
    const { machine } = await playing((b, { short }) => b.queuePut(0, 0x10000001, 1, [short, SELF]));
    expect(() => steps(machine, 0, 1)).toThrow(ModelFault);
  });

  test('so is a sixteenth command in a check', async () => {
    const { machine } = await playing((b) => Array.from({ length: 16 }, () => b.queuePut(0, 0x50000000, 8)));
    steps(machine, 0, 15);
    expect(() => steps(machine, 0, 1)).toThrow(ModelFault);
  });

  test('an illegal command stops the unit at it: a fault, and no wait behind it is ever complete (F.5)', async () => {
    const { machine, kernel } = await playing((b, { sem }) => {
      b.queuePut(0, 0xf0000000, 8);
      b.queuePut(0, 0x10000001, 1, [sem, SELF]);
      b.queueTail(0);
      b.waitEq(sem, [SELF, 0], 1);
    });
    steps(machine, 0, 3);
    expect(act(machine, 'queue')).toEqual(['noFault']);
    expect(enabled(machine)).toEqual(['raise 0']);
    expect([amd(machine, Amd.status), machine.variable(kernel.v.sem.slot, 0, 0)]).toEqual([0, 0]);
  });
});

/** Low word of a guest's entry: RemapEn, GALogIntr, GuestMode. */
const GUEST = 0x85;

describe('the log of guests', () => {
  // the page is that of the table, behind which nothing stands
  const boot = (m: ProgramMachine, { irte }: Variables): void => {
    [GUEST, 0xcafe, 0x31 + m.guestAddress(irte.slot), 0].forEach((word, w) => m.setVariable(irte.slot, 0, w, word));
    m.setDevice(0, { control: 1, addrLo: 0xfee00000, addrHi: 0, data: 0 });
  };
  const type = { capabilities: { guest: true } };

  test('as a program reads it: how many entries, tag and device of the oldest; it goes when the head moves', async () => {
    const { machine, kernel } = await playing(
      (b, { found, short }) => {
        b.waitEq(short, [SELF], 1);
        (['logWaiting', 'logTag', 'logDevice'] as const).forEach((register, i) => b.store(found, [i], b.unitRead(0, register)));
        b.unitLogHead(0);
        b.store(found, [3], b.unitRead(0, 'logWaiting'));
      },
      { boot, type },
    );
    act(machine, 'raise');
    act(machine, 'sample');
    settle(machine, 'message');
    expect([amd(machine, Amd.gaTail), amd(machine, Amd.status) & AmdStatus.gaLogInt]).toEqual([8, AmdStatus.gaLogInt]);
    machine.setVariable(kernel.v.short.slot, 0, 0, 1);
    settle(machine, 'cpu');
    expect([0, 1, 2, 3].map((i) => machine.variable(kernel.v.found.slot, i))).toEqual([1, 0xcafe, 8, 0]);
    expect(amd(machine, Amd.gaTail)).toBe(0);
  });

  test('of a unit that has none there is nothing to read', async () => {
    const { machine, kernel } = await toy(
      (k, d) => {
        const found = d.variable('found', 'u32', ['word'], { initial: () => 7 });
        const body = task(k, 'body', (b) => {
          (['logWaiting', 'logTag', 'logDevice', 'status'] as const).forEach((register, i) => b.store(found, [i], b.unitRead(0, register)));
          b.unitLogHead(0);
        });
        return { found, run: { 0: body } };
      },
      { iommus: iommusOf([{}], []), memory: 4096 },
    );
    settle(machine, 'cpu');
    expect([0, 1, 2, 3].map((i) => machine.variable(kernel.found.slot, i))).toEqual([0, 0, 0, 0]);
  });
});

test('an IOAPIC has an entry of its own in the device table, and asks by the data of its message (B.2, F.3)', async () => {
  const { machine } = await toy(
    (k, d) => {
      const irte = d.variable('irte', 'u32', ['irte', 'word'], { dma: true });
      const body = task(k, 'body', (b) => {
        b.pinWrite(0, 0, 1, 0);
        b.pinWrite(0, 0, 0, entryLow(2));
      });
      return {
        run: { 0: body },
        boot: (m) => {
          // behind the table of the device that is on the pin
          [1, 0, 0x41, 0].forEach((word, w) => m.setVariable(irte.slot, 4 + 2, w, word));
          m.setAmdUnit(0, { table: irte.slot, stride: 64, size: 2 });
        },
      };
    },
    { sources: 1, devices: [{ chipset: 'pins' }], ioapics: [{ ...smallIoapic, requester: 9 }], ...unit() },
  );
  settle(machine, 'cpu');
  act(machine, 'raise');
  act(machine, 'pin');
  settle(machine, 'message');
  expect(machine.cpu(0).irr).toEqual([0x41]);
});

test('devices on pins ask as the IOAPIC does: one entry of the device table, one line of what is cached', async () => {
  const { machine } = await toy(
    (k, d) => {
      const irte = d.variable('irte', 'u32', ['irte', 'word'], { dma: true });
      const body = task(k, 'body', (b) => {
        b.pinWrite(0, 1, 1, 0);
        b.pinWrite(0, 1, 0, entryLow(2));
        b.store(irte, [2, 2], 0x42);
      });
      return {
        run: { 0: body },
        boot: (m) => {
          [1, 0, 0x41, 0].forEach((word, w) => m.setVariable(irte.slot, 2, w, word));
          m.setAmdUnit(0, { table: irte.slot, stride: 64, size: 2 });
        },
      };
    },
    {
      sources: [{}, { device: 1, message: 1 }],
      devices: [
        { chipset: 'pins', requester: 9 },
        { chipset: 'pins', requester: 9 },
      ],
      ioapics: [{ ...smallIoapic, requester: 9 }],
      ...unit(),
    },
  );
  settle(machine, 'cpu');
  const caches = (): string[] => enabled(machine).filter((step) => step.startsWith('drop'));
  // the entry of the device table has the first line
  expect(caches()).toEqual(['drop 3']);
  expect([0, 1].map((f) => machine.amdTables.cached(f, 2)?.[2])).toEqual([0x41, 0x41]);
  act(machine, 'drop', 3);
  expect(caches()).toEqual([]);
  act(machine, 'raise', 1);
  act(machine, 'pin', 1);
  settle(machine, 'message');
  expect(machine.cpu(0).irr).toEqual([0x42]);
});

test('a level-triggered request that is blocked at the vAPIC page asks again (B.3.2)', async () => {
  const { machine } = await toy(
    (_, d) => {
      const irte = d.variable('irte', 'u32', ['irte', 'word'], { dma: true });
      return {
        boot: (m) => {
          const nowhere = 0x40000;
          [GUEST, 0, 0x31 + nowhere, 0].forEach((word, w) => m.setVariable(irte.slot, 2, w, word));
          m.setAmdUnit(0, { table: irte.slot, stride: 64, size: 2 });
          m.ioapic(0).write(0x10, entryLow(2, { level: true }));
        },
      };
    },
    {
      sources: [{ kind: 'level' }],
      devices: [{ chipset: 'pins' }],
      ioapics: [{ ...smallIoapic, requester: 8 }],
      ...unit({ capabilities: { guest: true } }),
    },
  );
  act(machine, 'raise');
  act(machine, 'pin');
  const message = machine.enabled().find((each) => each >>> 12 === Actor.message) ?? 0;
  for (const broken of [[], ['noFault']]) {
    machine.setImage(machine.image());
    expect(machine.apply(message).broken).toEqual(broken);
  }
  expect(enabled(machine)).toContain('pin 0');
});

describe('what is refused', () => {
  test('an offset in a page that is none', () => {
    for (const offset of [-16, 8, 4096])
      expect(() => new Declarations().variable('table', 'u32', ['word'], { dma: { offset } })).toThrow(
        new AssemblyError(`table stands at offset ${offset} of its page; an offset is a multiple of 16 below 4096`),
      );
  });

  test.each([
    [{ iommus: iommusOf([{ type: 'amd', scope: { requesters: [8] } }, {}], []) }, 'the units of a check are all of one type, vtd or amd'],
    [{ ...unit(), guestLog: 16 }, 'in a check the log of guests has 1 to 15 entries, not 16'],
    [{ ...unit(), irtes: 256 }, 'a check has at most 256 remapping entries, not 257; a timed run may have more'],
  ])('a check with %j', async (options, message) => {
    await expect(toy(() => ({}), { sources: 1, ...options })).rejects.toThrow(new RangeError(message));
  });

  test('a doorbell that units do not write', () => {
    const d = new Declarations();
    const doorbell = d.variable('doorbell', 'bool', ['cpu']);
    const program = { code: new Uint32Array(), live: new Uint8Array(), movers: new Uint8Array(), timers: [], judges: { watched: [] } };
    expect(() => programSetup(program as never, d, { cpus: 1 } as never, { handlers: new Map(), doorbell })).toThrow(
      'doorbells set doorbell, whatever CPUs do meanwhile; declare it with dma',
    );
  });

  test.each<[string, (m: ProgramMachine, v: Variables) => void, string]>([
    ['a unit of VT-d', (m, v) => m.setAmdUnit(1, { table: v.irte.slot, stride: 64, size: 2 }), 'IOMMU 1 is no unit of type amd'],
    [
      'a device table that does not begin at a page',
      (m, v) => m.setAmdUnit(0, { table: v.irte.slot, stride: 64, size: 2, devices: v.irte.slot }),
      'the variable of a device table stands at offset 256 of its page, so that the table begins there',
    ],
  ])('%s', async (_, boot, message) => {
    await expect(playing(() => undefined, { boot })).rejects.toThrow(new RangeError(message));
  });
});
