import { CYCLES_PER_US } from '../scenario/index.js';
import { movable, targets, type Among, type Policy } from './policy.js';
import { PoissonTimes, type Random } from './random.js';

/** Moves a random irq to a random CPU that is online, at random times of this rate. */
export function storm(options: { readonly perSecond: number } & Among, random: Random): Policy {
  const times = new PoissonTimes(random, (1_000_000 * CYCLES_PER_US) / options.perSecond);
  return {
    name: 'storm',
    next(view) {
      const due = times.before(view.until);
      if (due.length === 0) return [];
      const [irqs, cpus] = [movable(view, options), targets(view, options)];
      return due.flatMap((cycles) => {
        const [irq, cpu] = [irqs[random.below(irqs.length)]?.irq, cpus[random.below(cpus.length)]];
        return irq === undefined || cpu === undefined ? [] : [{ at: { cycles }, move: { irq, to: [cpu] } }];
      });
    },
  };
}
