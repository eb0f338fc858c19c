/** How a device tells what it has to say: the key `message` of a device, from the file to the function it stands for. */
import type { FunctionModel, IoapicModel } from '../machine/index.js';
import { joined } from '../words.js';
import { finding, type Finding } from './findings.js';
import type { MessageOutline } from './outline/index.js';
import type { DeviceDescription, MessageDescription, Scenario } from './scenario.js';
import type { ScenarioFile } from './schema/index.js';

type Type = MessageDescription['type'];

/** The keys of each type, besides `type`. */
const keysOf: Readonly<Record<Type, readonly string[]>> = {
  msi: ['address64', 'maskable', 'vectors'],
  msix: ['vectors'],
  hpet: [],
  dmar: [],
  ioapic: ['pin', 'trigger'],
};

/** Messages that an MSI capability can have (hardware.md C.1). */
const msiCounts = [1, 2, 4, 8, 16, 32] as const;

/** The least number of messages for so many irqs: a power of two for MSI. */
function leastFor(type: Type, irqs: number): number {
  return type === 'msi' ? (msiCounts.find((n) => n >= irqs) ?? 32) : irqs;
}

/** What the file says, as the scenario has it: what is not said, and what would be so anyhow, is left out. */
export function messageOf({ kind, message }: Pick<ScenarioFile['devices'][number], 'kind' | 'message'>, irqs: number): MessageDescription {
  const { type, address64, maskable, vectors, pin = 0, trigger = kind === 'level' ? 'level' : 'edge' } = message;
  if (type === 'hpet' || type === 'dmar') return { type };
  if (type === 'ioapic') return { type, pin, trigger };
  const counted = vectors === undefined || vectors === leastFor(type, irqs) ? {} : { vectors };
  if (type === 'msix') return { type, ...counted };
  return { type, address64: address64 ?? true, ...(maskable === true ? { maskable } : {}), ...counted };
}

export function messageMistakes(outline: MessageOutline): Finding[] {
  const { path, type, given, irqs } = outline;
  const keys = keysOf[type];
  const beside = given
    .filter((key) => key !== 'type' && !keys.includes(key) && Object.values(keysOf).flat().includes(key))
    .map((key) => {
      const others = Object.entries(keysOf).flatMap(([other, own]) => (own.includes(key) ? [other] : []));
      return finding([...path, key], `${key} is for type: ${joined(others, 'or')}, not for ${type}; leave it out`);
    });
  return [...beside, ...countMistakes(outline, irqs)];
}

function countMistakes({ path, type, vectors, isLevel, trigger }: MessageOutline, irqs: number): Finding[] {
  const least = leastFor(type, irqs);
  if (isLevel && (type !== 'ioapic' || trigger === 'edge'))
    return [finding(path, 'kind: level is for the line of an IOAPIC pin; write message: {type: ioapic, pin: 4, trigger: level}')];
  if (type === 'hpet' || type === 'dmar' || type === 'ioapic')
    return irqs > 1 ? [finding(path, `a device of type ${type} has one message, and here are ${irqs} irqs; write one irq`)] : [];
  if (type === 'msi' && irqs > 32)
    return [finding(path, `an MSI capability has at most 32 messages, and here are ${irqs} irqs; write type: msix`)];
  if (vectors === undefined) return [];
  const at = [...path, 'vectors'];
  if (type === 'msi' && !msiCounts.some((n) => n === vectors))
    return [finding(at, `an MSI capability has 1, 2, 4, 8, 16 or 32 messages, not ${vectors}; write vectors: ${least}`)];
  if (vectors >= irqs) return [];
  return [finding(at, `${irqs} irqs need a message each, and here are ${vectors}; write vectors: ${least}, or fewer irqs`)];
}

/**
 * Bus, device and function of device number `d`. Behind units of AMD's they are side by side, from 00:01.0 on, and the IOAPIC follows: so do
 * their entries of the device table.
 */
export const requesterOf = (d: number, isAmd: boolean): number => (isAmd ? 8 + d : (d + 1) << 3);

/** By which remapping units know the IOAPIC: all pins are behind the unit of one (hardware.md D.3.3). */
const ioapicRequester = ({ devices, machine: { iommu } }: Parts): number =>
  iommu?.type === 'amd' ? requesterOf(devices.length, true) : 0xff00;

/** What decides who a message comes from. */
type Parts = Pick<Scenario, 'devices' | 'machine'>;

/** The function of device number `d`. */
export function functionOf(scenario: Parts, { message, irqs }: DeviceDescription, d: number): FunctionModel {
  const isAmd = scenario.machine.iommu?.type === 'amd';
  const rest = { requester: requesterOf(d, isAmd), msi: undefined, msix: undefined, bmeOffPolicy: 'retain', softReset: false } as const;
  switch (message.type) {
    case 'msi': {
      const { address64, maskable = false, vectors = leastFor('msi', irqs.length) } = message;
      return { ...rest, msi: { vectors: vectors as (typeof msiCounts)[number], address64, maskable } };
    }
    case 'msix':
      return { ...rest, msix: { vectors: message.vectors ?? irqs.length, entryCache: 'off' } };
    case 'ioapic':
      return { ...rest, requester: ioapicRequester(scenario), chipset: 'pins' };
    default:
      return { ...rest, chipset: message.type };
  }
}

/** The IOAPIC of a scenario, with as many pins as it needs; none if no device is on one. */
export function ioapicsFor(scenario: Parts): readonly IoapicModel[] {
  const { devices, machine } = scenario;
  const pins = devices.flatMap(({ message }) => (message.type === 'ioapic' ? [message.pin + 1] : []));
  if (pins.length === 0) return [];
  const version = machine.ioapic?.version ?? 0x20;
  const requester = ioapicRequester(scenario);
  return [{ version, pins: Math.max(...pins), address: 0xfec00000, id: 0, resendDelay: 60, retryInterval: 3000, requester }];
}

/** What the core is to know as the message of an irq: its number among those of its device, or its pin. */
export function numberOf({ message }: DeviceDescription, n: number): number {
  return message.type === 'ioapic' ? message.pin : n;
}
