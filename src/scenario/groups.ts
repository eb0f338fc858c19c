/**
 * Devices in a short form, written out: `count: 4096` of one called nic is nic.0 to nic.4095, and `irqs: {count: 8}` gives each of
 * them eight, whose numbers go on from device to device.
 */

/** Most devices and irqs that a machine has. */
export const MOST_DEVICES = 4096;
export const MOST_IRQS = 32_768;
/** The first irq, where the file names none. */
const FIRST_IRQ = 24;

/** An entry of the list of devices, as far as it is about how many there are. */
export interface Entry {
  readonly name: string | undefined;
  /** undefined: it is one device, with the name as it is */
  readonly count: number | undefined;
  /** numbers of irqs in a list, undefined for what cannot be read; or how many in a short form, and the first of them */
  readonly irqs: readonly (number | undefined)[] | { readonly count: number; readonly first: number | undefined };
}

export interface Written {
  /** number of the entry that it is of */
  readonly entry: number;
  readonly name: string | undefined;
  readonly irqs: readonly (number | undefined)[];
}

/** All devices in order; no more than there may be, and one. */
export function writtenOut(entries: readonly Entry[]): readonly Written[] {
  const all: Written[] = [];
  let total = 0;
  let next = FIRST_IRQ;
  entries.forEach(({ name, count, irqs }, entry) => {
    if (!('count' in irqs)) next = Math.max(next, ...irqs.map((irq) => (irq ?? 0) + 1));
    else next = irqs.first ?? next;
    for (let n = 0; n < (count ?? 1) && all.length <= MOST_DEVICES && total <= MOST_IRQS; n++) {
      const numbers = 'count' in irqs ? Array.from({ length: irqs.count }, () => next++) : irqs;
      total += numbers.length;
      all.push({ entry, name: count === undefined || name === undefined ? name : `${name}.${n}`, irqs: numbers });
    }
  });
  return all;
}
