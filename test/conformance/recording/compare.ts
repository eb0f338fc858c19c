/** The answers of a recording beside ours, field by field. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import type { Answer } from './play.js';

/** A field of an answer that is compared. */
export interface Seen {
  readonly line: string;
  readonly op: string;
  readonly field: string;
  readonly theirs: unknown;
  readonly ours: unknown;
  /** words of the last line like this, this one included, since the machine was made */
  readonly last: (what: RegExp) => readonly string[];
}

/** Where hardware.md wants something else than was recorded: one kind of operation and one register or field. */
export interface Difference<Player> {
  /** what differs, and the section that wants it so */
  readonly why: string;
  readonly op: readonly string[];
  readonly field: RegExp;
  readonly when: (seen: Seen) => boolean;
  /** goes on from the state that was recorded, where the script looks at it further */
  readonly follow?: (player: Player, seen: Seen) => void;
}

/** Scripts that were played on one system, and how its answers are to be read. */
export interface Recording<Player extends { play(line: string): Promise<Answer> }> {
  readonly system: string;
  /** `import.meta.url` of a file beside the scripts */
  readonly beside: string;
  readonly scripts: readonly string[];
  readonly player: () => Player;
  readonly differences: readonly Difference<Player>[];
  /** a field, by its path, that no hardware answers: what the harness says about itself */
  readonly isAlone: (op: string, path: string) => boolean;
}

/** What was compared in one script. */
interface Tally<Player> {
  /** operations that were played */
  played: number;
  /** operations with an answer, and those among them that are equal in every field */
  compared: number;
  equal: number;
  /** fields of those answers */
  fields: number;
  /** fields that differ as a row says they must */
  readonly excused: Map<Difference<Player>, number>;
  readonly failed: string[];
}

/** Plays all scripts, a test each; prints what was compared and what each row has excused, which must be something. */
export function describeRecording<Player extends { play(line: string): Promise<Answer> }>(recording: Recording<Player>): void {
  const { system, scripts, differences } = recording;
  describe(`${system}, operation by operation`, () => {
    const tallies: Tally<Player>[] = [];

    test.each(scripts)('%s', async (script) => {
      const tally = await compare(recording, script);
      tallies.push(tally);
      expect(tally.failed).toEqual([]);
      // the answers were read, and not all of them excused
      expect(tally.equal).toBeGreaterThan(tally.compared / 4);
    });

    test('every row of the differences excuses something', () => {
      const used = new Set(tallies.flatMap(({ excused }) => [...excused.keys()]));
      expect(differences.filter((row) => !used.has(row)).map(({ why, op }) => `${op.join()}: ${why}`)).toEqual([]);
    });

    afterAll(() => {
      const sum = (what: (tally: Tally<Player>) => number): number => tallies.reduce((n, tally) => n + what(tally), 0);
      const rows = differences.map(
        (row) => `${sum(({ excused }) => excused.get(row) ?? 0)}`.padStart(6) + `  ${row.op.join()}: ${row.why}`,
      );
      console.log(
        [
          `${system}: ${sum(({ played }) => played)} operations, ${sum(({ compared }) => compared)} with an answer, ${sum(({ equal }) => equal)} equal,`,
          `  ${sum(({ fields }) => fields)} fields, failed ${sum(({ failed }) => failed.length)}; excused fields by row:`,
          ...rows,
        ].join('\n'),
      );
    });
  });
}

