/** `irqlab behaviours`: what a kernel does, and what each of it is for. */
import { describe, expect, test } from 'vitest';
import { files, interrupted, irqlab, tooLong } from './help.js';

interface Document {
  readonly model: string;
  readonly behaviours: readonly {
    readonly name: string;
    readonly value: string;
    readonly others: readonly {
      readonly value: string;
      readonly moot?: string;
      readonly effect?: {
        readonly change?: {
          readonly scenario: string;
          readonly before: { readonly verdict: string };
          readonly after: { failed: string[] };
        };
        readonly sequence?: { readonly kind: string; readonly before: string; readonly after: string; readonly where: string };
        readonly touched?: number;
        readonly refused?: string;
      };
    }[];
  }[];
}

const one = 'test/conformance/linux/c_noir_affinity_k612';
const few = (names: readonly string[], version: string, changes = ''): string => `import { linux } from 'irqlab';
const whole = linux('${version}'${changes});
export const model = { ...whole, behaviours: whole.behaviours.filter(({ name }) => ${JSON.stringify(names)}.includes(name)) };
`;
const scenarios = ['offline-late', 'torn-move'].flatMap((name) => ['--scenario', name]);
const at = files({
  'few.mjs': few(['slotMark', 'moveMark', 'msiUpdate', 'emptyMask'], '6.12.117'),
  'own.mjs': few(['cleanup'], '5.9', ', { replace: { __send_cleanup_vector: (b, p, kernel) => kernel.original() } }'),
});

describe.concurrent('irqlab behaviours', () => {
  test('prints what the kernel does, how that is known, and what it might do instead', async () => {
    const { code, stdout, stderr } = await irqlab(['behaviours', '--model', 'linux-6.12.117']);
    expect([code, stderr, tooLong(stdout)]).toEqual([0, '', []]);
    expect(stdout).toMatch(/^linux-6\.12\.117: \d+ behaviours$/m);
    expect(stdout).toMatch(/^lapicDisable: when the dying CPU disables its LAPIC by software \(2\.8\)$/m);
    expect(stdout).toMatch(/^ {2}late +after they are moved away \(recorded\)$/m);
    expect(stdout).toMatch(/^ {2}-> early +before interrupts are moved away$/m);
  });

  test('--effect says of each other value which verdict or recorded sequence changes, or why none does', async () => {
    const args = ['behaviours', '--model', at('few.mjs'), '--effect', '--recordings', one, ...scenarios];
    const { code, stdout, stderr } = await irqlab(args);
    expect([code, stderr, tooLong(stdout)]).toEqual([0, '', []]);
    expect(stdout).toMatch(
      /^linux-6\.12\.117: 4 behaviours; of 5 other values 2 change a verdict and 1 more\swhat is equal to a recording/,
    );
    expect(stdout).toMatch(/^ {2}-> none +offline-late: safe -> no-stray$/m);
    expect(stdout).toMatch(/^ {2}-> none +nothing: what is moved in two steps is masked meanwhile/m);
    expect(stdout).toMatch(/^ {2}-> first +nothing found: the program is another in 2 scenarios, no verdict is:\s+1 fails either way$/m);
    expect(stdout).toMatch(/^ {2}-> direct +recorded, deferred move, at an interrupt \(PCI-MSIX, edge\):\s+equal -> failed/m);
    expect(stdout).toMatch(/^ {2}-> twoStep +torn-move: no-stray -> safe$/m);
  });

  test('as JSON, with what a value of a kernel of one’s own cannot be built with', async () => {
    const args = ['behaviours', '--model', at('own.mjs'), '--effect', '--recordings', one, ...scenarios, '--format', 'json'];
    const { code, stdout } = await irqlab(args);
    expect(code).toBe(0);
    const { model, behaviours } = JSON.parse(stdout) as Document;
    expect(model).toBe('linux-5.9-own');
    // with a timer no routine has that name
    expect(behaviours.map(({ name, others }) => [name, others.map(({ value, effect }) => [value, effect?.refused !== undefined])])).toEqual(
      [['cleanup', [['timer', true]]]],
    );
  });

  test('on Ctrl-C prints what it has, and ends with 130', async () => {
    const { code, stdout } = await interrupted(['behaviours', '--effect'], ({ stdout: text }) => text !== '');
    expect(code).toBe(130);
    expect(stdout).toContain('not reached');
  });

  test.each([
    ['a folder that does not exist', ['--effect', '--recordings', 'nowhere'], /^nowhere:1:1: this folder does not exist; a recording has /],
    ['a model that does not exist', ['--model', 'linux-4.4'], /^irqlab: there is no model linux-4\.4; there are /],
  ])('%s is a mistake', async (_, args, sentence) => {
    const { code, stdout, stderr } = await irqlab(['behaviours', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(sentence);
  });
});
