/** Recordings of a real kernel become operations, each with its accesses to hardware in one normal form. */
import { describe, expect, test } from 'vitest';
import { kinds, RecordingError, type OperationKind, type RecordedOperation } from '../../src/conform/index.js';
import { reachedIn } from '../../src/conform/sequences.js';
import { filesOf, recorded, recordingOf } from './folders.js';

const all = Object.fromEntries(Object.values(recorded).map((name) => [name, recordingOf(name)]));
const of = (name: string, kind: OperationKind, chip = ''): RecordedOperation[] =>
  (all[name]?.operations ?? []).filter((each) => each.kind === kind && (chip === '' || each.irq?.chip === chip));
/** Distinct sequences, most frequent first, each with its count. */
const distinct = (operations: readonly RecordedOperation[]): [string[], number][] => {
  const counts = new Map<string, number>();
  for (const { lines } of operations) counts.set(lines.join('\n'), (counts.get(lines.join('\n')) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1]).map(([text, count]) => [text.split('\n'), count]);
};

describe('operations', () => {
  // of five devices one takes its irqs twice
  const lives = {
    remapped: { allocate: 6, request: 13, free: 1, teardown: 1 },
    plain: { allocate: 6, request: 16, free: 1, teardown: 1 },
  };

  test.each([
    [recorded.irMoves, { move: 54, deferred: 4, cleanup: 50, ...lives.remapped }, 542],
    [
      recorded.irHotplug,
      {
        move: 11,
        cleanup: 9,
        evacuation: 27,
        managedShutdown: 12,
        scan: 6,
        lapicOff: 6,
        wakeUp: 6,
        lapicOn: 6,
        startUp: 12,
        ...lives.remapped,
      },
      486,
    ],
    [recorded.moves, { deferred: 27, completion: 25, cleanup: 25, ...lives.plain }, 561],
    [recorded.msiMoves, { deferred: 28, completion: 27, cleanup: 27, ...lives.plain }, 683],
    [
      recorded.hotplug,
      {
        deferred: 12,
        completion: 11,
        cleanup: 11,
        evacuation: 24,
        managedShutdown: 12,
        scan: 6,
        lapicOff: 6,
        wakeUp: 6,
        lapicOn: 6,
        startUp: 12,
        ...lives.plain,
      },
      602,
    ],
  ])('of %s are all found, and no access is left over', (name, counts, plain) => {
    const found = Object.fromEntries(
      (Object.keys(kinds) as OperationKind[]).flatMap((kind) => (of(name, kind).length > 0 ? [[kind, of(name, kind).length]] : [])),
    );
    expect(found).toEqual(counts);
    expect(all[name]?.plain).toBe(plain);
    expect(all[name]?.cut).toEqual([]);
  });

  test.each(Object.values(recorded))(
    'of %s make every distinct sequence that the recording lists, but for those outside of its time line',
    (name) => {
      const reached = all[name] && reachedIn(all[name]);
      expect(reached?.listed).toBeGreaterThan(20);
      expect(reached?.missed.filter(({ outside }) => !outside)).toEqual([]);
      expect(reached?.missed.length).toBeLessThan(3);
    },
  );
});

