/** Sequences of operations that make sense on a machine, each once up to renaming. */
import type { Operation } from '../scenario/index.js';
import { deviceNames, irqsOf, startsPosted, VCPU, vcpuPlace, type Setting } from './program.js';
import { isMovable, kindOf } from './universe.js';

/** What has become of an irq. */
interface Life {
  readonly device: string;
  readonly allocated: boolean;
  readonly requested: boolean;
  /** times that it was disabled */
  readonly depth: number;
  /** it is posted to the vCPU */
  readonly posted: boolean;
}

/** What may have become of the vCPU: an event of a device wakes it at any time. */
interface Vcpu {
  /** CPU of its thread */
  readonly place: number;
  readonly mayRun: boolean;
  readonly mayBeBlocked: boolean;
}

/** What matters for the next operation. */
interface World {
  readonly online: readonly boolean[];
  readonly lives: ReadonlyMap<number, Life>;
  /** undefined: there is no guest */
  readonly vcpu: Vcpu | undefined;
  /** CPUs and irqs that something has told from the others of their kind */
  readonly knownCpus: ReadonlySet<number>;
  readonly knownIrqs: ReadonlySet<number>;
  readonly last: string;
}

/** CPU that boots: Linux on x86 does not take it offline. */
const BOOT = 0;
/** Times that an irq may be disabled before it is enabled. */
const DEEPEST = 3;

function beginning(setting: Setting): World {
  const place = vcpuPlace(setting);
  const posted = startsPosted(setting);
  return {
    online: Array.from({ length: setting.cpus }, () => true),
    lives: new Map(irqsOf(setting).map(({ irq, device }) => [irq, { device, allocated: true, requested: true, depth: 0, posted }])),
    vcpu: place === undefined ? undefined : { place, mayRun: true, mayBeBlocked: false },
    knownCpus: new Set([
      BOOT,
      setting.start,
      // a neighbour is at the other one of the first two
      ...(['neighbour', 'crowd'].includes(setting.surroundings) ? [1] : []),
      ...(place === undefined ? [] : [place]),
    ]),
    // messages of one device are told apart by their number
    knownIrqs: new Set(setting.surroundings === 'twin' ? [] : irqsOf(setting).map(({ irq }) => irq)),
    last: '',
  };
}

/** Known ones, and of those that are all the same the first. */
function distinct(all: readonly number[], known: ReadonlySet<number>): number[] {
  const fresh = all.find((each) => !known.has(each));
  return all.filter((each) => known.has(each) || each === fresh);
}

function possible(setting: Setting, world: World): Operation[] {
  const { online, lives, vcpu, knownCpus, knownIrqs, last } = world;
  const kind = kindOf(setting);
  const { message } = kind;
  const cpus = distinct([...online.keys()], knownCpus);
  const irqs = distinct([...lives.keys()], knownIrqs).map((irq) => ({ irq, ...(lives.get(irq) as Life) }));
  const there = irqs.filter(({ allocated }) => allocated);
  const moves = isMovable(kind) ? there.flatMap(({ irq }) => cpus.flatMap((cpu) => (online[cpu] ? { move: { irq, to: [cpu] } } : []))) : [];
  const devices = message.type === 'msi' || message.type === 'msix' ? [...new Set(irqs.map(({ device }) => device))] : [];
  const whole = (device: string): Life[] => [...lives.values()].filter((life) => life.device === device);
  const all: Operation[] = [
    ...moves,
    ...cpus.flatMap((cpu): Operation[] => (cpu === BOOT ? [] : [online[cpu] ? { offline: cpu } : { online: cpu }])),
    ...there.flatMap(({ irq, requested, depth, posted }): Operation[] => {
      if (posted) return [{ unpost: irq }];
      if (!requested) return [{ request: irq }];
      return [
        { free: irq },
        ...(depth < DEEPEST ? [{ disable: irq }] : []),
        ...(depth > 0 ? [{ enable: irq }] : []),
        ...(vcpu !== undefined && depth === 0 ? [{ post: { irq, vcpu: VCPU } }] : []),
      ];
    }),
    ...devices.flatMap((device): Operation[] => {
      const own = whole(device);
      if (own.every(({ allocated, requested }) => allocated && !requested)) return [{ teardown: device }];
      return own.every(({ allocated }) => !allocated) ? [{ allocate: device }] : [];
    }),
    ...(vcpu === undefined
      ? [{ suspend: true } as const]
      : [
          ...(vcpu.mayRun ? [{ preempt: VCPU }, { block: VCPU }] : []),
          ...(vcpu.mayBeBlocked ? [{ wake: VCPU }] : []),
          ...cpus.flatMap((cpu) => (online[cpu] && cpu !== vcpu.place ? [{ load: { vcpu: VCPU, cpu } }] : [])),
        ]),
  ];
  return all.filter((each) => {
    // twice the same at once is the same as once
    const again = 'move' in each && JSON.stringify(each) === last;
    return !again && hasHost(world, each);
  });
}

