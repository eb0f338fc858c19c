import { CYCLES_PER_US } from '../scenario/index.js';
import type { Policy } from './policy.js';
import { PoissonTimes, type Random } from './random.js';

const pick = (among: readonly number[], word = 0): number | undefined => among[Math.floor((word * among.length) / 2 ** 32)];

/** Takes a random CPU offline, or brings it back, at random times; `keep` stay online. Each waits for the one before: who is late is left out. */
export function hotplugStorm(
  options: { readonly everyUs: number; readonly keep: number; readonly cpus?: readonly number[] | undefined },
  random: Random,
): Policy {
  const times = new PoissonTimes(random, options.everyUs * CYCLES_PER_US);
  return {
    name: 'hotplugStorm',
    next(view) {
      const [cycles] = times.before(view.until);
      if (cycles === undefined) return [];
      // drawn in any case: what is drawn next does not depend on who was late
      const dice = [random.word(), random.word()];
      if (view.plugging > 0) return [];
      const online = new Set(view.online);
      const all = view.cpus.map(({ cpu }) => cpu).filter((cpu) => options.cpus?.includes(cpu) ?? true);
      const cpu = pick(all, dice[0]);
      if (cpu !== undefined && online.has(cpu) && online.size > options.keep) return [{ at: { cycles }, offline: cpu }];
      const away = all.filter((each) => !online.has(each));
      const back = cpu !== undefined && !online.has(cpu) ? cpu : pick(away, dice[1]);
      return back === undefined ? [] : [{ at: { cycles }, online: back }];
    },
  };
}
