/** Whom an interrupt is for: destinations by their mode (hardware.md A.7, D.3.4). */

const BROADCAST = { narrow: 0xff, wide: 0xffffffff } as const;

function apicIds(dest: number): string {
  const cluster = dest >>> 16;
  const ids = Array.from({ length: 16 }, (_, bit) => bit)
    .filter((bit) => (dest >>> bit) & 1)
    .map((bit) => cluster * 16 + bit);
  return ids.length === 0 ? 'nobody' : `APIC id${ids.length === 1 ? '' : 's'} ${ids.join(', ')} (x2APIC cluster ${cluster})`;
}

/** `wide`: the destination has 32 bits, and LAPICs are in x2APIC mode. */
export function destinationText(dest: number, logical: boolean, wide: boolean): string {
  if (dest === BROADCAST[wide ? 'wide' : 'narrow']) return 'every CPU: the broadcast destination';
  if (!logical) return `APIC id ${dest} (apicid in /proc/cpuinfo)`;
  if (wide) return apicIds(dest);
  if (dest === 0) return 'no CPU at all: an empty mask';
  const cpus = Array.from({ length: 8 }, (_, bit) => bit).filter((bit) => (dest >>> bit) & 1);
  return `CPUs whose LDR has one of these bits: in flat mode CPU ${cpus.join(', ')}`;
}

export const deliveryModes = ['fixed', 'lowest priority', 'SMI', 'reserved', 'NMI', 'INIT', 'reserved', 'ExtINT'] as const;

/** What the mode means for who receives it. */
export function deliveryText(mode: number): string {
  const rest = { 4: ': the vector does not count', 7: ': the vector comes from the 8259' }[mode] ?? '';
  return `${deliveryModes[mode] ?? 'reserved'}${rest}`;
}
