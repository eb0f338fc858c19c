/**
 * Lines that the kernel's ftrace prints (linux.md 1.1):
 *
 *     comm-pid [cpu] FLAGS seconds.fraction: event: fields
 *     [dmesg] comm-pid CPUFLAGS <rel>us : event: fields        (a dump to the console)
 *
 * Read here: the prefix, whole; the fields as text. Lines that begin with # are annotations of who kept the file, no evidence.
 */
import type { Diagnostic } from '../scenario/index.js';

/** One line of a trace. */
export interface TraceLine {
  /** From 1. */
  readonly line: number;
  /** `<...>` if the kernel no longer knew it. */
  readonly comm: string;
  readonly pid: number;
  /** The CPU that printed it. */
  readonly cpu: number;
  readonly flags: TraceFlags;
  /** Nanoseconds on the clock of the trace; exact, and beyond 2^53 on a machine that is up for months. */
  readonly at: bigint;
  /** Empty if the line has no event name, as those of the function tracer. */
  readonly event: string;
  readonly fields: string;
}

/** The column `d.h.` (4 characters up to Linux 5.16, 5 since 5.17). */
export interface TraceFlags {
  readonly irqsOff: boolean;
  readonly needResched: boolean;
  /** What the CPU was doing: `hardirq` includes one that interrupted a softirq. */
  readonly context: 'task' | 'softirq' | 'hardirq' | 'nmi';
  readonly preemptDepth: number;
  /** Absent in the 4-character form. */
  readonly migrateDisable?: number;
}

export interface FtraceText {
  readonly lines: readonly TraceLine[];
  /** Lines that begin with #. */
  readonly annotations: number;
  readonly blank: number;
  /** Lines that are none of these; the rest is used all the same. */
  readonly garbage: number;
  /** The first few of them. */
  readonly diagnostics: readonly Diagnostic[];
}

const REPORTED_GARBAGE = 5;

const flags = String.raw`(?<flags>[dDXxb.][NnpLlBbu.][hHsSzZ.][0-9a-f.][0-9a-f.]?)`;
const task = String.raw`(?<comm>\S(?:.{0,30}?\S)?)-(?<pid>\d{1,10})`;
const event = String.raw`(?:(?<event>[A-Za-z_][\w.]*):(?:\s+|$))?(?<fields>.*)`;

const normalLine = new RegExp(
  String.raw`^\s*${task}\s+(?:\(\s*[-\d]+\)\s+)?\[(?<cpu>\d{1,5})\]\s+${flags}\s+(?<seconds>\d{1,10})\.(?<fraction>\d{1,9}):\s+${event}$`,
);
const dumpedLine = new RegExp(
  String.raw`^\s*\[\s*\d+\.\d+\]\s+${task}\s+(?<cpu>\d{1,5})${flags}\s+(?<us>\d{1,15})us[^\w\s]?\s*:\s+${event}$`,
);

/** No line of a trace is longer; what is longer is not worth the time a regular expression would take. */
const MAX_LINE = 2000;

/** Reads a whole trace. Never throws; what is no trace line is counted, and the first few are reported. */
export function parseFtrace(text: string, file: string): FtraceText {
  const lines: TraceLine[] = [];
  const diagnostics: Diagnostic[] = [];
  const count = { annotations: 0, blank: 0, garbage: 0 };
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const trimmed = raw.trim();
    const line = trimmed.startsWith('#') || trimmed === '' ? undefined : parseLine(raw, index + 1);
    if (line !== undefined) lines.push(line);
    else if (trimmed === '') count.blank += 1;
    else if (trimmed.startsWith('#')) count.annotations += 1;
    else {
      count.garbage += 1;
      if (diagnostics.length < REPORTED_GARBAGE) diagnostics.push(notALine(raw, index + 1, file));
    }
  }
  return { lines, ...count, diagnostics };
}

/** One line, or undefined if it is none. */
function parseLine(raw: string, line: number): TraceLine | undefined {
  if (raw.length > MAX_LINE) return undefined;
  const found = (normalLine.exec(raw.trimEnd()) ?? dumpedLine.exec(raw.trimEnd()))?.groups;
  if (found === undefined) return undefined;
  const { comm = '', pid, cpu, seconds, fraction, us, event: name = '', fields = '' } = found;
  const at = us === undefined ? BigInt(seconds ?? 0) * 1_000_000_000n + BigInt((fraction ?? '').padEnd(9, '0')) : BigInt(us) * 1000n;
  return {
    line,
    comm,
    pid: Number(pid),
    cpu: Number(cpu),
    flags: flagsOf(found['flags'] ?? ''),
    at,
    event: name,
    fields: withoutEcho(name, fields),
  };
}

/** Some printed the function's name once more: `msi_set_affinity: msi_set_affinity: quirk...`. */
function withoutEcho(name: string, fields: string): string {
  return name !== '' && fields.startsWith(`${name}: `) ? fields.slice(name.length + 2) : fields;
}

function flagsOf(text: string): TraceFlags {
  const [irqs = '.', resched = '.', context = '.', preempt = '.', migrate] = text;
  return {
    irqsOff: 'dDX'.includes(irqs),
    needResched: resched !== '.',
    context: 'hH'.includes(context) ? 'hardirq' : 'sS'.includes(context) ? 'softirq' : 'zZ'.includes(context) ? 'nmi' : 'task',
    preemptDepth: depth(preempt),
    ...(migrate === undefined ? {} : { migrateDisable: depth(migrate) }),
  };
}

function depth(digit: string): number {
  return digit === '.' ? 0 : Number.parseInt(digit, 16);
}

function notALine(raw: string, line: number, file: string): Diagnostic {
  const column = raw.length - raw.trimStart().length + 1;
  return {
    file,
    line,
    column,
    message: 'this is no line of a trace and is left out; expected "comm-pid [cpu] flags seconds: event: fields"',
  };
}

/** Nanoseconds as ftrace prints them: `129.703150`, with nine digits only if the last three say something. */
export function formatTime(at: bigint): string {
  const fraction = (at % 1_000_000_000n).toString().padStart(9, '0');
  return `${at / 1_000_000_000n}.${fraction.endsWith('000') ? fraction.slice(0, 6) : fraction}`;
}

/** Whole microseconds from one moment to another. */
export function microsecondsBetween(from: bigint, to: bigint): number {
  return Number((to - from) / 1000n);
}
