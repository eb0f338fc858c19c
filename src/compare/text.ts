/** Numbers as a person reads them. Pages have it too, so it imports nothing. */

/** Cycles of a simulated second (hardware.md G.1). */
export const CYCLES_PER_SECOND = 3_000_000_000;

/** `events`: a count that should be 0, compared by how often there are more of them; `share`: of 1; `time`: cycles; `count`: any other number. */
export type Unit = 'events' | 'share' | 'time' | 'count';

/** A value as a person reads it. */
export function valueText(unit: Unit, value: number): string {
  if (unit === 'share') return `${significant(value * 100)} %`;
  return unit === 'time' ? timeText(value) : significant(value);
}

function timeText(cycles: number): string {
  const us = (cycles / CYCLES_PER_SECOND) * 1e6;
  const size = Math.abs(us);
  if (size >= 999_500) return `${significant(us / 1e6)} s`;
  if (size >= 999.5) return `${significant(us / 1e3)} ms`;
  return size >= 0.9995 || us === 0 ? `${significant(us)} us` : `${significant(us * 1e3)} ns`;
}

/** Three digits that count; whole numbers as they are. */
function significant(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return Math.abs(value) >= 99.95 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}
