/** A folder of a recording: which files it has, and the time lines in them. */
import { parseIrqs, type RecordedIrq } from './irqs.js';
import { parseLines, parseLog, RecordingError, type RecordedLine } from './lines.js';

/** Files by their path within the folder. What a reader of folders does not need, it need not bring. */
export type Files = ReadonlyMap<string, string>;

/** What is read of a folder; the first two must be there. */
export const folderFiles = {
  irqs: 'before/sys_kernel_irq.txt',
  merged: 'merged.txt',
  /** a second stretch of the same run, of the same form */
  doubleMoves: 'double_moves.txt',
  /** all that QEMU said; EOIs and the destinations of IPIs stand here only */
  qemu: 'qemu_trace.log',
  /** what QEMU said before the run: drivers get their irqs */
  boot: 'qemu_trace_boot.log',
  sequences: 'sequences.txt',
  how: 'how.txt',
} as const;

export interface RecordedFolder {
  readonly name: string;
  /** as it was recorded, e.g. `6.12.117`; undefined: the folder does not say */
  readonly kernel: string | undefined;
  readonly irqs: ReadonlyMap<number, RecordedIrq>;
  /** stretches of the run, each in the order of time */
  readonly stretches: readonly (readonly RecordedLine[])[];
  /** QEMU's side only */
  readonly boot: readonly RecordedLine[];
  readonly sequences: string | undefined;
}

/** Reads the files of a folder. Throws `RecordingError`. */
export function readFolder(files: Files, name: string): RecordedFolder {
  const text = (file: string): string => {
    const found = files.get(file);
    if (found !== undefined) return found;
    const needed = `${folderFiles.merged} and ${folderFiles.irqs}`;
    throw new RecordingError([
      { file: `${name}/${file}`, line: 1, column: 1, message: `this file does not exist; a recording has ${needed}` },
    ]);
  };
  const merged = parseLines(text(folderFiles.merged), `${name}/${folderFiles.merged}`);
  const irqs = parseIrqs(text(folderFiles.irqs), `${name}/${folderFiles.irqs}`);
  const more = files.get(folderFiles.doubleMoves);
  const log = files.get(folderFiles.qemu);
  const stretches = [merged, ...(more === undefined ? [] : [parseLines(more, `${name}/${folderFiles.doubleMoves}`)])];
  const beside = log === undefined ? [] : unmerged(log, `${name}/${folderFiles.qemu}`, merged);
  return {
    name,
    kernel: /^kernel: (\d+\.\d+(?:\.\d+)?)/m.exec(files.get(folderFiles.how) ?? '')?.[1],
    irqs,
    stretches: stretches.map((lines) => together(lines, beside)),
    boot: parseLog(files.get(folderFiles.boot) ?? '', `${name}/${folderFiles.boot}`),
    sequences: files.get(folderFiles.sequences),
  };
}

/** `4711 1795341522.716788 lapic_write cpu=0 EOI 0x0` */
const logged = /^\d+ (\d+)\.(\d{6}) (lapic_write) cpu=(\d+) ((?:EOI|ICR_HI) .*)$/;

/**
 * What a merged time line leaves out of QEMU's log: EOIs, and the high halves of ICR writes. Both begin with the same mark, so the
 * clocks differ by a constant; within QEMU's log the order is exact.
 */
function unmerged(log: string, file: string, merged: readonly RecordedLine[]): RecordedLine[] {
  if (merged.some(({ source, fields }) => source === 'qemu' && fields.includes('EOI'))) return [];
  const mark = /^\d+ (\d+)\.(\d{6}) MARK /m.exec(log);
  const first = merged.find(({ source, event }) => source === 'qemu' && event === 'MARK');
  if (mark === null || first === undefined) return [];
  const start = Number(mark[1]) * 1_000_000 + Number(mark[2]) - first.time;
  return log.split('\n').flatMap((raw, index): RecordedLine[] => {
    const found = logged.exec(raw);
    if (found === null) return [];
    const [, seconds, micros, event = '', cpu, fields = ''] = found;
    return [
      {
        file,
        line: index + 1,
        time: Number(seconds) * 1_000_000 + Number(micros) - start,
        source: 'qemu',
        cpu: Number(cpu),
        event,
        fields: `cpu=${cpu} ${fields}`,
        column: raw.length - fields.length + 1,
      },
    ];
  });
}

/** By time; lines of one source stay in their order. A stretch takes what lies between its first line and its last. */
function together(lines: readonly RecordedLine[], beside: readonly RecordedLine[]): RecordedLine[] {
  const from = lines[0]?.time ?? 0;
  const to = lines.at(-1)?.time ?? 0;
  const within = beside.filter(({ time }) => time >= from && time <= to);
  return within.length === 0 ? [...lines] : [...lines, ...within].toSorted((a, b) => a.time - b.time);
}
