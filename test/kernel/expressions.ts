/** Random expressions over a few variables: their text, and what they say of a state, worked out on the host. */
import fc from 'fast-check';

/** Three CPUs, two irqs, vectors 0x21 to 0x23; values as the variables hold them. */
export interface World {
  /** [cpu * 3 + vector - 0x21]: 0 UNUSED, 1 SHUTDOWN, irq index + 2 */
  readonly slots: readonly number[];
  /** by irq: CPU index, 3 = no CPU */
  readonly target: readonly number[];
  readonly vector: readonly number[];
  readonly moving: readonly boolean[];
  readonly state: number;
}

const cpuNames = [0, 3, 5];
const irqNames = [122, 40];

/** Leaves name quantified variables by number; one that is not bound stands for the first part of its kind. */
type Cpu = { is: 'cpu'; index: number } | { is: 'cpuVar' } | { is: 'target'; irq: Irq };
type Irq = { is: 'irq'; index: number } | { is: 'irqVar' };
type Num =
  | { is: 'number'; value: number }
  | { is: 'state' }
  | { is: 'vector'; irq: Irq }
  | { is: 'sum'; op: '+' | '-' | '&'; left: Num; right: Num };
export type Tree =
  | { is: 'moving'; irq: Irq }
  | { is: 'slot'; cpu: Cpu; vector: Num; value: 'UNUSED' | 'SHUTDOWN' | Irq; same: boolean }
  | { is: 'cpus'; left: Cpu; right: Cpu; same: boolean }
  | { is: 'numbers'; op: string; left: Num; right: Num }
  | { is: 'not'; of: Tree }
  | { is: 'join'; op: '&&' | '||' | '==' | '!='; left: Tree; right: Tree }
  | { is: 'quantifier'; every: boolean; over: 'cpu' | 'irq'; body: Tree };

const irq: fc.Arbitrary<Irq> = fc.oneof(
  fc.record({ is: fc.constant('irq' as const), index: fc.integer({ min: 0, max: 1 }) }),
  fc.constant({ is: 'irqVar' as const }),
);
const cpu: fc.Arbitrary<Cpu> = fc.oneof(
  fc.record({ is: fc.constant('cpu' as const), index: fc.integer({ min: 0, max: 2 }) }),
  fc.constant({ is: 'cpuVar' as const }),
  fc.record({ is: fc.constant('target' as const), irq }),
);

export const expression: fc.Arbitrary<Tree> = fc.letrec<{ num: Num; tree: Tree }>((tie) => ({
  num: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'num' },
    fc.record({ is: fc.constant('number' as const), value: fc.constantFrom(0, 1, 2, 0x21, 0x22, 0xffffffff) }),
    fc.constant({ is: 'state' as const }),
    fc.record({ is: fc.constant('vector' as const), irq }),
    fc.record({ is: fc.constant('sum' as const), op: fc.constantFrom('+', '-', '&'), left: tie('num'), right: tie('num') }),
  ),
  tree: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'tree' },
    fc.record({ is: fc.constant('moving' as const), irq }),
    fc.record({
      is: fc.constant('slot' as const),
      cpu,
      vector: tie('num'),
      value: fc.oneof(fc.constantFrom('UNUSED' as const, 'SHUTDOWN' as const), irq),
      same: fc.boolean(),
    }),
    fc.record({ is: fc.constant('cpus' as const), left: cpu, right: cpu, same: fc.boolean() }),
    fc.record({
      is: fc.constant('numbers' as const),
      op: fc.constantFrom('==', '!=', '<', '<=', '>', '>='),
      left: tie('num'),
      right: tie('num'),
    }),
    fc.record({ is: fc.constant('not' as const), of: tie('tree') }),
    fc.record({ is: fc.constant('join' as const), op: fc.constantFrom('&&', '||', '==', '!='), left: tie('tree'), right: tie('tree') }),
    fc.record({ is: fc.constant('quantifier' as const), every: fc.boolean(), over: fc.constantFrom('cpu', 'irq'), body: tie('tree') }),
  ),
})).tree;

interface Bound {
  readonly cpu: readonly string[];
  readonly irq: readonly string[];
}

