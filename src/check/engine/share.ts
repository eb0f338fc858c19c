/** What several workers, or several sittings, have covered and found, joined: sums, maxima, and the best of each failure. */
import type { FoundFailure, Share } from './engine.js';

export function joinShares(shares: readonly Share[]): Share {
  const sum = (field: Exclude<keyof Share, 'poolFull'>): number => shares.reduce((n, share) => n + share[field], 0);
  const most = (field: 'depth' | 'largestImage'): number => Math.max(0, ...shares.map((share) => share[field]));
  return {
    states: sum('states'),
    transitions: sum('transitions'),
    executed: sum('executed'),
    rest: sum('rest'),
    probed: sum('probed'),
    depth: most('depth'),
    largestImage: most('largestImage'),
    imageBytes: sum('imageBytes'),
    poolFull: shares.some((share) => share.poolFull),
    memory: sum('memory'),
    visitedBytes: sum('visitedBytes'),
  };
}

/** The order of assembly/check/search.ts: it does not depend on who found what first. */
function better(a: FoundFailure, b: FoundFailure): boolean {
  if (a.length !== b.length) return a.length < b.length;
  if (a.round !== b.round) return a.round < b.round;
  return a.fingerprint === b.fingerprint ? a.action < b.action : a.fingerprint < b.fingerprint;
}

export function joinFailures(found: readonly FoundFailure[]): FoundFailure[] {
  const best = new Map<number, FoundFailure>();
  for (const failure of found) {
    const known = best.get(failure.property);
    if (known === undefined || better(failure, known)) best.set(failure.property, failure);
  }
  return [...best.values()].toSorted((a, b) => a.length - b.length || a.property - b.property);
}
