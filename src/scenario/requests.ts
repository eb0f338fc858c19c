/** The operations of a scenario: in words, and as what a kernel model is asked for, each with the CPU whose task does it. */
import type { OperationRequest } from '../kernel/model/index.js';
import { CYCLES_PER_US, lifeKinds, vcpuKinds, type Operation, type Scenario } from './scenario.js';

/** Indexes of what scenarios have by number or name. */
export interface Indexes {
  readonly cpu: (number: number) => number;
  readonly irq: (number: number) => number;
  readonly device: (name: string) => number;
}

export interface Requested {
  readonly requests: readonly OperationRequest[];
  /** in words, as many */
  readonly names: readonly string[];
  /** cycles behind the last one, before the next round; a check has no time */
  readonly pause: number;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type Request = DistributiveOmit<OperationRequest, 'pause'>;

/** `move irq 24 to CPU 0` */
export function describeOperation(o: Operation): string {
  if ('suspend' in o) return 'suspend and resume';
  if ('offline' in o) return `offline CPU ${o.offline}`;
  if ('online' in o) return `online CPU ${o.online}`;
  if ('move' in o)
    return `move irq ${o.move.irq} to CPU ${o.move.to.join(', ')}${o.move.on === undefined ? '' : `, asked for on CPU ${o.move.on}`}`;
  if ('pause' in o) return `pause ${o.pause.us} us`;
  if ('post' in o) return `post irq ${o.post.irq} to vCPU ${o.post.vcpu}`;
  if ('load' in o) return `load vCPU ${o.load.vcpu} on CPU ${o.load.cpu}`;
  for (const kind of vcpuKinds) if (kind in o) return `${kind} vCPU ${(o as Record<typeof kind, number>)[kind]}`;
  if ('teardown' in o) return `tear down ${o.teardown}`;
  if ('allocate' in o) return `allocate ${o.allocate}`;
  const [[kind = '', irq] = []] = Object.entries(o);
  return `${kind} irq ${String(irq)}`;
}

/** Which CPUs have a task to spare while the operations go on, one after the other. By index. */
class Tasks {
  readonly #online: Set<number>;
  readonly #leaving: ReadonlySet<number>;
  readonly #parallel: boolean;
  /** the CPU of each vCPU */
  readonly #guests: number[];
  /** those that stay, but for the one that hotplug runs on */
  readonly #others: readonly number[];
  #taken = 0;

  constructor({ machine, operations, parallel }: Scenario, { cpu }: Indexes) {
    this.#online = new Set(machine.cpus.flatMap((c, i) => (c.online ? [i] : [])));
    this.#guests = (machine.vcpus ?? []).map(cpu);
    this.#leaving = new Set(operations.flatMap((o) => ('offline' in o ? [cpu(o.offline)] : 'suspend' in o ? this.away() : [])));
    this.#parallel = parallel;
    this.#others = this.#sorted()
      .filter((c) => !this.#leaving.has(c))
      .slice(1);
  }

  #sorted(): number[] {
    return [...this.#online].toSorted((a, b) => a - b);
  }

  /** All that are online but the first (linux.md 2.8, 2.9). */
  away(): number[] {
    return this.#sorted().slice(1);
  }

  /**
   * A task must run on a CPU that is there when it begins, and that it does not take away: best on one that always stays; nor on one that
   * belongs to a guest.
   */
  host(besides = -1): number {
    const able = this.#sorted().filter((c) => c !== besides && !this.#guests.includes(c));
    return able.find((c) => !this.#leaving.has(c)) ?? able[0] ?? 0;
  }

  /** In parallel what is no hotplug runs on CPUs of its own, as far as there are: a CPU has one task; hotplug waits for hotplug. */
  driver(): number {
    if (!this.#parallel || this.#others.length === 0) return this.host();
    return this.#others[this.#taken++ % this.#others.length] ?? 0;
  }

  /** Where the thread of a vCPU is. */
  guest(vcpu: number): number {
    return this.#guests[vcpu] ?? 0;
  }

  load(vcpu: number, cpu: number): void {
    this.#guests[vcpu] = cpu;
  }

  /** A CPU goes or comes. In parallel nobody knows the order: those that were there at the start count. */
  plug(kind: 'offline' | 'online', cpu: number): void {
    if (this.#parallel) return;
    if (kind === 'offline') this.#online.delete(cpu);
    else this.#online.add(cpu);
    // whatever ran there goes to the first that is left
    this.#guests.forEach((c, v) => (this.#guests[v] = this.#online.has(c) ? c : Math.min(...this.#online)));
  }
}

/** What the model is asked for; pauses are time before the next operation. */
export function requestsOf(scenario: Scenario, index: Indexes): Requested {
  const tasks = new Tasks(scenario, index);
  const { cpus } = scenario.machine;
  const requests: OperationRequest[] = [];
  const names: string[] = [];
  let pause = 0;
  const add = (name: string, request: Request): void => {
    names.push(name);
    requests.push({ ...request, pause });
    pause = 0;
  };
  const plug = (kind: 'offline' | 'online', cpu: number, name: string): void => {
    add(name, { kind, cpu, on: tasks.host(cpu) });
    tasks.plug(kind, cpu);
  };
  for (const o of scenario.operations) {
    const name = describeOperation(o);
    if ('pause' in o) pause += o.pause.us * CYCLES_PER_US;
    else if ('move' in o) {
      const { irq, to, on } = o.move;
      const cpu = on === undefined ? tasks.driver() : index.cpu(on);
      add(name, { kind: 'move', irq: index.irq(irq), to: to.map(index.cpu), on: cpu });
    } else if ('offline' in o) plug('offline', index.cpu(o.offline), name);
    else if ('online' in o) plug('online', index.cpu(o.online), name);
    else if ('post' in o) add(name, { kind: 'post', irq: index.irq(o.post.irq), vcpu: o.post.vcpu, on: tasks.host() });
    else if ('unpost' in o) add(name, { kind: 'unpost', irq: index.irq(o.unpost), on: tasks.host() });
    else if ('load' in o) {
      const { vcpu } = o.load;
      const cpu = index.cpu(o.load.cpu);
      add(name, { kind: 'load', vcpu, cpu, on: tasks.guest(vcpu) });
      tasks.load(vcpu, cpu);
    } else if ('preempt' in o) add(name, { kind: 'preempt', vcpu: o.preempt, on: tasks.guest(o.preempt) });
    else if ('block' in o) add(name, { kind: 'block', vcpu: o.block, on: tasks.guest(o.block) });
    else if ('wake' in o) add(name, { kind: 'wake', vcpu: o.wake, on: tasks.host() });
    else if ('teardown' in o) add(name, { kind: 'teardown', device: index.device(o.teardown), on: tasks.host() });
    else if ('allocate' in o) add(name, { kind: 'allocate', device: index.device(o.allocate), on: tasks.host() });
    else if ('suspend' in o) {
      const away = tasks.away();
      add('suspend: devices lose power', { kind: 'suspend', on: tasks.host() });
      for (const cpu of away) plug('offline', cpu, `suspend: offline CPU ${cpus[cpu]?.cpu ?? cpu}`);
      for (const cpu of away) plug('online', cpu, `resume: online CPU ${cpus[cpu]?.cpu ?? cpu}`);
      add('resume: devices have power', { kind: 'resume', on: tasks.host() });
    } else {
      const kind = lifeKinds.find((each) => each in o) ?? 'request';
      add(name, { kind, irq: index.irq((o as Partial<Record<typeof kind, number>>)[kind] ?? 0), on: tasks.driver() });
    }
  }
  return { requests, names, pause };
}