/** Plays a script and compares every answer. */
async function compare<Player extends { play(line: string): Promise<Answer> }>(
  { system, beside, player: make, differences, isAlone }: Recording<Player>,
  script: string,
): Promise<Tally<Player>> {
  const lines = (file: string): string[] =>
    readFileSync(new URL(file, beside), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  const tally: Tally<Player> = { played: 0, compared: 0, equal: 0, fields: 0, excused: new Map(), failed: [] };
  const player = make();
  const recorded = lines(`${script}.jsonl`).map((line) => JSON.parse(line) as Recorded);
  const operations = lines(`${script}.ops`);
  if (operations.length !== recorded.length) throw new Error(`${script}: ${operations.length} operations, ${recorded.length} answers`);
  const before: string[] = [];
  for (const [i, line] of operations.entries()) {
    const record = recorded[i]!;
    if (record.op !== line) throw new Error(`${script}:${i + 1}: the answer is to ${record.op}`);
    if (line.startsWith('new ')) before.length = 0;
    const ours = await player.play(line);
    const last = (what: RegExp): readonly string[] => before.findLast((each) => what.test(each))?.split(' ') ?? [];
    const theirs = answerIn(record, isAlone);
    tally.played += 1;
    before.push(line);
    if (Object.keys(theirs).length === 0 && Object.keys(ours).length === 0) continue;
    tally.compared += 1;
    let equal = true;
    for (const field of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      tally.fields += 1;
      const seen: Seen = { line, op: line.split(' ')[0]!, field, theirs: theirs[field], ours: ours[field], last };
      if (JSON.stringify(seen.theirs) === JSON.stringify(seen.ours)) continue;
      equal = false;
      const row = differences.find((each) => each.op.includes(seen.op) && each.field.test(field) && each.when(seen));
      if (row === undefined)
        tally.failed.push(`${script}:${i + 1}: ${line}: ${field} is ${text(seen.ours)}, ${system} has ${text(seen.theirs)}`);
      else {
        tally.excused.set(row, (tally.excused.get(row) ?? 0) + 1);
        row.follow?.(player, seen);
      }
    }
    if (equal) tally.equal += 1;
  }
  return tally;
}

interface Recorded {
  readonly n: number;
  readonly op: string;
  readonly events?: readonly { readonly ev: string; readonly vector?: number; readonly cs?: number }[];
  readonly [field: string]: unknown;
}

/** A record by the names of `Answer`: numbers as numbers, nested fields joined, what a guest saw told apart. */
function answerIn({ op, events = [], ...fields }: Recorded, isAlone: (op: string, path: string) => boolean): Answer {
  const answer: Record<string, unknown> = {};
  const put = (name: string, value: unknown): void => {
    // the number of the line
    if (name === 'n' || isAlone(op, name)) return;
    // an accepted list stays one; RTEs get a name each
    if (Array.isArray(value) && name !== 'redir') answer[name] = value;
    else if (typeof value === 'object' && value !== null) Object.entries(value).forEach(([key, each]) => put(`${name}.${key}`, each));
    // an ioctl that failed for want of a target
    else answer[name] = name === 'ret' && value === -1 ? 0 : numeric(name, value);
  };
  const guest = op.startsWith('window');
  const vectors = events.flatMap(({ ev, vector = 0 }) => (ev === 'irq' ? [vector] : []));
  const exception = events.find(({ ev }) => ev === 'exception')?.vector;
  // the harness prints what was left in a register
  Object.entries(fields).forEach(([name, value]) => (exception !== undefined && name === 'val' ? undefined : put(name, value)));
  if (exception !== undefined) answer['exception'] = exception;
  // the harness has vector 2 for NMIs only
  if (vectors.includes(2)) answer['nmi'] = true;
  if (guest) answer['order'] = vectors.filter((v) => v !== 2);
  const landed = events.find(({ ev }) => ev === 'sipi_landed')?.cs;
  if (landed !== undefined) answer['started'] = landed;
  return answer;
}

function numeric(name: string, value: unknown): unknown {
  if (typeof value !== 'string' || !/^0x[0-9a-f]+$/.test(value)) return value;
  // what needs 64 bits stays exact
  return name.startsWith('redir') || value.length > 15 ? BigInt(value).toString() : Number(value);
}

function text(value: unknown): string {
  return typeof value === 'number' ? `0x${value.toString(16)}` : (JSON.stringify(value) ?? 'nothing');
}
