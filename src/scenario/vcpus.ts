/** Virtual CPUs: where they are, what is posted to them, and what may be wrong with what a file says of them. */
import { cpusListed, joined } from '../words.js';
import { cpuListMistakes, finding, type Finding } from './findings.js';
import type { At, CpuOutline, IrqOutline, OperationOutline, Outline } from './outline/index.js';

/** The CPUs of so many vCPUs, if the file does not say: the last that are online, so that the first are the host's. */
export function lastCpus(count: number, online: readonly number[]): readonly number[] {
  return online.toSorted((a, b) => b - a).slice(0, count);
}

/** What can be said without a look at the order of operations. */
export function vcpuMistakes(outline: Outline): Finding[] {
  const { vcpus, cpus, irqs, vectors, messages, operations } = outline;
  const wrong = vcpus === undefined ? undefined : whyNoUnitPosts(vcpus, outline);
  if (wrong !== undefined) return [wrong];
  const posted = new Set([
    ...irqs.flatMap(({ irq, vcpu }) => (irq === undefined || vcpu === undefined ? [] : [irq.value])),
    ...operations.flatMap((o) => (o.kind === 'post' ? [o.irq.value] : [])),
  ]);
  return [
    ...(vcpus === undefined || cpus === undefined ? [] : placeMistakes(vcpus, cpus)),
    ...irqs.flatMap((irq) => irqMistakes(irq, outline)),
    ...operations.flatMap((o) => ('vcpu' in o ? missingVcpu(o.vcpu, outline) : [])),
    ...operations.flatMap((o) => {
      const irq = o.kind === 'post' ? irqs.find((each) => each.irq?.value === o.irq.value) : undefined;
      return irq === undefined ? [] : whyNotPosted(irq, messages, o.kind === 'post' ? o.irq : undefined);
    }),
    ...(vectors !== undefined && posted.size > vectors
      ? [
          finding(
            ['machine', 'vcpus'],
            `${posted.size} irqs are posted, each with a vector of the guest, of which there are ${vectors}; raise universe vectors`,
          ),
        ]
      : []),
  ];
}

function whyNoUnitPosts({ value }: NonNullable<Outline['vcpus']>, outline: Outline): Finding | undefined {
  const { iommu, operations, cpus } = outline;
  const at = ['machine', 'vcpus'];
  if (iommu['type'] === 'vtd') return undefined;
  if (iommu['type'] !== 'amd' || iommu['guest'] !== true)
    return finding(at, 'no unit posts to these vCPUs; write iommu: vtd or {type: amd, guest: true}, or leave out vcpus');
  if ((typeof value === 'number' ? value : value.length) > 1)
    return finding(at, 'AMD’s units post to one vCPU at most here; write vcpus: 1');
  // the kernel's model does not move them (target.ts)
  const online = new Set(cpus?.flatMap((cpu) => (cpu.online ? [cpu.cpu.value] : [])));
  const places = placesOf(outline, online);
  const told = Math.min(...[...online].filter((cpu) => !places.includes(cpu)));
  const wrong = operations.find((o) => o.kind === 'offline' && o.cpu.value === told);
  return wrong?.kind === 'offline'
    ? finding(
        wrong.cpu.path,
        `CPU ${told} has the interrupts of AMD’s units, and stays online; take another CPU offline, or write iommu: vtd`,
      )
    : undefined;
}

function placeMistakes({ value, path }: NonNullable<Outline['vcpus']>, cpus: readonly CpuOutline[]): Finding[] {
  const online = cpus.filter((cpu) => cpu.online).map(({ cpu }) => cpu.value);
  if (typeof value === 'number')
    return value <= online.length
      ? []
      : [
          finding(
            path,
            `${value} vCPUs need a CPU each, and ${cpusListed(online)} ${online.length === 1 ? 'is' : 'are'} online; write fewer`,
          ),
        ];
  const wrong = cpuListMistakes(value, cpus);
  if (wrong.length > 0) return wrong;
  return value.flatMap((cpu) =>
    online.includes(cpu.value) ? [] : [finding(cpu.path, `CPU ${cpu.value} is offline at the start; write one of ${cpusListed(online)}`)],
  );
}

function missingVcpu({ value, path }: At<number>, { vcpus, vcpusUnread }: Outline): Finding[] {
  if (vcpusUnread) return [];
  if (vcpus === undefined) return [finding(path, 'the machine has no vCPUs; write machine vcpus: 1')];
  const count = typeof vcpus.value === 'number' ? vcpus.value : vcpus.value.length;
  return value < count
    ? []
    : [finding(path, `vCPU ${value} does not exist; the machine has vCPU ${count === 1 ? '0' : `0 to ${count - 1}`}`)];
}

