/** Whether the list of operations can be carried out: which CPUs are online, and what has become of the irqs, when each begins. */
import { cpuListMistakes, finding, missingCpu, type Finding } from './findings.js';
import type { At, CpuOutline, IrqOutline, LifeKind, OperationOutline, Outline } from './outline/index.js';
import { leave, load, parallelMistakes, placesOf, withoutHost, type Places } from './vcpus.js';
import { cpusListed, joined, listed, quote } from '../words.js';

export function operationMistakes(outline: Outline, cpus: readonly CpuOutline[]): Finding[] {
  const { operations, irqs, parallel, repeat } = outline;
  const known = irqs.flatMap(({ irq }) => (irq === undefined ? [] : [irq.value]));
  const readable = irqs.every(({ irq }) => irq !== undefined);
  const unknown = (irq: At<number>): Finding[] =>
    readable && known.length > 0 && !known.includes(irq.value)
      ? [finding(irq.path, `irq ${irq.value} does not exist; the devices have irq ${listed(known)}`)]
      : [];
  const wrong = operations.flatMap((operation): Finding[] => {
    switch (operation.kind) {
      case 'other':
        return [];
      case 'suspend':
        if (parallel) return [finding(operation.path, 'nothing can go on in parallel with a suspend; leave out parallel')];
        return outline.vcpus === undefined
          ? []
          : [finding(operation.path, 'a machine with vCPUs is not suspended; leave out one of the two')];
      case 'preempt':
      case 'block':
      case 'wake':
        return [];
      case 'load':
        return missingCpu(operation.cpu, cpus);
      case 'offline':
      case 'online':
        return missingCpu(operation.cpu, cpus);
      case 'move':
        return [
          ...(operation.irq === undefined ? [] : unknown(operation.irq)),
          ...cpuListMistakes(operation.to, cpus),
          ...(operation.on === undefined ? [] : missingCpu(operation.on, cpus)),
          ...refused(operation.irq, irqs),
        ];
      case 'teardown':
      case 'allocate':
        return [
          ...deviceMistakes(operation.device, outline),
          ...(parallel
            ? [finding(operation.device.path, `nothing can go on in parallel with a ${operation.kind}; leave out parallel`)]
            : []),
        ];
      default:
        return unknown(operation.irq);
    }
  });
  // What cannot be read may have been the operation that makes the next one right.
  const unread = operations.some((operation) => operation.kind === 'other' && !isPause(operation));
  if (wrong.length > 0 || unread) return wrong;
  const online = new Set(cpus.filter((cpu) => cpu.online).map(({ cpu }) => cpu.value));
  if (online.size === 0) return [];
  const state = { online, lives: livesOf(irqs), places: placesOf(outline, online) };
  if (parallel) {
    const homeless = operations.flatMap((operation) => hostless(operation, state) ?? []);
    return [...parallelMistakes(outline, operations), ...homeless, ...anyOrder(operations, online)];
  }
  const first = inOrder(operations, state, '');
  return first.length > 0 || !repeat ? first : inOrder(operations, state, 'in the second round, ');
}

/** It exists, and has messages that a driver allocates. */
function deviceMistakes({ value, path }: At<string>, { deviceNames, messages }: Outline): Finding[] {
  const names = deviceNames.map((name) => name.value);
  const type = messages[names.indexOf(value)]?.type;
  if (!names.includes(value)) return [finding(path, `there is no device ${quote(value)}; write one of ${joined(names, 'or')}`)];
  return type === 'msi' || type === 'msix'
    ? []
    : [finding(path, `a device of type ${type ?? ''} keeps its irq for good; write the name of one of type msi or msix`)];
}

/** A user who moves a managed irq is refused. */
function refused(irq: At<number> | undefined, irqs: readonly IrqOutline[]): Finding[] {
  const managed = irq !== undefined && irqs.some((each) => each.managed && each.irq?.value === irq.value);
  return managed ? [finding(irq.path, `irq ${irq.value} is managed, and only the kernel moves it; leave out this move, or managed`)] : [];
}

function isPause(operation: OperationOutline): boolean {
  return operation.kind === 'other' && operation.pause;
}

