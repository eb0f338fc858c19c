/** `irqlab explain`: lines from the arguments or the standard input, values, text and JSON; garbage gets one sentence and exit 2. */
import { Command } from 'commander';
import { describe, expect, test, vi } from 'vitest';
import { addExplain } from '../../src/cli/explain.js';
import { InputError } from '../../src/cli/output.js';
import { irqlab, tooLong } from './help.js';

const FAULT =
  '[76561.105092] host kernel: DMAR: [INTR-REMAP] Request device [65:00.0] fault index 0x25 [fault reason 0x22] Present field in the IRTE entry is clear';

interface Document {
  readonly command: string;
  readonly explanations: readonly { readonly kind: string; readonly lines: readonly number[]; readonly fields: readonly unknown[] }[];
  readonly unread: number;
}

/** The command within this process: a process of its own takes a second. */
async function explained(...args: readonly string[]): Promise<string> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addExplain(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => undefined });
  let text = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await program.parseAsync(['explain', ...args], { from: 'user' });
  } finally {
    spy.mockRestore();
  }
  return text;
}

const document = async (...args: readonly string[]): Promise<Document> =>
  JSON.parse(await explained(...args, '--format', 'json')) as Document;

describe('as a process', () => {
  test('a line among others, from the standard input: in 80 columns and without colours', async () => {
    const { code, stdout, stderr } = await irqlab(['explain'], { input: `boot\n${FAULT}\n\nusb 1-1: new device\n` });
    expect([code, stderr, tooLong(stdout)]).toEqual([0, '', []]);
    expect(stdout).not.toContain('\u001b');
    const flat = stdout.replaceAll(/\s+/g, ' ');
    expect(flat).toContain('A VT-d unit refused an interrupt of 65:00.0: the entry is not present. The interrupt is lost.');
    expect(flat).toContain('requester id 0x6500; "lspci -s 65:00.0" names it');
    expect(flat).toContain('check P, bit 0 of the entry, is 1');
    expect(flat).toContain('resembles irqlab check --scenario remapped-msix-free --model linux-5.9');
    expect(stdout).toMatch(/\n\n2 other lines not explained\.\n$/);
  });

  test.each([
    ['garbage', ['hello world'], '', /^irqlab: "hello world" says nothing about interrupts that explain knows; it knows DMAR/],
    ['bytes that are no text', [], '\u0000\u0001\ufffd\n\u0002', /^irqlab: none of 2 lines says anything about interrupts/],
    ['nothing', [], '', /^irqlab: there is nothing to explain in an empty text; explain knows/],
    ['a number that is none', ['--irte', 'xyz', '5'], '', /^irqlab: "xyz" is no hexadecimal number; write e\.g\. 0x800024000d$/],
  ] as const)('%s: one sentence, exit 2', async (_, args, input, sentence) => {
    const { code, stdout, stderr } = await irqlab(['explain', ...args], { input });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr.trimEnd()).toMatch(sentence);
  });

  test('garbage as JSON: one document', async () => {
    const { code, stdout, stderr } = await irqlab(['explain', 'hello', '--format', 'json']);
    expect([code, stderr]).toEqual([2, '']);
    expect((JSON.parse(stdout) as { errors: unknown[] }).errors).toHaveLength(1);
  });
});

describe('explains', () => {
  test('a line word by word, and several lines that are quoted', async () => {
    expect(await explained(...'do_IRQ: 3.33 No irq handler for vector'.split(' '))).toContain('CPU 3 took vector 0x21 (33)');
    const { explanations } = await document(FAULT, 'irq 16: nobody cared (try booting with the "irqpoll" option)');
    expect(explanations.map(({ kind, lines }) => [kind, lines])).toEqual([
      ['vtd-fault', [1]],
      ['nobody-cared', [2]],
    ]);
  });

  test.each([
    [['--irte', '0000000000040050', '000000800024000d'], 'vector 0x24 (36)'],
    [['--irte', '0x40050:0x800024000d', '--xapic'], 'programmed wrongly'],
    [['--irte', '0x40050', '0x50024000d', '--x2apic'], 'to logical destination 5.'],
    [['--irte', '0x40050', '0x800024000d', '--requester', '65:00.0'], 'belongs to another requester'],
    [['--msi', '0xfee00338', '0'], 'asks for entry 0x19 (25)'],
    [['--rte', '0x8051'], 'level, active high; vector 0x51 (81)'],
    [['--rte', '00330000', '0000a009'], 'asks for entry 0x19 (25)'],
    [['--pid', '0', '0', '100000000', '0', '200f20002', '0', '0', '0'], 'nobody will be notified'],
    [['--amd-irte', '0x510001'], 'vector 0x51 (81)'],
    [['--amd-irte', 'fe001051', '1200000181'], 'tells nobody'],
  ])('the value %j', async (args, words) => {
    const text = await explained(...args);
    expect(tooLong(text)).toEqual([]);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(words);
  });

  test('values as JSON, several at once', async () => {
    const { command, unread, explanations } = await document('--msi', 'fee01004', '4041', '--rte', '10000');
    expect([command, unread, explanations.map(({ kind }) => kind)]).toEqual(['explain', 0, ['msi', 'rte']]);
    expect(explanations[0]?.fields).toContainEqual({ name: 'vector', bits: 'data 7:0', value: '0x41', text: expect.any(String) });
  });
});

test.each([
  ['too few numbers', ['--irte', '5'], '--irte takes 2 numbers, not 1; write --irte HIGH LOW'],
  [
    'too many',
    ['--pid', '1', '2', '3'],
    '--pid takes 8 or 16 numbers, not 3; write --pid and 8 words of 64 bits or 16 of 32, the lowest first',
  ],
  ['one that does not fit', ['--msi', '1', '123456789'], 'MSI data has 32 bits; 0x123456789 is none of them; write --msi ADDRESS DATA'],
  ['halves that do not fit', ['--rte', '100000000', '5'], '--rte HIGH LOW are halves of 32 bits; write one value of 64 bits, or two of 32'],
  [
    'a line and a value',
    ['a line', '--msi', '1', '2'],
    'give lines or values, not both; a value follows its option, e.g. --msi 0xfee00338 0',
  ],
  ['a requester that is none', ['--irte', '1', '2', '--requester', 'eth0'], '"eth0" is no requester; write e.g. 65:00.0'],
])('refuses %s', async (_, args, sentence) => {
  await expect(explained(...args)).rejects.toThrow(new InputError(sentence));
});

test('refuses both modes at once', async () => {
  await expect(explained('--irte', '1', '2', '--xapic', '--x2apic')).rejects.toThrow(/cannot be used with option/);
});
