/** A machine of a scenario: what a host does to it while it runs, and sees of it, by the numbers of the file. */
import { ModelError, type Control } from '../kernel/model/index.js';
import type { Core } from '../core/index.js';
import {
  ModelFault,
  ProgramMachine,
  refuseTooLarge,
  type FaultPlace,
  type InjectedOperation,
  type MachineSetup,
} from '../machine/index.js';
import { cpusListed, listed } from '../words.js';
import { plug } from './operations.js';
import { cyclesOf, type Injected, type Time, type TimedOperation } from './scenario.js';

/** A CPU as a policy sees it. */
export interface CpuView {
  readonly cpu: number;
  readonly node: number;
  readonly online: boolean;
  /** drivers' handlers that were entered on it so far, and their cost in cycles */
  readonly handled: number;
  readonly cycles: number;
}

/** An irq as a policy sees it. */
export interface IrqView {
  readonly irq: number;
  /** where its next message goes, as the kernel knows it */
  readonly cpu: number;
  /** node of its device */
  readonly node: number;
  /** false: it is managed, or no driver has it */
  readonly movable: boolean;
  /** its handler's entries so far, and their cost in cycles */
  readonly handled: number;
  readonly cycles: number;
}

/** A machine that runs, as it is at this moment. Each list is made when it is asked for. */
export interface RunView {
  /** cycles since the beginning of the run */
  readonly time: number;
  /** cycle at which a policy is asked again */
  readonly until: number;
  readonly cpus: readonly CpuView[];
  readonly irqs: readonly IrqView[];
  /** numbers of the CPUs that are online */
  readonly online: readonly number[];
  /** injected operations that have not ended, and those among them that take a CPU away or bring one */
  readonly pending: number;
  readonly plugging: number;
}

/** What its numbers mean, by index: data, which a scenario that was compiled has with it. */
export interface Host {
  readonly model: string;
  /** left out: nothing can be injected */
  readonly control?: Control | undefined;
  readonly cpus: readonly number[];
  readonly nodes: readonly number[];
  readonly irqs: readonly { readonly irq: number; readonly managed: boolean; readonly node: number }[];
  /** the scenario's own operations, or a policy, plug CPUs too: who is online when is not known beforehand */
  readonly othersPlug: boolean;
  readonly guests: boolean;
}

/** Where an instruction of a model stands. */
export type PlaceOf = (instruction: number) => FaultPlace;

/**
 * The machine in which a scenario begins. `offline`, `online` and `setAffinity` do what a user of it would, from a cycle on or now: they
 * wait, in the state of the machine, until a CPU has time for them. Each throws a `RangeError` that says what is wrong.
 */
export class ScenarioMachine extends ProgramMachine {
  #host: Host | undefined;
  #placeOf: PlaceOf | undefined;

  /** @hidden */
  static of(core: Core, setup: MachineSetup, host: Host, placeOf?: PlaceOf): ScenarioMachine {
    refuseTooLarge(setup);
    const machine = new ScenarioMachine(core, setup);
    machine.#host = host;
    machine.#placeOf = placeOf;
    return machine;
  }

  /** Takes a CPU offline. Those that are plugged wait for each other, as for cpu_hotplug_lock. */
  offline(cpu: number, at?: Time): void {
    this.inject({ offline: cpu }, at);
  }

  /** Brings a CPU back. */
  online(cpu: number, at?: Time): void {
    this.inject({ online: cpu }, at);
  }

  /** Asks for an irq to go to one of these CPUs, as a write to smp_affinity does. Those of one irq wait for each other. */
  setAffinity(irq: number, cpus: readonly number[], at?: Time): void {
    this.inject({ move: { irq, to: cpus } }, at);
  }

  /** @hidden the events of a file, which says what is wrong with them by itself */
  schedule(events: readonly TimedOperation[]): void {
    for (const { at, ...operation } of events) {
      const due = BigInt(cyclesOf(at));
      const wrong = this.#mistake(operation, due);
      if (wrong !== undefined) throw new RangeError(wrong);
      this.#queue(operation, due);
    }
  }

  /** Injects an operation; left out: now. Throws `RangeError`; `ModelError` for a model of the user's own that takes none. */
  inject(operation: Injected, at?: Time): void {
    const due = at === undefined ? this.now : BigInt(cyclesOf(at));
    const wrong = this.#mistake(operation, due) ?? this.#refusal(operation, due);
    if (wrong !== undefined) throw new RangeError(wrong);
    if (!this.#queue(operation, due))
      throw new RangeError(`${this.pending().length} operations wait already, and no more have room; let the machine run first`);
  }

  /**
   * Injects an operation of somebody who does not know what the others do: false if the kernel would refuse it then, or there is no
   * room, and nothing has happened. Throws as `inject` for what does not exist.
   */
  tryInject(operation: Injected, at?: Time): boolean {
    const due = at === undefined ? this.now : BigInt(cyclesOf(at));
    const wrong = this.#mistake(operation, due);
    if (wrong !== undefined) throw new RangeError(wrong);
    return this.#refusal(operation, due) === undefined && this.#queue(operation, due);
  }

  #queue(operation: Injected, due: bigint): boolean {
    const { control, cpus, irqs, model } = this.#known;
    if (control === undefined) throw new ModelError(`${model} takes no operations while it runs: its machines have no control`);
    return this.queue(injectedOperation(operation, control, cpus, irqs), due);
  }

