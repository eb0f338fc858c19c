/** A mistake at a path of the file, before its line is known, and those that several checks make. */
import type { At, CpuOutline } from './outline/index.js';
import type { Path, Spot } from './source.js';
import { cpusListed } from '../words.js';

/** One mistake, where it is by path. */
export interface Finding {
  readonly path: Path;
  readonly spot: Spot;
  /** in a text: the character that is meant */
  readonly within?: number;
  readonly message: string;
}

export function finding(path: Path, message: string): Finding {
  return { path, spot: 'value', message };
}

/** "CPU 7 does not exist; the machine has CPUs 0 and 3". */
export function missingCpu({ value, path }: At<number>, cpus: readonly CpuOutline[]): Finding[] {
  if (cpus.some(({ cpu }) => cpu.value === value)) return [];
  return [finding(path, `CPU ${value} does not exist; the machine has ${cpusListed(cpus.map(({ cpu }) => cpu.value))}`)];
}

/** In a list of CPUs: those that don't exist, and those that stand in it twice. */
export function cpuListMistakes(list: readonly At<number>[], cpus: readonly CpuOutline[]): Finding[] {
  return [
    ...list.flatMap((cpu) => missingCpu(cpu, cpus)),
    ...duplicates(list, (cpu) => `CPU ${cpu} stands in this list twice; write it once`),
  ];
}

/** A finding at each value that stood before. */
export function duplicates<T>(values: readonly At<T>[], message: (value: T) => string): Finding[] {
  const seen = new Set<T>();
  return values.flatMap(({ value, path }) => {
    if (seen.has(value)) return [finding(path, message(value))];
    seen.add(value);
    return [];
  });
}
