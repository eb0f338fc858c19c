/** Files of shards made one, as if nobody had shared the work. Node only. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { FileError } from './errors.js';
import { difference, headLine, type Head } from './records.js';
import { headOf, runsOf } from './results.js';
import { seedCount, type Seeds } from './seeds.js';
import { Tally, type Tallied } from './tally.js';

/** Text that is written at once, characters. */
const CHUNK = 1 << 20;

/** What is in the files of a campaign. */
export interface Merged extends Tallied {
  readonly scenario: string;
  readonly model: string;
  /** from the smallest seed that a file was to have up to the largest */
  readonly seeds: Required<Seeds>;
  /** the command that makes one of the runs, but for `--seed N` */
  readonly run: string;
  /** how many of those there are to be */
  readonly of: number;
  /** the first of those that are in no file, as ranges; none: the campaign is complete */
  readonly missing: readonly (readonly [first: number, last: number])[];
  /** files that do not have all that they were to have */
  readonly unfinished: readonly { readonly file: string; readonly seeds: Required<Seeds>; readonly runs: number; readonly of: number }[];
}

/** Ranges of missing seeds that are told. */
const TOLD = 5;

interface Reader {
  readonly file: string;
  readonly head: Head;
  readonly runs: ReturnType<typeof runsOf>;
  next: ReturnType<ReturnType<typeof runsOf>['next']>;
  read: number;
}

function step(reader: Reader): void {
  const before = reader.next.value?.figures.seed ?? -1;
  reader.read++;
  reader.next = reader.runs.next();
  const seed = reader.next.value?.figures.seed;
  if (seed !== undefined && seed <= before)
    throw new FileError(
      `${reader.file}: line ${reader.read + 2} has seed ${seed} behind seed ${before}; the lines of a campaign are in the order of seeds`,
    );
}

/** A file that is there when it is whole. */
class Output {
  readonly #file: string;
  readonly #begun: string;
  readonly #descriptor: number;
  #text = '';

  constructor(file: string) {
    this.#file = file;
    this.#begun = `${file}.${process.pid}.part`;
    this.#descriptor = openSync(this.#begun, 'w');
  }

  add(line: string): void {
    this.#text += line;
    if (this.#text.length >= CHUNK) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text);
    for (let done = 0; done < bytes.length;) done += writeSync(this.#descriptor, bytes, done);
    this.#text = '';
  }

  finish(): void {
    this.#flush();
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
    renameSync(this.#begun, this.#file);
  }

  /** Leaves the file as it was. */
  giveUp(): void {
    closeSync(this.#descriptor);
    rmSync(this.#begun, { force: true });
  }
}

/** What `mergeCampaigns` does. */
export function mergeFiles(files: readonly string[], out: string | undefined): Merged {
  const readers = files.map((file): Reader => {
    const runs = runsOf(file);
    return { file, head: headOf(file), runs, next: runs.next(), read: 0 };
  });
  const [one] = readers;
  if (one === undefined) throw new FileError('there is nothing to merge; name the files of a campaign');
  for (const { file, head } of readers) {
    const other = difference(head, one.head);
    if (other !== undefined) throw new FileError(`${file} has results of ${other}, as ${one.file} has; merge files of one campaign`);
  }
  const first = Math.min(...readers.map(({ head }) => head.seeds.first));
  const last = Math.max(...readers.map(({ head }) => head.seeds.last));
  const head: Head = { ...one.head, seeds: { first, last, shard: { number: 1, of: 1 } } };
  const output = out === undefined ? undefined : new Output(out);
  try {
    const merged = merge(readers, head, (line) => output?.add(line));
    output?.finish();
    return merged;
  } catch (error) {
    output?.giveUp();
    throw error;
  }
}

function merge(readers: readonly Reader[], head: Head, write: (line: string) => void): Merged {
  const tally = new Tally();
  const missing: [number, number][] = [];
  const lacks = (from: number, to: number): void => {
    if (from <= to && missing.length < TOLD) missing.push([from, to]);
  };
  let next = head.seeds.first;
  write(headLine(head));
  for (;;) {
    const seeds = readers.flatMap(({ next: { value } }) => value?.figures.seed ?? []);
    if (seeds.length === 0) break;
    const seed = Math.min(...seeds);
    const same = readers.filter(({ next: { value } }) => value?.figures.seed === seed);
    const [first] = same;
    const run = first?.next.value;
    if (first === undefined || run === undefined) break;
    const other = same.find(({ next: { value } }) => value?.text !== run.text);
    if (other !== undefined)
      throw new FileError(
        `seed ${seed} came to something else in ${other.file} than in ${first.file}; one of them is damaged: ${head.run} --seed ${seed} tells which`,
      );
    lacks(next, seed - 1);
    next = seed + 1;
    write(`${run.text}\n`);
    tally.add(run.figures);
    for (const reader of same) step(reader);
  }
  lacks(next, head.seeds.last);
  const { scenario, model, run, seeds } = head;
  const unfinished = readers
    .map(({ file, head: { seeds: own }, read }) => ({ file, seeds: own, runs: read, of: seedCount(own) }))
    .filter(({ runs, of }) => runs < of);
  return { scenario, model, seeds, run, of: seedCount(seeds), missing, unfinished, ...tally.all };
}
