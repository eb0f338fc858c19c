/** `irqlab conform`: a recorded kernel beside a model, sequence by sequence. */
import type { Command } from 'commander';
import {
  conform,
  excuseCounts,
  folderFiles,
  kinds,
  type Compared,
  type Conformance,
  type Line,
  type OperationKind,
} from '../conform/index.js';
import { wrap } from '../check/index.js';
import type { KernelModel } from '../kernel/model/index.js';
import { joined } from '../words.js';
import { formatOption, modelNamed } from './options.js';
import { Exit, field, headline, plural, print, printJson, Progress, style, width, type Format } from './output.js';
import { recordingAt, recordingsIn } from './recordings.js';

interface ConformOptions {
  readonly model: string;
  readonly format: Format;
}

async function compared(folder: string, model: KernelModel): Promise<Conformance> {
  const progress = new Progress();
  try {
    const recording = recordingAt(folder);
    progress.show(`${recording.folder.name}: ${plural(recording.operations.length, 'operation')}`);
    return await conform(recording, model);
  } finally {
    progress.done();
  }
}

const count = (all: readonly Compared[], result?: Compared['result']): number =>
  all.filter((each) => result === undefined || each.result === result).length;

const times = (all: readonly Compared[]): number => all.reduce((sum, each) => sum + each.times, 0);

/** One row a kind of operation. */
function table(all: readonly Compared[]): string[] {
  const head = ['operation', 'made', 'compared', 'equal', 'excused', 'failed'];
  const rows = (Object.keys(kinds) as OperationKind[]).flatMap((kind) => {
    const own = all.filter((each) => each.kind === kind);
    if (own.length === 0) return [];
    return [[kinds[kind], times(own), own.length, count(own, 'equal'), count(own, 'excused'), count(own, 'failed')].map(String)];
  });
  return [head, ...rows].map(
    ([name = '', ...cells]) => `  ${name.padEnd(34)}${cells.map((text, i) => text.padStart((head[i + 1] ?? '').length + 1)).join('')}`,
  );
}

/** Two columns; between them a mark where they differ, ~ where they may. */
function sideBySide(left: readonly Line[], right: readonly Line[], columns: number): string[] {
  const half = Math.floor((columns - 7) / 2);
  return aligned(left, right).flatMap(([a, b]) => {
    const same = a?.text === b?.text;
    const excused = (a ?? b)?.excuse !== undefined && (a === undefined || b === undefined);
    const mark = same ? ' ' : excused ? '~' : a === undefined ? '>' : '<';
    const [first, second] = [cell(a?.text ?? '', half), cell(b?.text ?? '', half)];
    return Array.from({ length: Math.max(first.length, second.length) }, (_, i) => {
      const text = `  ${(first[i] ?? '').padEnd(half)} ${i === 0 ? mark : ' '} ${second[i] ?? ''}`.trimEnd();
      return same ? text : excused ? style.dim(text) : style.bold(text);
    });
  });
}

/** A line behind the place that it touches, broken there too. */
function cell(line: string, columns: number): string[] {
  const place = line.slice(0, 8);
  return wrap(line.slice(8), columns - 8).map((text, i) => (i === 0 ? place : ' '.repeat(8)) + text);
}

