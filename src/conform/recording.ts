/** A recording as operations, each with the accesses it made, in their order. */
import { access, cpu, normalised, vector, type Access } from './access.js';
import type { RecordedFolder } from './folder.js';
import { APART, seenIn, type Kind, type Seen } from './hardware.js';
import { lifeIn } from './life.js';
import { numberOf, wideNumberOf, type RecordedLine } from './lines.js';
import { spansOf, type OperationKind, type RecordedOperation, type Span } from './operations.js';

export interface Recording {
  readonly folder: RecordedFolder;
  readonly operations: readonly RecordedOperation[];
  /** interrupts without a move; their EOIs are no part of any operation */
  readonly plain: number;
  /** accesses at the edges of a stretch, of operations that lie outside of it */
  readonly cut: readonly Seen[];
}

/** Splits a folder into operations. Throws `RecordingError`. */
export function readRecording(folder: RecordedFolder): Recording {
  const operations: RecordedOperation[] = [];
  const cut: Seen[] = [];
  let plain = 0;
  for (const lines of folder.stretches) {
    const seen = seenIn(lines, folder.irqs);
    const cpus = [...new Set(lines.flatMap((line) => (line.cpu === undefined ? [] : [line.cpu])))].toSorted((a, b) => a - b);
    for (const self of cpus) {
      const printed = lines.filter((line) => line.source === 'guest' && line.cpu === self);
      const own = seen.filter((each) => each.cpu === self);
      const spans = spansOf(self, printed, folder.irqs);
      plain += spans.plain;
      const owned = assigned([...spans.spans, ...wakeUps(self, own)], own, cut);
      for (const [span, accesses] of owned) operations.push(...operationOf(span, accesses));
    }
  }
  operations.push(...lifeIn(folder.boot, folder.irqs, cut));
  return { folder, operations, plain, cut };
}

/** Longest pause between the LAPIC accesses that wake a CPU up (microseconds). */
const WAKE_UP = 5000;

const isInit = ({ kind, access: { parts } }: Seen): boolean => kind === 'icr' && String(parts[0]).startsWith('INIT assert');

/** INIT and SIPI have no kprobe: what the LAPIC sees of them in a row is one. */
function wakeUps(self: number, seen: readonly Seen[]): Span[] {
  const lapic = seen.filter(({ kind }) => kind === 'lapic' || kind === 'icr');
  return lapic.filter(isInit).map(({ line }): Span => {
    const at = lapic.findIndex((each) => each.line === line);
    const joins = (i: number, j: number): boolean => Math.abs((lapic[i]?.line.time ?? -Infinity) - (lapic[j]?.line.time ?? 0)) < WAKE_UP;
    let [first, last] = [at, at];
    while (joins(first - 1, first)) first--;
    while (joins(last + 1, last)) last++;
    const [from, to] = [lapic[first]?.line.time ?? 0, lapic[last]?.line.time ?? 0];
    return { kind: 'wakeUp', context: 'task', cpu: self, irq: undefined, from, to, events: [] };
  });
}

/**
 * Whose accesses are whose. An access to an irq's registers belongs to the operation on that irq that runs on this CPU at that
 * moment, as far as the clocks agree; one to the LAPIC to the operation between whose accesses it stands, or else to the one of
 * its time. EOIs of other interrupts belong to nobody.
 */
function assigned(spans: readonly Span[], seen: readonly Seen[], cut: Seen[]): Map<Span, Seen[]> {
  const owned = new Map<Span, Seen[]>(spans.map((span) => [span, []]));
  const owners: (Span | undefined)[] = [];
  for (const [i, each] of seen.entries()) {
    const before = owners[i - 1];
    const owner = each.kind === 'eoi' ? ofEoi(i, seen, owners) : follows(seen[i - 1], each) ? before : ownerOf(each, spans);
    owners.push(owner);
    if (owner !== undefined) owned.get(owner)?.push(each);
    else if (each.kind !== 'eoi') cut.push(each);
  }
  return owned;
}

/** Reads that flush, the look at the IRR behind a message, and the IPI behind that are part of what they follow. */
function follows(before: Seen | undefined, { kind, line }: Seen): boolean {
  if (before === undefined || line.time - before.line.time > 2 * APART) return false;
  if (kind === 'flush') return true;
  if (kind === 'irr') return before.kind === 'message' || before.kind === 'lapic';
  return kind === 'icr' && before.kind === 'irr';
}

/** Kinds of operations that the LAPIC accesses of a kind may belong to. */
const lapicKinds: Partial<Record<Kind, readonly OperationKind[]>> = {
  lapic: ['wakeUp', 'lapicOn', 'lapicOff'],
  icr: ['wakeUp'],
  irr: ['cleanup', 'scan'],
};

/** How long before its first line an operation may touch hardware (microseconds): what has no kprobe before it. */
const early: Partial<Record<OperationKind, number>> = { scan: 600, lapicOn: 100_000 };

function ownerOf({ kind, irq, line: { time } }: Seen, spans: readonly Span[]): Span | undefined {
  const allowed = lapicKinds[kind];
  const able = spans.filter((span) => {
    if (allowed !== undefined ? !allowed.includes(span.kind) : span.irq?.irq !== irq) return false;
    return time >= span.from - (early[span.kind] ?? APART) && time <= span.to + APART;
  });
  const distance = (span: Span): number => Math.max(span.from - time, time - span.to, 0);
  return able.toSorted((a, b) => distance(a) - distance(b))[0];
}

