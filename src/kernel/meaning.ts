/** What the values of a variable stand for, where its kind does not say it: for users who read them and who write them. */

/** A variable's kind says what its values are; this says what else they may be. */
export interface Meaning {
  /** values that have a name of their own, e.g. `{ UNUSED: 0 }` */
  readonly names?: Readonly<Record<string, number>>;
  /** what the other values are; default: what the kind says */
  readonly as?: 'cpu' | 'irq' | 'device' | 'vCPU' | 'number';
  /** the value of index 0; default 0 */
  readonly from?: number;
}

/** A value in words: its name, `irq 0` (by index), or the number. */
export function describeValue({ names = {}, as, from = 0 }: Meaning, value: number): string {
  const name = Object.keys(names).find((key) => names[key] === value);
  if (name !== undefined) return name;
  return as === undefined || as === 'number' || value < from ? String(value) : `${as} ${value - from}`;
}
