/** A program of a hunt: a machine, a device, and what is done to it. It becomes a scenario, the same as a user's file. */
import { defaultAssumptions, type Assumptions } from '../machine/index.js';
import { FIRST_VECTOR, type DeviceDescription, type Operation, type Scenario } from '../scenario/index.js';
import { kindOf, platformOf, surroundings, type Kind } from './universe.js';

/** A machine with its devices, by names of the tables of universe.ts; plain data. */
export interface Setting {
  readonly platform: string;
  readonly kind: string;
  readonly cpus: number;
  /** CPU at which the irqs start */
  readonly start: number;
  readonly surroundings: string;
}

export interface Program extends Setting {
  readonly operations: readonly Operation[];
}

/** Assumptions that are given up. */
export type Given = Readonly<Partial<Assumptions>>;

/** Irqs that operations are about have numbers from here on; the irq of a neighbour is another. */
const FIRST_IRQ = 24;
const NEIGHBOUR_IRQ = 40;

/** Raises of a device, and of each of several. */
const RAISES = 2;
const RAISES_OF_SEVERAL = 1;

/** Devices that operations are about. */
export function deviceNames({ surroundings: around }: Setting): readonly string[] {
  return around === 'twin' ? ['nic', 'nic2'] : ['nic'];
}

/** Irqs that operations are about, each with its device. */
export function irqsOf(setting: Setting): readonly { readonly irq: number; readonly device: string }[] {
  const { irqs } = kindOf(setting);
  return deviceNames(setting).flatMap((device, d) => Array.from({ length: irqs }, (_, i) => ({ irq: FIRST_IRQ + d * irqs + i, device })));
}

/** The vCPU of the guest, if there is one. */
export const VCPU = 0;

/** CPU at which the thread of the vCPU starts: the last, as in a file that does not say. */
export function vcpuPlace(setting: Setting): number | undefined {
  return platformOf(setting).guest === true ? setting.cpus - 1 : undefined;
}

/** The irqs are posted to the vCPU at the start. */
export function startsPosted(setting: Setting): boolean {
  return platformOf(setting).guest === true && setting.surroundings !== 'host';
}

/** CPUs that the kernel may choose for a managed irq: all but the one that never goes. */
const managedCpus = (cpus: number): readonly number[] => Array.from({ length: cpus - 1 }, (_, c) => c + 1);

/** The irqs start at the second vector: the lowest is free where they move to, so that the vector changes with the CPU. */
function vectorsOf({ surroundings: around }: Setting, { irqs }: Kind): { readonly universe: number; readonly start: readonly number[] } {
  if (around === 'crowd') return { universe: 1, start: [FIRST_VECTOR] };
  if (around === 'twin') return { universe: 2, start: [FIRST_VECTOR + 1, FIRST_VECTOR] };
  return { universe: irqs + 1, start: Array.from({ length: irqs }, (_, i) => FIRST_VECTOR + 1 + i) };
}

function devicesOf(setting: Setting): readonly DeviceDescription[] {
  const { cpus, start, surroundings: around } = setting;
  const kind = kindOf(setting);
  const isPosted = startsPosted(setting);
  const vectors = vectorsOf(setting, kind).start;
  const all = Array.from({ length: cpus }, (_, c) => c);
  const timed = { interArrival: { us: [100] }, handlerCycles: 3000 } as const;
  const irqs = irqsOf(setting);
  const devices = deviceNames(setting).map((name, d): DeviceDescription => ({
    name,
    kind: kind.level === true ? 'level' : 'free',
    message: kind.message.type === 'ioapic' ? { ...kind.message, pin: kind.message.pin + d } : kind.message,
    raises: irqs.length > 1 ? RAISES_OF_SEVERAL : RAISES,
    ...timed,
    irqs: irqs.flatMap(({ irq, device }, i) =>
      device === name
        ? {
            irq,
            cpu: start,
            vector: vectors[i] ?? FIRST_VECTOR,
            affinity: kind.managed === true ? managedCpus(cpus) : all,
            ...(kind.managed === true && { managed: true }),
            ...(kind.threaded === true && { threaded: true }),
            ...(isPosted && { vcpu: VCPU }),
          }
        : [],
    ),
  }));
  if (around !== 'neighbour' && around !== 'crowd') return devices;
  // on a CPU that the irqs may come to
  const cpu = start === 0 ? 1 : 0;
  const neighbour = { irq: NEIGHBOUR_IRQ, cpu, vector: vectors[0] ?? FIRST_VECTOR, affinity: [cpu] };
  return [...devices, { name: 'disk', kind: 'free', message: { type: 'msi', address64: true }, raises: 0, ...timed, irqs: [neighbour] }];
}

/** The program as a scenario; `handshake`: its devices wait for their handlers. */
export function scenarioOf(program: Program, given: Given, model: string, handshake = false): Scenario {
  const { cpus } = program;
  const { iommu } = platformOf(program);
  const place = vcpuPlace(program);
  const devices = devicesOf(program);
  return {
    version: 1,
    name: nameOf(program, given),
    about: aboutOf(program),
    model,
    behaviours: {},
    assumptions: { ...defaultAssumptions, ...given },
    machine: {
      cpus: Array.from({ length: cpus }, (_, cpu) => ({ cpu, apicId: cpu, online: true })),
      ...(iommu === undefined ? {} : { iommu }),
      ...(place === undefined ? {} : { vcpus: [place] }),
    },
    universe: { vectors: vectorsOf(program, kindOf(program)).universe },
    devices: handshake ? devices.map((each) => ({ ...each, kind: each.kind === 'free' ? 'handshake' : each.kind })) : devices,
    operations: program.operations,
    parallel: false,
    events: [],
    policies: [],
    assert: [],
    run: { repeat: false, seconds: 1, seed: 1 },
    timing: {},
  };
}

/** `moveto1`, `offline2`, `free`, `free25`, `loadto0`, `suspend`: an operation as part of a name. */
function shortName(operation: Operation): string {
  if ('move' in operation) {
    const { irq, to } = operation.move;
    return `move${irq === FIRST_IRQ ? '' : irq}to${to.join('')}`;
  }
  if ('load' in operation) return `loadto${operation.load.cpu}`;
  if ('preempt' in operation || 'block' in operation || 'wake' in operation) return Object.keys(operation)[0] ?? '';
  const [[kind = '', what] = []] = Object.entries(operation) as [string, unknown][];
  const about = 'post' in operation ? operation.post.irq : what;
  return about === true || about === FIRST_IRQ || about === 'nic' ? kind : `${kind}${String(about)}`;
}

/** `vtd-msix-at1-offline1-online1`: what tells it from all others. */
export function nameOf({ platform, kind, cpus, start, surroundings: around, operations }: Program, given: Given): string {
  return [
    ...(platform === 'plain' ? [] : [platform]),
    kind,
    ...(cpus === 2 ? [] : [`${cpus}cpus`]),
    ...(around === 'alone' ? [] : [around]),
    ...(start === 1 ? [] : [`at${start}`]),
    ...operations.map(shortName),
    ...Object.entries(given).flatMap(([name, value]) => [name.toLowerCase(), value]),
  ].join('-');
}

/** A sentence about the machine. */
export function aboutOf(setting: Setting): string {
  const around = surroundings.find(({ name }) => name === setting.surroundings)?.about;
  const device = `${kindOf(setting).about}, ${platformOf(setting).about}`;
  return `${device.charAt(0).toUpperCase()}${device.slice(1)}, starts at CPU ${setting.start} of ${setting.cpus}${around === undefined ? '' : `, ${around}`}.`;
}