/** The EOI of an interrupt in which an irq was moved is the next one behind the last access of the move. */
function ofEoi(i: number, seen: readonly Seen[], owners: readonly (Span | undefined)[]): Span | undefined {
  const time = seen[i]?.line.time ?? 0;
  for (let before = i - 1; before >= 0 && seen[before]?.kind !== 'eoi'; before--) {
    const owner = owners[before];
    if (owner !== undefined) return owner.context === 'hardirq' && time <= owner.to + APART ? owner : undefined;
  }
  return undefined;
}

/** Which access a kprobe announces: it fires when its routine is entered. */
const announced: Partial<Record<string, Kind>> = {
  pci_irq_mask_msix: 'mask',
  pci_irq_unmask_msix: 'unmask',
  __pci_write_msi_msg: 'message',
  qi_submit_sync: 'queue',
  apic_retrigger_irq: 'icr',
};

/** What the guest printed and what QEMU saw, in one order: each kprobe before the access that it announces, QEMU's order as it is. */
function operationOf(span: Span, seen: readonly Seen[]): RecordedOperation[] {
  const accesses: Access[] = [];
  let next = 0;
  const take = (until: number): void => {
    for (; next < until; next++) accesses.push(seen[next]?.access ?? access('lapic'));
  };
  for (const line of span.events) {
    const kind = announced[line.event];
    const at = kind === undefined ? -1 : seen.findIndex((each, i) => i >= next && each.kind === kind);
    if (at >= 0) take(endOfGroup(seen, at));
    if (line.event === 'free_moved_vector') take(Math.max(next, seen.findIndex((each, i) => i >= next && each.kind === 'irr') + 1));
    accesses.push(...printedAccess(line));
  }
  take(seen.length);
  if (accesses.length === 0) return [];
  const [first] = [...span.events, ...seen.map(({ line }) => line)];
  const base: Omit<RecordedOperation, 'lines' | 'accesses' | 'eoi'> = {
    kind: span.kind,
    context: span.context,
    cpu: span.cpu,
    irq: span.irq,
    where: first === undefined ? '' : `${first.file}:${first.line}`,
    names: span.events.map(({ event }) => event),
  };
  const self = span.kind === 'move' ? undefined : span.cpu;
  const eoi = seen.some(({ kind }) => kind === 'eoi');
  const parts = span.kind === 'cleanup' ? cleanups(accesses) : [span.kind === 'scan' ? withoutRepeats(accesses) : accesses];
  return parts.map((part) => ({ ...base, accesses: part, lines: normalised(self, part), eoi }));
}

/** One callback may clean up after several irqs. */
function cleanups(accesses: readonly Access[]): Access[][] {
  const parts: Access[][] = [];
  for (const each of accesses) {
    if (each.at === 'lapic' || parts.length === 0) parts.push([]);
    parts.at(-1)?.push(each);
  }
  return parts;
}

/** The scan reads the IRR once for each vector in use; how many there are says nothing about the kernel. */
function withoutRepeats(accesses: readonly Access[]): Access[] {
  return accesses.filter((each, i) => each.parts[0] !== accesses[i - 1]?.parts[0]);
}

/** One past the accesses that one routine makes from this one on. */
function endOfGroup(seen: readonly Seen[], at: number): number {
  const kind = seen[at]?.kind;
  let end = at + 1;
  if (kind === 'mask') while (seen[end]?.kind === 'flush') end++;
  if (kind === 'message') while (seen[end]?.kind === 'message' && !isFirstOfMessage(seen[end])) end++;
  return end;
}

/** A message is written from its control register or its address on. */
function isFirstOfMessage(seen: Seen | undefined): boolean {
  const text = String(seen?.access.parts[0]);
  return text.startsWith('control') || (seen?.access.at === 'table' && text.startsWith('address'));
}

/** What no hardware sees but the order of the accesses turns on. */
function printedAccess(line: RecordedLine): Access[] {
  switch (line.event) {
    case 'vector_update': {
      const old = numberOf(line, 'prev_vector');
      const was = old === 0 ? ['none'] : [cpu(numberOf(line, 'prev_cpu')), vector(old)];
      return [access('vectors', 'target', ...was, '->', cpu(numberOf(line, 'cpu')), vector(numberOf(line, 'vector')))];
    }
    case '__vector_schedule_cleanup':
      return [access('vectors', 'cleanup of the old vector is queued')];
    case 'vector_free_moved':
      return [access('vectors', 'freed:', cpu(numberOf(line, 'cpu')), vector(numberOf(line, 'vector')))];
    case 'intel_ir_set_affinity_ret':
    case 'msi_set_affinity_ret': {
      const ret = numberOf(line, 'ret');
      return ret < 0 ? [access('vectors', ret === -16 ? 'refused: busy' : `refused: ${ret}`)] : [];
    }
    case 'modify_irte':
      return [irteAccess(wideNumberOf(line, 'new_lo'))];
    default:
      return [];
  }
}

/** An entry in remapped format with 8-bit destinations (hardware.md D). */
function irteAccess(low: bigint): Access {
  if (low === 0n) return access('irte', 'entry = 0');
  const flags = Number(low & 0xffn);
  return access('irte', `entry = 0x${flags.toString(16)},`, cpu(Number((low >> 40n) & 0xffn)), vector(Number((low >> 16n) & 0xffn)));
}
