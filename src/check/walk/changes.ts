/** What is different between two states, by the names of what changed. */
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { Fields, Messages, type Field, type InFlight } from '../names/index.js';

/** One difference: of a value both ends; what came to a set or went from it has one of them. */
export interface Change {
  /** `CPU 3 IRR` */
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** A value by its name. */
export interface Named {
  readonly name: string;
  readonly text: string;
  /** it is 0, or an empty set */
  readonly zero: boolean;
}

/** `CPU 3 IRR: + 0x21`, `desc_lock[irq 122]: free -> cpu 3`. */
export function changeText({ name, from, to }: Change): string {
  if (from === undefined) return `${name}: + ${to ?? ''}`;
  return to === undefined ? `${name}: - ${from}` : `${name}: ${from} -> ${to}`;
}

function isSame(a: InFlight, b: InFlight): boolean {
  return a.node === b.node && a.text === b.text;
}

function bitsOf(word: number): number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => (word >>> bit) & 1);
}

function fieldChanges(field: Field, before: number, after: number): Change[] {
  const { name, text, member } = field;
  if (member === undefined) return [{ name, from: text(before), to: text(after) }];
  const gone = bitsOf(before & ~after).map((bit) => ({ name, from: member(bit), to: undefined }));
  return [...gone, ...bitsOf(after & ~before).map((bit) => ({ name, from: undefined, to: member(bit) }))];
}

/** The states of one machine, as captures that can be compared. */
export class States {
  readonly fields: Fields;
  readonly #messages: Messages;
  readonly #machine: ProgramMachine;
  readonly #cpus: readonly string[];

  constructor(system: System, machine: ProgramMachine) {
    this.#machine = machine;
    this.#cpus = system.names.cpus;
    this.fields = new Fields(system, machine);
    this.#messages = new Messages(system, machine, this.fields);
  }

  /** The state as it is now. */
  capture(): DataView {
    return this.fields.capture(this.#machine);
  }

  /** The value of a field as it is now. */
  now(field: Field): number {
    return this.fields.readNow(this.#machine, field);
  }

  /** Fields with their values as they are now, a set as its members. */
  values(fields: readonly Field[]): Named[] {
    const found = new Map<string, { texts: string[]; zero: boolean }>();
    for (const field of fields) {
      const value = this.now(field);
      const texts = field.member === undefined ? [field.text(value)] : bitsOf(value).map(field.member);
      const before = found.get(field.name);
      found.set(field.name, { texts: [...(before?.texts ?? []), ...texts], zero: value === 0 && before?.zero !== false });
    }
    return [...found].map(([name, { texts, zero }]) => ({ name, text: texts.join(' ') || '-', zero }));
  }

  /** Messages in flight, each origin's in their order. */
  messages(capture = this.capture()): InFlight[] {
    return this.#messages.read(capture);
  }

  /** From one state to another. Where contexts stand is no difference. */
  differences(before: DataView, after: DataView): Change[] {
    const changes: Change[] = [];
    for (const field of this.fields.all) {
      const [was, is] = [this.fields.read(before, field), this.fields.read(after, field)];
      if (was !== is) changes.push(...fieldChanges(field, was, is));
    }
    return [...changes, ...this.#flights(this.messages(before), this.messages(after))];
  }

  #waiting({ awaitedBy }: InFlight): string[] {
    return awaitedBy.map(({ cpu, level }) => `${this.#cpus[cpu] ?? '?'} ${level}`);
  }

  #flights(before: readonly InFlight[], after: readonly InFlight[]): Change[] {
    const name = 'in flight';
    const changes: Change[] = [];
    for (const was of before) {
      const is = after.find((each) => isSame(was, each));
      if (is === undefined) {
        changes.push({ name, from: was.text, to: undefined });
        continue;
      }
      const flight = `${name} ${was.text}`;
      if (was.stage !== is.stage) changes.push({ name: flight, from: was.stage, to: is.stage });
      const [waited, waits] = [this.#waiting(was), this.#waiting(is)];
      for (const from of waited) if (!waits.includes(from)) changes.push({ name: `who waits for ${was.text}`, from, to: undefined });
      for (const to of waits) if (!waited.includes(to)) changes.push({ name: `who waits for ${was.text}`, from: undefined, to });
    }
    for (const is of after) if (!before.some((each) => isSame(each, is))) changes.push({ name, from: undefined, to: is.text });
    return changes;
  }
}
