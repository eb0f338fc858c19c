/** `events:` and `policies:` of a scenario: from the file, and the mistakes that show only beside the rest of it. */
import { cpusListed, joined, listed } from '../words.js';
import { duplicates, finding, type Finding } from './findings.js';
import { plug } from './operations.js';
import type { CpuOutline, Outline } from './outline/index.js';
import { cyclesOf, type Injected, type PolicyDescription, type TimedOperation } from './scenario.js';
import { policyKeys, type ScenarioFile } from './schema/index.js';
import type { Path } from './source.js';
import { timeOf } from './workload.js';

type EventInFile = ScenarioFile['events'][number];
type PolicyInFile = ScenarioFile['policies'][number];

function injectedOf({ offline, online, move }: EventInFile): Injected {
  if (offline !== undefined) return { offline };
  if (online !== undefined) return { online };
  if (move === undefined) throw new Error('the schema accepted an event without a key');
  return { move: { irq: move.irq, to: move.to.toSorted((a, b) => a - b), ...(move.on === undefined ? {} : { on: move.on }) } };
}

export function eventOf(event: EventInFile): TimedOperation {
  return { at: timeOf(event.at), ...injectedOf(event) };
}

/** Without the keys that the file leaves out. */
function among<T extends object>({
  irqs,
  cpus,
  ...rest
}: T & { irqs?: readonly number[] | undefined; cpus?: readonly number[] | undefined }) {
  return { ...rest, ...(irqs !== undefined && { irqs }), ...(cpus !== undefined && { cpus }) };
}

export function policyOf({ storm, roundRobin, balancer, numa, hotplugStorm }: PolicyInFile): PolicyDescription {
  if (storm !== undefined) return { storm: among(storm) };
  if (roundRobin !== undefined) return { roundRobin: among(roundRobin) };
  if (balancer !== undefined) return { balancer: among(balancer) };
  if (numa !== undefined) return { numa: among(numa) };
  if (hotplugStorm !== undefined) return { hotplugStorm: among(hotplugStorm) };
  throw new Error('the schema accepted a policy without a key');
}

/** Mistakes of a file that the schema accepts. */
export function eventMistakes(file: ScenarioFile, outline: Outline): Finding[] {
  const { events, policies, operations } = file;
  if ((events.length === 0 && policies.length === 0) || outline.cpus === undefined) return [];
  const cpus = outline.cpus.map(({ cpu }) => cpu.value);
  const irqs = outline.irqs.flatMap(({ irq, managed, requested }) => (irq === undefined ? [] : [{ irq: irq.value, managed, requested }]));
  const noCpu = (cpu: number | undefined, path: Path): Finding[] =>
    cpu === undefined || cpus.includes(cpu) ? [] : [finding(path, `CPU ${cpu} does not exist; the machine has ${cpusListed(cpus)}`)];
  const noCpus = (list: readonly number[] | undefined, path: Path): Finding[] => [
    ...(list ?? []).flatMap((cpu, i) => noCpu(cpu, [...path, i])),
    ...duplicates(
      (list ?? []).map((value, i) => ({ value, path: [...path, i] })),
      (cpu) => `CPU ${cpu} stands in this list twice; write it once`,
    ),
  ];
  const noIrq = (irq: number, path: Path): Finding[] => {
    const known = irqs.find((each) => each.irq === irq);
    if (known === undefined)
      return [finding(path, `irq ${irq} does not exist; the devices have irq ${listed(irqs.map((each) => each.irq))}`)];
    if (known.managed) return [finding(path, `irq ${irq} is managed, and only the kernel moves it; leave out this move, or managed`)];
    const requests = operations.some(({ request }) => request === irq);
    return !known.requested && !requests
      ? [finding(path, `irq ${irq} is not requested; write an operation that requests it, or leave out requested: false`)]
      : [];
  };
  const first = events.length > 0 ? ['events'] : policies.length > 0 ? ['policies'] : undefined;
  const guests =
    first !== undefined && file.machine.vcpus !== undefined
      ? [finding(first, 'a machine with vCPUs takes no operations while it runs; leave out vcpus, or these')]
      : [];
  const named = events.flatMap(({ offline, online, move }, i) => [
    ...noCpu(offline, ['events', i, 'offline']),
    ...noCpu(online, ['events', i, 'online']),
    ...(move === undefined
      ? []
      : [
          ...noIrq(move.irq, ['events', i, 'move', 'irq']),
          ...noCpus(move.to, ['events', i, 'move', 'to']),
          ...noCpu(move.on, ['events', i, 'move', 'on']),
        ]),
  ]);
  const lists = policies.flatMap((policy, i) => {
    const key = policyKeys.find((each) => policy[each] !== undefined) ?? 'storm';
    const { irqs: some, cpus: to, keep }: { irqs?: readonly number[]; cpus?: readonly number[]; keep?: number } = policy[key] as object;
    const path = ['policies', i, key];
    const going = (to ?? cpus).length;
    return [
      ...(some ?? []).flatMap((irq, n) => noIrq(irq, [...path, 'irqs', n])),
      ...noCpus(to, [...path, 'cpus']),
      ...(keep !== undefined && keep >= cpus.length
        ? [
            finding(
              [...path, 'keep'],
              `${keep} of ${cpus.length} CPUs stay, so none can go; write ${joined([String(cpus.length - 1)], 'or')} at most`,
            ),
          ]
        : []),
      ...(going === 0 ? [finding([...path, 'cpus'], 'the list is empty; for example [0]')] : []),
    ];
  });
  const wrong = [...guests, ...named, ...lists];
  return wrong.length > 0 ? wrong : plugMistakes(file, outline.cpus);
}

/** CPUs that go and come, in the order of their times; nobody knows what else goes on at that time, if something else plugs CPUs too. */
function plugMistakes({ events, policies, operations }: ScenarioFile, machine: readonly CpuOutline[]): Finding[] {
  const others = operations.some((o) => o.offline !== undefined || o.online !== undefined || o.suspend !== undefined);
  if (others || policies.some(({ hotplugStorm }) => hotplugStorm !== undefined)) return [];
  const online = new Set(machine.flatMap(({ cpu, online: on }) => (on ? [cpu.value] : [])));
  return events
    .map((event, i) => ({ event, i, at: cyclesOf(timeOf(event.at)) }))
    .toSorted((a, b) => a.at - b.at || a.i - b.i)
    .flatMap(({ event: { offline, online: back, move }, i }) => {
      if (move !== undefined) {
        if (move.to.some((cpu) => online.has(cpu))) return [];
        return [finding(['events', i, 'move', 'to'], `no CPU of this list is online then; add one of ${cpusListed([...online])}`)];
      }
      const kind = offline === undefined ? 'online' : 'offline';
      const wrong = plug(kind, offline ?? back ?? 0, online);
      return wrong === undefined ? [] : [finding(['events', i, kind], wrong)];
    });
}
