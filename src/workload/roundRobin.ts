import { movable, targets, Ticks, type Among, type Policy } from './policy.js';

/** Moves the next irq to the next CPU that is online. With every round of all irqs each begins one CPU further. */
export function roundRobin(options: { readonly everyUs: number } & Among): Policy {
  const ticks = new Ticks(options.everyUs);
  let moves = 0;
  return {
    name: 'roundRobin',
    next(view) {
      const due = ticks.before(view.until);
      if (due.length === 0) return [];
      const [irqs, cpus] = [movable(view, options), targets(view, options)];
      return due.flatMap((cycles) => {
        const [round, place] = [Math.floor(moves / irqs.length), moves % irqs.length];
        const irq = irqs[place]?.irq;
        const cpu = cpus[(place + round + 1) % cpus.length];
        moves++;
        return irq === undefined || cpu === undefined ? [] : [{ at: { cycles }, move: { irq, to: [cpu] } }];
      });
    },
  };
}