describe('what they show (linux.md 2)', () => {
  test('a move with remapping: allocator, entry, one tail write with IEC and wait, then the cleanup is queued; nobody touches the device (2.6)', () => {
    const sequences = distinct(of(recorded.irMoves, 'move').filter(({ lines }) => lines[0]?.startsWith('vectors target')));
    for (const [lines] of sequences)
      expect(lines).toEqual([
        expect.stringMatching(/^vectors target CPU a vector A -> CPU b vector [AB]$/),
        expect.stringMatching(/^IRTE {4}entry = 0x9, CPU b vector [AB]$/),
        'queue   tail: IEC of its entry, wait with status write',
        'vectors cleanup of the old vector is queued',
      ]);
  });

  test('a second move is refused, touches nothing, and happens in the next interrupt, where the device is masked (2.6)', () => {
    expect(distinct(of(recorded.irMoves, 'move').filter(({ lines }) => lines.length === 1))).toEqual([[['vectors refused: busy'], 5]]);
    expect(distinct(of(recorded.irMoves, 'deferred', 'PCI-MSIX'))).toEqual([
      [
        [
          'table   control = masked',
          'table   reads address',
          'vectors target CPU a vector A -> CPU b vector B',
          'IRTE    entry = 0x9, CPU b vector B',
          'queue   tail: IEC of its entry, wait with status write',
          'vectors cleanup of the old vector is queued',
          'table   control = unmasked',
        ],
        3,
      ],
    ]);
  });

  test('contexts are those of its flags: moves by tasks, deferred ones in hard interrupts, cleanups in softirqs', () => {
    const contexts = Object.values(recorded).flatMap(
      (name) => all[name]?.operations.map(({ kind, context }) => `${kind} ${context}`) ?? [],
    );
    expect([...new Set(contexts)].toSorted()).toEqual([
      'allocate task',
      'cleanup softirq',
      'completion hardirq',
      'deferred hardirq',
      'evacuation stop_machine',
      'free task',
      'lapicOff stop_machine',
      'lapicOn task',
      'managedShutdown stop_machine',
      'move task',
      'request task',
      'scan stop_machine',
      'startUp task',
      'teardown task',
      'wakeUp task',
    ]);
  });

  test('without remapping the EOI comes behind the move (2.5)', () => {
    const moves = of(recorded.moves, 'deferred').filter(({ eoi }) => eoi);
    expect(moves.length).toBeGreaterThan(15);
    for (const { lines } of moves) expect(lines.indexOf('LAPIC   EOI')).toBe(lines.length - 1);
  });

  test('to another vector MSI-X is written twice and the IRR read, to the same vector once (2.5)', () => {
    for (const { lines } of of(recorded.moves, 'deferred', 'PCI-MSIX')) {
      const same = !lines.some((line) => line.includes('vector B'));
      expect(lines.filter((line) => line.startsWith('table   data =')).length).toBe(same ? 1 : 2);
      expect(lines.includes('LAPIC   reads IRR')).toBe(!same);
    }
  });

  test('a vector found pending is sent to the new CPU, before the device is unmasked (2.5)', () => {
    const [found] = distinct(of(recorded.moves, 'deferred').filter(({ lines }) => lines.some((line) => line.startsWith('ICR'))));
    expect(found?.[1]).toBe(2);
    expect(found?.[0].slice(-5)).toEqual([
      'table   reads data',
      'LAPIC   reads IRR',
      'ICR     vector B to CPU b',
      'table   control = unmasked',
      'LAPIC   EOI',
    ]);
  });

  test('plain MSI without mask bits is written once, whatever the vector (2.5, races.md)', () => {
    for (const { lines } of [...of(recorded.msiMoves, 'deferred', 'PCI-MSI'), ...of(recorded.hotplug, 'evacuation', 'PCI-MSI')])
      expect(lines.filter((line) => line.startsWith('config  data =')).length).toBe(1);
  });

  test('an IOAPIC pin: masked, high word, low word, unmasked (2.8)', () => {
    expect(
      distinct(of(recorded.hotplug, 'evacuation', 'IO-APIC')).map(([lines]) => lines.filter((line) => !line.includes('selects'))),
    ).toEqual(
      ['edge', 'level'].map((trigger) => [
        `IOAPIC  low word = masked, ${trigger}, vector A`,
        'IOAPIC  reads low word',
        'IOAPIC  high word = CPU b',
        `IOAPIC  low word = masked, ${trigger}, vector B`,
        `IOAPIC  low word = ${trigger}, vector B`,
      ]),
    );
  });

  test('a managed irq whose last CPU dies: masked, message 0, entry 0, IEC; on its return entry, message, entry again, unmasked (2.8, 2.9)', () => {
    expect(distinct(of(recorded.irHotplug, 'managedShutdown'))).toEqual([
      [
        [
          'table   control = masked',
          'table   reads address',
          'table   address = 0',
          'table   upper address = 0',
          'table   data = 0',
          'table   reads data',
          'IRTE    entry = 0',
          'queue   tail: IEC of its entry, wait with status write',
        ],
        12,
      ],
    ]);
    expect(
      distinct(of(recorded.irHotplug, 'startUp')).map(([lines]) => lines.filter((line) => /IRTE|queue|control|address =/.test(line))),
    ).toEqual([
      [
        'IRTE    entry = 0x9, CPU a vector A',
        'queue   tail: IEC of its entry, wait with status write',
        'table   address = its entry',
        'table   upper address = 0',
        'IRTE    entry = 0x9, CPU a vector A',
        'queue   tail: IEC of its entry, wait with status write',
        'table   control = unmasked',
      ],
    ]);
  });

  test('a driver that gives its irqs back: masked and off, and with remapping the entry is cleared a second time (2.11)', () => {
    const masked = ['table   control = masked', 'table   reads address'];
    const silent = ['table   address = 0', 'table   upper address = 0', 'table   data = 0', 'table   reads data'];
    const invalidated = 'queue   tail: IEC of its entry, wait with status write';
    expect(of(recorded.irMoves, 'free')[0]?.lines).toEqual([...masked, ...silent, invalidated]);
    expect(of(recorded.irMoves, 'teardown')[0]?.lines).toEqual([...masked, 'config  MSI-X off', invalidated]);
    expect(of(recorded.moves, 'free')[0]?.lines).toEqual([...masked, ...silent]);
    expect(of(recorded.moves, 'teardown')[0]?.lines).toEqual([...masked, 'config  MSI-X off']);
  });

  test('and one that gets them: reserved, with a vector that nobody takes for one, until it requests them (2.11)', () => {
    const [lines = []] = of(recorded.moves, 'allocate', 'PCI-MSIX').map((each) => each.lines);
    expect(lines.slice(0, 2)).toEqual(['config  MSI-X on, all masked', 'table   reads control']);
    expect(new Set(lines.filter((line) => line.startsWith('table   data')))).toEqual(new Set(['table   data = vector A']));
    expect(lines.at(-1)).toBe('config  MSI-X on');
    const vectors = of(recorded.moves, 'allocate', 'PCI-MSIX').flatMap(({ accesses }) => accesses.flatMap(({ parts }) => parts));
    expect(vectors).toContainEqual({ kind: 'vector', value: 0xef });
    // plain MSI has its vector at once, and is off until it is written
    expect(of(recorded.msiMoves, 'allocate', 'PCI-MSI').map((each) => each.lines)).toEqual(
      Array.from({ length: 2 }, () => [
        'config  control = off',
        'config  control = off',
        'config  address = CPU a',
        'config  upper address = 0',
        'config  data = vector A',
        'config  control written back',
      ]),
    );
  });

  test('the LAPIC is switched off last, when the IRR has been looked at (2.8 d6, d8)', () => {
    for (const name of [recorded.irHotplug, recorded.hotplug]) {
      expect(distinct(of(name, 'scan'))).toEqual([[['LAPIC   reads IRR'], 6]]);
      for (const { lines } of of(name, 'lapicOff')) expect(lines.at(-1)).toBe('LAPIC   SVR = 0xff');
    }
  });

  test('the old vector is freed on the old CPU, when its IRR bit is clear (2.7)', () => {
    expect(distinct(Object.values(recorded).flatMap((name) => of(name, 'cleanup')))).toEqual([
      [['LAPIC   reads IRR', 'vectors freed: CPU a vector A'], 122],
    ]);
  });
});

