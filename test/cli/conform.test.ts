/** `irqlab conform`: a recorded kernel beside a model. */
import { describe, expect, test } from 'vitest';
import { files, irqlab } from './help.js';

const folder = 'test/conformance/linux/e2_noir_hotplug_msi_k612';

describe.concurrent('irqlab conform', () => {
  test('ends with 0 where nothing differs, and says what was compared', async () => {
    const { code, stdout } = await irqlab(['conform', folder, '--model', 'linux-6.12.117']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^test\S+, linux-6\.12\.117: no\s+sequence\s+differs: \d+ equal, \d+ excused/);
    expect(stdout).toMatch(/^ {2}cleanup of the old vector +11 +1 +1 +0 +0$/m);
    expect(stdout).toMatch(/^ {2}listed +41 sequences in sequences\.txt, 41 of them made/m);
    expect(stdout).toMatch(/config-reads: /);
    expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  test('ends with 1 where something does, and shows both side by side', async () => {
    const { code, stdout } = await irqlab(['conform', folder, '--model', 'linux-5.9']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^deferred move, at an interrupt \(PCI-MSI, edge\)$/m);
    expect(stdout).toMatch(/^ {2}recorded, Linux 6\.12\.117 +linux-5\.9$/m);
    expect(stdout).toMatch(/^ {2}config {2}data = vector B {16}config {2}data = vector B$/m);
    expect(stdout).toMatch(/^ {39}> LAPIC {3}reads IRR$/m);
    expect(stdout).toMatch(/^ {39}~ config {2}reads control$/m);
    expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  test('takes a model of the user’s own', async () => {
    const { code, stdout } = await irqlab(['conform', folder, '--model', 'examples/own-repair.mjs']);
    expect(code).toBe(1);
    expect(stdout).toContain('my-linux');
  });

  test('as JSON has every sequence with its result', async () => {
    const { stdout } = await irqlab(['conform', folder, '--model', 'linux-6.12.117', '--format', 'json']);
    const { sequences, failed, listed, kernel } = JSON.parse(stdout) as {
      sequences: { operation: string; result: string; recorded: unknown[] }[];
      failed: number;
      listed: { missed: unknown[] };
      kernel: string;
    };
    expect({ failed, kernel, missed: listed.missed }).toEqual({ failed: 0, kernel: '6.12.117', missed: [] });
    expect(sequences.every(({ operation, result, recorded }) => operation !== '' && result !== '' && recorded.length > 0)).toBe(true);
  });

  test('takes a folder of several, and adds them up', async () => {
    const { code, stdout } = await irqlab(['conform', 'test/conformance/linux', '--model', 'linux-6.12.117']);
    expect(code).toBe(0);
    expect(stdout.match(/^ {2}recorded +Linux 6\.12\.117/gm)).toHaveLength(5);
    expect(stdout.trimEnd().split('\n').slice(-3).join(' ')).toMatch(/5 recordings, linux-6\.12\.117: 582\s+operations in 113/);
  });

  const at = files({ before: undefined, 'merged.txt': '0.000000 G 0 apic_ack_edge: irq=4\nhello\n' });
  test.each([
    [
      'a folder that does not exist',
      ['nowhere'],
      /^nowhere:1:1: this folder does not exist; a recording has merged\.txt and before\/sys_kernel_irq\.txt$/,
    ],
    ['a file', ['package.json'], /^package\.json:1:1: this is no folder; a recording has /],
    ['a line that is none', [at('.')], /merged\.txt:2:1: "hello" is no line of a recording; expected "seconds G cpu event: fields"/],
    ['no folder', [], /missing required argument 'folder'/],
  ])('%s is a mistake', async (_, args, sentence) => {
    const { code, stdout, stderr } = await irqlab(['conform', ...args, '--model', 'linux-5.9']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd()).toMatch(sentence);
  });

  test('so is a model that does not exist', async () => {
    const { code, stderr } = await irqlab(['conform', folder, '--model', 'linux-4.4']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/there is no model linux-4\.4/);
  });
});
