/**
 * The weakest assumptions under which a scenario is safe (design 1): which of those in force can be given up, alone and together, and
 * what fails without the others.
 */
import { alternatives, assumptionValues, type Assumptions } from '../../machine/index.js';
import { restsOn, type System } from '../../scenario/index.js';
import { findBorder, type Point } from './lattice.js';

type Name = keyof Assumptions;

/** What is assumed of a name at each level, strongest first: one value, or any of several. */
interface Chain {
  readonly name: Name;
  readonly levels: readonly (readonly string[])[];
}

/** Assumptions by name; of alternatives that are given up, `either`. */
export type Assumed = Readonly<Record<string, string>>;

/** What is known of a system under some assumptions. */
export interface Searched {
  readonly verdict: 'safe' | 'failed' | 'unknown';
  readonly stopped: boolean;
}

export interface Weakest {
  /** sets that cannot be weakened any more without a failure, or as far as is known */
  readonly safe: readonly Assumed[];
  /** the strongest sets under which something fails, with what differs from those in force, and all values to be tried */
  readonly failing: readonly { readonly assumed: Assumed; readonly givenUp: Assumed; readonly settings: readonly Partial<Assumptions>[] }[];
  /** the strongest sets of which no search came to an end */
  readonly undecided: readonly Assumed[];
  readonly searches: number;
}

/** From the value in force to the weakest; alternatives end with any of them. */
function chainsOf(system: System): Chain[] {
  return Object.entries(restsOn(system)).flatMap(([key, value]) => {
    const name = key as Name;
    const values: readonly string[] = assumptionValues[name];
    const levels = alternatives.has(name) ? [[value], values] : values.slice(values.indexOf(value)).map((each) => [each]);
    return levels.length > 1 ? [{ name, levels }] : [];
  });
}

/** How a level is called. */
const called = (level: readonly string[]): string => (level.length > 1 ? 'either' : (level[0] ?? ''));

/** All combinations of the values at a point. */
function settingsAt(chains: readonly Chain[], point: Point): Partial<Assumptions>[] {
  let settings: Partial<Assumptions>[] = [{}];
  chains.forEach(({ name, levels }, i) => {
    settings = settings.flatMap((each) => (levels[point[i] ?? 0] ?? []).map((value) => ({ ...each, [name]: value })));
  });
  return settings;
}

/** Searches as few sets as tell all. `search`: of the system under these; `stopped` ends it. */
export async function weakestAssumptions(system: System, search: (setting: Partial<Assumptions>) => Promise<Searched>): Promise<Weakest> {
  const chains = chainsOf(system);
  const known = new Map<string, Searched>();
  const searched = async (setting: Partial<Assumptions>): Promise<Searched> => {
    const key = JSON.stringify(setting);
    const found = known.get(key) ?? (await search(setting));
    if (!found.stopped) known.set(key, found);
    return found;
  };
  const border = await findBorder(
    chains.map(({ levels }) => levels.length - 1),
    async (point) => {
      let answer: boolean | undefined = true;
      for (const setting of settingsAt(chains, point)) {
        const { verdict, stopped } = await searched(setting);
        if (stopped) return 'stop';
        if (verdict === 'failed') return false;
        if (verdict === 'unknown') answer = undefined;
      }
      return answer;
    },
  );
  const assumedAt = (point: Point, all = true): Assumed =>
    Object.fromEntries(
      chains.flatMap(({ name, levels }, i) => {
        const level = point[i] ?? 0;
        return all || level > 0 ? [[name, called(levels[level] ?? [])]] : [];
      }),
    );
  return {
    safe: border.holds.map((point) => assumedAt(point)),
    failing: border.fails.map((point) => ({
      assumed: assumedAt(point),
      givenUp: assumedAt(point, false),
      settings: settingsAt(chains, point).filter((setting) => known.get(JSON.stringify(setting))?.verdict === 'failed'),
    })),
    undecided: border.unknown.map((point) => assumedAt(point)),
    searches: known.size,
  };
}