/** The lines of both that are the same beside each other: a longest common subsequence. */
function aligned(left: readonly Line[], right: readonly Line[]): [Line | undefined, Line | undefined][] {
  const length = Array.from({ length: left.length + 1 }, () => Array.from({ length: right.length + 1 }, () => 0));
  const at = (i: number, j: number): number => length[i]?.[j] ?? 0;
  const same = (i: number, j: number): boolean => left[i]?.text === right[j]?.text;
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      (length[i] as number[])[j] = same(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const pairs: [Line | undefined, Line | undefined][] = [];
  for (let [i, j] = [0, 0]; i < left.length || j < right.length;) {
    if (i < left.length && j < right.length && same(i, j)) pairs.push([left[i++], right[j++]]);
    else if (j >= right.length || (i < left.length && at(i + 1, j) >= at(i, j + 1))) pairs.push([left[i++], undefined]);
    else pairs.push([undefined, right[j++]]);
  }
  return pairs;
}

function failureText(failed: Compared, { model, recording }: Conformance): string {
  const columns = Math.min(width(), 100);
  const half = Math.floor((columns - 7) / 2);
  const head = `${kinds[failed.kind]}${failed.chip === '' ? '' : ` (${failed.chip})`}`;
  return [
    style.alarm(head),
    ...wrap(
      `${plural(failed.times, 'time')}${failed.actions.length === 0 ? '' : `, ${failed.actions.join(', ')}`}; first at ${failed.where}`,
      columns - 2,
    ).map((line) => `  ${line}`),
    `  ${`recorded, Linux ${recording.folder.kernel ?? '?'}`.padEnd(half)}   ${model.name}`,
    ...sideBySide(failed.recorded, failed.model, columns),
    '',
  ].join('\n');
}

function reportText(conformance: Conformance): string {
  const { recording, model, compared: all, reached } = conformance;
  const failed = all.filter(({ result }) => result === 'failed');
  const words =
    failed.length > 0
      ? `${failed.length} of ${plural(all.length, 'distinct sequence')} FAILED`
      : `no sequence differs: ${count(all, 'equal')} equal, ${count(all, 'excused')} excused`;
  return [
    headline(`${recording.folder.name}, ${model.name}`, words, failed.length > 0 ? style.alarm : style.good),
    ...field(
      'recorded',
      `Linux ${recording.folder.kernel ?? 'of an unknown version'}, ${plural(recording.operations.length, 'operation')}; besides ${plural(recording.plain, 'interrupt')} that moved nothing`,
    ),
    ...(recording.cut.length === 0
      ? []
      : field('left out', `${plural(recording.cut.length, 'access')} of operations that lie outside of the time line`)),
    ...(reached === undefined ? [] : field('listed', listedText(reached))),
    '',
    ...table(all),
    '',
    ...failed.map((each) => failureText(each, conformance)),
    ...excuseCounts(all).flatMap(({ name, count: needed, reason }) => field(`${needed}`, `${name}: ${reason}`)),
  ].join('\n');
}

/** Several recordings in one line. */
function totalText(all: readonly Conformance[], { name }: KernelModel): string {
  const sequences = all.flatMap((each) => each.compared);
  const failed = count(sequences, 'failed');
  const words = `${plural(times(sequences), 'operation')} in ${plural(sequences.length, 'distinct sequence')}: ${count(sequences, 'equal')} equal, ${count(sequences, 'excused')} excused, ${failed} failed`;
  return headline(`${plural(all.length, 'recording')}, ${name}`, words, failed > 0 ? style.alarm : style.good);
}

function listedText({ listed, missed }: NonNullable<Conformance['reached']>): string {
  const outside = missed.filter((each) => each.outside);
  const inside = missed.filter((each) => !each.outside);
  const lines = (of: typeof missed): string =>
    `line${of.length === 1 ? '' : 's'} ${joined(
      of.map(({ line }) => `${line}`),
      'and',
    )}`;
  return [
    `${plural(listed, 'sequence')} in ${folderFiles.sequences}, ${listed - missed.length} of them made by the operations above`,
    ...(outside.length === 0 ? [] : [`${outside.length} outside of the time line (${lines(outside)})`]),
    ...(inside.length === 0 ? [] : [`${inside.length} NOT FOUND on the time line (${lines(inside)})`]),
  ].join('; ');
}

function lineJson({ text, excuse }: Line): unknown {
  return excuse === undefined ? text : { text, excuse: excuse.name };
}

function reportJson({ recording, model, compared: all, reached }: Conformance): unknown {
  return {
    command: 'conform',
    folder: recording.folder.name,
    kernel: recording.folder.kernel ?? null,
    model: model.name,
    operations: recording.operations.length,
    plain: recording.plain,
    equal: count(all, 'equal'),
    excused: count(all, 'excused'),
    failed: count(all, 'failed'),
    sequences: all.map(({ kind, recorded, model: played, ...rest }) => ({
      operation: kinds[kind],
      ...rest,
      recorded: recorded.map(lineJson),
      model: played?.map(lineJson) ?? null,
    })),
    excuses: excuseCounts(all),
    listed: reached === undefined ? null : { sequences: reached.listed, missed: reached.missed },
  };
}

export function addConform(program: Command): void {
  program
    .command('conform')
    .summary('a recorded kernel beside a model: the order of their accesses to hardware')
    .description(
      'Reads a folder that was recorded from a running kernel, cuts it into operations (moves, interrupts, CPUs that go and come), and leads a model through each on a machine of the same shape. Prints how many of the distinct sequences of accesses are equal, which differences are excused and why, and the others side by side.',
    )
    .argument('<folder>', 'a recording: merged.txt, before/sys_kernel_irq.txt and what else there is; or a folder of several')
    .requiredOption('--model <name|file>', 'kernel model, e.g. linux-6.12.117, or a file that exports your own')
    .addOption(formatOption())
    .action(async (folder: string, { model: name, format }: ConformOptions) => {
      const model = await modelNamed(name);
      const all: Conformance[] = [];
      for (const each of recordingsIn(folder)) all.push(await compared(each, model));
      const [only] = all;
      if (format === 'json') printJson(only !== undefined && all.length === 1 ? reportJson(only) : { recordings: all.map(reportJson) });
      else {
        for (const each of all) print(`${reportText(each)}\n`);
        if (all.length > 1) print(totalText(all, model));
      }
      process.exitCode = all.some((each) => count(each.compared, 'failed') > 0) ? Exit.failed : Exit.ok;
    });
}