describe('what QEMU says besides', () => {
  const irqs = 'irq 35 chip=PCI-MSI-0000:00:1f.2 hwirq=0 type=edge actions=ahci per_cpu=0\n';
  const merged = `0.000000 Q 0 MARK 1 cpu=0
0.001000 G 1 apic_ack_edge: irq=35
0.001010 G 1 __irq_move_irq: irq=35
0.001020 G 1 irq_do_set_affinity: irq=35 mask=0x4
0.001030 G 1 pci_msi_domain_write_msg: irq=35 lo=0xfee02000 hi=0x0 data=0x21
0.001032 G 1 __pci_write_msi_msg: lo=0xfee02000 hi=0x0 data=0x21
0.001040 Q - pci_cfg_write ich9-ahci 00:1f.2 @0x82 <- 0x81
0.001042 Q - pci_cfg_write ich9-ahci 00:1f.2 @0x84 <- 0xfee02000
0.001044 Q - pci_cfg_write ich9-ahci 00:1f.2 @0x88 <- 0x0
0.001046 Q - pci_cfg_write ich9-ahci 00:1f.2 @0x8c <- 0x21
0.001050 Q 1 lapic_read cpu=1 0x210 0x2
0.001055 G 1 apic_retrigger_irq: irq=35
0.001060 Q 1 lapic_write cpu=1 ICR_LO 0x21
0.001080 G 1 irq_handler_entry: irq=35 name=ahci
0.009000 G 1 apic_ack_edge: irq=36
`;
  const log = (eoi: string): string => `1 1795341522.700000 MARK 1 cpu=0
2 1795341522.701055 lapic_write cpu=1 ICR_HI 0x2000000
3 1795341522.${eoi} lapic_write cpu=1 EOI 0x0
4 1795341522.701070 lapic_write cpu=0 EOI 0x0
5 1795341522.708000 lapic_write cpu=1 EOI 0x0
`;
  const lines = (qemu: string): readonly string[] | undefined =>
    recordingOf(
      'run',
      new Map([
        ['before/sys_kernel_irq.txt', irqs],
        ['merged.txt', merged],
        ['qemu_trace.log', qemu],
      ]),
    ).operations[0]?.lines;
  const move = ['config  control written back', 'config  address = CPU b', 'config  upper address = 0', 'config  data = vector A'];
  const behind = ['LAPIC   reads IRR', 'ICR     vector A to CPU b'];

  test('where an IPI goes, and the EOI of this CPU that follows the move', () => {
    expect(lines(log('701065'))).toEqual([...move, ...behind, 'LAPIC   EOI']);
  });

  test('an EOI before the move is not taken for the one behind it', () => {
    expect(lines(log('700990'))).toEqual([...move, ...behind]);
  });
});

