/** Words for messages: how a value is named to its author, what a misspelt name may have meant, how numbers are listed. */

/** How a value that was read is named in a message: `the text "three"`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return value === '' ? 'an empty text' : `the text ${quote(value)}`;
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'a mapping';
}

/** In quotes, on one line, cut where it is too long to be of use in a message. */
export function quote(text: string): string {
  const cut = text.length > 40 ? `${text.slice(0, 37)}...` : text;
  return JSON.stringify(cut);
}

/** `0, 1 and 3`; more than four neighbours as `0 to 7`. */
export function listed(numbers: readonly number[]): string {
  const parts: string[] = [];
  const sorted = [...new Set(numbers)].toSorted((a, b) => a - b);
  for (let first = 0; first < sorted.length;) {
    let last = first;
    while (sorted[last + 1] === (sorted[last] ?? 0) + 1) last += 1;
    if (last - first >= 4) parts.push(`${sorted[first]} to ${sorted[last]}`);
    else parts.push(...sorted.slice(first, last + 1).map(String));
    first = last + 1;
  }
  return joined(parts, 'and');
}

/** `a, b or c`. */
export function joined(parts: readonly string[], last: 'and' | 'or'): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} ${last} ${parts.at(-1)}`;
}

/** `CPU 0`, `CPUs 0 and 3`. */
export function cpusListed(cpus: readonly number[]): string {
  return `${new Set(cpus).size === 1 ? 'CPU' : 'CPUs'} ${listed(cpus)}`;
}

/** `noLoss` as users read it: no-loss. */
export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The candidate that a misspelt word most likely meant; undefined if none is near. The first wins on ties. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  // A longer word cannot have meant any of our names, and the distance costs its length squared.
  if (word.length > 64) return undefined;
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length] ?? 0;
}
