/** The steps that are enabled in a state, in words, and who cannot step and why. */
import { Actor } from '../../core/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { cpuOfAction, describeAction, describeLine, describeMessage, describeSent, isAmd } from '../names/index.js';
import type { States } from './changes.js';
import { placeText, type Standings } from './stands.js';

/** An enabled step. */
export interface Choice {
  readonly action: number;
  /** as tokens call it: `cpu3`, `cpu3.irq`, `xhci.sample`, `op0` */
  readonly name: string;
  /** `take_cpu_down:4`, if it is a CPU's micro-op */
  readonly at: string | undefined;
  /** what it would do */
  readonly text: string;
}

/** A CPU with something to do that cannot go on. */
export interface Blocked {
  readonly name: string;
  readonly at: string;
  readonly waitsFor: string;
}

/** The name of a step in the vocabulary of tokens. */
function stepName(system: System, action: number): string {
  const { actor, choice } = describeAction(system, action);
  return choice === '' ? actor : `${actor}.${choice}`;
}

/** Words for the steps of one machine. */
export class Choices {
  readonly #system: System;
  readonly #machine: ProgramMachine;
  readonly #states: States;
  readonly #standings: Standings;

  constructor(system: System, machine: ProgramMachine, states: States, standings: Standings) {
    this.#system = system;
    this.#machine = machine;
    this.#states = states;
    this.#standings = standings;
  }

  /** All enabled steps, in the order in which `rest` prefers them. */
  all(): Choice[] {
    return this.#machine.enabled().map((action) => this.describe(action));
  }

  /** One that is enabled. */
  describe(action: number): Choice {
    const cpu = cpuOfAction(action);
    const stands = cpu === undefined ? undefined : this.#standings.current(cpu);
    const at = stands && placeText(stands);
    return { action, name: stepName(this.#system, action), at, text: stands?.text ?? this.#text(action) };
  }

  blocked(): Blocked[] {
    const enabled = this.#machine.enabled();
    return this.#system.names.cpus.flatMap((_, c) => {
      const stands = this.#standings.current(c);
      const goesOn = [Actor.cpu, Actor.interrupt].some((actor) => enabled.includes((actor << 12) | c));
      if (stands === undefined || goesOn) return [];
      return [{ name: stepName(this.#system, c), at: placeText(stands), waitsFor: stands.waitsFor ?? stands.text }];
    });
  }

  #text(action: number): string {
    const { names } = this.#system;
    const which = action & 0xfff;
    switch ((action >>> 12) as Actor) {
      case Actor.interrupt: {
        const { irr } = this.#machine.cpu(which);
        return `${names.cpus[which] ?? '?'} takes vector 0x${Math.max(0, ...irr).toString(16)}`;
      }
      case Actor.timer:
        return `${names.cpus[which >>> 4] ?? '?'}: timer ${this.#system.built.program.timers?.[which & 15]?.name ?? '?'} fires`;
      case Actor.message:
        return this.#messageText(which >>> 4, which & 15);
      case Actor.raise:
        return `${names.sources[which] ?? '?'} raises an event`;
      case Actor.sample:
        return `${names.sources[which] ?? '?'} samples its message: ${describeSent(this.#system, this.#machine.messageOf(which))}`;
      case Actor.pin:
        return `pin ${which & 0xff} of the IOAPIC sends its message`;
      case Actor.send:
        return this.#sendText(names.sources[which] ?? '?');
      case Actor.operation:
        return `begins on ${names.cpus[this.#system.built.operations[which]?.cpu ?? 0] ?? '?'}: ${names.operations[which] ?? '?'}`;
      case Actor.queue:
        return `IOMMU ${which} executes the next descriptor of its queue`;
      case Actor.drop:
        return `IOMMU ${which >>> 8} drops ${this.#lineText(which & 0xff)} from its cache, which memory has no more`;
      default:
        return which === 0
          ? 'the probe begins: no more raises and operations but its own'
          : 'the probe raises the next irq that owes nothing';
    }
  }

  #lineText(which: number): string {
    return isAmd(this.#system) ? describeLine(this.#system, which, this.#machine.setup.irtes ?? 0) : `entry ${which}`;
  }

  #sendText(source: string): string {
    const { fields } = this.#states;
    const held = ['address', 'data'].map((what) => fields.all.find(({ name }) => name === `${source} sampled ${what}`));
    const [address = 0, data = 0] = held.map((field) => (field === undefined ? 0 : this.#states.now(field)));
    return `${source} sends what it sampled: ${describeMessage(this.#system, address, data)}`;
  }

  #messageText(origin: number, rank: number): string {
    const message = this.#states.messages().find((each) => each.origin === origin && each.rank === rank);
    if (message === undefined) return 'a message moves on';
    return `${message.text} reaches ${message.stage.replace('on the way to ', '')}`;
  }
}
