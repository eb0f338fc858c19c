/** From the tree of an expression to code: types are checked, names resolved, and what is left emits itself. */
import { hex, joined } from '../../words.js';
import { all, any, eq, ge, lt, ne, not, type Value } from '../values.js';
import type { Kind } from '../variables.js';
import { asIndex, constantTerm, ofTest, ofValue, ordered, pair, pairNeed, plus, type Term } from './emission.js';
import { example, find, refusal, unknownName, type Readable } from './names.js';
import { ExpressionError, type Node, type Over } from './syntax.js';
import {
  exampleIndex,
  extent,
  indexType,
  kindWord,
  number,
  partIndex,
  refuseVector,
  truth,
  valuesOf,
  type Surroundings,
  type Type,
} from './types.js';

/**
 * More would make every state slow, and a judge may take so many instructions and no more. What models promise of the largest machine
 * that a check takes (src/kernel/model/linux/invariants.ts) is less.
 */
const MOST_READINGS = 6000;
/** Registers of a context. */
const REGISTERS = 8;

export class Terms {
  readonly #parts: Surroundings;
  readonly #locals = new Map<string, Over>();

  constructor(parts: Surroundings) {
    this.#parts = parts;
  }

  /** The whole expression: a condition on the state. Throws `ExpressionError`. */
  whole(node: Node): Term {
    const term = this.#condition(node);
    if (!term.varies)
      throw new ExpressionError(
        node.at,
        `this reads nothing that changes, so it is the same in every state; name a variable or hardware, for example owed${exampleIndex('irq', this.#parts)}`,
      );
    if (term.need > REGISTERS) throw new ExpressionError(node.at, 'this keeps too many values at a time; make two assertions of it');
    return term;
  }