/** What has become of an irq: whether it is allocated, whether a driver has it, and how often it was disabled. */
interface Life {
  readonly device: string | undefined;
  allocated: boolean;
  requested: boolean;
  depth: number;
  /** the vCPU that it is posted to */
  vcpu: number | undefined;
}

interface Way {
  readonly online: Set<number>;
  readonly lives: ReadonlyMap<number, Life>;
  readonly places: Places;
}

/** Times that an irq may be disabled before it is enabled. */
const DEEPEST = 3;

function livesOf(irqs: readonly IrqOutline[]): ReadonlyMap<number, Life> {
  return new Map(
    irqs.flatMap(({ irq, device, requested, vcpu }) =>
      irq === undefined ? [] : [[irq.value, { device, allocated: true, requested, depth: 0, vcpu: vcpu?.value }]],
    ),
  );
}

/** Why an operation on an irq cannot be carried out, as a sentence; if it can, it is. */
function live(kind: LifeKind, irq: number, life: Life): string | undefined {
  if (!life.allocated) return `irq ${irq} is given back then; allocate ${life.device ?? 'its device'} before`;
  if (kind === 'request') {
    if (life.requested) return `irq ${irq} is requested already; free it before, or write requested: false where it is declared`;
    Object.assign(life, { requested: true, depth: 0 });
    return undefined;
  }
  if (!life.requested) return `irq ${irq} is not requested then; request it before`;
  if (life.vcpu !== undefined) return `irq ${irq} is posted to vCPU ${life.vcpu} then; unpost it before`;
  switch (kind) {
    case 'free':
      life.requested = false;
      return undefined;
    case 'disable':
      if (life.depth === DEEPEST) return `irq ${irq} is disabled ${DEEPEST} times already; enable it before`;
      life.depth++;
      return undefined;
    default:
      if (life.depth === 0) return `irq ${irq} is enabled already; disable it before, or leave this out`;
      life.depth--;
      return undefined;
  }
}

/** As `live`, of a post to a vCPU, or of none any more. */
function posted(irq: number, vcpu: number | undefined, life: Life): string | undefined {
  if (!life.requested) return `irq ${irq} is not requested then; request it before`;
  if (life.depth > 0) return `irq ${irq} is disabled then; enable it before`;
  if (vcpu === undefined && life.vcpu === undefined) return `irq ${irq} is not posted then; post it before, or leave this out`;
  if (vcpu !== undefined && vcpu === life.vcpu) return `irq ${irq} is posted to vCPU ${vcpu} already; leave this out`;
  life.vcpu = vcpu;
  return undefined;
}

/** As `live`, of all irqs of a device. */
function given(kind: 'teardown' | 'allocate', device: string, lives: Way['lives']): string | undefined {
  const own = [...lives].filter(([, life]) => life.device === device);
  const held = own.find(([, { requested }]) => requested);
  const allocated = own.every(([, life]) => life.allocated);
  if (kind === 'teardown' && held !== undefined) return `irq ${held[0]} is requested then; free it before`;
  if (kind === 'teardown' && !allocated) return `${device} is torn down already; allocate it before, or leave this out`;
  if (kind === 'allocate' && allocated) return `${device} is allocated already; tear it down before, or leave this out`;
  for (const [, life] of own) life.allocated = kind === 'allocate';
  return undefined;
}

