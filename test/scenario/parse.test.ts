/** What a file without mistakes becomes: defaults, names, JSON, bytes. */
import { describe, expect, test } from 'vitest';
import { cyclesOf, parseScenarioBytes, type Diagnostic } from '../../src/scenario/index.js';
import { minimal, mistakes, scenario } from './help.js';

describe('defaults', () => {
  test('everything is filled in', () => {
    expect(scenario(minimal)).toEqual({
      version: 1,
      name: 'a',
      model: 'linux-5.9',
      behaviours: {},
      assumptions: {
        sampling: 'at-once',
        push: 'irr',
        delivery: 'within-mdelay',
        recognition: 'prompt',
        softDisabled: 'dispatches',
        iecDrain: 'irr',
        irteFetch: 'whole',
        ioapicEdge: 'lost',
      },
      machine: {
        cpus: [
          { cpu: 0, apicId: 0, online: true },
          { cpu: 1, apicId: 1, online: true },
        ],
      },
      universe: { vectors: 4 },
      devices: [
        {
          name: 'nic',
          kind: 'handshake',
          message: { type: 'msi', address64: true },
          raises: 3,
          interArrival: { us: [100] },
          handlerCycles: 3000,
          irqs: [{ irq: 24, cpu: 0, vector: 0x21, affinity: [0, 1] }],
        },
      ],
      operations: [],
      parallel: false,
      events: [],
      policies: [],
      assert: [],
      run: { repeat: false, seconds: 1, seed: 1 },
      timing: {},
    });
  });

  test('an irq starts at the lowest online CPU of its affinity, on the lowest free vector there', () => {
    const { devices } = scenario(`version: 1
name: a
machine: {cpus: [{cpu: 4}, {cpu: 2, online: false}, {cpu: 7}]}
devices:
  - {name: first, irqs: [{irq: 1}]}
  - {name: explicit, irqs: [{irq: 2, cpu: 4, vector: 0x21}]}
  - {name: elsewhere, irqs: [{irq: 3, affinity: [7, 2]}]}
  - {name: third, irqs: [{irq: 4}]}
`);
    expect(devices.map(({ irqs }) => irqs[0])).toEqual([
      // What the file names is taken first, whatever its order.
      { irq: 1, cpu: 4, vector: 0x22, affinity: [2, 4, 7] },
      { irq: 2, cpu: 4, vector: 0x21, affinity: [2, 4, 7] },
      { irq: 3, cpu: 7, vector: 0x21, affinity: [2, 7] },
      { irq: 4, cpu: 4, vector: 0x23, affinity: [2, 4, 7] },
    ]);
  });

  test('CPUs come in ascending order, their APIC id is their number', () => {
    expect(scenario(minimal.replace('{cpus: 2}', '{cpus: [{cpu: 3, apicId: 6}, {cpu: 1}]}')).machine.cpus).toEqual([
      { cpu: 1, apicId: 1, online: true },
      { cpu: 3, apicId: 6, online: true },
    ]);
  });
});

describe('what is accepted', () => {
  test('JSON', () => {
    const json = JSON.stringify({ version: 1, name: 'a', machine: { cpus: 2 }, devices: [{ name: 'nic', irqs: [{ irq: 24 }] }] });
    expect(scenario(json)).toEqual(scenario(minimal));
  });

  test('Windows line ends and a byte-order mark', () => {
    expect(scenario(`\ufeff${minimal.replaceAll('\n', '\r\n')}`)).toEqual(scenario(minimal));
  });

  test('CPU 0 and CPU 1 offline in turn, in a loop that closes', () => {
    expect(mistakes(`${minimal}operations: [{offline: 1}, {online: 1}, {offline: 0}, {online: 0}]\nrun: {repeat: true}\n`)).toEqual([]);
  });

  test('in parallel, operations that could not follow each other', () => {
    expect(mistakes(`${minimal}operations: [{online: 1}, {offline: 1}]\nparallel: true\n`)).toEqual([]);
  });

  test('a pause does not hide what follows', () => {
    expect(mistakes(`${minimal}operations: [{offline: 1}, {pause: {us: 3}}, {offline: 1}]\n`)).toHaveLength(1);
  });
});

test('a microsecond is 3000 cycles of 1/3 ns (hardware.md G.1)', () => {
  expect(cyclesOf({ us: 50 })).toBe(150_000);
  expect(cyclesOf({ cycles: 7 })).toBe(7);
});

function errors(bytes: readonly number[]): readonly Diagnostic[] {
  const parsed = parseScenarioBytes(Uint8Array.from(bytes), 'f');
  return 'errors' in parsed ? parsed.errors : [];
}

describe('bytes', () => {
  test('of a text are its scenario', () => {
    expect(parseScenarioBytes(new TextEncoder().encode(minimal), 'f')).toEqual({ scenario: scenario(minimal) });
  });

  test('a zero byte is found', () => {
    expect(errors([0x61, 0x0a, 0x62, 0x00, 0x63])).toEqual([
      { file: 'f', line: 2, column: 2, message: 'binary file (it holds a zero byte); a scenario is YAML in UTF-8' },
    ]);
  });

  test('so is the first byte that is not UTF-8', () => {
    // u with diaeresis in UTF-8, then in Latin-1.
    expect(errors([0x61, 0x0a, 0xc3, 0xbc, 0x78, 0xfc, 0x79])).toEqual([
      { file: 'f', line: 2, column: 3, message: 'this byte is not UTF-8; a scenario is YAML in UTF-8' },
    ]);
  });

  test('and a character that is cut off at the end', () => {
    expect(errors([0x61, 0xc3])).toEqual([
      { file: 'f', line: 1, column: 2, message: 'this byte is not UTF-8; a scenario is YAML in UTF-8' },
    ]);
  });

  test('a file of megabytes is not read', () => {
    expect(errors([...Buffer.alloc((1 << 20) + 1, 0x61)])).toEqual([
      { file: 'f', line: 1, column: 1, message: 'the file has 1048577 characters; a scenario has 1048576 at most' },
    ]);
  });
});
