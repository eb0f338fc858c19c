/** The file of a campaign: a line that says what it is about, and one behind it for each run, in the order of the seeds. */
import { percentiles, type Bucket } from '../machine/index.js';
import { kebab } from '../words.js';
import { noneInjected, type InjectedCounts } from './driver.js';
import { countsOf, type RunFigures } from './figures.js';
import { seedsText, type Seeds } from './seeds.js';

/** What a campaign is about: it can only be gone on with the same, and merged with its other seeds. */
export interface Head {
  readonly irqlab: 'campaign';
  readonly version: 1;
  readonly scenario: string;
  readonly model: string;
  /** the command that makes one of its runs, but for the seed */
  readonly run: string;
  /** of all that decides what a seed comes to */
  readonly fingerprint: string;
  readonly seeds: Required<Seeds>;
}

export function headLine(head: Head): string {
  return `${JSON.stringify(head)}\n`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined for a line that is none of a campaign. */
export function headFrom(text: string): Head | undefined {
  const value = parsed(text);
  const { irqlab, version, seeds } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Head>;
  return irqlab === 'campaign' && version === 1 && seeds?.shard !== undefined ? (value as Head) : undefined;
}

/** What makes two heads those of different campaigns, as `a rather than b`; undefined: nothing. Seeds may differ. */
export function difference(found: Head, wanted: Head): string | undefined {
  if (found.fingerprint === wanted.fingerprint) return undefined;
  if (found.scenario !== wanted.scenario) return `${found.scenario} rather than ${wanted.scenario}`;
  if (found.model !== wanted.model) return `${found.scenario} on ${found.model} rather than ${wanted.model}`;
  if (found.run !== wanted.run) return `"${found.run}" rather than "${wanted.run}"`;
  return `${found.scenario} on ${found.model} as they were in another version of the file, of the model, or of irqlab`;
}

/** The same for what is to be gone on with. */
export function otherSeeds(found: Head, wanted: Head): string | undefined {
  return JSON.stringify(found.seeds) === JSON.stringify(wanted.seeds)
    ? undefined
    : `${seedsText(found.seeds)} rather than ${seedsText(wanted.seeds)}`;
}

/** A run as a line: its percentiles beside its figures, for those who read the file with other tools. */
export function runLine(figures: RunFigures): string {
  const { failed, latencies } = figures;
  const line = { ...figures, failed: failed.map(kebab), latencies: latencies.flat(), latency: percentiles(latencies) };
  return `${JSON.stringify(line)}\n`;
}

/** Files of before have neither what joined nor what was injected: there it counts as none. */
interface RunLine extends Omit<RunFigures, 'latencies' | 'joined' | 'injected'> {
  readonly joined?: number;
  readonly injected?: InjectedCounts;
  readonly latencies: readonly number[];
}

function camel(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Undefined for a line that is none of a run. */
export function runFrom(text: string): RunFigures | undefined {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const line = value as RunLine;
  const { seed, failed, where, injected = noneInjected, cycles, late, digest, latencies } = line;
  if (!Number.isSafeInteger(seed) || !Array.isArray(failed) || !Array.isArray(latencies)) return undefined;
  const buckets = Array.from({ length: latencies.length / 2 }, (_, i): Bucket => [latencies[2 * i] ?? 0, latencies[2 * i + 1] ?? 0]);
  const names = (failed as readonly string[]).map(camel);
  return {
    seed,
    failed: names,
    where,
    ...countsOf((which) => line[which] ?? 0),
    injected,
    cycles,
    ...(late !== undefined && { late }),
    digest,
    latencies: buckets,
  };
}
