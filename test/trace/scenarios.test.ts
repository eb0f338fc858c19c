/** Scenarios made from the recordings. */
import { describe, expect, test } from 'vitest';
import { findScenario, parseScenario, stringifyScenario, type Scenario } from '../../src/scenario/index.js';
import { checkScenario, cpusOfMask, formatFacts, importTrace, runScenario, xhciLost20200318 } from '../../src/trace/index.js';
import { given, imported, recordings } from './help.js';

function check(file: string): Scenario {
  return given(checkScenario(imported(file)));
}

const handler = 'a-1 [003] d.h. 1.000000: xhci_irq: xhci irq\n';

/** The vectors of all devices of a scenario made from a move between these. */
function movedVectors(from: number, to: number): unknown {
  return checkScenario(
    importTrace(
      `${handler}migration/3-24 [003] d..1 2.000000: msi_set_affinity: direct update msi 122, vector ${from} -> ${to}, apicid: 6 -> 0\n`,
      'x',
    ),
  )?.devices.map(({ irqs }) => irqs[0]?.vector);
}

describe('for a check', () => {
  test('the lost xHCI interrupt is the built-in scenario, with the traced gaps and the kernel of the report', () => {
    const builtin = given(findScenario('xhci-hotplug')?.scenario);
    const made = check('2020-03-18-xhci-lost.trace');
    const { name, about, model, devices } = made;
    // Gaps are for timed runs only; the built-in check has none.
    const [interArrival] = builtin.devices.map((device) => device.interArrival);
    expect({ ...made, name, about, model, devices: devices.map((device) => ({ ...device, interArrival })) }).toEqual({
      ...builtin,
      name,
      about,
      model,
    });
    expect([name, about, model]).toEqual([
      '2020-03-18-xhci-lost',
      'Imported from 2020-03-18-xhci-lost.trace: irq 122 leaves CPU 3 for CPU 0.',
      'linux-5.6',
    ]);
    expect(devices[0]?.interArrival).toEqual(findScenario('xhci-loop')?.scenario.devices[0]?.interArrival);
  });

  test('of four rounds the first death counts', () => {
    expect(check('2020-03-25-four-rounds.trace')).toMatchObject({
      machine: {
        cpus: [
          { cpu: 1, apicId: 2 },
          { cpu: 3, apicId: 6 },
        ],
      },
      devices: [{ name: 'xhci', irqs: [{ irq: 123, cpu: 1, vector: 0x21 }] }],
      operations: [{ offline: 1 }],
    });
  });

  test('without a death: the offline after the last interrupt; config accesses cost what was traced', () => {
    expect(check('2020-05-two-step-steps.trace')).toMatchObject({
      devices: [{ irqs: [{ irq: 123, cpu: 3, vector: 0x21 }] }],
      operations: [{ offline: 3 }],
      timing: { 'cfg.read': { min: 6600, default: 7200, max: 7800 }, 'cfg.write': { min: 6600, default: 7200, max: 7800 } },
    });
  });

  test('a new vector that is not the lowest was so because the lower ones were in use', () => {
    const made = checkScenario(
      importTrace(
        `${handler}migration/3-24 [003] d..1 2.000000: msi_set_affinity: twostep update msi, irq 122, vector 33 -> 35, apicid: 6 -> 4\n`,
        'x',
      ),
    );
    expect(made).toMatchObject({
      universe: { vectors: 3 },
      devices: [
        { name: 'xhci', irqs: [{ irq: 122, cpu: 3, vector: 0x21 }] },
        { raises: 0, irqs: [{ cpu: 4, vector: 0x21 }] },
        { raises: 0, irqs: [{ cpu: 4, vector: 0x22 }] },
      ],
      machine: {
        // One pair is no rule, so a target that prints nothing is taken to have its id for a number.
        cpus: [
          { cpu: 3, apicId: 6 },
          { cpu: 4, apicId: 4 },
        ],
      },
    });
  });

  test('vectors that a universe cannot hold are renamed, their order kept', () => {
    expect([movedVectors(200, 200), movedVectors(60, 200), movedVectors(200, 60)]).toEqual([[0x21], [0x21, 0x21], [0x22]]);
  });

  test('a move that was asked for is a move, not an offline', () => {
    const made = checkScenario(
      importTrace('a-1 [003] d.h. 2.000000: msi_set_affinity: direct update msi 122, vector 33 -> 33, apicid: 6 -> 0\n', 'x'),
    );
    expect(made?.operations).toEqual([{ move: { irq: 122, to: [0] } }]);
    expect(made?.devices[0]?.name).toBe('irq122');
  });

  test('nothing is made of nothing', () => {
    const trace = importTrace('hello\n', 'hello.txt');
    expect([checkScenario(trace), runScenario(trace), trace.facts, formatFacts(trace)]).toEqual([undefined, undefined, [], '']);
    expect(trace.diagnostics.map(({ message }) => message.split(';')[0])).toEqual([
      'this is no line of a trace and is left out',
      'no line tells of an interrupt that moves',
    ]);
  });
});