export function print(tree: Tree, bound: Bound = { cpu: [], irq: [] }): string {
  const irqText = (i: Irq): string => (i.is === 'irq' ? `irq ${irqNames[i.index]}` : (bound.irq.at(-1) ?? 'irq 122'));
  const cpuText = (c: Cpu): string =>
    c.is === 'cpu' ? `cpu ${cpuNames[c.index]}` : c.is === 'target' ? `apicd_cpu[${irqText(c.irq)}]` : (bound.cpu.at(-1) ?? 'cpu 0');
  const numText = (n: Num): string => {
    if (n.is === 'number') return n.value > 2 ? `0x${n.value.toString(16)}` : String(n.value);
    if (n.is === 'sum') return `(${numText(n.left)} ${n.op} ${numText(n.right)})`;
    return n.is === 'state' ? 'stop_state + 0' : `apicd_vector[${irqText(n.irq)}]`;
  };
  switch (tree.is) {
    case 'moving':
      return `moving[${irqText(tree.irq)}]`;
    case 'slot': {
      const value = typeof tree.value === 'string' ? tree.value : irqText(tree.value);
      // a constant that is outside of the universe would be refused
      return `vector_irq[${cpuText(tree.cpu)}][${vectorText(tree.vector, numText)}] ${tree.same ? '==' : '!='} ${value}`;
    }
    case 'cpus':
      return `${cpuText(tree.left)} ${tree.same ? '==' : '!='} ${cpuText(tree.right)}`;
    case 'numbers':
      return `${numText(tree.left)} ${tree.op} ${numText(tree.right)}`;
    case 'not':
      return `!(${print(tree.of, bound)})`;
    case 'join':
      return `(${print(tree.left, bound)}) ${tree.op} (${print(tree.right, bound)})`;
    case 'quantifier': {
      const variable = `${tree.over === 'cpu' ? 'c' : 'i'}${bound[tree.over].length}`;
      const inner = { ...bound, [tree.over]: [...bound[tree.over], variable] };
      return `(${tree.every ? 'all' : 'any'} ${variable} in ${tree.over}: ${print(tree.body, inner)})`;
    }
  }
}

function isConstant(n: Num): boolean {
  return n.is === 'number' || (n.is === 'sum' && isConstant(n.left) && isConstant(n.right));
}

function vectorText(n: Num, numText: (n: Num) => string): string {
  return isConstant(n) ? '0x22' : numText(n);
}

/** An index that does not exist: the whole expression does not hold. */
class Nowhere extends Error {}

export function evaluate(tree: Tree, world: World): boolean {
  try {
    return holds(tree, world, 0, 0);
  } catch (error) {
    if (error instanceof Nowhere) return false;
    throw error;
  }
}

function holds(tree: Tree, world: World, boundCpu: number, boundIrq: number): boolean {
  const irqOf = (i: Irq): number => (i.is === 'irq' ? i.index : boundIrq);
  const cpuOf = (c: Cpu): number => (c.is === 'cpu' ? c.index : c.is === 'target' ? (world.target[irqOf(c.irq)] ?? 0) : boundCpu);
  const numOf = (n: Num): number => {
    if (n.is === 'number') return n.value;
    if (n.is === 'state') return world.state;
    if (n.is === 'vector') return world.vector[irqOf(n.irq)] ?? 0;
    const [a, x] = [numOf(n.left), numOf(n.right)];
    return (n.op === '+' ? a + x : n.op === '-' ? a - x : a & x) >>> 0;
  };
  const also = (t: Tree): boolean => holds(t, world, boundCpu, boundIrq);
  switch (tree.is) {
    case 'moving':
      return world.moving[irqOf(tree.irq)] === true;
    case 'slot': {
      const c = cpuOf(tree.cpu);
      const v = isConstant(tree.vector) ? 0x22 : numOf(tree.vector);
      if (c > 2 || v > 255) throw new Nowhere();
      const slot = v >= 0x21 && v <= 0x23 ? (world.slots[c * 3 + v - 0x21] ?? 0) : 0;
      const value = tree.value === 'UNUSED' ? 0 : tree.value === 'SHUTDOWN' ? 1 : irqOf(tree.value) + 2;
      return (slot === value) === tree.same;
    }
    case 'cpus':
      return (cpuOf(tree.left) === cpuOf(tree.right)) === tree.same;
    case 'numbers': {
      const [a, x] = [numOf(tree.left), numOf(tree.right)];
      return { '==': a === x, '!=': a !== x, '<': a < x, '<=': a <= x, '>': a > x, '>=': a >= x }[tree.op] === true;
    }
    case 'not':
      return !also(tree.of);
    case 'join': {
      if (tree.op === '&&') return also(tree.left) && also(tree.right);
      if (tree.op === '||') return also(tree.left) || also(tree.right);
      const [a, x] = [also(tree.left), also(tree.right)];
      return (a === x) === (tree.op === '==');
    }
    case 'quantifier': {
      const each = tree.over === 'cpu' ? [0, 1, 2].map((c) => [c, boundIrq] as const) : [0, 1].map((i) => [boundCpu, i] as const);
      const test = ([c, i]: readonly [number, number]): boolean => holds(tree.body, world, c, i);
      return tree.every ? each.every(test) : each.some(test);
    }
  }
}
