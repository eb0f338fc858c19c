/** The file of a campaign as it grows: one seed a line, in their order. Node only. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { FileError } from './errors.js';
import type { RunFigures } from './figures.js';
import { LineWriter, linesOf } from './lines.js';
import { difference, headFrom, headLine, otherSeeds, runFrom, runLine, type Head } from './records.js';
import { seedAt, seedCount } from './seeds.js';

const ANOTHER = 'name another file';

/** The head of a file. Throws `FileError` for one that is none of a campaign. */
export function headOf(file: string): Head {
  if (!existsSync(file)) throw new FileError(`${file} does not exist; name a file that irqlab campaign wrote`);
  const head = statSync(file).isFile() ? headFrom(linesOf(file).next().value?.text ?? '') : undefined;
  if (head === undefined) throw new FileError(`${file} is no file of a campaign; name one that irqlab campaign wrote`);
  return head;
}

/** The runs of a file behind its head, with their lines. Throws `FileError` where one cannot be read. */
export function* runsOf(file: string): Generator<{ readonly figures: RunFigures; readonly text: string; readonly end: number }, void> {
  let number = 0;
  for (const { text, end } of linesOf(file)) {
    if (++number === 1) continue;
    const figures = runFrom(text);
    if (figures === undefined) throw new FileError(`${file}: line ${number} cannot be read; remove it and what follows`);
    yield { figures, text, end };
  }
}

/** True for a file that was begun with this head, and whose first line was not finished. */
function isBegun(file: string, head: string): boolean {
  return statSync(file).size < Buffer.byteLength(head) && head.startsWith(readFileSync(file, 'utf8'));
}

export class Results {
  readonly #writer: LineWriter;
  readonly #of: number;
  #done: number;

  /**
   * Begins a file, or goes on behind the last whole line of one, whose runs it hands over. Throws `FileError` for a file of something
   * else, and as the file system does.
   */
  constructor(file: string, head: Head, known: (figures: RunFigures) => void) {
    const first = headLine(head);
    this.#of = seedCount(head.seeds);
    this.#done = 0;
    if (!existsSync(file)) writeFileSync(file, '', { flag: 'a' });
    if (!statSync(file).isFile()) throw new FileError(`${file} is no file that results can be kept in; ${ANOTHER}`);
    if (isBegun(file, first)) {
      this.#writer = new LineWriter(file, 0);
      this.#writer.add(first);
      return;
    }
    const found = headFrom(linesOf(file).next().value?.text ?? '');
    if (found === undefined) throw new FileError(`${file} is no file of a campaign; ${ANOTHER}`);
    const other = difference(found, head) ?? otherSeeds(found, head);
    if (other !== undefined) throw new FileError(`${file} has results of ${other}; ${ANOTHER}`);
    let end = Buffer.byteLength(first);
    for (const run of runsOf(file)) {
      const expected = seedAt(head.seeds, this.#done);
      if (run.figures.seed !== expected || this.#done === this.#of)
        throw new FileError(`${file}: line ${this.#done + 2} has seed ${run.figures.seed} in place of ${expected}; ${ANOTHER}`);
      known(run.figures);
      this.#done++;
      end = run.end;
    }
    this.#writer = new LineWriter(file, end);
  }

  /** Runs that are there. */
  get done(): number {
    return this.#done;
  }

  /** The next ones, in order. */
  add(all: readonly RunFigures[]): void {
    this.#writer.add(all.map(runLine).join(''));
    this.#done += all.length;
  }

  close(): void {
    this.#writer.close(this.#done === this.#of);
  }
}