/** Carries the operations out and reports those that cannot be. */
function inOrder(operations: readonly OperationOutline[], way: Way, when: string): Finding[] {
  const { online, lives, places } = way;
  return operations.flatMap((operation) => {
    const homeless = hostless(operation, way);
    if (homeless !== undefined) return [{ ...homeless, message: `${when}${homeless.message}` }];
    switch (operation.kind) {
      case 'other':
      case 'suspend':
      case 'preempt':
      case 'block':
      case 'wake':
        return [];
      case 'post':
      case 'unpost': {
        const { value, path } = operation.irq;
        const life = lives.get(value);
        const wrong = life && posted(value, operation.kind === 'post' ? operation.vcpu.value : undefined, life);
        return wrong === undefined ? [] : [finding(path, `${when}${wrong}`)];
      }
      case 'load': {
        const wrong = load(places, online, operation.vcpu.value, operation.cpu.value);
        return wrong === undefined ? [] : [finding(operation.cpu.path, `${when}${wrong}`)];
      }
      case 'teardown':
      case 'allocate': {
        const { value, path } = operation.device;
        const wrong = given(operation.kind, value, lives);
        return wrong === undefined ? [] : [finding(path, `${when}${wrong}`)];
      }
      case 'move': {
        const { irq, to, on, path } = operation;
        const life = irq && lives.get(irq.value);
        if (life && !life.allocated)
          return [finding(irq.path, `${when}irq ${irq.value} is given back then; allocate ${life.device ?? 'its device'} before`)];
        if (on !== undefined && !online.has(on.value))
          return [finding(on.path, `${when}CPU ${on.value} is offline when the move begins; write one of ${cpusListed([...online])}`)];
        if (to.length === 0 || to.some(({ value }) => online.has(value))) return [];
        return [finding(path, `${when}no CPU of this list is online when the move begins; add one of ${cpusListed([...online])}`)];
      }
      case 'online':
      case 'offline': {
        const { value: cpu } = operation.cpu;
        const stuck = operation.kind === 'offline' && online.size > 1 ? leave(places, online, cpu) : undefined;
        const wrong = stuck ?? plug(operation.kind, cpu, online);
        return wrong === undefined ? [] : [finding(operation.cpu.path, `${when}${wrong}`)];
      }
      default: {
        const { value, path } = operation.irq;
        const life = lives.get(value);
        const wrong = life && live(operation.kind, value, life);
        return wrong === undefined ? [] : [finding(path, `${when}${wrong}`)];
      }
    }
  });
}

/** An operation whose task finds no CPU without a vCPU. */
function hostless(operation: OperationOutline, { online, places }: Way): Finding | undefined {
  if (operation.kind === 'other' || operation.kind === 'load' || operation.kind === 'preempt' || operation.kind === 'block')
    return undefined;
  const on = operation.kind === 'move' ? operation.on : undefined;
  if (on !== undefined && places.includes(on.value))
    return finding(on.path, `CPU ${on.value} has vCPU ${places.indexOf(on.value)} then; write another, or leave out on`);
  const message = withoutHost(places, online, operation.kind === 'offline' ? operation.cpu.value : undefined);
  if (message === undefined) return undefined;
  const at = 'irq' in operation ? operation.irq : 'vcpu' in operation ? operation.vcpu : 'cpu' in operation ? operation.cpu : undefined;
  return finding(at?.path ?? ('path' in operation ? operation.path : ['operations']), message);
}

/** Why a CPU cannot go or come, as a sentence; if it can, it does. */
export function plug(kind: 'online' | 'offline', cpu: number, online: Set<number>): string | undefined {
  const there = online.has(cpu);
  if (kind === 'online') {
    online.add(cpu);
    return there ? `CPU ${cpu} is online already; take it offline before, or leave this out` : undefined;
  }
  if (!there) return `CPU ${cpu} is offline already; bring it online before, or leave this out`;
  if (online.size === 1) return `CPU ${cpu} is the only one online and cannot go offline; bring another online before`;
  online.delete(cpu);
  return undefined;
}

/** In parallel any order may come to pass; only what is wrong in all of them, or leaves no CPU, is a mistake. */
function anyOrder(operations: readonly OperationOutline[], online: ReadonlySet<number>): Finding[] {
  const leaving = operations.flatMap((operation) => (operation.kind === 'offline' ? [operation.cpu] : []));
  const staying = [...online].filter((cpu) => leaving.every(({ value }) => value !== cpu));
  const last = leaving.at(-1);
  if (staying.length === 0 && last !== undefined)
    return [finding(last.path, 'in some order of these operations no CPU stays online; leave one of them online')];
  return operations.flatMap((operation) => {
    const on = operation.kind === 'move' ? operation.on : undefined;
    if (on === undefined || staying.includes(on.value)) return [];
    const text = `CPU ${on.value} may be offline when the move begins; write one of ${cpusListed(staying)}`;
    return [finding(on.path, text)];
  });
}
