/** Random programs: what they mean, and the same built with the assembler. */
import fc from 'fast-check';
import {
  Assembler,
  Declarations,
  all,
  any,
  eq,
  ge,
  lt,
  ne,
  not,
  type Builder,
  type Condition,
  type Program,
  type Reg,
  type Routine,
} from '../../src/kernel/index.js';
import { size } from './machine.js';

type Operator = 'add' | 'sub' | 'and' | 'or' | 'xor' | 'shl' | 'shr';
type Expr =
  | { t: 'number'; n: number }
  | { t: 'local'; v: number }
  | { t: 'wide' | 'narrow'; cell: number }
  | { t: 'binary'; op: Operator; l: Expr; r: Expr };
type Test = { t: 'eq' | 'ne' | 'lt' | 'ge'; l: Expr; r: Expr } | { t: 'all' | 'any'; l: Test; r: Test } | { t: 'not'; of: Test };
type Stmt =
  | { t: 'set'; v: number; e: Expr }
  | { t: 'wide' | 'narrow'; cell: number; e: Expr }
  | { t: 'count'; cell: number; v: number }
  | { t: 'if'; test: Test; yes: Stmt[]; no: Stmt[] }
  | { t: 'repeat'; times: number; body: Stmt[] }
  | { t: 'atomic'; body: Stmt[] }
  | { t: 'leave'; how: 'break' | 'continue' | 'return'; test: Test; e: Expr }
  | { t: 'call'; v: number; routine: number; args: [Expr, Expr] };

/** Bodies of main and of the routines below it; each calls only later ones. */
export type Source = Stmt[][];

const immediate = fc.oneof(fc.nat(40), fc.constantFrom(0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_ffff));
const locals = 2;

const { expr, test, stmts } = fc.letrec<{ expr: Expr; test: Test; stmt: Stmt; stmts: Stmt[] }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.record({ t: fc.constant('number' as const), n: immediate }),
    fc.record({ t: fc.constant('local' as const), v: fc.nat(locals - 1) }),
    fc.record({ t: fc.constantFrom('wide' as const, 'narrow' as const), cell: fc.nat(3) }),
    fc.record({
      t: fc.constant('binary' as const),
      op: fc.constantFrom<Operator>('add', 'sub', 'and', 'or', 'xor', 'shl', 'shr'),
      l: tie('expr'),
      r: tie('expr'),
    }),
  ),
  test: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.record({ t: fc.constantFrom('eq' as const, 'ne' as const, 'lt' as const, 'ge' as const), l: tie('expr'), r: tie('expr') }),
    fc.record({ t: fc.constantFrom('all' as const, 'any' as const), l: tie('test'), r: tie('test') }),
    fc.record({ t: fc.constant('not' as const), of: tie('test') }),
  ),
  stmt: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({ t: fc.constant('set' as const), v: fc.nat(locals - 1), e: tie('expr') }),
    fc.record({ t: fc.constantFrom('wide' as const, 'narrow' as const), cell: fc.nat(3), e: tie('expr') }),
    fc.record({ t: fc.constant('count' as const), cell: fc.nat(3), v: fc.nat(locals - 1) }),
    fc.record({
      t: fc.constant('leave' as const),
      how: fc.constantFrom('break' as const, 'continue' as const, 'return' as const),
      test: tie('test'),
      e: tie('expr'),
    }),
    fc.record({ t: fc.constant('call' as const), v: fc.nat(locals - 1), routine: fc.nat(2), args: fc.tuple(tie('expr'), tie('expr')) }),
    fc.record({ t: fc.constant('if' as const), test: tie('test'), yes: tie('stmts'), no: tie('stmts') }),
    fc.record({ t: fc.constant('repeat' as const), times: fc.nat(3), body: tie('stmts') }),
    fc.record({ t: fc.constant('atomic' as const), body: tie('stmts') }),
  ),
  stmts: fc.array(tie('stmt'), { maxLength: 4 }),
}));
void test;
void expr;

export const source: fc.Arbitrary<Source> = fc.array(stmts, { minLength: 1, maxLength: 3 });

const widthOfNarrow = 5;

