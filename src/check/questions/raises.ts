/** The same check with one bound of raises after the other: from where on does nothing new happen? */
import type { Scenario } from '../../scenario/index.js';
import { kebab } from '../../words.js';
import { checkResultOf, type Checked, type RaisesResult } from '../document/index.js';
import type { SearchResult } from '../search/index.js';

/** Bounds of raises, both ends among them. */
export interface RaisesRange {
  readonly from: number;
  readonly to: number;
}

/** A check at one bound, and what happened at it for the first time. */
export interface CheckedAt {
  readonly raises: number;
  readonly checked: Checked;
  readonly first: {
    /** properties that fail, micro-ops that are executed, kinds of things that happen */
    readonly failures: readonly string[];
    readonly microOps: readonly string[];
    readonly kinds: readonly string[];
  };
}

/** The scenario with another bound on the raises of its devices; one that raises nothing stays so. */
export function withRaises(scenario: Scenario, raises: number): Scenario {
  return { ...scenario, devices: scenario.devices.map((device) => (device.raises === 0 ? device : { ...device, raises })) };
}

/** Every state within the bounds was looked at. */
export function isComplete({ reason }: SearchResult): boolean {
  return reason === undefined || reason.startsWith('vacuous');
}

/** The names that are not in the set yet, which then has them. */
function fresh(known: Set<string>, names: readonly string[]): string[] {
  return names.filter((name) => !known.has(name) && known.add(name));
}

/** What each of the checks, in ascending order of their bounds, has that none before it had. */
export function firsts(all: readonly { readonly raises: number; readonly checked: Checked }[]): CheckedAt[] {
  const known = { failures: new Set<string>(), kinds: new Set<string>() };
  let missing: ReadonlySet<string> | undefined;
  return all.map(({ raises, checked }) => {
    const { failures, vacuity } = checked.result;
    const left = new Set(vacuity.notExecuted);
    const microOps = [...(missing ?? [])].filter((label) => !left.has(label));
    missing = missing === undefined ? left : new Set([...missing].filter((label) => left.has(label)));
    return {
      raises,
      checked,
      first: {
        failures: fresh(
          known.failures,
          failures.map((f) => kebab(f.property)),
        ),
        microOps,
        kinds: fresh(known.kinds, vacuity.kinds),
      },
    };
  });
}

/** The bound from which on nothing happened for the first time, if it is not behind the last. */
export function nothingNewFrom(all: readonly CheckedAt[]): number | undefined {
  const isNew = ({ first }: CheckedAt, i: number): boolean =>
    i === 0 || first.failures.length > 0 || first.microOps.length > 0 || first.kinds.length > 0;
  const last = all.findLastIndex(isNew);
  return all[last + 1]?.raises;
}

/** The verdict on all bounds together. */
export function verdictOf(all: readonly CheckedAt[]): Pick<SearchResult, 'verdict' | 'reason'> {
  const results = all.map(({ checked }) => checked.result);
  const reason = results.find((result) => result.reason !== undefined)?.reason;
  if (results.some(({ verdict }) => verdict === 'failed')) return { verdict: 'failed', reason };
  return { verdict: reason === undefined ? 'safe' : 'unknown', reason };
}

/** The document of checks at several bounds. */
export function raisesResultOf(range: RaisesRange, all: readonly CheckedAt[]): RaisesResult {
  const { verdict, reason } = verdictOf(all);
  const checks = all.map(({ raises, checked, first: { failures, microOps, kinds } }) => ({
    ...checkResultOf(checked),
    raises,
    first: { failures: [...failures], microOps: [...microOps], kinds: [...kinds] },
  }));
  const [one] = checks;
  return {
    version: 1,
    command: 'check',
    scenario: one?.scenario ?? '',
    model: one?.model ?? '',
    verdict,
    reason: reason ?? null,
    interrupted: checks.some(({ interrupted }) => interrupted),
    raises: { ...range },
    nothingNewFrom: nothingNewFrom(all) ?? null,
    checks,
    seconds: all.reduce((sum, { checked }) => sum + checked.ms, 0) / 1000,
  };
}
