/** Structured control flow of a routine: if, while, loop, locks, atomic blocks, calls. */
import { Op } from '../../assembly/state/abi/instructions.js';
import type { Mark } from './emitter.js';
import { AssemblyError } from './errors.js';
import type { AtomicBlock, Insn, RoutineBody } from './ir.js';
import { PostedBuilder } from './posted.js';
import type { Arguments, Params, ResultKind, Routine } from './routine.js';
import { Reg, SELF, type Comparison, type IndexOf, type Test, type Value } from './values.js';
import type { Kind, Lock, Variable } from './variables.js';

/** What has to be left properly by a `break` or a `return` from inside. */
type Scope =
  | { readonly kind: 'loop'; readonly again: Mark; readonly exit: Mark }
  | { readonly kind: 'atomic'; readonly outermost: boolean }
  | { readonly kind: 'lock'; readonly lock: Lock; readonly index: readonly Value[] };

const jumpIf = { eq: Op.jumpEq, ne: Op.jumpNe, lt: Op.jumpLt, ge: Op.jumpGe } as const;
const jumpUnless = { eq: Op.jumpNe, ne: Op.jumpEq, lt: Op.jumpGe, ge: Op.jumpLt } as const;
const signs = { eq: '==', ne: '!=', lt: '<', ge: '>=' } as const;

export class Builder<R extends ResultKind = ResultKind> extends PostedBuilder {
  readonly #body: RoutineBody;
  readonly #scopes: Scope[] = [];

  constructor(body: RoutineBody, traced: boolean) {
    super(body.name, traced);
    this.#body = body;
  }

  /** Ends the code: a routine may run into its end if it has no result. */
  override finish(): Insn[] {
    if (!this.#body.result) this.emit(Op.ret, {}, 'return');
    return super.finish();
  }

  if(test: Test, then: () => void, otherwise?: () => void): void {
    const no = this.mark();
    this.#branch(test, no, false);
    then();
    if (!otherwise) {
      this.place(no);
      return;
    }
    const done = this.mark();
    this.emit(Op.jump, { to: done }, 'jump');
    this.place(no);
    otherwise();
    this.place(done);
  }

  /** As long as the test holds. Loads that the test depends on belong into a function: `() => ne(b.load(...), 0)`. */
  while(test: Test, body: () => void): void {
    this.#loop(test, body);
  }

  /** Until `break`, `return` or the end of the context. */
  loop(body: () => void): void {
    this.#loop(undefined, body);
  }

  /** Leaves the innermost loop, and the locks and atomic blocks entered in it. */
  break(): void {
    this.#jumpOut('break', (loop) => loop.exit);
  }

  /** Back to the test of the innermost loop. */
  continue(): void {
    this.#jumpOut('continue', (loop) => loop.again);
  }

  /** Leaves the routine; locks taken by `withLock` around it are released. */
  return(...[value]: R extends Kind ? [value: Value<R>] : [value?: undefined]): void;
  return(value?: Value): void {
    const { result, name } = this.#body;
    if (value === undefined && result) throw new AssemblyError(`routine ${name} returns without the value it has to give`);
    if (value !== undefined) {
      if (!result) throw new AssemblyError(`routine ${name} returns a value but was declared without a result`);
      this.move(result, value);
    }
    this.#leave(0, () => this.emit(Op.ret, {}, 'return'));
  }

  call<P extends Params, S extends ResultKind>(routine: Routine<P, S>, args: Arguments<P>): S extends Kind ? Reg<S> : void;
  call(routine: Routine, args: Arguments<Params>): Reg | void {
    const values = routine.params.map((param, i) => {
      const value = args[routine.paramNames[i] ?? ''];
      if (value === undefined) throw new AssemblyError(`routine ${this.routine} calls ${routine.name} without ${param.name}`);
      return { param, value: typeof value === 'number' || value === (SELF as Reg) ? value : this.own(value) };
    });
    for (const { param, value } of values) this.move(param, value, routine);
    const passes = values.map(({ value }) => (value instanceof Reg && value !== (SELF as Reg) ? value : undefined));
    this.emit(Op.call, { routine, passes }, `call ${routine.name}`);
    if (!routine.result) return undefined;
    const result = this.fresh(routine.result.kind, routine.name);
    this.move(result, routine.result, routine);
    return result;
  }

  /** Takes a lock; waits while another holds it. */
  lock<const D extends readonly Kind[]>(lock: Lock<D>, index: IndexOf<D>, note?: string): void {
    const at: readonly Value[] = index;
    this.emit(Op.lock, { b: this.indexes(lock, at).b, variable: lock }, `lock ${this.show(lock, at)}`, note);
  }

  unlock<const D extends readonly Kind[]>(lock: Lock<D>, index: IndexOf<D>, note?: string): void {
    const at: readonly Value[] = index;
    this.emit(Op.unlock, { b: this.indexes(lock, at).b, variable: lock }, `unlock ${this.show(lock, at)}`, note);
  }

  withLock<const D extends readonly Kind[]>(lock: Lock<D>, index: IndexOf<D>, body: () => void): void {
    const at: readonly Value[] = index;
    this.lock<readonly Kind[]>(lock, at);
    this.#scopes.push({ kind: 'lock', lock, index: at });
    body();
    this.#scopes.pop();
    this.unlock<readonly Kind[]>(lock, at);
  }

  /** Waits until the element is `imm`. */
  waitEq<K extends Kind, const D extends readonly Kind[]>(variable: Variable<K, D>, index: IndexOf<D>, imm: number, note?: string): void {
    this.#wait(Op.waitEq, variable, index, imm, note);
  }

  waitNe<K extends Kind, const D extends readonly Kind[]>(variable: Variable<K, D>, index: IndexOf<D>, imm: number, note?: string): void {
    this.#wait(Op.waitNe, variable, index, imm, note);
  }

  /**
   * Joins the instructions of the body into one step.
   *
   * Every instruction inside carries `InsnFlag.joined`, private ones too, and a closing `nop` without the flag follows on
   * every way out. The interpreter's rule: an instruction with the flag counts as observable, both for stopping in front
   * of it and for having executed one. A step runs until it has executed an observable instruction, the flag was clear on
   * the instruction executed last, and an observable instruction is next. So a step that enters a block goes on until it
   * has executed the closing nop. A routine called from inside is a copy of it in which every instruction is joined.
   */
  atomic(body: () => void, note?: string): void {
    const outer = this.block;
    const block: AtomicBlock = outer ?? { routine: this.routine, note, line: this.line };
    this.#scopes.push({ kind: 'atomic', outermost: outer === undefined });
    this.block = block;
    body();
    this.block = outer;
    this.#scopes.pop();
    if (outer === undefined) this.emit(Op.nop, {}, 'end of atomic block', note);
  }

  #wait<K extends Kind, D extends readonly Kind[]>(op: Op, variable: Variable<K, D>, index: IndexOf<D>, imm: number, note?: string): void {
    const at: readonly Value[] = index;
    const sign = op === Op.waitEq ? '==' : '!=';
    const text = `wait until ${this.show(variable, at)} ${sign} ${this.showValue(imm, variable)}`;
    this.emit(op, { ...this.indexes(variable, at), imm, variable }, text, note);
  }