/** Memory after main, by direct evaluation. */
export function evaluate(bodies: Source): { wide: number[]; narrow: number[] } {
  const wide = [0, 0, 0, 0];
  const narrow = [0, 0, 0, 0];
  class Leave {
    constructor(readonly how: 'break' | 'continue' | 'return') {}
  }
  const routine = (index: number, args: readonly number[]): number => {
    const local = args.slice(0, locals);
    let result = 0;
    const value = (e: Expr): number => {
      switch (e.t) {
        case 'number':
          return e.n;
        case 'local':
          return local[e.v] ?? 0;
        case 'wide':
          return wide[e.cell] ?? 0;
        case 'narrow':
          return narrow[e.cell] ?? 0;
        case 'binary': {
          const [l, r] = [value(e.l), value(e.r)];
          const of = { add: l + r, sub: l - r, and: l & r, or: l | r, xor: l ^ r, shl: l << (r & 31), shr: l >>> (r & 31) };
          return of[e.op] >>> 0;
        }
      }
    };
    const holds = (c: Test): boolean => {
      switch (c.t) {
        case 'all':
          return holds(c.l) && holds(c.r);
        case 'any':
          return holds(c.l) || holds(c.r);
        case 'not':
          return !holds(c.of);
        default: {
          const [l, r] = [value(c.l), value(c.r)];
          return { eq: l === r, ne: l !== r, lt: l < r, ge: l >= r }[c.t];
        }
      }
    };
    const runAll = (list: readonly Stmt[], inLoop: boolean): void => {
      for (const s of list) one(s, inLoop);
    };
    const one = (s: Stmt, inLoop: boolean): void => {
      switch (s.t) {
        case 'set':
          local[s.v] = value(s.e);
          break;
        case 'wide':
          wide[s.cell] = value(s.e);
          break;
        case 'narrow':
          narrow[s.cell] = value(s.e) & (2 ** widthOfNarrow - 1);
          break;
        case 'count':
          wide[s.cell] = ((wide[s.cell] ?? 0) + 3) >>> 0;
          local[s.v] = wide[s.cell] ?? 0;
          break;
        case 'if':
          runAll(holds(s.test) ? s.yes : s.no, inLoop);
          break;
        case 'repeat':
          for (let i = 0; i < s.times; i++) {
            try {
              runAll(s.body, true);
            } catch (leave) {
              if (!(leave instanceof Leave) || leave.how === 'return') throw leave;
              if (leave.how === 'break') break;
            }
          }
          break;
        case 'atomic':
          runAll(s.body, inLoop);
          break;
        case 'leave':
          if (s.how !== 'return' && !inLoop) break;
          if (!holds(s.test)) break;
          if (s.how === 'return') result = value(s.e);
          throw new Leave(s.how);
        case 'call':
          if (index + 1 + s.routine < bodies.length) local[s.v] = routine(index + 1 + s.routine, s.args.map(value));
          break;
      }
    };
    try {
      runAll(bodies[index] ?? [], false);
    } catch (leave) {
      if (!(leave instanceof Leave)) throw leave;
      return result;
    }
    return local[0] ?? 0;
  };
  wide[0] = routine(0, [7, 11]);
  return { wide, narrow };
}

type Callable = Routine<{ readonly x: 'u32'; readonly y: 'u32' }, 'u32'>;

/** The same, assembled. Variables are of class `record`, so that anything may stand in an atomic block. */
export function build(bodies: Source): { program: Program; declarations: Declarations } {
  const declarations = new Declarations();
  const wide = declarations.variable('wide', 'u32', ['device'], { class: 'record' });
  const narrow = declarations.variable('narrow', 'u8', ['device'], { class: 'record', bits: widthOfNarrow });
  const k = new Assembler(declarations);
  const routines: Callable[] = bodies.map((body, index) =>
    k.routine('f' + index, { x: 'u32', y: 'u32' }, (b, { x, y }) => emit(b, index, body, [x, y]), 'u32'),
  );

  function emit(b: Builder<'u32'>, index: number, body: readonly Stmt[], local: readonly Reg<'u32'>[]): void {
    const at = (v: number): Reg<'u32'> => local[v] ?? b.let('u32', 0);
    const value = (e: Expr): Reg<'u32'> | number => {
      switch (e.t) {
        case 'number':
          return e.n;
        case 'local':
          return at(e.v);
        case 'wide':
          return b.load(wide, [e.cell]);
        case 'narrow':
          return b.let('u32', b.load(narrow, [e.cell]));
        case 'binary':
          return b[e.op]('u32', value(e.l), value(e.r));
      }
    };
    const condition = (c: Test): Condition => {
      switch (c.t) {
        case 'all':
          return all(
            () => condition(c.l),
            () => condition(c.r),
          );
        case 'any':
          return any(
            () => condition(c.l),
            () => condition(c.r),
          );
        case 'not':
          return not(condition(c.of));
        default:
          return { eq, ne, lt, ge }[c.t](value(c.l), value(c.r));
      }
    };
    const list = (stmts_: readonly Stmt[], inLoop: boolean): void => stmts_.forEach((s) => one(s, inLoop));
    const one = (s: Stmt, inLoop: boolean): void => {
      switch (s.t) {
        case 'set':
          b.set(at(s.v), value(s.e));
          break;
        case 'wide':
          b.store(wide, [s.cell], value(s.e));
          break;
        case 'narrow':
          b.store(narrow, [s.cell], b.let('u8', b.and('u32', value(s.e), 2 ** widthOfNarrow - 1)));
          break;
        case 'count':
          b.set(at(s.v), b.fetchAdd(wide, [s.cell], 3));
          break;
        case 'if':
          b.if(condition(s.test), () => list(s.yes, inLoop), s.no.length > 0 ? () => list(s.no, inLoop) : undefined);
          break;
        case 'repeat': {
          const i = b.let('u8', 0);
          b.while(lt(i, s.times), () => {
            // counted before the body, so that `continue` goes on
            b.set(i, b.add(i, 1));
            list(s.body, true);
          });
          break;
        }
        case 'atomic':
          b.atomic(() => list(s.body, inLoop));
          break;
        case 'leave':
          if (s.how !== 'return' && !inLoop) break;
          b.if(condition(s.test), () => {
            if (s.how === 'return') b.return(value(s.e));
            else if (s.how === 'break') b.break();
            else b.continue();
          });
          break;
        case 'call': {
          const callee = routines[index + 1 + s.routine];
          if (callee) b.set(at(s.v), b.call(callee, { x: value(s.args[0]), y: value(s.args[1]) }));
          break;
        }
      }
    };
    list(body, false);
    b.return(at(0));
  }

  k.entry(
    k.routine('main', {}, (b) => {
      const first = routines[0];
      if (first) b.store(wide, [0], b.call(first, { x: 7, y: 11 }));
    }),
  );
  return { program: k.assemble(size), declarations };
}
