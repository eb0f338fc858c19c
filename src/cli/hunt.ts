/** `irqlab hunt`: failures that nobody wrote a scenario for. */
import type { Command } from 'commander';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  everything,
  findingsHtml,
  findingsPage,
  judgement,
  otherPrograms,
  placeOf,
  SIGNS,
  versionsText,
  type HuntReport,
  type Only,
  type ReportedFinding,
} from '../hunt/index.js';
import { modelNames, type KernelModel } from '../kernel/model/index.js';
import { expectWritable, writeText } from './files.js';
import { hunt, keptIn, type HuntTask } from './hunting.js';
import { joined, quote } from '../words.js';
import { duration, formatOption, modelNamed, orInputError, several, threadCount, wholeNumber } from './options.js';
import { count, Exit, field, InputError, Interrupt, plural, print, printJson, style, type Format } from './output.js';
import { MOST_THREADS } from './threads.js';
import { replayLine } from './verdict.js';

interface HuntOptions {
  readonly model?: readonly string[];
  readonly budget?: number;
  readonly size?: number;
  readonly states?: number;
  readonly platform?: readonly string[];
  readonly kind?: readonly string[];
  readonly workers?: number;
  readonly resume?: string;
  readonly save?: string;
  readonly html?: string;
  readonly page?: string;
  readonly format: Format;
}

/** States after which the search of one program is given up. */
const STATES = 200_000;
/** If nobody says how far to go, milliseconds. */
const BUDGET = 5 * 60_000;
/** The word for all built-in kernels. */
const ALL = 'all';

function positive(text: string): number {
  const n = wholeNumber(text);
  if (n === 0) throw new InputError('"0" is too few; write 1 or more');
  return n;
}

/** What a hunt is about: what was asked for, or what the file says that is gone on with. */
type Subject = Pick<HuntTask, 'models' | 'states'> & { readonly only: Only };

function subjectOf({ model, resume, states, platform, kind }: HuntOptions): Subject {
  const names = model?.flatMap((name) => (name === ALL ? modelNames : name));
  const before = keptIn(resume)?.head;
  const { platforms, kinds } = before?.only ?? everything;
  const subject: Subject = {
    models: [...new Set(names ?? before?.models ?? modelNames.slice(-1))],
    states: states ?? before?.states ?? STATES,
    only: {
      platforms: chosen('platform', platform, everything.platforms) ?? platforms,
      kinds: chosen('kind', kind, everything.kinds) ?? kinds,
    },
  };
  const same = (one: Subject, other: Subject): boolean =>
    JSON.stringify([one.models, one.states, one.only]) === JSON.stringify([other.models, other.states, other.only]);
  if (before !== undefined && !same(subject, before))
    throw new InputError(
      `${resume ?? ''} is of a hunt on ${before.models.join(', ')} with other options; leave out --model, --states, --platform and --kind, or name a new file`,
    );
  return subject;
}

/** In the order in which there are any. */
function chosen(what: string, names: readonly string[] | undefined, all: readonly string[]): readonly string[] | undefined {
  const wrong = names?.find((name) => !all.includes(name));
  if (wrong !== undefined) throw new InputError(`there is no ${what} ${quote(wrong)}; there are ${all.join(', ')}`);
  return names && all.filter((name) => names.includes(name));
}

/** Says what cannot be written before hours have gone into it. */
function expectOutputs({ save, html, page }: HuntOptions): void {
  for (const file of [html, page]) if (file !== undefined) expectWritable(file);
  if (save === undefined) return;
  try {
    mkdirSync(save, { recursive: true });
  } catch {
    throw new InputError(`${save} cannot be made a directory; name one that is there, or a new one`);
  }
  expectWritable(join(save, 'finding.yaml'));
}

/** The line that makes a page again, without where this run was kept. */
function commandOf(models: readonly string[], { size, budget = BUDGET }: HuntOptions): string {
  const isAll = models.length === modelNames.length && models.every((name, i) => name === modelNames[i]);
  const names = isAll ? ` --model ${ALL}` : models.map((name) => ` --model ${name}`).join('');
  const extent = size === undefined ? ` --budget ${Math.round(budget / 60_000)}m` : ` --size ${size}`;
  return `irqlab hunt${names}${extent} --page FILE`;
}