/** A task of the host that does it has a CPU without the vCPU. */
function hasHost({ online, vcpu }: World, operation: Operation): boolean {
  if (vcpu === undefined || 'preempt' in operation || 'block' in operation || 'load' in operation) return true;
  const goes = 'offline' in operation ? operation.offline : undefined;
  return online.some((on, cpu) => on && cpu !== vcpu.place && cpu !== goes);
}

function after(setting: Setting, world: World, operation: Operation): World {
  const { online, lives, vcpu, knownCpus, knownIrqs } = world;
  const last = JSON.stringify(operation);
  const naming = {
    knownCpus: new Set([...knownCpus, ...cpusOf(operation)]),
    knownIrqs: new Set([...knownIrqs, ...named(setting, operation)]),
    last,
  };
  const change = (irq: number, what: Partial<Life>): World => ({
    ...world,
    ...naming,
    lives: new Map([...lives].map(([each, life]) => [each, each === irq ? { ...life, ...what } : life])),
  });
  const become = (what: Partial<Vcpu>): Pick<World, 'vcpu'> => ({ vcpu: vcpu && { ...vcpu, ...what } });
  const plug = (cpu: number, on: boolean): World => {
    const now = online.map((was, c) => (c === cpu ? on : was));
    // the vCPU of a CPU that goes is at the first that is left
    return { ...world, ...naming, ...(!on && vcpu?.place === cpu && become({ place: now.indexOf(true) })), online: now };
  };
  const allocate = (device: string, allocated: boolean): World => ({
    ...world,
    ...naming,
    lives: new Map([...lives].map(([irq, life]) => [irq, life.device === device ? { ...life, allocated } : life])),
  });
  if ('offline' in operation) return plug(operation.offline, false);
  if ('online' in operation) return plug(operation.online, true);
  if ('request' in operation) return change(operation.request, { requested: true, depth: 0 });
  if ('free' in operation) return change(operation.free, { requested: false });
  if ('disable' in operation) return change(operation.disable, { depth: (lives.get(operation.disable)?.depth ?? 0) + 1 });
  if ('enable' in operation) return change(operation.enable, { depth: (lives.get(operation.enable)?.depth ?? 1) - 1 });
  if ('unpost' in operation) return change(operation.unpost, { posted: false });
  if ('post' in operation) return { ...change(operation.post.irq, { posted: true }), ...become({ mayRun: true }) };
  if ('load' in operation) return { ...world, ...naming, ...become({ place: operation.load.cpu }) };
  if ('block' in operation) {
    const mayRun = [...lives.values()].some(({ posted }) => posted);
    return { ...world, ...naming, ...become({ mayRun, mayBeBlocked: true }) };
  }
  if ('wake' in operation) return { ...world, ...naming, ...become({ mayRun: true, mayBeBlocked: false }) };
  if ('teardown' in operation) return allocate(operation.teardown, false);
  if ('allocate' in operation) return allocate(operation.allocate, true);
  return { ...world, ...naming };
}

function cpusOf(operation: Operation): readonly number[] {
  if ('move' in operation) return operation.move.to;
  if ('offline' in operation) return [operation.offline];
  if ('load' in operation) return [operation.load.cpu];
  return 'online' in operation ? [operation.online] : [];
}

function named(setting: Setting, operation: Operation): readonly number[] {
  if ('move' in operation) return [operation.move.irq];
  if ('post' in operation) return [operation.post.irq];
  if ('preempt' in operation || 'block' in operation || 'wake' in operation) return [];
  if ('teardown' in operation || 'allocate' in operation) {
    const device = 'teardown' in operation ? operation.teardown : operation.allocate;
    return irqsOf(setting).flatMap((each) => (each.device === device ? each.irq : []));
  }
  const about = Object.values(operation)[0] as unknown;
  return 'offline' in operation || 'online' in operation || typeof about !== 'number' ? [] : [about];
}

/** All sequences of so many operations, in a fixed order. */
export function sequences(setting: Setting, size: number): readonly (readonly Operation[])[] {
  const from = (world: World, left: number): Operation[][] =>
    left === 0
      ? [[]]
      : possible(setting, world).flatMap((first) => from(after(setting, world, first), left - 1).map((rest) => [first, ...rest]));
  const all = from(beginning(setting), size);
  // those without are of a platform without a guest
  return setting.surroundings === 'host' ? all.filter((operations) => operations.some((each) => 'post' in each)) : all;
}

/** Whether operations make sense there, in whatever names. */
export function makesSense(setting: Setting, operations: readonly Operation[]): boolean {
  let world: World = {
    ...beginning(setting),
    knownCpus: new Set(Array(setting.cpus).keys()),
    knownIrqs: new Set(irqsOf(setting).map(({ irq }) => irq)),
  };
  for (const operation of operations) {
    if (!possible(setting, world).some((each) => JSON.stringify(each) === JSON.stringify(operation))) return false;
    world = after(setting, world, operation);
  }
  return deviceNames(setting).length > 0;
}
