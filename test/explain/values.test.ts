/** Raw values: each names its fields, what becomes of it, and the check that it fails. */
import { describe, expect, test } from 'vitest';
import { explanationsText } from '../../src/cli/explained.js';
import { explainAmdIrte, explainIrte, explainMsi, explainPid, explainRte, type Explained } from '../../src/index.js';

/** What it is called, how it is made; fields; summary; the check that fails, or that none does. */
type Row = readonly [
  name: string,
  of: () => Explained,
  fields: Readonly<Record<string, string>>,
  summary: RegExp,
  check: RegExp | undefined,
];

const pid = (...words: readonly (bigint | number)[]): Explained => explainPid(words);

const rows: readonly Row[] = [
  // out of the documentation of ir_translation_struct
  [
    'an entry of x2APIC mode, logical',
    () => explainIrte(0x40050n, 0x800024000dn),
    { P: '1', DM: '1', RH: '1', vector: '0x24', DST: '0x00000080', SID: '0x0050', SVT: '1' },
    /from 00:0a\.0 becomes vector 0x24 \(36\), fixed, edge, to logical destination 0x80/,
    undefined,
  ],
  [
    'the same, read in xAPIC mode',
    () => explainIrte(0x40050n, 0x800024000dn, { eime: false }),
    { reserved: '0x80' },
    /is blocked: the entry is present but programmed wrongly \(fault 0x24\)/,
    /bits 63:48 and 39:32 are reserved/,
  ],
  [
    'an entry that both modes can have',
    () => explainIrte(0x000400f8n, 0x0000_0500_0031_0001n),
    { vector: '0x31', DST: '0x00000500' },
    /APIC id 5 \(xAPIC mode\) or 0x500 \(1280\) \(x2APIC mode\)/,
    undefined,
  ],
  [
    'an entry of another requester',
    () => explainIrte(0x40050n, 0x800024000dn, { requester: 0x6500 }),
    { requester: '65:00.0', SID: '0x0050' },
    /belongs to another requester/,
    /SID under the mask/,
  ],
  ['an entry that is not present', () => explainIrte(0, 0), { P: '0' }, /not present/, /^P, bit 0/],
  ['SVT=3', () => explainIrte(0xc0000n, 0x310001n), { SVT: '3' }, /programmed wrongly/, /SVT=3 is reserved/],
  ['DLM=6', () => explainIrte(0, 0x3100c1n), { DLM: '6' }, /programmed wrongly/, /DLM=6 is reserved/],
  ['a reserved bit', () => explainIrte(1n << 63n, 0x310001n), { reserved: '0x80000000000' }, /programmed wrongly/, /reserved bits are set/],
  [
    'a posted entry',
    () => explainIrte(0x12_000600f8n, 0x0000abc000f24001n | 0x8000n),
    { IM: '1', URG: '1', vector: '0xf2', SQ: '2', PDA: '0x120000abc0' },
    /sets bit 0xf2 \(242\) of the posted-interrupt descriptor at 0x120000abc0/,
    undefined,
  ],
  [
    'an MSI in compatibility format',
    () => explainMsi(0xfee01004, 0x4041),
    { destination: '0x01', DM: '1', vector: '0x41', level: '1', trigger: '0' },
    /vector 0x41 \(65\), edge, to logical destination 1/,
    undefined,
  ],
  ['a vector that is illegal', () => explainMsi(0xfee00000, 0x4000), { vector: '0x00' }, /vector 0/, /ESR bit 6/],
  ['a delivery mode that is reserved', () => explainMsi(0xfee00000, 0x0341), { delivery: '3' }, /reserved/, /delivery mode 3/],
  // lspci behind VT-d
  [
    'an MSI in remappable format',
    () => explainMsi(0xfee00798, 0),
    { SHV: '1', handle: '0x003c', subhandle: '0x0000', index: '0x3c (60)' },
    /entry 0x3c \(60\)/,
    undefined,
  ],
  [
    'one whose sum does not fit',
    () => explainMsi(0xfeeffffc, 1),
    { 'handle 15': '1', index: '0x10000 (65536)' },
    /entry 0x10000/,
    /fault 0x21/,
  ],
  ['one that was cleared', () => explainMsi(0, 0), { address: '0x0' }, /was cleared/, /address bits 63:20/],
  ['one above 4 GiB', () => explainMsi(0x1_fee00000n, 0x41), { address: '0x1fee00000' }, /Not an interrupt/, /DMA write/],
  [
    'a pin, level, in service',
    () => explainRte(0x0000_0000_0000_e051n),
    { vector: '0x51', 'remote IRR': '1', polarity: '1', trigger: '1', mask: '0' },
    /unmasked: level, active low; vector 0x51 \(81\), fixed, to APIC id 0/,
    undefined,
  ],
  [
    'a pin in remappable format',
    () => explainRte(0x0033_0000_0000_a009n),
    { format: '1', index: '0x0019', vector: '0x09' },
    /asks for entry 0x19 \(25\)/,
    undefined,
  ],
  ['a pin that nobody has set up', () => explainRte(0x10000), { mask: '1' }, /masked: edge/, undefined],
  [
    'a remappable pin with a delivery mode',
    () => explainRte(0x0001_0000_0000_0109n),
    { delivery: '1' },
    /asks for entry 0/,
    /bits 10:8 must be 0/,
  ],
  [
    'a descriptor that was posted to while SN was set',
    () => pid(0, 0, 1n << 32n, 0, 0x2_00f2_0002n, 0, 0, 0),
    { PIR: '1 set', ON: '0', SN: '1', NV: '0xf2', NDST: '0x00000002' },
    /nobody will be notified/,
    undefined,
  ],
  [
    'the same in words of 32 bits, nothing pending',
    () => pid(0, 0, 0, 0, 0, 0, 0, 0, 0x00f10000, 2, 0, 0, 0, 0, 0, 0),
    { PIR: '0', NV: '0xf1' },
    /nothing is pending/,
    undefined,
  ],
  [
    'words that are no descriptor',
    () => pid(0, 0, 0, 0, 0, 0, 0, 5),
    { reserved: `0x${'5'.padStart(16, '0').padEnd(48, '0')}` },
    /descriptor/,
    /fault 0x28/,
  ],
  [
    'an AMD entry of 32 bits',
    () => explainAmdIrte(0x00510345),
    { RemapEn: '1', IntType: '1', DM: '1', destination: '0x03', vector: '0x51' },
    /vector 0x51 \(81\), lowest priority, to logical destination 3/,
    undefined,
  ],
  ['one that is not in use', () => explainAmdIrte(0), { RemapEn: '0' }, /RemapEn is 0/, /RemapEn/],
  [
    'one of 128 bits',
    () => explainAmdIrte(0x0200_0000_0000_0051n, 0x0000_0000_0000_0501n),
    { destination: '0x000005', 'dest high': '0x02', vector: '0x51' },
    /to APIC id 0x2000005/,
    undefined,
  ],
  [
    'one for a guest that is blocked and that nothing will wake',
    () => explainAmdIrte(0xfe001051n, 0x1200000181n),
    { GuestMode: '1', IsRun: '0', GALogIntr: '0', GATag: '0x00000012' },
    /vAPIC page at 0xfe001000, and tells nobody/,
    undefined,
  ],
  ['one with a type that is reserved', () => explainAmdIrte(0x0051000d), { IntType: '3' }, /programmed wrongly/, /IntType is 0 or 1/],
];

