/** The commands of `irqlab step`: a line in, lines out. It neither reads nor writes anything itself. */
import { changeText, whereIs, wrap, type Choice, type Taken, type Walk } from '../check/index.js';
import { ModelFault } from '../machine/index.js';
import { joined, nearest } from '../scenario/index.js';
import { Look } from './look.js';
import { InputError, plural, style } from './output.js';
import { entry, judgementText, takenText } from './told.js';

/** What a line came to. */
export interface Answer {
  readonly text: string;
  /** what was wrong with it, one sentence that says what would be right */
  readonly wrong?: string;
  readonly quit?: boolean;
}

interface Verb {
  readonly usage: string;
  readonly about: string;
  run(args: readonly string[]): string | Promise<string>;
}

/** A command that was done in part. */
class Unfinished extends InputError {
  constructor(
    readonly done: string,
    sentence: string,
  ) {
    super(sentence);
  }
}

/** Micro-ops that `until` gives a CPU to get there. */
const PATIENCE = 2000;

export class Console {
  readonly #walk: Walk;
  readonly #look: Look;
  readonly #columns: () => number;
  readonly #save: (file: string, text: string) => void;
  readonly #verbs: ReadonlyMap<string, Verb>;

  /** `columns`: to write in; `save`: writes a file, and throws `InputError` where that is impossible. */
  constructor(walk: Walk, columns: () => number, save: (file: string, text: string) => void) {
    this.#walk = walk;
    this.#look = new Look(walk, columns);
    this.#columns = columns;
    this.#save = save;
    this.#verbs = new Map(Object.entries(this.#table()));
  }