describe('what is wrong with a folder is told with its place', () => {
  const files = filesOf(recorded.moves);
  const merged = files.get('merged.txt') ?? '';
  const mistakes = (changed: readonly (readonly [string, string])[], without: readonly string[] = []): string[] => {
    const broken = new Map([...files, ...changed].filter(([name]) => !without.includes(name)));
    try {
      recordingOf('run', broken);
    } catch (error) {
      if (error instanceof RecordingError)
        return error.diagnostics.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
      throw error;
    }
    return [];
  };

  test.each([
    [
      'a line of another form',
      [['merged.txt', `${merged}hello\n`]],
      /^run\/merged\.txt:\d+:1: "hello" is no line of a recording; expected "seconds G cpu/,
    ],
    [
      'an event without its irq',
      [['merged.txt', merged.replace(/(apic_ack_edge): irq=\d+/, '$1: irq=')]],
      /^run\/merged\.txt:\d+:\d+: apic_ack_edge without irq; expected "irq=" and a number$/,
    ],
    [
      'a number that is none',
      [['merged.txt', merged.replace(/addr=0xfebc/, 'addr=0xgebc')]],
      /^run\/merged\.txt:\d+:\d+: mmio_write without addr; expected "addr=" and a number$/,
    ],
    [
      'an event of QEMU that nobody knows',
      [['merged.txt', `${merged}99.000000 Q 0 reboot now\n`]],
      /^run\/merged\.txt:\d+:1: reboot is none of the events/,
    ],
    [
      'a line of the boot of another form',
      [['qemu_trace_boot.log', 'hello\n']],
      /^run\/qemu_trace_boot\.log:1:1: "hello" is no line of a recording; expected "number seconds event fields"$/,
    ],
    [
      'an irq of another form',
      [['before/sys_kernel_irq.txt', 'irq x\n']],
      /^run\/before\/sys_kernel_irq\.txt:1:1: "irq x" is no line about an irq/,
    ],
  ] as const)('%s', (_, changed, sentence) => {
    expect(mistakes(changed)[0]).toMatch(sentence);
  });

  test.each(['merged.txt', 'before/sys_kernel_irq.txt'])('%s that is missing', (name) => {
    expect(mistakes([], [name])).toEqual([
      `run/${name}:1:1: this file does not exist; a recording has merged.txt and before/sys_kernel_irq.txt`,
    ]);
  });

  test('the other files may be missing', () => {
    expect(mistakes([], ['double_moves.txt', 'sequences.txt', 'how.txt'])).toEqual([]);
  });
});