function findingText(finding: ReportedFinding, model: KernelModel): string {
  const { name, property, operations, about, given, handshake, programs, machines, versions, diagram, token, steps } = finding;
  const waits = handshake ? 'meets it too' : 'does not meet it';
  return [
    style.alarm(`${name}: ${property} fails, the shortest way has ${plural(steps, 'visible step')} (${finding.model})`),
    ...field('parts at', placeOf(finding)),
    ...field('machine', about),
    ...field('program', operations.join('; ')),
    ...field('needs', given === '' ? 'no assumption given up' : `${given} given up`),
    ...field('handshakes', `a device that waits for its handler ${waits}`),
    ...field('met on', `${machines.join(', ')} (${plural(programs, 'program')})`),
    ...field('versions', versionsText(versions)),
    ...otherPrograms(versions).flatMap((each) => field('also', `another program on ${each}`)),
    ...field('judgement', judgement(finding)),
    '',
    diagram,
    style.dim('Replay it:'),
    `  ${replayLine(token, model)}`,
    '',
  ].join('\n');
}

function summary({ models, findings, tally, size, complete }: HuntReport): string {
  const kernels = models.length > 4 ? plural(models.length, 'kernel') : models.join(', ');
  const extent = complete ? `all of size ${size} and less` : `up to size ${size}`;
  const undecided = tally.undecided === 0 ? '' : `, ${count(tally.undecided)} of them given up`;
  return `hunt, ${kernels}: ${plural(findings.length, 'finding')} in ${plural(tally.items, 'program')}, ${extent} (${count(tally.searches)} searches${undecided}, ${count(tally.states)} states)`;
}

export function addHunt(program: Command): void {
  program
    .command('hunt')
    .summary('find failures that nobody wrote a scenario for')
    .description(
      'Makes up short programs of operations on kinds of devices and platforms, smallest first, and searches every interleaving of each: first under the default assumptions, then with one given up, then with two. What fails is grouped by its cause; each finding has its smallest program, the way to it, a token, and the versions that have it. What is found depends on nothing but how far it came.',
    )
    .option('--model <name|file>', `kernel model; may be repeated; ${ALL}: all built-in ones (default: the newest)`, several)
    .option('--budget <time>', 'ends after this time, e.g. 90s, 5m or 12h (default: 5m, or whenever all is done with --size)', duration)
    .option('--size <n>', 'ends with programs of this size: operations, CPUs beyond two, something beside, assumptions given up', positive)
    .option('--states <n>', `states after which the search of one program is given up (default: ${STATES})`, positive)
    .option('--platform <name>', `only this platform: ${joined(everything.platforms, 'or')}; may be repeated`, several)
    .option('--kind <name>', `only this kind of device: ${joined(everything.kinds, 'or')}; may be repeated`, several)
    .option('--workers <n>', 'threads (default: one per processor)', threadCount)
    .option('--resume <file>', 'keep the hunt in this file as it goes, and go on with it if it is there')
    .option('--save <directory>', 'write the scenario of each finding there, as a file to open and change')
    .option('--html <file>', 'write the findings as one self-contained page')
    .option('--page <file>', 'write the findings as a page of documentation (Markdown), with a table by version')
    .addOption(formatOption())
    .action(async (options: HuntOptions) => {
      const {
        size = Infinity,
        budget = size === Infinity ? BUDGET : Infinity,
        workers = Math.min(MOST_THREADS, availableParallelism()),
        resume,
        save,
        html,
        page,
        format,
      } = options;
      const { models: names, states, only } = subjectOf(options);
      const models = await Promise.all(names.map(modelNamed));
      expectOutputs(options);
      const all = [...modelNames, ...names.filter((name) => !modelNames.includes(name))];
      const spare = `hunt-${names.length === 1 ? (models[0]?.name ?? '') : `${names.length}-kernels`}.jsonl`;
      const interrupt = new Interrupt();
      const { report, kept } = await hunt(
        { models: names, all, states },
        models,
        { budget, size, only, workers },
        { file: resume, spare },
        interrupt,
      ).catch((error: unknown): never =>
        orInputError(() => {
          throw error;
        }),
      );
      interrupt.done();
      if (save !== undefined) for (const { name, yaml } of report.findings) writeText(join(save, `${name}.yaml`), yaml);
      if (html !== undefined) writeText(html, findingsHtml(report, summary(report)));
      if (page !== undefined) writeText(page, findingsPage(report, commandOf(names, options)));
      if (format === 'json') {
        printJson({
          command: 'hunt',
          ...report,
          findings: report.findings.map((finding) => ({ ...finding, svg: undefined })),
          kept: kept ?? null,
        });
      } else {
        print(style.bold(summary(report)));
        if (report.findings.length > 0) print(`${SIGNS}\n`);
        for (const finding of report.findings)
          print(findingText(finding, models.find(({ name }) => name === finding.model) as KernelModel));
        if (kept !== undefined) print(`Go on with it:\n  irqlab hunt --resume ${kept}\n`);
      }
      const ended = report.findings.length > 0 ? Exit.failed : report.complete ? Exit.ok : Exit.unknown;
      process.exitCode = interrupt.stopped ? Exit.interrupted : ended;
    });
}