  #loop(test: Test | undefined, body: () => void): void {
    const again = this.mark();
    const exit = this.mark();
    this.place(again);
    if (test !== undefined) this.#branch(test, exit, false);
    this.#scopes.push({ kind: 'loop', again, exit });
    body();
    this.#scopes.pop();
    this.emit(Op.jump, { to: again }, 'jump');
    this.place(exit);
  }

  #jumpOut(word: string, to: (loop: Scope & { kind: 'loop' }) => Mark): void {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const scope = this.#scopes[i];
      if (scope?.kind !== 'loop') continue;
      this.#leave(i + 1, () => this.emit(Op.jump, { to: to(scope) }, word));
      return;
    }
    throw new AssemblyError(`routine ${this.routine} has a ${word} outside of any loop`);
  }

  /**
   * Closes atomic blocks and releases locks from the innermost scope out to number `depth`, then emits what leaves them;
   * code after it stands inside the scopes again.
   */
  #leave(depth: number, last: () => void): void {
    const block = this.block;
    for (let i = this.#scopes.length - 1; i >= depth; i--) {
      const scope = this.#scopes[i];
      if (scope?.kind === 'lock') this.unlock<readonly Kind[]>(scope.lock, scope.index);
      if (scope?.kind === 'atomic' && scope.outermost) {
        this.block = undefined;
        this.emit(Op.nop, {}, 'end of atomic block', block?.note);
      }
    }
    last();
    this.block = block;
  }

  #branch(test: Test, to: Mark, sense: boolean): void {
    const condition = typeof test === 'function' ? test() : test;
    if (condition instanceof Reg) return this.#compare({ op: 'ne', a: condition, x: 0 }, to, sense);
    switch (condition.op) {
      case 'not':
        return this.#branch(condition.of, to, !sense);
      case 'all':
      case 'any': {
        // `all` is left at the first part that fails, `any` at the first that holds
        const short = condition.op === 'any';
        const away = short === sense ? to : this.mark();
        const last = condition.parts.length - 1;
        condition.parts.forEach((part, i) => this.#branch(part, i === last && short !== sense ? to : away, i === last ? sense : short));
        if (away !== to) this.place(away);
        return undefined;
      }
      default:
        return this.#compare(condition, to, sense);
    }
  }

  #compare({ op, a, x }: Comparison, to: Mark, sense: boolean): void {
    const swap = typeof a === 'number' && typeof x !== 'number' && (op === 'eq' || op === 'ne');
    const [left, right] = swap ? [x, a] : [a, x];
    const kind = left instanceof Reg ? left.kind : right instanceof Reg ? right.kind : 'u32';
    const first = this.inRegister<Kind>(left, kind);
    const second = typeof right === 'number' ? { b: 'imm' as const, w2: right } : { b: this.inRegister<Kind>(right, kind) };
    const text = `if ${this.showValue(left)} ${signs[op]} ${this.showValue(right)}`;
    this.emit((sense ? jumpIf : jumpUnless)[op], { a: first, ...second, to }, text);
  }
}
