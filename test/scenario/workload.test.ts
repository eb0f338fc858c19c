/** What a file may say of load, events and policies, and what is said when it is wrong. */
import { describe, expect, test } from 'vitest';
import { formatDiagnostic, jsonSchema, parseScenario } from '../../src/index.js';

/** Mistakes of a scenario with 3 CPUs and irqs 24 and 25, without the name of the file. */
function mistakes(device: string, rest = ''): string[] {
  const text = `version: 1
name: a
machine: {cpus: 3}
devices: [{name: nic, message: {type: msix}, irqs: [{irq: 24}, {irq: 25, managed: true}, {irq: 26, requested: false}], ${device}}]
${rest}`;
  const parsed = parseScenario(text, 'f');
  return 'errors' in parsed ? parsed.errors.map((error) => formatDiagnostic(error).replace(/^f:\d+:\d+: /, '')) : [];
}

describe('a device', () => {
  test.each([
    ['interArrival: {poisson: {}}', 'poisson says nothing; write exactly one of perSecond, us or cycles'],
    ['interArrival: {poisson: {perSecond: 0}}', 'the rate 0 is out of range; write a whole number from 1 to 1000000000'],
    ['interArrival: {poisson: 100}', 'expected a mapping, got the number 100; for example {perSecond: 20000}'],
    ['interArrival: {bursty: {events: 4, gap: {us: 1}}}', 'the key "pause" is missing; add pause: {us: 500}'],
    ['interArrival: {bursty: {events: {min: 9, max: 2}, gap: {us: 1}, pause: {us: 5}}}', 'min 9 is more than max 2; write min <= max'],
    ['interArrival: {replay: {us: []}}', 'the list is empty; for example [50, 120]'],
    ['interArrival: {replay: {us: [1], irq: 24}}', 'unit and irq are about a file; leave them out, or write file'],
    ['interArrival: {replay: {file: a, unit: ms}}', 'unknown unit "ms"; write one of us, ns or cycles'],
    ['moderation: {us: 0}', 'the interval 0 is out of range; write a whole number from 1 to 1000000'],
    [
      'handlerCycles: {exponential: 1, uniform: {min: 1, max: 2}}',
      'handlerCycles has 2 keys, uniform and exponential; write exactly one of uniform, exponential, lognormal or bimodal',
    ],
    ['handlerCycles: {lognormal: {median: 5, p99: 5}}', 'one in a hundred takes more than p99; write a p99 above the median'],
    ['handlerCycles: {bimodal: {fast: 1, slow: 2, slowPercent: 100}}', 'the share 100 is out of range; write a whole number from 1 to 99'],
    ['handlerCycles: much', 'expected a number of cycles or a distribution, got the text "much"; for example 3000, or {exponential: 3000}'],
  ])('%s', (device, said) => {
    expect(mistakes(device)).toEqual([said]);
  });

  test('a pin is no message that could be moderated', () => {
    const text = `version: 1\nname: a\nmachine: {cpus: 2}\ndevices: [{name: acpi, message: {type: ioapic, pin: 9}, moderation: {us: 5}, irqs: [{irq: 9}]}]\n`;
    expect(parseScenario(text, 'f')).toEqual({
      errors: [{ file: 'f', line: 4, column: 69, message: 'a device moderates messages, and a pin is a line; leave out moderation' }],
    });
  });
});

describe('events and policies', () => {
  test.each([
    ['events: [{offline: 1}]', 'the key "at" is missing; add at: {us: 300}'],
    ['events: [{at: {us: 1}}]', 'an event says nothing; write exactly one of offline, online or move'],
    ['events: [{at: {us: 1}, offline: 3}]', 'CPU 3 does not exist; the machine has CPUs 0, 1 and 2'],
    ['events: [{at: {us: 1}, move: {irq: 9, to: [1]}}]', 'irq 9 does not exist; the devices have irq 24, 25 and 26'],
    [
      'events: [{at: {us: 1}, move: {irq: 25, to: [1]}}]',
      'irq 25 is managed, and only the kernel moves it; leave out this move, or managed',
    ],
    [
      'events: [{at: {us: 1}, move: {irq: 26, to: [1]}}]',
      'irq 26 is not requested; write an operation that requests it, or leave out requested: false',
    ],
    ['events: [{at: {us: 1}, move: {irq: 24, to: [1, 1]}}]', 'CPU 1 stands in this list twice; write it once'],
    // in the order of their times, not of the file
    [
      'events: [{at: {us: 9}, offline: 2}, {at: {us: 1}, offline: 0}, {at: {cycles: 9000}, offline: 1}]',
      'CPU 2 is the only one online and cannot go offline; bring another online before',
    ],
    [
      'events: [{at: {us: 1}, offline: 0}, {at: {us: 2}, move: {irq: 24, to: [0]}}]',
      'no CPU of this list is online then; add one of CPUs 1 and 2',
    ],
    [
      'policies: [{storm: {perSecond: 5}, numa: {everyUs: 5}}]',
      'a policy has 2 keys, storm and numa; write exactly one of storm, roundRobin, balancer, numa or hotplugStorm',
    ],
    ['policies: [{storm: {}}]', 'the key "perSecond" is missing; add perSecond: 10000'],
    ['policies: [{balancer: {everyUs: 5, irqs: [7]}}]', 'irq 7 does not exist; the devices have irq 24, 25 and 26'],
    ['policies: [{hotplugStorm: {everyUs: 5, keep: 3}}]', '3 of 3 CPUs stay, so none can go; write 2 at most'],
    ['policies: [{hotplugStorm: {everyUs: 5, cpus: [4]}}]', 'CPU 4 does not exist; the machine has CPUs 0, 1 and 2'],
    ['policies: [{strom: {perSecond: 5}}]', 'unknown key "strom"; did you mean "storm"?'],
  ])('%s', (rest, said) => {
    expect(mistakes('', `${rest}\n`)[0]).toBe(said);
  });

  test('who else plugs CPUs makes their order unknown', () => {
    expect(mistakes('', 'events: [{at: {us: 1}, online: 0}]\n')).toHaveLength(1);
    expect(mistakes('', 'events: [{at: {us: 1}, online: 0}]\npolicies: [{hotplugStorm: {everyUs: 9}}]\n')).toEqual([]);
    expect(mistakes('', 'events: [{at: {us: 1}, online: 0}]\noperations: [{offline: 0}]\n')).toEqual([]);
  });

  test('a machine with vCPUs takes none', () => {
    const text = `version: 1\nname: a\nmachine: {cpus: 3, iommu: vtd, vcpus: 1}\ndevices: [{name: nic, irqs: [{irq: 24}]}]\npolicies: [{storm: {perSecond: 5}}]\n`;
    const parsed = parseScenario(text, 'f');
    expect('errors' in parsed && parsed.errors.map(({ message }) => message)).toEqual([
      'a machine with vCPUs takes no operations while it runs; leave out vcpus, or these',
    ]);
  });

  test('are in the JSON Schema', () => {
    const text = JSON.stringify(jsonSchema());
    for (const key of [
      'poisson',
      'bursty',
      'replay',
      'moderation',
      'lognormal',
      'hotplugStorm',
      'roundRobin',
      'balancer',
      'numa',
      'events',
    ])
      expect(text).toContain(`"${key}":{`);
  });
});
