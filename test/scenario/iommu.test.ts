/** The key `iommu` of a machine: what it stands for, what is wrong with it, and how it is written back. */
import { describe, expect, test } from 'vitest';
import { assembleWith, parseScenario, restsOn, stringifyScenario, type Scenario } from '../../src/scenario/index.js';
import { amdKernel } from '../engine/amdKernel.js';
import { mistakes } from './help.js';

const text = (iommu: string): string => `version: 1
name: units
machine: {cpus: 2, iommu: ${iommu}}
devices: [{name: nic, irqs: [{irq: 24}]}, {name: disk, irqs: [{irq: 25}]}]
`;

function scenario(iommu: string): Scenario {
  const parsed = parseScenario(text(iommu), 'units.yaml');
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.scenario;
}

const standard = { type: 'amd', ga: true, xt: true, guest: false, numIntRemap: false, irtCacheDis: false, guestLog: 15, units: [{}] };

describe('units of AMD', () => {
  test.each<[string, object]>([
    ['amd', {}],
    ['{type: amd}', {}],
    ['{type: amd, ga: false}', { ga: false, xt: false }],
    ['{type: amd, xt: false, guest: true, guestLog: 2}', { xt: false, guest: true, guestLog: 2 }],
    ['{type: amd, numIntRemap: true, irtCacheDis: true}', { numIntRemap: true, irtCacheDis: true }],
    ['{type: amd, units: [{devices: [nic]}, {}]}', { units: [{ devices: ['nic'] }, {}] }],
  ])('%s', (iommu, options) => {
    const made = scenario(iommu);
    expect(made.machine.iommu).toEqual({ ...standard, ...options });
    const again = parseScenario(stringifyScenario(made), 'again.yaml');
    expect('errors' in again ? again.errors : again.scenario).toEqual(made);
  });

  test('what has its default is not written', () => {
    const written = ['amd', '{type: amd, ga: false}', '{type: vtd, cachingMode: false}', '{type: vtd, cachingMode: true}'].map(
      (iommu) => /iommu: (\w+|{[^}]*})/.exec(stringifyScenario(scenario(iommu)))?.[1],
    );
    expect(written).toEqual(['amd', '{type: amd, ga: false}', 'vtd', '{type: vtd, cachingMode: true}']);
  });

  test.each<[string, string[]]>([
    ['intel', ['3:27: unknown type of IOMMU "intel"; write one of vtd or amd']],
    ['7', ['3:27: expected a type of IOMMU or a mapping, got the number 7; for example vtd, or {type: amd}']],
    ['{type: arm}', ['3:34: unknown type of IOMMU "arm"; write one of vtd or amd']],
    ['{type: amd, cachingMode: true}', ['3:52: cachingMode is for type: vtd, not for amd; leave it out']],
    [
      '{type: vtd, ga: true, guestLog: 3}',
      ['3:43: ga is for type: amd, not for vtd; leave it out', '3:59: guestLog is for type: amd, not for vtd; leave it out'],
    ],
    [
      '{type: amd, ga: false, guest: true, xt: true}',
      ['3:57: guest needs entries of 128 bits; leave out ga: false', '3:67: xt needs entries of 128 bits; leave out ga: false'],
    ],
    ['{type: amd, guestLog: 16}', ['3:49: the number of entries 16 is out of range; write a whole number from 1 to 15']],
    ['{type: amd, ga: 128}', ['3:43: expected true or false, got the number 128; use true or false']],
    ['{type: amd, gest: true}', ['3:39: unknown key "gest"; did you mean "guest"?']],
  ])('%s is wrong', (iommu, said) => {
    expect(mistakes(text(iommu))).toEqual(said);
  });

  test('devices are functions side by side; the unit has what the file says', () => {
    const system = assembleWith(scenario('{type: amd, guest: true, units: [{devices: [disk]}, {}]}'), amdKernel());
    expect(restsOn(system)).toMatchObject({ iecDrain: 'irr', irteFetch: 'whole' });
    const setup = system.setup({ timed: false, record: 0 });
    expect(setup.functions.map(({ requester }) => requester)).toEqual([8, 9]);
    expect(setup.iommus?.map(({ scope, type }) => [type, scope?.requesters])).toEqual([
      ['amd', [9]],
      ['amd', undefined],
    ]);
    expect(setup.iommus?.[0]).toMatchObject({ capabilities: { ga: true, xt: true, guest: true, numIntRemap: false } });
    expect(setup.memory).toBe(2 * 3 * 4096);
  });

  test('devices on pins ask as the IOAPIC does, whose entry follows those of the devices', () => {
    const pins = [2, 3].map((pin) => `  - {name: p${pin}, message: {type: ioapic, pin: ${pin}, trigger: edge}, irqs: [{irq: ${pin}}]}`);
    const parsed = parseScenario(
      `version: 1
name: pins
machine: {cpus: 1, iommu: amd}
devices:
  - {name: nic, irqs: [{irq: 24}]}
${pins.join('\n')}
`,
      'pins.yaml',
    );
    if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
    const { functions, ioapics } = assembleWith(parsed.scenario, amdKernel()).setup({ timed: false, record: 0 });
    expect(functions.map(({ requester }) => requester)).toEqual([8, 11, 11]);
    expect(ioapics?.map(({ requester }) => requester)).toEqual([11]);
  });
});