describe('a value', () => {
  test.each(rows)('%s', (_, of, fields, summary, check) => {
    const explained = of();
    expect(explained.lines).toEqual([]);
    expect(Object.fromEntries(explained.fields.map(({ name, value }) => [name, value]))).toMatchObject(fields);
    expect(explained.summary).toMatch(summary);
    expect(explained.check ?? 'none').toMatch(check ?? /^none$/);
  });

  test('has every bit in a field or among the reserved ones', () => {
    const bitsOf = ({ fields }: Explained, width: number, prefix = ''): number => {
      const covered = new Set<number>();
      const add = (range: string): void => {
        const [hi = 0, lo = hi] = range.split(':').map(Number);
        for (let bit = lo; bit <= hi; bit++) covered.add(bit);
      };
      for (const { bits, text, name } of fields) {
        if (bits === undefined) continue;
        if (bits !== '') {
          if (bits.startsWith(prefix)) add(bits.slice(prefix.length));
        } else if (name === 'reserved' && text.startsWith(prefix)) for (const range of text.slice(prefix.length).split(', ')) add(range);
      }
      return [...covered].filter((bit) => bit < width).length;
    };
    expect(bitsOf(explainIrte(0, 1), 128)).toBe(128);
    expect(bitsOf(explainIrte(0, 0x8001), 128)).toBe(128);
    expect(bitsOf(explainRte(0), 64)).toBe(64);
    expect(bitsOf(explainRte(1n << 48n), 64)).toBe(64);
    expect(bitsOf(pid(0, 0, 0, 0, 0, 0, 0, 0), 512)).toBe(512);
    expect(bitsOf(explainAmdIrte(1), 32)).toBe(32);
    expect(bitsOf(explainAmdIrte(0, 1), 128)).toBe(128);
    expect(bitsOf(explainAmdIrte(0, 0x81), 128)).toBe(128);
    // bits 1:0 of the address do not count, bit 11 of the data is the destination mode again
    expect([bitsOf(explainMsi(0xfee00000, 0), 20, 'addr '), bitsOf(explainMsi(0xfee00000, 0), 32, 'data ')]).toEqual([18, 31]);
    expect([bitsOf(explainMsi(0xfee00018, 0), 20, 'addr '), bitsOf(explainMsi(0xfee00018, 0), 32, 'data ')]).toEqual([18, 32]);
  });

  test.each([60, 80])('is printed in %i columns', (columns) => {
    for (const [, of] of rows)
      expect(
        explanationsText([of()], columns)
          .split('\n')
          .filter((each) => each.length > columns),
      ).toEqual([]);
  });

  test('that is none is refused in one sentence', () => {
    for (const [of, sentence] of [
      [() => explainIrte(2n ** 64n, 0), 'the high half of an IRTE has 64 bits; 0x10000000000000000 is none of them'],
      [() => explainMsi(0, -1), 'MSI data has 32 bits; -1 is none of them'],
      [() => explainRte(0.5), 'a redirection entry has 64 bits; 0.5 is none of them'],
      [() => pid(1, 2, 3), 'a posted-interrupt descriptor has 8 words of 64 bits or 16 of 32, not 3'],
      [() => explainAmdIrte(2 ** 32), 'an AMD-Vi entry in one word has 32 bits; 4294967296 is none of them'],
    ] as const)
      expect(of).toThrow(new RangeError(sentence));
  });
});
