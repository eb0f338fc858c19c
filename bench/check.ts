/**
 * The checker beside its peer: irqlab and Spin on one protocol at one granularity, full states in both. Transitions count on
 * both sides; irqlab executes only those that sleep sets leave awake (assembly/check/sleep.ts), as in every check.
 *
 *   npm run bench:check -- --devices 2 --raises 3 --moves 1 --rounds 5 --workers 1,2
 *
 * The counts must be equal, or it fails. Runs are taken in turn, so that a drift of the machine's speed meets all alike; medians
 * are printed. No test depends on these figures.
 */
import { parseArgs } from 'node:util';
import { search, type SearchLimits } from '../src/check/index.js';
import { median } from './report.js';
import { missing, parallelVariants, variants, Verifier, type Variant } from './peer/spin.js';
import { peerSystem, type Bounds } from './peer/system.js';

/** One run of one side. */
interface Sample {
  readonly states: number;
  readonly transitions: number;
  readonly milliseconds: number;
  /** bytes of a state before it is stored; bytes of memory, all in all */
  readonly size: number;
  readonly memory: number;
  /** bytes of the set of visited states alone, where that is known */
  readonly visited?: number;
  /** of the counterexample, as its side counts */
  readonly length?: string;
}

/** A row of the table. */
interface Subject {
  readonly name: string;
  readonly run: () => Promise<Sample>;
}

const { values: options } = parseArgs({
  options: {
    devices: { type: 'string', default: '2' },
    raises: { type: 'string', default: '3' },
    moves: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '1,2' },
  },
});
const rounds = Number(options.rounds);
const workers = options.workers.split(',').map(Number);
const bounds = { devices: Number(options.devices), raises: Number(options.raises), moves: Number(options.moves) };
for (const n of [rounds, ...workers, ...Object.values(bounds)]) {
  if (Number.isInteger(n) && n > 0) continue;
  process.stderr.write('bench:check takes whole numbers above 0, --workers a list of them such as 1,2\n');
  process.exit(2);
}

/** Includes assembling the model and setting up the machine; not the start of Node. */
async function irqlab(bound: Bounds, limits: SearchLimits): Promise<Sample> {
  const began = performance.now();
  const { coverage, effort, failures, reason } = await search(peerSystem(bound), limits);
  const milliseconds = performance.now() - began;
  if (limits.first !== true && reason !== undefined) throw new Error(reason);
  const shortest = failures[0];
  const length = shortest && `${shortest.path.length} steps, ${shortest.length} visible`;
  return {
    ...coverage,
    memory: effort.memory,
    visited: effort.visited,
    size: coverage.averageImage,
    milliseconds,
    ...(length === undefined ? {} : { length }),
  };
}

function irqlabSubject(update: Bounds['update'], threads: number, first: boolean): Subject {
  const limits = { memory: 3.5 * 2 ** 30, states: Infinity, reduction: 0 as const, first, workers: threads };
  return { name: `irqlab, ${threads} worker${threads === 1 ? '' : 's'}`, run: () => irqlab({ ...bounds, update }, limits) };
}

/** Spin's own time of the search, which is in hundredths of a second; of a short one, that of the process. */
async function spinSubject(verifier: Verifier, variant: Variant, states: number): Promise<Subject> {
  const pan = await verifier.compile(variant, states);
  return {
    name: `Spin, ${variant.name}`,
    run: async () => {
      const { seconds, wall, length, stateVector, ...counts } = await pan();
      const milliseconds = seconds >= 0.5 ? seconds * 1000 : wall;
      return { ...counts, size: stateVector, milliseconds, ...(length > 0 ? { length: `${length} steps` } : {}) };
    },
  };
}

async function samples(subjects: readonly Subject[]): Promise<Map<Subject, Sample[]>> {
  const taken = new Map(subjects.map((subject) => [subject, [] as Sample[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const subject of subjects) {
      process.stderr.write(`round ${round} of ${rounds}: ${subject.name}\n`);
      const sample = await subject.run();
      // the first round warms the engine up
      if (round > 0) taken.get(subject)?.push(sample);
    }
  }
  return taken;
}

function print(...cells: string[]): void {
  const line = cells.map((cell, i) => (i === 0 ? cell.padEnd(34) : `  ${cell.padStart(19)}`)).join('');
  process.stdout.write(`${line.trimEnd()}\n`);
}

function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

/** Says whether everybody searched the same; if not, who what. */
function compareCounts(taken: ReadonlyMap<Subject, readonly Sample[]>): void {
  const lines = [...taken].flatMap(([{ name }, list]) =>
    list.map(({ states, transitions }) => ({ name, text: `${count(states)} states, ${count(transitions)} transitions` })),
  );
  if (new Set(lines.map(({ text }) => text)).size === 1) {
    process.stdout.write(`${lines[0]?.text ?? ''}: equal in all runs\n\n`);
    return;
  }
  for (const line of new Set(lines.map(({ name, text }) => `not equal: ${name}: ${text}\n`))) process.stdout.write(line);
  process.exitCode = 1;
}

async function rates(states: number, verifier: Verifier): Promise<void> {
  const cores = Math.max(...workers);
  const subjects = workers.map((n) => irqlabSubject('two-step', n, false));
  for (const variant of [...variants, ...(cores > 1 ? parallelVariants(cores) : [])])
    subjects.push(await spinSubject(verifier, variant, states));
  const taken = await samples(subjects);
  compareCounts(taken);
  print('safe: everything is searched', 'states/s', 'transitions/s', 'bytes a state', 'memory a state', 'visited set');
  for (const [{ name }, list] of taken) {
    const per = (what: (sample: Sample) => number): number => median(list.map(what));
    print(
      name,
      count(per((s) => (s.states * 1000) / s.milliseconds)),
      count(per((s) => (s.transitions * 1000) / s.milliseconds)),
      per((s) => s.size).toFixed(1),
      per((s) => s.memory / s.states).toFixed(1),
      list.every((s) => s.visited !== undefined) ? per((s) => (s.visited ?? 0) / s.states).toFixed(1) : '',
    );
  }
}

async function counterexamples(states: number, verifier: Verifier): Promise<void> {
  const subjects = workers.map((n) => irqlabSubject('direct', n, true));
  for (const variant of variants.filter(({ name }) => name === 'depth first' || name === 'breadth first'))
    subjects.push(await spinSubject(verifier, variant, states));
  print('');
  print('direct: the first counterexample', 'milliseconds', 'its length');
  for (const [{ name }, list] of await samples(subjects))
    print(name, median(list.map((s) => s.milliseconds)).toFixed(1), list[0]?.length ?? 'none');
}

async function withVerifier(update: Bounds['update'], use: (verifier: Verifier) => Promise<void>): Promise<void> {
  const verifier = await Verifier.generate({ ...bounds, update });
  try {
    await use(verifier);
  } finally {
    verifier.remove();
  }
}

const lacking = missing();
if (lacking === undefined) {
  const { states } = await irqlab({ ...bounds, update: 'two-step' }, { memory: 3.9 * 2 ** 30, states: Infinity });
  process.stdout.write(`MSI update with migration: devices ${bounds.devices}; of each, raises ${bounds.raises}, moves ${bounds.moves}\n`);
  await withVerifier('two-step', (verifier) => rates(states, verifier));
  await withVerifier('direct', (verifier) => counterexamples(states, verifier));
} else {
  process.stdout.write(`bench:check skipped: ${lacking}\n`);
}