  /** The machine as it is at this moment, for a policy that is asked again at a cycle. */
  view(until = this.now): RunView {
    return new View(this, this.#known, Number(until));
  }

  protected override faultAt(kind: number, instruction: number): ModelFault {
    return new ModelFault(kind, instruction, this.#placeOf?.(instruction), this.#known.model);
  }

  get #known(): Host {
    if (this.#host === undefined) throw new Error('a machine of a scenario is made by its system');
    return this.#host;
  }

  /** What does not exist, or makes no sense at any time, as a sentence. */
  #mistake(operation: Injected, due: bigint): string | undefined {
    const { cpus, irqs, guests } = this.#known;
    if (!this.setup.timed)
      return 'a check has no time at which an operation could be injected; write it among the operations of the scenario';
    if (guests) return 'a machine with vCPUs takes no operations while it runs';
    if (due < this.now) return `cycle ${due} has passed; it is cycle ${this.now} now`;
    const named = cpusOf(operation).find((cpu) => !cpus.includes(cpu));
    if (named !== undefined) return `CPU ${named} does not exist; the machine has ${cpusListed(cpus)}`;
    if (!('move' in operation)) return undefined;
    const { irq, to } = operation.move;
    const known = irqs.find((each) => each.irq === irq);
    if (known === undefined) return `irq ${irq} does not exist; the devices have irq ${listed(irqs.map((each) => each.irq))}`;
    if (known.managed) return `irq ${irq} is managed, and only the kernel moves it`;
    return to.length === 0 ? 'an irq needs a CPU to go to; name one' : undefined;
  }

  /** Why the kernel would refuse an operation then, as far as that is known now, as a sentence. */
  #refusal(operation: Injected, due: bigint): string | undefined {
    const { control, irqs, othersPlug } = this.#known;
    if (control === undefined) return undefined;
    const online = othersPlug ? undefined : this.#onlineAt(control, due);
    if (!('move' in operation))
      return online && ('offline' in operation ? plug('offline', operation.offline, online) : plug('online', operation.online, online));
    const { irq, to } = operation.move;
    // whoever asks for a later time may know what is done until then
    const requested =
      due > this.now ||
      isRequested(
        this,
        control,
        irqs.findIndex((each) => each.irq === irq),
      );
    if (!requested) return `irq ${irq} is not requested: no driver has it, and nothing moves it`;
    if (online === undefined || to.some((cpu) => online.has(cpu))) return undefined;
    return `no CPU of this list is online then; add one of ${cpusListed([...online])}`;
  }

  /** CPUs that will be online at a cycle, as far as that is decided. */
  #onlineAt(control: Control, due: bigint): Set<number> {
    const { cpus } = this.#known;
    const online = new Set(this.maskBits(control.online).map((c) => cpus[c] ?? 0));
    for (const { subject, entry, due: other } of this.pending()) {
      if (subject === undefined || other > due) continue;
      const cpu = cpus[subject] ?? 0;
      if (entry === control.plug.online) online.add(cpu);
      else online.delete(cpu);
    }
    return online;
  }
}

/** Whether a driver has an irq. */
function isRequested(machine: ProgramMachine, { shutdown }: Control, irq: number): boolean {
  return machine.variable(shutdown.slot, irq) !== shutdown.value;
}

/** The operation as the core takes it. */
function injectedOperation(operation: Injected, { plug: by, move }: Control, cpus: Host['cpus'], irqs: Host['irqs']): InjectedOperation {
  if ('move' in operation) {
    const { irq, to, on } = operation.move;
    const index = irqs.findIndex((each) => each.irq === irq);
    return {
      entry: move.entry,
      cpu: on === undefined ? 0 : cpus.indexOf(on),
      args: [index, { cpus: to.map((cpu) => cpus.indexOf(cpu)) }],
      key: move.firstKey + index,
    };
  }
  const [entry, cpu] = 'offline' in operation ? [by.offline, operation.offline] : [by.online, operation.online];
  const subject = cpus.indexOf(cpu);
  return { entry, cpu: 0, args: [subject, 0], key: by.key, subject };
}

/** CPUs that an operation names. */
function cpusOf(operation: Injected): readonly number[] {
  if ('offline' in operation) return [operation.offline];
  if ('online' in operation) return [operation.online];
  const { to, on } = operation.move;
  return on === undefined ? to : [...to, on];
}

class View implements RunView {
  readonly #machine: ScenarioMachine;
  readonly #host: Host;
  readonly until: number;

  constructor(machine: ScenarioMachine, host: Host, until: number) {
    this.until = until;
    this.#machine = machine;
    this.#host = host;
  }

  get time(): number {
    return Number(this.#machine.now);
  }

  get online(): readonly number[] {
    const { control, cpus } = this.#host;
    return control === undefined ? cpus : this.#machine.maskBits(control.online).map((c) => cpus[c] ?? 0);
  }

  get cpus(): readonly CpuView[] {
    const online = new Set(this.online);
    return this.#host.cpus.map((cpu, c) => ({
      cpu,
      node: this.#host.nodes[c] ?? 0,
      online: online.has(cpu),
      ...this.#machine.loadOfCpu(c),
    }));
  }

  get irqs(): readonly IrqView[] {
    const { control, cpus } = this.#host;
    return this.#host.irqs.map(({ irq, managed, node }, s) => {
      const target = control === undefined ? 0 : this.#machine.variable(control.target, s);
      const requested = control === undefined || isRequested(this.#machine, control, s);
      return { irq, cpu: cpus[target] ?? 0, node, movable: requested && !managed, ...this.#machine.loadOfSource(s) };
    });
  }

  get pending(): number {
    return this.#machine.pending().length;
  }

  get plugging(): number {
    return this.#machine.pending().filter(({ subject }) => subject !== undefined).length;
  }
}