  /** What can be typed here first: commands, and the steps that are enabled. */
  words(): string[] {
    return [...this.#verbs.keys(), 'quit', ...this.#walk.choices().map(({ name }) => name)];
  }

  /** What can be done now. */
  overview(): string {
    const columns = this.#columns();
    const choices = this.#walk.choices();
    const blocked = this.#walk.blocked();
    const nameWidth = Math.max(0, ...[...choices, ...blocked].map(({ name }) => name.length));
    const judgement = this.#walk.judgement();
    return [
      ...(judgement === undefined ? [] : [judgementText(judgement, columns)]),
      ...choices.flatMap((choice, i) => entry(String(i + 1), choice.name, choiceText(choice), columns, nameWidth)),
      ...blocked.flatMap(({ name, at, waitsFor }) => entry('', name, `${at}  waits for ${waitsFor}`, columns, nameWidth).map(style.dim)),
    ].join('\n');
  }

  async run(line: string): Promise<Answer> {
    const file = /^\s*save\s+(\S.*?)\s*$/.exec(line)?.[1];
    // "cpu 3" and "irq 122" are one word, as are the parts of "vector_irq[cpu 3][0x21]"
    const words = line
      .replaceAll(/\b(cpu|irq)\s+(?=\d)/gi, '$1')
      .split(/[\s[\]]+/)
      .filter((word) => word !== '');
    const [first, ...args] = file === undefined ? words : ['save', file];
    if (first === undefined || first.startsWith('#')) return { text: '' };
    if (first === 'quit' || first === 'exit' || first === 'q') return { text: '', quit: true };
    try {
      const verb = this.#verbs.get(first);
      if (verb === undefined) return { text: this.#step(first, args) };
      if (args.length > 0 && verb.usage === first) throw new InputError(`${first} takes nothing behind it; write ${first} alone`);
      return { text: await verb.run(args) };
    } catch (error) {
      if (error instanceof Unfinished) return { text: error.done, wrong: error.message };
      if (error instanceof InputError || error instanceof RangeError || error instanceof ModelFault)
        return { text: '', wrong: error.message };
      throw error;
    }
  }

  #table(): Record<string, Verb> {
    const walk = this.#walk;
    const look = this.#look;
    return {
      list: { usage: 'list', about: 'the steps that are enabled, and who waits for what', run: () => this.overview() },
      undo: { usage: 'undo [n]', about: 'takes steps back', run: (args) => this.#goTo(walk.taken.length - this.#count(args, 'undo')) },
      redo: { usage: 'redo [n]', about: 'takes them again', run: (args) => this.#goTo(walk.taken.length + this.#count(args, 'redo')) },
      back: { usage: 'back to N', about: 'to where N steps were taken, 0 is the start', run: (args) => this.#back(args) },
      history: { usage: 'history', about: 'the steps so far', run: () => this.#history() },
      rest: { usage: 'rest', about: 'everybody runs to rest, in a fixed order', run: () => this.#rest() },
      where: { usage: 'where [cpu3]', about: 'where CPUs stand, and called from where', run: (args) => look.where(args) },
      changes: { usage: 'changes', about: 'what the last step changed', run: () => this.#changes() },
      vectors: { usage: 'vectors cpu3', about: 'the vector table of a CPU', run: (args) => look.vectors(args) },
      irr: { usage: 'irr cpu3', about: 'IRR, ISR, PPR, TPR, SVR and all else of a CPU', run: (args) => look.registers(args) },
      msi: { usage: 'msi xhci', about: 'the MSI registers of a device', run: (args) => look.msi(args) },
      locks: { usage: 'locks', about: 'who holds what, who waits', run: () => look.locks() },
      messages: { usage: 'messages', about: 'what is in flight, and who waits for it', run: () => look.messages() },
      vars: { usage: 'vars', about: 'the variables of the kernel', run: () => look.variables() },
      var: { usage: 'var NAME [index..]', about: 'one of them: var vector_irq cpu3 0x21', run: (args) => look.variable(args) },
      token: { usage: 'token', about: 'the way so far as a token', run: () => this.#token() },
      save: { usage: 'save FILE', about: 'writes the token to a file', run: (args) => this.#saveTo(args) },
      help: { usage: 'help', about: 'this', run: () => this.#help() },
    };
  }

  // --- steps

  #step(first: string, args: readonly string[]): string {
    const choices = this.#walk.choices();
    const chosen = this.#chosen(first, choices);
    const [how, ...rest] = args;
    if (how === undefined) return this.#told([this.#walk.take(chosen.action)]);
    const times = /^x(\d+)$/.exec(how)?.[1];
    if (times !== undefined && rest.length === 0) return this.#repeat(chosen, Number(times));
    if (how === 'until' && rest.length === 1) return this.#until(chosen, rest[0] ?? '');
    throw new InputError(`behind ${chosen.name} write nothing, x5, or until ROUTINE, e.g. ${chosen.name} x5`);
  }

  #chosen(word: string, choices: readonly Choice[]): Choice {
    const names = choices.map(({ name }) => name);
    const now = choices.length === 0 ? 'no step is enabled; undo goes back' : `enabled are ${joined([...new Set(names)], 'and')}`;
    if (/^\d+$/.test(word)) {
      const choice = choices[Number(word) - 1];
      if (choice === undefined)
        throw new InputError(`there is no step ${word}; ${choices.length === 0 ? now : `choose 1 to ${choices.length}`}`);
      return choice;
    }
    const choice = choices.find(({ name }) => name === word);
    if (choice !== undefined) return choice;
    // of a device that can do one thing only its name will do
    const own = choices.filter(({ name }) => name.startsWith(`${word}.`) && !this.#isCpu(word));
    if (own.length === 1 && own[0] !== undefined) return own[0];
    const actor = word.split('.')[0] ?? '';
    if (this.#isCpu(actor)) throw new InputError(`${this.#whyNot(word.slice(0, 40))}; ${now}`);
    if (own.length > 0 || this.#walk.system.names.sources.some((name) => word === name || word.startsWith(`${name}.`)))
      throw new InputError(`${word.slice(0, 40)} is not possible now; ${now}`);
    const meant = nearest(word, this.words());
    throw new InputError(
      `there is no command or step "${word.slice(0, 40)}"${meant === undefined ? '' : `, did you mean ${meant}`}; help lists the commands, list the steps`,
    );
  }

  #isCpu(name: string): boolean {
    return this.#walk.system.names.cpus.some((_, c) => this.#look.cpuName(c) === name);
  }

  /** Why a step is not enabled. */
  #whyNot(name: string): string {
    if (this.#walk.choices().some((choice) => choice.name === name)) return `${name} could still go on`;
    const waits = this.#walk.blocked().find((each) => each.name === name);
    if (waits !== undefined) return `${name} waits for ${waits.waitsFor}`;
    const cpu = this.#walk.system.names.cpus.findIndex((_, c) => this.#look.cpuName(c) === name);
    if (cpu < 0) return `${name} is not possible`;
    const { idle } = whereIs(this.#walk, cpu);
    return idle === undefined ? `${name} takes its interrupt first (${name}.irq)` : `${name} has nothing to do (${idle})`;
  }

  /** Takes the same step again and again, until it was taken so often or is not enabled. */
  #again(chosen: Choice, times: number, done: () => boolean): Taken[] {
    const taken: Taken[] = [];
    while (taken.length < times && !done()) {
      const choice = this.#walk.choices().find(({ name }) => name === chosen.name);
      if (choice === undefined) break;
      taken.push(this.#walk.take(choice.action));
    }
    return taken;
  }

  #repeat(chosen: Choice, times: number): string {
    if (times < 1 || times > PATIENCE)
      throw new InputError(`${chosen.name} can be repeated 1 to ${PATIENCE} times, e.g. ${chosen.name} x5`);
    const taken = this.#again(chosen, times, () => false);
    if (taken.length === times) return this.#told(taken);
    throw new Unfinished(
      this.#told(taken),
      `${chosen.name} could be taken ${taken.length} of ${times} times; then ${this.#whyNot(chosen.name)}`,
    );
  }

  #until(chosen: Choice, where: string): string {
    const { system, standings } = this.#walk;
    const cpu = system.names.cpus.findIndex((_, c) => this.#look.cpuName(c) === chosen.name);
    if (cpu < 0) throw new InputError(`only a CPU stands in a routine; write e.g. ${this.#look.cpuName(0)} until ${where}`);
    const [routine = '', line] = where.split(':');
    const routines = [...new Set(system.built.labels.map((label) => label.routine))];
    if (!routines.includes(routine) || (line !== undefined && !/^\d+$/.test(line))) {
      const meant = nearest(routine, routines);
      throw new InputError(
        `there is no routine "${where.slice(0, 40)}"${meant === undefined ? '' : `, did you mean ${meant}`}; write e.g. fixup_irqs or fixup_irqs:3`,
      );
    }
    const there = (): boolean => {
      const stands = standings.current(cpu);
      return stands?.routine === routine && (line === undefined || stands.line === Number(line));
    };
    if (there()) throw new InputError(`${chosen.name} stands at ${where} already; a step takes it on`);
    const taken = this.#again(chosen, PATIENCE, there);
    if (there()) return this.#told(taken);
    throw new Unfinished(
      this.#told(taken),
      `${chosen.name} did not come to ${where} in ${plural(taken.length, 'step')}; then ${this.#whyNot(chosen.name)}`,
    );
  }

  #rest(): string {
    const taken = this.#walk.rest();
    return this.#told(taken, taken.length === 0 ? 'Nobody has anything to do.' : undefined);
  }

  #told(taken: readonly Taken[], note?: string): string {
    const columns = this.#columns();
    return [...taken.map((each) => takenText(each, columns)), ...(note === undefined ? [] : wrap(note, columns)), '', this.overview()].join(
      '\n',
    );
  }

  // --- the way

  #goTo(steps: number): string {
    const { taken, ahead } = this.#walk;
    if (steps < 0)
      throw new InputError(
        taken.length === 0 ? 'no step was taken that could be undone' : `${plural(taken.length, 'step')} can be undone, not more`,
      );
    if (steps > taken.length + ahead)
      throw new InputError(
        ahead === 0 ? 'nothing was undone that could be taken again' : `${plural(ahead, 'step')} can be taken again, not more`,
      );
    this.#walk.go(steps);
    const last = this.#walk.taken.at(-1);
    return [
      ...(last === undefined ? ['At the start.'] : [`After step ${takenText(last, this.#columns(), false).trimStart()}`]),
      '',
      this.overview(),
    ].join('\n');
  }

  #count(args: readonly string[], verb: string): number {
    const [text = '1', ...rest] = args;
    if (!/^\d{1,6}$/.test(text) || text === '0' || rest.length > 0) throw new InputError(`write ${verb}, or ${verb} 3 for three steps`);
    return Number(text);
  }

  #back(args: readonly string[]): string {
    const [text = '', ...rest] = args[0] === 'to' ? args.slice(1) : args;
    const { taken, ahead } = this.#walk;
    if (!/^\d{1,6}$/.test(text) || rest.length > 0 || Number(text) > taken.length + ahead)
      throw new InputError(`write back to N, with N from 0 to ${taken.length + ahead}; history lists the steps`);
    return this.#goTo(Number(text));
  }

  #history(): string {
    const { taken, ahead } = this.#walk;
    return [
      ...taken.map((each) => takenText(each, this.#columns(), false)),
      ...(taken.length === 0 ? ['No step was taken yet.'] : []),
      ...(ahead === 0 ? [] : [`Taken back, for redo: ${plural(ahead, 'step')}.`]),
    ].join('\n');
  }

  #changes(): string {
    const last = this.#walk.taken.at(-1);
    if (last === undefined) throw new InputError('no step was taken yet; list shows what can be done');
    if (last.changes.length === 0) return `Step ${last.number} (${last.name}) changed only where it stands, and its registers.`;
    return last.changes.flatMap((change) => wrap(changeText(change), this.#columns())).join('\n');
  }

  async #token(): Promise<string> {
    if (this.#walk.taken.length === 0) throw new InputError('a token needs a step; take one first');
    return this.#walk.token();
  }

  async #saveTo(args: readonly string[]): Promise<string> {
    const [file, ...rest] = args;
    if (file === undefined || rest.length > 0) throw new InputError('write save FILE, e.g. save way.token');
    this.#save(file, `${await this.#token()}\n`);
    return `Saved ${plural(this.#walk.taken.length, 'step')} to ${file}.`;
  }

  #help(): string {
    const columns = this.#columns();
    const steps: readonly (readonly [string, string])[] = [
      ['N', 'takes step number N of the list'],
      ['cpu3, xhci.raise', 'takes a step by its name'],
      ['cpu3 x5', 'takes it five times'],
      ['cpu3 until fixup_irqs', 'until the CPU stands in a routine, or at ROUTINE:LINE'],
    ];
    const rows = [...steps, ...[...this.#verbs.values()].map(({ usage, about }) => [usage, about] as const), ['quit', 'ends'] as const];
    const wide = Math.max(...rows.map(([usage]) => usage.length)) + 2;
    return rows
      .flatMap(([usage, about]) => wrap(about, columns - wide).map((line, i) => (i === 0 ? usage : '').padEnd(wide) + line))
      .join('\n');
  }
}

function choiceText({ at, text }: Choice): string {
  return at === undefined ? text : `${at}  ${text}`;
}
