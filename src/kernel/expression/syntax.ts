/**
 * The language of own properties: a condition on the state, as text, to a tree. What its names mean is for terms.ts.
 *
 *   all i in irq: owed[i] -- a condition --  ! && || == != < <= > >= + - & ( )
 *
 * `&` binds tighter than a comparison, unlike in C: here nobody means `a & (b == c)`.
 */
import { joined, quote } from '../../words.js';

/** What is wrong with an expression, where in its text: "what; what would be right". */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  /** offset of the first character it is about */
  readonly at: number;
  /** the own property whose expression it is, where that is known */
  readonly property: string | undefined;

  constructor(at: number, message: string, property?: string) {
    super(message);
    this.at = at;
    this.property = property;
  }
}

/** What a quantifier goes over. */
export type Over = 'cpu' | 'irq' | 'device' | 'vector';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** `text`: as it was written, for messages. */
export type Node = { readonly at: number; readonly text: string } & (
  | { readonly is: 'number'; readonly value: number }
  | { readonly is: 'truth'; readonly value: boolean }
  | { readonly is: 'part'; readonly kind: 'cpu' | 'irq' | 'device'; readonly name: string }
  | { readonly is: 'name'; readonly name: string; readonly index: readonly Node[] }
  | { readonly is: 'not'; readonly of: Node }
  | { readonly is: 'both' | 'either'; readonly left: Node; readonly right: Node }
  | { readonly is: 'comparison'; readonly op: Comparison; readonly left: Node; readonly right: Node }
  | { readonly is: 'sum'; readonly op: '+' | '-' | '&'; readonly left: Node; readonly right: Node }
  | { readonly is: 'quantifier'; readonly every: boolean; readonly variable: string; readonly over: Over; readonly body: Node }
);

