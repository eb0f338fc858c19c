/** Numbers and names that stand in more than one place of a scenario file. */
import { hex } from '../../words.js';
import { list, nonEmpty, text, whole } from '../fields.js';

/** Names that may stand for a scenario, and what a wrong one could become. */
export const scenarioName = text('a name', /^[a-z0-9-]+$/, (input) => {
  const near = input
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `use lower-case letters, digits and dashes${near === '' ? '' : `, for example ${near}`}`;
});

/** The number of a CPU, as the user calls it. */
export const cpuNumber = whole('CPU', 0, 4095);
export const irqNumber = whole('irq', 0, 65535);
export const vectorNumber = whole('vector', 0, 255, hex);

/** The number of a virtual CPU: its place in the list. */
export const vcpuNumber = whole('vCPU', 0, 7);

export const microseconds = whole('the time', 1, 1_000_000_000);
export const cycles = (what: string) => whole(what, 0, 1_000_000_000);

export const deviceName = text('the name of a device', /^[A-Za-z0-9][A-Za-z0-9_.:-]*$/, () => 'use letters, digits and _ . : -');

export const cpuList = list(cpuNumber, '[0, 3]').min(1, nonEmpty('[0]'));
