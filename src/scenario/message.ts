/** How a device tells what it has to say: the key `message` of a device, from the file to the PCI function it stands for. */
import type { DeviceModel } from '../machine/index.js';
import { finding, type Finding } from './findings.js';
import type { MessageOutline } from './outline.js';
import type { DeviceDescription, MessageDescription } from './scenario.js';
import type { ScenarioFile } from './schema.js';

/** Messages that an MSI capability can have (hardware.md C.1). */
const msiCounts = [1, 2, 4, 8, 16, 32] as const;

/** The least number of messages for so many irqs: a power of two for MSI. */
function leastFor(type: 'msi' | 'msix', irqs: number): number {
  return type === 'msix' ? irqs : (msiCounts.find((n) => n >= irqs) ?? 32);
}

/** What the file says, as the scenario has it: what is not said, and what would be so anyhow, is left out. */
export function messageOf({ message: { type, address64, maskable, vectors }, irqs }: ScenarioFile['devices'][number]): MessageDescription {
  const counted = vectors === undefined || vectors === leastFor(type, irqs.length) ? {} : { vectors };
  if (type === 'msix') return { type, ...counted };
  return { type, address64: address64 ?? true, ...(maskable === true ? { maskable } : {}), ...counted };
}

export function messageMistakes({ path, type, address64, maskable, vectors, irqs }: MessageOutline): Finding[] {
  const own = [
    { key: 'address64', given: address64, why: 'an entry of MSI-X always has an address of 64 bits' },
    { key: 'maskable', given: maskable, why: 'an entry of MSI-X always has a mask bit' },
  ];
  const beside =
    type === 'msix' ? own.filter(({ given }) => given).map(({ key, why }) => finding([...path, key], `${why}; leave out ${key}`)) : [];
  const least = leastFor(type, irqs);
  if (type === 'msi' && irqs > 32)
    return [...beside, finding(path, `an MSI capability has at most 32 messages, and here are ${irqs} irqs; write type: msix`)];
  if (vectors === undefined) return beside;
  const at = [...path, 'vectors'];
  if (type === 'msi' && !msiCounts.some((n) => n === vectors))
    return [...beside, finding(at, `an MSI capability has 1, 2, 4, 8, 16 or 32 messages, not ${vectors}; write vectors: ${least}`)];
  if (vectors >= irqs) return beside;
  return [...beside, finding(at, `${irqs} irqs need a message each, and here are ${vectors}; write vectors: ${least}, or fewer irqs`)];
}

/** Bus, device and function of device number `d`. */
export const requesterOf = (d: number): number => (d + 1) << 3;

/** The PCI function of device number `d`. */
export function functionOf({ message, irqs }: DeviceDescription, d: number): DeviceModel {
  const vectors = message.vectors ?? leastFor(message.type, irqs.length);
  const rest = { requester: requesterOf(d), bmeOffPolicy: 'retain', softReset: false } as const;
  if (message.type === 'msix') return { ...rest, msi: undefined, msix: { vectors, entryCache: 'off' } };
  const { address64, maskable = false } = message;
  return { ...rest, msi: { vectors: vectors as (typeof msiCounts)[number], address64, maskable }, msix: undefined };
}
