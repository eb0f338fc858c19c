/** What `irqlab step` shows of a state: where CPUs stand, registers, locks, messages, variables; by the user's numbers. */
import {
  elementsOf,
  lapicOf,
  locksOf,
  msiOf,
  placeText,
  variablesOf,
  vectorTable,
  whereIs,
  wrap,
  type Named,
  type Walk,
} from '../check/index.js';
import { joined, nearest } from '../scenario/index.js';
import { InputError, plural } from './output.js';

export class Look {
  readonly #walk: Walk;
  readonly #columns: () => number;

  constructor(walk: Walk, columns: () => number) {
    this.#walk = walk;
    this.#columns = columns;
  }

  vectors(args: readonly string[]): string {
    return this.#rows(vectorTable(this.#walk, this.#one(args, 'vectors')), 'Every slot is empty.');
  }

  registers(args: readonly string[]): string {
    return this.#rows(lapicOf(this.#walk, this.#one(args, 'irr')));
  }

  msi(args: readonly string[]): string {
    return this.#rows(msiOf(this.#walk, this.#device(args)));
  }

  where(args: readonly string[]): string {
    const cpus = args.length === 0 ? this.#walk.system.names.cpus.map((_, c) => c) : args.map((each) => this.cpu(each));
    return cpus
      .flatMap((c) => {
        const { name, idle, contexts, interruptsOn } = whereIs(this.#walk, c);
        const flag = `IF=${interruptsOn ? 1 : 0}`;
        if (idle !== undefined) return [`${name}: ${idle}, ${flag}`];
        return [
          `${name}: ${flag}`,
          ...contexts.flatMap(({ level, stack, text, waitsFor, current }) => {
            const next = current ? (waitsFor === undefined ? `next: ${text}` : `waits for ${waitsFor}`) : 'not its turn';
            const calls = stack.map(placeText).join(' < ');
            return wrap(`${level}: ${calls}; ${next}`, this.#columns() - 4).map((line, i) => (i === 0 ? '  ' : '    ') + line);
          }),
        ];
      })
      .join('\n');
  }

  locks(): string {
    const locks = locksOf(this.#walk);
    if (locks.length === 0) return 'No lock is held.';
    return locks
      .flatMap(({ name, holder, waiters }) => {
        const held = holder === undefined ? 'free' : `held by ${holder}`;
        return wrap(`${name}: ${held}${waiters.length === 0 ? '' : `; next there: ${waiters.join(', ')}`}`, this.#columns());
      })
      .join('\n');
  }

  messages(): string {
    const messages = this.#walk.states.messages();
    if (messages.length === 0) return 'Nothing is in flight.';
    const { names } = this.#walk.system;
    return messages
      .flatMap(({ text, stage, awaitedBy }) => {
        const waits = awaitedBy.map(({ cpu, level }) => `${names.cpus[cpu] ?? '?'} ${level}`).join(', ');
        return wrap(`${text}: ${stage}${waits === '' ? '' : `; ${waits} waits for it`}`, this.#columns());
      })
      .join('\n');
  }

  variables(): string {
    return variablesOf(this.#walk)
      .map(({ name, dims }) => name + dims.map((dim) => `[${dim}]`).join(''))
      .join('\n');
  }

  variable(args: readonly string[]): string {
    const [name = '', ...indexes] = args;
    const variables = variablesOf(this.#walk);
    const variable = variables.find((each) => each.name === name);
    if (variable === undefined) {
      const meant = nearest(
        name,
        variables.map((each) => each.name),
      );
      throw new InputError(
        `there is no variable "${name.slice(0, 40)}"${meant === undefined ? '' : `, did you mean ${meant}`}; vars lists them`,
      );
    }
    const { dims } = variable;
    const usage = name + dims.map((dim) => ` ${{ cpu: 'cpu3', irq: 'irq122', vector: '0x21' }[dim as string] ?? dim}`).join('');
    if (indexes.length > dims.length)
      throw new InputError(
        `${name} has ${plural(dims.length, 'index').replace('indexs', 'indexes')}, not ${indexes.length}; write var ${usage}`,
      );
    const found = elementsOf(
      this.#walk,
      variable,
      indexes.map((text, n) => this.#index(dims[n] ?? '', text, usage)),
    );
    if (found.length === 1) return this.#rows(found);
    const zeros = found.filter((each) => each.zero);
    const zero = zeros[0];
    const rest =
      zero === undefined ? [] : [`${zeros.length === found.length ? 'All' : 'The other'} ${plural(zeros.length, 'element')}: ${zero.text}`];
    return [...(zeros.length === found.length ? [] : [this.#rows(found.filter((each) => !each.zero))]), ...rest].join('\n');
  }

  /** Names and values, a line each. */
  #rows(rows: readonly Named[], empty = 'nothing'): string {
    if (rows.length === 0) return empty;
    const wide = Math.max(...rows.map(({ name }) => name.length)) + 2;
    return rows
      .flatMap(({ name, text }) => wrap(text, this.#columns() - wide).map((line, i) => (i === 0 ? name : '').padEnd(wide) + line))
      .join('\n');
  }

  /** The CPU that a command is about. */
  #one(args: readonly string[], verb: string): number {
    const [text, ...rest] = args;
    if (text === undefined || rest.length > 0) throw new InputError(`write ${verb} and one of ${this.#cpuNames()}`);
    return this.cpu(text);
  }

  cpuName(index: number): string {
    return `cpu${this.#walk.system.scenario.machine.cpus[index]?.cpu ?? index}`;
  }

  #cpuNames(): string {
    return joined(
      this.#walk.system.names.cpus.map((_, c) => this.cpuName(c)),
      'or',
    );
  }

  cpu(text: string): number {
    const number = /^(?:cpu)?(\d+)$/i.exec(text)?.[1];
    const index = this.#walk.system.scenario.machine.cpus.findIndex((c) => c.cpu === Number(number));
    if (number === undefined || index < 0) throw new InputError(`there is no CPU "${text.slice(0, 40)}"; there are ${this.#cpuNames()}`);
    return index;
  }

  #device(args: readonly string[]): number {
    const { devices } = this.#walk.system.names;
    const index = devices.indexOf(args[0] ?? '');
    if (index < 0 || args.length > 1) throw new InputError(`write msi and the name of a device: ${joined(devices, 'or')}`);
    return index;
  }

  #index(dim: string, text: string, usage: string): number {
    const { irqs, devices } = this.#walk.system.names;
    if (dim === 'cpu') return this.cpu(text);
    if (dim === 'irq') {
      const index = irqs.indexOf(Number(/^(?:irq)?(\d+)$/i.exec(text)?.[1] ?? NaN));
      if (index < 0) throw new InputError(`there is no irq "${text.slice(0, 40)}"; there are ${joined(irqs.map(String), 'and')}`);
      return index;
    }
    if (dim === 'device') {
      const index = devices.indexOf(text);
      if (index < 0) throw new InputError(`there is no device "${text.slice(0, 40)}"; there are ${joined(devices, 'and')}`);
      return index;
    }
    const vector = /^(0x[0-9a-f]{1,2}|\d{1,3})$/i.test(text) ? Number(text) : NaN;
    if (!(vector < 256)) throw new InputError(`"${text.slice(0, 40)}" is no vector; write var ${usage}`);
    return vector;
  }
}