function irqMistakes(irq: IrqOutline, outline: Outline): Finding[] {
  if (irq.vcpu === undefined) return [];
  const missing = missingVcpu(irq.vcpu, outline);
  if (missing.length > 0) return missing;
  if (!irq.requested) return [finding(irq.vcpu.path, 'an irq that nobody has requested is posted to no vCPU; leave out one of the two')];
  return whyNotPosted(irq, outline.messages, irq.vcpu);
}

/** Linux posts what VFIO has: messages of PCI devices, which are a user's to move. */
function whyNotPosted({ irq, device, managed }: IrqOutline, messages: Outline['messages'], at: At<number> | undefined): Finding[] {
  if (irq === undefined || at === undefined) return [];
  const type = messages.find((message) => message.device === device)?.type;
  if (type !== undefined && type !== 'msi' && type !== 'msix')
    return [finding(at.path, `irq ${irq.value} is of type ${type}, and only messages of PCI devices are posted to a vCPU: msi or msix`)];
  return managed ? [finding(at.path, `irq ${irq.value} is managed, and such are not posted to a vCPU; leave out managed`)] : [];
}

/** Where vCPUs are, by their numbers, when an operation begins. */
export type Places = number[];

export function placesOf({ vcpus }: Outline, online: ReadonlySet<number>): Places {
  if (vcpus === undefined) return [];
  return typeof vcpus.value === 'number' ? [...lastCpus(vcpus.value, [...online])] : vcpus.value.map(({ value }) => value);
}

/** A task of the host has a CPU of its own. `besides`: not that one. Undefined: there is one. */
export function withoutHost(places: Places, online: ReadonlySet<number>, besides?: number): string | undefined {
  if (places.length === 0 || [...online].some((cpu) => cpu !== besides && !places.includes(cpu))) return undefined;
  return 'every CPU that is left has a vCPU then, and this needs one without; give the machine another CPU';
}

/** As `withoutHost`; a vCPU whose CPU goes offline goes to the first that is left. */
export function leave(places: Places, online: ReadonlySet<number>, cpu: number): string | undefined {
  const vcpu = places.indexOf(cpu);
  const next = Math.min(...[...online].filter((each) => each !== cpu));
  const other = places.indexOf(next);
  if (vcpu >= 0 && other >= 0)
    return `vCPU ${vcpu} of CPU ${cpu} would go to CPU ${next} then, which has vCPU ${other}; load one of them elsewhere before`;
  if (vcpu >= 0) places[vcpu] = next;
  return undefined;
}

/** The same of a load: the CPU is online, and has no other vCPU. */
export function load(places: Places, online: ReadonlySet<number>, vcpu: number, cpu: number): string | undefined {
  if (!online.has(cpu)) return `CPU ${cpu} is offline then; bring it online before`;
  const other = places.findIndex((place, v) => v !== vcpu && place === cpu);
  if (other >= 0) return `CPU ${cpu} has vCPU ${other} then; load that one elsewhere before`;
  places[vcpu] = cpu;
  return undefined;
}

/** In parallel nobody knows where a vCPU is, or whether an irq is posted. */
export function parallelMistakes({ vcpus, irqs }: Outline, operations: readonly OperationOutline[]): Finding[] {
  if (vcpus === undefined) return [];
  const posted = new Set([
    ...irqs.flatMap(({ irq, vcpu }) => (irq === undefined || vcpu === undefined ? [] : [irq.value])),
    ...operations.flatMap((o) => (o.kind === 'post' ? [o.irq.value] : [])),
  ]);
  const ended = ['free', 'disable'] as const;
  return operations.flatMap((o) => {
    if (o.kind === 'load' || o.kind === 'offline')
      return [
        finding(
          o.cpu.path,
          `nothing can go on in parallel with ${joined(['a load', 'an offline'], 'or')} where there are vCPUs; leave out parallel`,
        ),
      ];
    const kind = ended.find((each) => each === o.kind);
    return kind !== undefined && 'irq' in o && o.irq !== undefined && posted.has(o.irq.value)
      ? [finding(o.irq.path, `irq ${o.irq.value} may be posted to a vCPU when this begins; leave out parallel`)]
      : [];
  });
}
