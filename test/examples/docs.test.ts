/** The examples of the API pages run and print what they say, and every public member has one. */
import { readFileSync } from 'node:fs';
import { formatWithOptions } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CpuPort } from '../../src/machine/cpu.js';
import { DevicePort } from '../../src/machine/device.js';
import { IoapicPort } from '../../src/machine/ioapic.js';
import { IommuPort } from '../../src/machine/iommu.js';
import { Machine } from '../../src/machine/library.js';

interface Example {
  /** member that it is for: `cpu.ts acknowledge` */
  readonly of: string;
  readonly code: string;
}

const sources = ['cpu', 'device', 'ioapic', 'iommu', 'machine', 'options'].map((name): [string, string] => [
  name,
  readFileSync(new URL(`../../src/machine/${name}.ts`, import.meta.url), 'utf8'),
]);

/** Doc comments with the name of what follows. */
const comments = sources.flatMap(([file, text]) =>
  [
    ...text.matchAll(/^ *\/\*\*((?:(?!\*\/)[^])*)\*\/\n *(?:export )?(?:(?:static|async|get|class|interface|protected|private) )*(\w+)/gm),
  ].map(([, comment = '', name = '']) => ({ of: `${file}.ts ${name}`, comment })),
);

const examples = comments.flatMap(({ of, comment }): Example[] =>
  [...comment.matchAll(/@example\s+\* ```js\n([^]*?)\* ```/g)].map(([, code = '']) => ({ of, code: code.replaceAll(/^ *\* ?/gm, '') })),
);

/** Runs it as an asynchronous function; one that makes no machine of its own has one, with one CPU that is enabled and one device. */
async function printed(code: string): Promise<string[]> {
  const lines: string[] = [];
  const console = { log: (...values: unknown[]) => lines.push(formatWithOptions({ breakLength: Infinity }, ...(values as [unknown]))) };
  const body = code.replace(/^import \{ Machine \} from 'irqlab';$/m, '');
  const own = body !== code;
  const machine = await Machine.create({
    devices: [{ requester: 0, msi: { vectors: 4, maskable: true }, msix: { vectors: 8 } }],
    iommus: [{}],
  });
  const cpu = machine.cpu(0);
  cpu.writeMmio(0xfee000f0, 0x1ff, 4);
  const shown = { machine, cpu, ioapic: machine.ioapic(0), iommu: machine.iommu(0), device: machine.device(0) };
  const names = { Machine, console, ...(own ? {} : shown) };
  // oxlint-disable-next-line typescript/no-implied-eval -- it is our own documentation
  await (new Function(...Object.keys(names), `return (async () => {${body}})();`)(...Object.values(names)) as Promise<void>);
  return lines;
}

describe('the examples of the API pages', () => {
  test.each(examples.map((each) => [each.of, each.code]))('%s', async (_, code) => {
    const said = [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
    expect(await printed(code)).toEqual(said);
  });

  test.each([
    [Machine, 'machine'],
    [CpuPort, 'cpu'],
    [IoapicPort, 'ioapic'],
    [IommuPort, 'iommu'],
    [DevicePort, 'device'],
  ] as const)('every public member of %o has one', (what, file) => {
    const hidden = comments.filter(({ comment }) => comment.includes('@hidden')).map(({ of }) => of);
    const members = [...Object.getOwnPropertyNames(what.prototype), what === Machine ? 'create' : '']
      .filter((name) => !['', 'constructor', 'hex', 'takeRecords'].includes(name))
      .map((name) => `${file}.ts ${name}`);
    const without = members.filter((of) => !hidden.includes(of) && !examples.some((each) => each.of === of));
    expect(members.length).toBeGreaterThan(2);
    expect(without).toEqual([]);
  });
});