describe('for a run', () => {
  test('the built-in loop is what the import makes, given what the mail says of the loop', () => {
    const builtin = given(findScenario('xhci-loop')?.scenario);
    const { text, file, ...options } = xhciLost20200318;
    const made = given(runScenario(importTrace(text, file, options)));
    expect({ ...made, name: '', about: '' }).toEqual({ ...builtin, name: '', about: '' });
  });

  test('without the mail: the CPUs that are seen to die', () => {
    const made = runScenario(imported('2020-03-18-xhci-lost.trace'));
    expect(made?.machine.cpus.map(({ cpu, apicId, online }) => [cpu, apicId, online])).toEqual([
      [0, 0, true],
      [1, 2, false],
      [2, 4, true],
      [3, 6, false],
    ]);
    expect(made?.operations).toEqual([
      { online: 1 },
      { online: 3 },
      { move: { irq: 121, to: [1, 3] } },
      { move: { irq: 122, to: [1, 3] } },
      { pause: { us: 5315 } },
      { move: { irq: 121, to: [0, 1, 2, 3] } },
      { move: { irq: 122, to: [0, 1, 2, 3] } },
      { pause: { us: 5315 } },
      { offline: 1 },
      { pause: { us: 23_348 } },
      { offline: 3 },
    ]);
    expect(made?.devices.map(({ name }) => name)).toEqual(['xhci', 'irq121']);
    expect(made?.run).toEqual({ repeat: true, seconds: 60, seed: 1 });
  });

  test('what the caller gives is assumed, and the kernel names the model', () => {
    const { text, file, loop } = xhciLost20200318;
    const trace = importTrace(text, file, { kernel: '5.4.0-rc1', loop });
    expect(runScenario(trace)?.model).toBe('linux-5.4');
    expect(
      trace.facts.filter(({ note }) => note?.startsWith('Given by the caller')).map(({ name, value, how }) => `${how} ${name}: ${value}`),
    ).toEqual([
      'assumed machine: 8 CPUs',
      'assumed loop: online 1,3,5,7; affinity 1,3; 1,3; 0,1,2,3; offline',
      'assumed irq 121: device enp0s31f6',
      'assumed irq 122: device xhci',
      'assumed kernel: 5.4.0-rc1',
    ]);
  });
});

test.each(recordings)('%s: both scenarios can be written and read', (file) => {
  for (const made of [checkScenario(imported(file)), runScenario(imported(file))]) {
    expect(made).toBeDefined();
    expect(parseScenario(stringifyScenario(made as Scenario), 'x')).toEqual({ scenario: made });
  }
});

test('masks are hexadecimal', () => {
  expect(['A', 'F', '0', '100000001'].map(cpusOfMask)).toEqual([[1, 3], [0, 1, 2, 3], [], [0, 32]]);
});
