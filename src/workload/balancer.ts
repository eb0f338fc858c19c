/** Balancers by load, as irqbalance is one: who has most to do gives an irq to who has least. */
import type { IrqView, RunView, TimedOperation } from '../scenario/index.js';
import { movable, targets, Ticks, type Among, type Policy } from './policy.js';

interface Loaded {
  readonly irq: IrqView;
  /** cycles of its handlers since the time before */
  readonly load: number;
}

/** What irqs have cost since the time before. */
class Meter {
  readonly #before = new Map<number, number>();

  read(irqs: readonly IrqView[]): Loaded[] {
    return irqs.map((irq) => {
      const load = irq.cycles - (this.#before.get(irq.irq) ?? 0);
      this.#before.set(irq.irq, irq.cycles);
      return { irq, load };
    });
  }
}

/** Moves that make the loads of these CPUs more equal, each irq once; what else the CPUs do for drivers stays. */
function level(cpus: readonly number[], all: readonly Loaded[], may: (irq: number) => boolean): ReadonlyMap<number, number> {
  const loads = new Map(cpus.map((cpu) => [cpu, 0]));
  for (const { irq, load } of all) if (loads.has(irq.cpu)) loads.set(irq.cpu, (loads.get(irq.cpu) ?? 0) + load);
  const moves = new Map<number, number>();
  // the heaviest first, as far as they fit into the difference
  const heaviest = all.filter(({ irq, load }) => load > 0 && may(irq.irq)).toSorted((a, b) => b.load - a.load || a.irq.irq - b.irq.irq);
  while (true) {
    const order = [...loads].toSorted(([a, x], [b, y]) => x - y || a - b);
    const [least, most] = [order[0], order.at(-1)];
    if (least === undefined || most === undefined) return moves;
    const given = heaviest.find(({ irq, load }) => irq.cpu === most[0] && !moves.has(irq.irq) && load < most[1] - least[1]);
    if (given === undefined) return moves;
    moves.set(given.irq.irq, least[0]);
    loads.set(least[0], least[1] + given.load);
    loads.set(most[0], most[1] - given.load);
  }
}

type Every = { readonly everyUs: number } & Among;

function balancing(name: string, options: Every, plan: (view: RunView, all: readonly Loaded[]) => ReadonlyMap<number, number>): Policy {
  const ticks = new Ticks(options.everyUs);
  const meter = new Meter();
  return {
    name,
    next(view) {
      const cycles = ticks.before(view.until).at(-1);
      if (cycles === undefined) return [];
      const moves = plan(view, meter.read(view.irqs));
      return [...moves].map(([irq, cpu]): TimedOperation => ({ at: { cycles }, move: { irq, to: [cpu] } }));
    },
  };
}

/** Moves busy irqs from the CPU with the most load to the one with the least. */
export function balancer(options: Every): Policy {
  return balancing('balancer', options, (view, all) => {
    const able = new Set(movable(view, options).map(({ irq }) => irq));
    return level(targets(view, options), all, (irq) => able.has(irq));
  });
}

/** The same within each node; an irq that is outside of the node of its device comes back first, as long as a CPU of it is online. */
export function numa(options: Every): Policy {
  return balancing('numa', options, (view, all) => {
    const able = new Set(movable(view, options).map(({ irq }) => irq));
    const nodeOf = new Map(view.cpus.map(({ cpu, node }) => [cpu, node]));
    const cpus = targets(view, options);
    const moves = new Map<number, number>();
    for (const node of new Set(nodeOf.values())) {
      const here = cpus.filter((cpu) => nodeOf.get(cpu) === node);
      if (here.length === 0) continue;
      const strays = all.filter(({ irq }) => irq.node === node && able.has(irq.irq) && !here.includes(irq.cpu));
      strays.forEach(({ irq }, i) => moves.set(irq.irq, here[i % here.length] ?? 0));
      const own = all.filter(({ irq }) => here.includes(irq.cpu));
      for (const [irq, cpu] of level(here, own, (each) => able.has(each) && !moves.has(each))) moves.set(irq, cpu);
    }
    return moves;
  });
}