  #condition(node: Node): Term {
    const term = this.#term(node);
    if (term.type.kind === 'bool') return term;
    throw new ExpressionError(
      node.at,
      `expected a condition, and ${node.text} is ${kindWord(term.type)}; compare it with ${valuesOf(term.type)}, for example ${node.text} == ${this.#exampleOf(term.type)}`,
    );
  }

  #term(node: Node): Term {
    switch (node.is) {
      case 'number':
        return constantTerm(node, number, node.value);
      case 'truth':
        return constantTerm(node, truth, node.value ? 1 : 0);
      case 'part':
        return constantTerm(node, { kind: node.kind, from: 0 }, partIndex(node.kind, node.name, node, this.#parts));
      case 'name':
        return this.#name(node);
      case 'not': {
        const of = this.#condition(node.of);
        return ofTest({ ...of, node }, (e) => not(of.test(e)));
      }
      case 'both':
      case 'either': {
        const [left, right] = [this.#condition(node.left), this.#condition(node.right)];
        const bare = { node, varies: left.varies || right.varies, need: Math.max(left.need, right.need), cost: left.cost + right.cost };
        return ofTest(bare, (e) => (node.is === 'both' ? all : any)(left.test(e), right.test(e)));
      }
      case 'comparison':
        return this.#comparison(node);
      case 'sum':
        return this.#sum(node);
      case 'quantifier':
        return this.#quantifier(node);
    }
  }

  #name(node: Node & { is: 'name' }): Term {
    const over = this.#locals.get(node.name);
    if (over !== undefined) {
      if (node.index.length > 0) throw new ExpressionError(node.at, `${node.name} stands for one ${over}; it has no index`);
      const type: Type = { kind: indexType(over), from: 0, below: extent(over, this.#parts) };
      return ofValue({ node, type, varies: false, need: 0, cost: 0 }, ({ locals }) => locals.get(node.name) ?? 0);
    }
    const { data } = this.#parts;
    const why = refusal(data.variables.find(({ name }) => name === node.name));
    if (why !== undefined) throw new ExpressionError(node.at, why);
    const found = find(node.name, data);
    if (found === undefined) throw unknownName(node, node.name, data);
    return this.#reading(node, found);
  }

  #reading(node: Node & { is: 'name' }, found: Readable): Term {
    const { dims, name, type } = found;
    const written = `for example ${example(found, this.#parts, exampleIndex)}`;
    if (node.index.length !== dims.length) {
      const wanted = dims.length === 0 ? 'no index' : `the index ${dims.map((dim) => `[${dim}]`).join('')}`;
      const given = node.index.length === 0 ? 'none' : String(node.index.length);
      throw new ExpressionError(
        node.at,
        `${name} has ${wanted}, and ${given} ${node.index.length === 1 ? 'is' : 'are'} given; write ${written}`,
      );
    }
    const indexes = dims.map((over, i) => this.#index(node.index[i] as Node, over, found, written));
    const [first, second] = indexes;
    const need = first === undefined ? 0 : second === undefined ? first.need : pairNeed(first, second);
    const bare = {
      node,
      type,
      varies: found.varies || indexes.some((index) => index.varies),
      need: Math.max(1, need, dims.length) + found.scratch,
      cost: 1 + indexes.reduce((sum, index) => sum + index.cost, 0),
    };
    return ofValue(bare, (e) => {
      const values: Value[] = [];
      const order = first !== undefined && second !== undefined && second.need > first.need ? [1, 0] : [0, 1];
      for (const i of order) {
        const [index, over] = [indexes[i], dims[i]];
        if (index !== undefined && over !== undefined) values[i] = asIndex(e, index, over, this.#parts);
      }
      return found.read(e.b, values, node.text);
    });
  }

  #index(node: Node, over: Over, { name, dims, system }: Readable, written: string): Term {
    const wanted: Type = { kind: indexType(over), from: 0 };
    if (over === 'device' && this.#isLoose(node) && this.#parts.devices.includes(node.name))
      throw new ExpressionError(node.at, `a device is named with the word device before it; write device ${node.name}`);
    const term = this.#alike(node, wanted);
    if (term.type.kind !== wanted.kind)
      throw new ExpressionError(
        node.at,
        `${name} has the index ${dims.map((dim) => `[${dim}]`).join('')}, and ${node.text} is ${kindWord(term.type)}; write ${written}`,
      );
    if (over === 'vector' && term.constant !== undefined) refuseVector(term.constant, node, this.#parts, system);
    return term;
  }

  /** A term where something of a type is wanted: a plain number may be that of a CPU or an irq, a plain name that of a value. */
  #alike(node: Node, { kind, names }: Type): Term {
    if (node.is === 'number' && (kind === 'cpu' || kind === 'irq'))
      return constantTerm(node, { kind, from: 0 }, partIndex(kind, String(node.value), node, this.#parts));
    if (node.is === 'number' && kind === 'bool' && node.value < 2) return constantTerm(node, truth, node.value);
    if (this.#isLoose(node) && names !== undefined && Object.hasOwn(names, node.name))
      return { ...constantTerm(node, { kind, from: 0, names }, names[node.name] ?? 0) };
    return this.#term(node);
  }

  /** A name that stands for nothing by itself. */
  #isLoose(node: Node): node is Node & { is: 'name' } {
    return node.is === 'name' && node.index.length === 0 && !this.#locals.has(node.name) && find(node.name, this.#parts.data) === undefined;
  }

  #comparison(node: Node & { is: 'comparison' }): Term {
    const [left, right] = this.#sides(node);
    const { op } = node;
    const bare = { node, varies: left.varies || right.varies, need: pairNeed(left, right), cost: left.cost + right.cost };
    if (left.type.kind !== right.type.kind)
      throw new ExpressionError(
        node.right.at,
        `${node.left.text} is ${kindWord(left.type)} and ${node.right.text} is ${kindWord(right.type)}; compare with ${valuesOf(left.type)}, for example ${this.#exampleOf(left.type)}`,
      );
    if (op !== '==' && op !== '!=') {
      if (left.type.kind !== 'number')
        throw new ExpressionError(node.at, `${op} compares numbers, and ${node.left.text} is ${kindWord(left.type)}; use == or !=`);
      return ofTest(bare, (e) => () => ordered(op, ...pair(e, left, right)));
    }
    const same = op === '==';
    if (left.type.kind === 'bool') {
      const [one, other] = left.constant === undefined ? [left, right] : [right, left];
      const { constant } = other;
      if (constant !== undefined) return ofTest(bare, (e) => ((constant !== 0) === same ? one.test(e) : not(one.test(e))));
    }
    const [plusLeft, plusRight] = this.#shifts(left, right);
    // two truths are made into values first
    const more = left.type.kind === 'bool' ? 1 : 0;
    return ofTest({ ...bare, need: bare.need + more }, (e) => () => {
      const [a, x] = pair(e, left, right);
      return (same ? eq : ne)<Kind>(plus(e, a, plusLeft), plus(e, x, plusRight));
    });
  }

  /** The terms on both sides, each read as what the other is. */
  #sides({ left, right }: Node & { is: 'comparison' }): [Term, Term] {
    // what means something by itself says what the other is to be
    const waits = (node: Node): boolean => this.#isLoose(node) || node.is === 'number';
    const leftFirst = !waits(left) || waits(right);
    const [first, second] = leftFirst ? [left, right] : [right, left];
    const one = this.#term(first);
    if (this.#isLoose(second) && one.type.names !== undefined && !Object.hasOwn(one.type.names, second.name))
      throw new ExpressionError(second.at, `${first.text} is never ${second.name}; write ${valuesOf(one.type)}`);
    const other = this.#alike(second, one.type);
    return leftFirst ? [one, other] : [other, one];
  }

  /** What to add to each side so that equal indexes are equal values. */
  #shifts(left: Term, right: Term): [number, number] {
    const [a, x] = [left.type, right.type];
    if (a.names === x.names || JSON.stringify([a.names, a.from]) === JSON.stringify([x.names, x.from])) return [0, 0];
    if (a.names !== undefined && x.names !== undefined)
      throw new ExpressionError(
        right.node.at,
        `${left.node.text} may be ${joined(Object.keys(a.names), 'or')}, ${right.node.text} ${joined(Object.keys(x.names), 'or')}; compare each with ${kindWord(a)}`,
      );
    const most = Math.max(a.from, x.from);
    return [most - a.from, most - x.from];
  }

  #sum(node: Node & { is: 'sum' }): Term {
    const { op } = node;
    const sides = [this.#term(node.left), this.#term(node.right)] as const;
    for (const { type, node: side } of sides) {
      if (type.kind !== 'number' || type.from !== 0)
        throw new ExpressionError(
          side.at,
          `${op} takes numbers, and ${side.text} is ${valuesOf(type)}; ${op === '&' ? 'write && for "and"' : 'compare it instead'}`,
        );
    }
    const [left, right] = sides;
    if (left.constant !== undefined && right.constant !== undefined) {
      const [a, x] = [left.constant, right.constant];
      return constantTerm(node, number, (op === '+' ? a + x : op === '-' ? a - x : a & x) >>> 0);
    }
    const below = op === '&' ? [left, right].flatMap(({ constant }) => (constant === undefined ? [] : constant + 1))[0] : undefined;
    const type: Type = below === undefined ? number : { ...number, below };
    const bare = { node, type, varies: left.varies || right.varies, need: pairNeed(left, right), cost: left.cost + right.cost };
    return ofValue(bare, (e) => {
      const [a, x] = pair(e, left, right);
      return e.b[op === '+' ? 'add' : op === '-' ? 'sub' : 'and']('u32', a, x);
    });
  }

  #quantifier(node: Node & { is: 'quantifier' }): Term {
    const { variable, over, every, body } = node;
    if (this.#locals.has(variable) || find(variable, this.#parts.data) !== undefined)
      throw new ExpressionError(node.at, `${variable} stands for something else already; choose another name`);
    const { lo, hi } = over === 'vector' ? this.#parts.vectors : { lo: 0, hi: extent(over, this.#parts) };
    this.#locals.set(variable, over);
    const inner = this.#condition(body);
    this.#locals.delete(variable);
    const cost = (hi - lo) * Math.max(1, inner.cost);
    if (cost > MOST_READINGS)
      throw new ExpressionError(
        node.at,
        `this reads up to ${cost} things in every state, and ${MOST_READINGS} is the limit; name those that are meant`,
      );
    const kind: Kind = over;
    return ofTest({ node, varies: inner.varies, need: inner.need + 1, cost }, (e) => () => {
      const at = e.b.let<Kind>(kind, lo, variable);
      e.locals.set(variable, at);
      e.b.while(lt<Kind>(at, hi), () => {
        e.b.if(every ? not(inner.test(e)) : inner.test(e), () => e.b.break());
        e.b.set(at, e.b.add(at, 1));
      });
      return every ? ge<Kind>(at, hi) : lt<Kind>(at, hi);
    });
  }

  #exampleOf({ kind, names, below }: Type): string {
    const named = Object.keys(names ?? {})[0];
    if (named !== undefined) return named;
    if (kind === 'bool') return 'true';
    if (kind === 'number') return below === 256 ? hex(this.#parts.vectors.lo) : '0';
    return exampleIndex(kind, this.#parts).slice(1, -1);
  }
}
