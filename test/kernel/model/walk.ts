/**
 * One deterministic way through a scenario, chosen by the test: an operation or an event, then everybody to rest. What the model
 * did is read from its variables, and from the micro-ops in the order in which they were executed.
 */
import { describeAction, Replay } from '../../../src/check/index.js';
import { InsnFlag, LapicReg, MsiReg, Op } from '../../../src/core/index.js';
import type { EventRecord } from '../../../src/machine/index.js';
import { given, systemFrom, type Options } from '../../check/help.js';

/** A walk with the names of the scenario. */
export class Walk {
  readonly replay: Replay;

  private constructor(replay: Replay) {
    this.replay = replay;
  }

  static async begin(scenario: string, options: Options = {}): Promise<Walk> {
    return new Walk(await Replay.begin(systemFrom(scenario, options)));
  }

  #find(actor: string, choice: string): number | undefined {
    const { machine, system } = this.replay;
    return machine.enabled().find((a) => {
      const step = describeAction(system, a);
      return step.actor === actor && step.choice === choice;
    });
  }

  enabled(actor: string, choice = ''): boolean {
    return this.#find(actor, choice) !== undefined;
  }

  /** Takes the step of that actor, which must be enabled. */
  step(actor: string, choice = ''): void {
    const action = this.#find(actor, choice);
    if (action === undefined) throw new Error(`${actor} ${choice} is not enabled`);
    this.replay.apply(action);
  }

  /** Operation number n, up to rest. */
  operation(n: number): void {
    this.step(`op${n}`);
    this.rest();
  }

  /** An event of a device, up to rest. */
  raise(device: string): void {
    this.step(device, 'raise');
    this.rest();
  }

  rest(): void {
    this.replay.toRest();
  }

  /** Element [i][j] of a variable of the model. */
  variable(name: string, i = 0, j = 0): number {
    return this.replay.machine.variable(this.#slot(name), i, j);
  }

  /** The bits of mask [i]. */
  mask(name: string, i = 0): number[] {
    return this.replay.machine.maskBits(this.#slot(name), i);
  }

  #slot(name: string): number {
    return given(this.replay.system.built.variables.find((v) => v.name === name)).slot;
  }

  /** Where the kernel believes an irq (index) to be: CPU (index) and vector. */
  target(irq: number): readonly [number, number] {
    return [this.variable('apicd_cpu', irq), this.variable('apicd_vector', irq)];
  }

  /** Where a device (index) sends: APIC id and vector. */
  message(device: number): readonly [number, number] {
    const { addrLo, data } = this.replay.machine.msiOf(device);
    return [(addrLo >>> 12) & 0xff, data & 0xff];
  }

  /** How many records of this kind there were, e.g. notes `busy`. */
  count(kind: EventRecord['kind'], matches: (event: EventRecord) => boolean = () => true): number {
    return this.replay.steps.flatMap((step) => step.events).filter((e) => e.kind === kind && matches(e)).length;
  }

  /** Accesses of a CPU (index) to hardware, locks and vector table, in the order of their execution, each once. */
  accesses(cpu: number): string[] {
    const { system, steps } = this.replay;
    const { code } = system.built.program;
    const out: string[] = [];
    for (const step of steps) {
      for (const e of step.events) {
        if (e.kind === 'cfg') out.push(`write ${MsiReg[e.b] ?? ''} ${e.c.toString(16)}`);
        if (e.kind !== 'step' || e.a !== cpu) continue;
        const at = e.b * 4;
        const op = given(code[at]) & 0xff;
        const label = system.built.labels[given(code[at + 3]) >>> 8];
        const variable = system.built.variables[given(code[at + 2]) & 0xffff]?.name ?? '';
        // an access that completes in a second step is told twice, by its beginning and its end
        if (op === Op.cfgRead && step.visible) out.push(`read ${MsiReg[given(code[at + 1])] ?? ''}`);
        if (op === Op.lapicWrite) out.push(`LAPIC ${LapicReg[given(code[at + 1])] ?? ''} = ${e.c.toString(16)}`);
        if (op === Op.irrBit) out.push('read IRR');
        if (op === Op.lock) out.push(`lock ${variable}`);
        if (op === Op.unlock) out.push(`unlock ${variable}`);
        if (op === Op.delay && !step.events.some((other) => other.kind === 'complete')) out.push('mdelay');
        if (op === Op.maskClear && variable === 'cpu_online_mask') out.push('offline');
        if (op === Op.restoreFlags && label?.routine === 'multi_cpu_stop') out.push('interrupts on');
        if (op === Op.cli) out.push('interrupts off');
        if (op === Op.park) out.push('park');
        if (op === Op.ipi) out.push(`IPI ${label?.text ?? ''}`);
        if (op === Op.store && (given(code[at + 3]) & InsnFlag.visible) !== 0) out.push(`${variable} = ${e.c.toString(16)}`);
      }
    }
    return out;
  }
}