interface Token {
  readonly kind: 'number' | 'word' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const MOST_CHARACTERS = 4000;
/** Brackets, quantifiers and negations inside of each other. */
const MOST_DEPTH = 60;

const overs: readonly string[] = ['cpu', 'irq', 'device', 'vector'] satisfies Over[];
const comparisons: readonly string[] = ['==', '!=', '<', '<=', '>', '>='] satisfies Comparison[];
/** Words that name nothing. */
const reserved: readonly string[] = ['all', 'any', 'in', 'true', 'false', ...overs];

const pattern = /\s*(?:(0[xX][0-9a-fA-F]+|\d+)|([A-Za-z_]\w*)|(==|!=|<=|>=|&&|\|\||[<>!+\-&()[\]:]))/y;

/** A device's name, which may hold what is an operator elsewhere. */
const deviceName = /\s+([A-Za-z0-9][A-Za-z0-9_.:-]*)/y;

/** What somebody may have meant who wrote this. */
const instead: Readonly<Record<string, string>> = {
  '=': 'write == to compare',
  '|': 'write || for "or"',
  and: 'write && for "and"',
  or: 'write || for "or"',
  not: 'write ! for "not"',
  '->': 'write !a || b for "a implies b"',
};

function tokens(text: string): Token[] {
  const all: Token[] = [];
  for (let at = 0; ; at = pattern.lastIndex) {
    deviceName.lastIndex = at;
    const behind = all.at(-1)?.text === 'device' && all.at(-2)?.text !== 'device';
    const name = behind ? deviceName.exec(text)?.[1] : undefined;
    if (name !== undefined) {
      pattern.lastIndex = deviceName.lastIndex;
      all.push({ kind: 'word', text: name, at: deviceName.lastIndex - name.length });
      continue;
    }
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) {
      const rest = /\S.*/su.exec(text.slice(at));
      if (rest === null) return [...all, { kind: 'end', text: '', at: text.length }];
      const sign = String.fromCodePoint(rest[0].codePointAt(0) ?? 0);
      throw new ExpressionError(at + rest.index, `${quote(sign)} means nothing here; ${instead[sign] ?? 'leave it out'}`);
    }
    const [whole, number, word, sign] = match;
    const found = number ?? word ?? sign ?? '';
    all.push({
      kind: number === undefined ? (word === undefined ? 'sign' : 'word') : 'number',
      text: found,
      at: at + whole.length - found.length,
    });
  }
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokens(text);
  }

  whole(): Node {
    const node = this.#condition();
    const rest = this.#peek();
    if (rest.kind !== 'end') throw this.#unexpected(rest, 'an operator such as && or the end');
    return node;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: this.#text.length };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  /** Takes the sign or word, if it comes next. */
  #skip(text: string): boolean {
    const token = this.#peek();
    const found = token.text === text && token.kind !== 'number';
    if (found) this.#next++;
    return found;
  }

  #expect(text: string, why: string): void {
    if (!this.#skip(text)) throw this.#unexpected(this.#peek(), `${text} ${why}`);
  }

  #unexpected(token: Token, wanted: string): ExpressionError {
    const before = this.#tokens[this.#next - 1];
    const arrow = token.text === '>' && before?.text === '-' && before.at + 1 === token.at;
    const pair = arrow ? '->' : token.text;
    const found = token.kind === 'end' ? 'the expression ends here' : `${quote(pair)} cannot stand here`;
    return new ExpressionError(
      arrow ? before.at : token.at,
      `${found}; ${Object.hasOwn(instead, pair) ? instead[pair] : `expected ${wanted}`}`,
    );
  }

  /** Text from `at` to the last token that was taken. */
  #since(at: number): string {
    const last = this.#tokens[this.#next - 1];
    return this.#text.slice(at, last === undefined ? at : last.at + last.text.length);
  }

  #deeper<T>(parse: () => T): T {
    if (++this.#depth > MOST_DEPTH)
      throw new ExpressionError(this.#peek().at, `this is nested more than ${MOST_DEPTH} deep; make two assertions of it`);
    const result = parse();
    this.#depth--;
    return result;
  }

  #condition(): Node {
    return this.#deeper(() => this.#chain('either', '||', () => this.#chain('both', '&&', () => this.#comparison())));
  }

  #chain(is: 'both' | 'either', sign: string, part: () => Node): Node {
    let left = part();
    while (this.#skip(sign)) {
      const right = part();
      left = { is, left, right, at: left.at, text: this.#since(left.at) };
    }
    return left;
  }

  #comparison(): Node {
    const left = this.#sum();
    const { text: op } = this.#peek();
    if (!comparisons.includes(op)) return left;
    this.#next++;
    const right = this.#sum();
    const next = this.#peek();
    if (comparisons.includes(next.text))
      throw new ExpressionError(next.at, `comparisons do not follow each other; write both, joined with &&, or put one in ( )`);
    return { is: 'comparison', op: op as Comparison, left, right, at: left.at, text: this.#since(left.at) };
  }

  #sum(): Node {
    return this.#operators(['&'], () => this.#operators(['+', '-'], () => this.#unary()));
  }

  #operators(signs: readonly ('+' | '-' | '&')[], part: () => Node): Node {
    let left = part();
    for (;;) {
      const op = signs.find((sign) => this.#skip(sign));
      if (op === undefined) return left;
      const right = part();
      left = { is: 'sum', op, left, right, at: left.at, text: this.#since(left.at) };
    }
  }

  #unary(): Node {
    const { at } = this.#peek();
    if (!this.#skip('!')) return this.#primary();
    const of = this.#deeper(() => this.#unary());
    return { is: 'not', of, at, text: this.#since(at) };
  }

  #primary(): Node {
    const token = this.#take();
    const { at, text, kind } = token;
    if (kind === 'number') return { is: 'number', value: this.#number(token), at, text };
    if (text === '(') {
      const inner = this.#condition();
      this.#expect(')', 'to close the bracket');
      return { ...inner, at, text: this.#since(at) };
    }
    if (kind !== 'word' || text === 'in' || Object.hasOwn(instead, text)) {
      this.#next--;
      throw this.#unexpected(token, 'a number, a name such as owed[irq 24], or ( )');
    }
    if (text === 'true' || text === 'false') return { is: 'truth', value: text === 'true', at, text };
    if (text === 'all' || text === 'any') return this.#quantifier(token);
    if (text === 'cpu' || text === 'irq' || text === 'device') return this.#part(token, text);
    if (text === 'vector') throw new ExpressionError(at, 'a vector is a number; write it alone, for example 0x21');
    const index: Node[] = [];
    while (this.#skip('[')) {
      index.push(this.#condition());
      this.#expect(']', 'to close the index');
    }
    return { is: 'name', name: text, index, at, text: this.#since(at) };
  }

  #number({ text, at }: Token): number {
    const value = Number(text);
    if (value > 0xffff_ffff) throw new ExpressionError(at, `${text} has more than 32 bits; write 0xffffffff at most`);
    return value;
  }

  #quantifier({ text: word, at }: Token): Node {
    const variable = this.#take();
    const example = `write for example ${word} i in irq: owed[i]`;
    if (variable.kind !== 'word' || reserved.includes(variable.text))
      throw new ExpressionError(variable.at, `${word} needs a name of its own here; ${example}`);
    if (!this.#skip('in')) throw new ExpressionError(this.#peek().at, `expected in behind ${word} ${variable.text}; ${example}`);
    const over = this.#take();
    if (!overs.includes(over.text))
      throw new ExpressionError(
        over.at,
        `${word} goes over ${joined(overs, 'or')}, not ${over.text === '' ? 'nothing' : quote(over.text)}; ${example}`,
      );
    if (!this.#skip(':'))
      throw new ExpressionError(this.#peek().at, `expected : behind ${word} ${variable.text} in ${over.text}; ${example}`);
    const body = this.#condition();
    return { is: 'quantifier', every: word === 'all', variable: variable.text, over: over.text as Over, body, at, text: this.#since(at) };
  }

  /** `cpu 3`, `irq 122`, `device xhci`. */
  #part({ at }: Token, kind: 'cpu' | 'irq' | 'device'): Node {
    const token = this.#take();
    const [wanted, what, example] = kind === 'device' ? (['word', 'name', 'nic'] as const) : (['number', 'number', '3'] as const);
    if (token.kind !== wanted) {
      const found = token.kind === 'end' ? '' : `, not before ${quote(token.text)}`;
      throw new ExpressionError(token.at, `${kind} stands before a ${what}${found}; write for example ${kind} ${example}`);
    }
    const name = kind === 'device' ? token.text : String(this.#number(token));
    return { is: 'part', kind, name, at, text: this.#since(at) };
  }
}

/** Reads an expression. Throws `ExpressionError`. */
export function parseExpression(text: string): Node {
  if (text.trim() === '') throw new ExpressionError(0, 'the expression is empty; write a condition, for example !owed[irq 24]');
  if (text.length > MOST_CHARACTERS)
    throw new ExpressionError(
      0,
      `the expression has ${text.length} characters; write ${MOST_CHARACTERS} at most, or make two assertions of it`,
    );
  return new Parser(text).whole();
}
