/** The operations in a recording: what a kernel did, from where to where, on which CPU. */
import type { Access } from './access.js';
import type { RecordedIrq } from './irqs.js';
import { numberOf, type RecordedLine } from './lines.js';

/** Every kind of operation that a recording is cut into, with how it is called. */
export const kinds = {
  move: 'affinity move at once',
  deferred: 'deferred move, at an interrupt',
  completion: 'first interrupt at the new target',
  cleanup: 'cleanup of the old vector',
  evacuation: 'offline: an irq leaves the CPU',
  managedShutdown: 'offline: managed shutdown',
  scan: 'offline: the look at the IRR',
  lapicOff: 'offline: the LAPIC goes off',
  wakeUp: 'online: INIT and SIPI',
  lapicOn: 'online: the LAPIC is set up',
  startUp: 'online: managed start-up',
  allocate: 'a driver allocates its irqs',
  request: 'a driver requests an irq',
  free: 'a driver frees an irq',
  teardown: 'a driver gives its irqs back',
} as const;

export type OperationKind = keyof typeof kinds;

/** Where the code ran, by what the guest printed around it; the flags in its trace lines say the same. */
export type Context = 'task' | 'hardirq' | 'softirq' | 'stop_machine';

/** One operation as it was recorded. */
export interface RecordedOperation {
  readonly kind: OperationKind;
  readonly context: Context;
  readonly cpu: number;
  readonly irq: RecordedIrq | undefined;
  /** `folder/merged.txt:321`, where it begins */
  readonly where: string;
  readonly accesses: readonly Access[];
  /** the same, renamed, as text */
  readonly lines: readonly string[];
  /** the recording would show an EOI of it */
  readonly eoi: boolean;
  /** what the guest printed, in its order */
  readonly names: readonly string[];
}

/** A span of what one CPU did. */
export interface Span {
  readonly kind: OperationKind;
  readonly context: Context;
  readonly cpu: number;
  readonly irq: RecordedIrq | undefined;
  /** microseconds */
  readonly from: number;
  to: number;
  /** what the guest printed in it, on this CPU */
  readonly events: RecordedLine[];
}

/** What ended without one of these was not a whole operation. */
export interface Cut {
  readonly spans: readonly Span[];
  /** interrupts that did nothing but acknowledge and handle */
  readonly plain: number;
}

const ack = /^(?:apic_ack_(?:irq|edge)|ioapic_(?:ir_)?ack_level)$/;
/** What a cleanup prints. */
const freeing: ReadonlySet<string> = new Set(['free_moved_vector', 'vector_free_moved', 'irq_matrix_free']);
const entering: ReadonlySet<string> = new Set(['ioapic_set_affinity', 'msi_domain_set_affinity', 'msi_set_affinity']);

/** Cuts what one CPU's kernel printed into operations. A time line may begin and end in the middle of one; that one is left out. */
export function spansOf(cpu: number, lines: readonly RecordedLine[], irqs: ReadonlyMap<number, RecordedIrq>): Cut {
  const spans: Span[] = [];
  let plain = 0;
  let open: Span | undefined;
  /** the stop_machine of an offline, between irqs */
  let dying = false;
  const begin = (kind: OperationKind, context: Context, line: RecordedLine): void => {
    const irq = /(?:^|\s)irq=/.test(line.fields) ? irqs.get(numberOf(line, 'irq')) : undefined;
    open = { kind, context, cpu, irq, from: line.time, to: line.time, events: [line] };
  };
  const end = (): void => {
    if (open === undefined) return;
    if (open.kind === 'completion' && !open.events.some(({ event }) => event === '__vector_schedule_cleanup')) plain++;
    else spans.push(open);
    open = undefined;
  };
  for (const line of lines) {
    const { event } = line;
    if (event === 'fixup_irqs') {
      end();
      dying = true;
    } else if (event === 'lapic_offline') {
      end();
      dying = false;
      begin('scan', 'stop_machine', line);
      end();
    } else if (dying && event === 'irq_force_complete_move') {
      end();
      begin('managedShutdown', 'stop_machine', line);
    } else if (event === 'apic_soft_disable') {
      begin('lapicOff', 'stop_machine', line);
    } else if (event === 'native_play_dead' || event === 'irq_affinity_online_cpu') {
      if (open !== undefined) open.to = line.time;
      end();
    } else if (event === 'setup_local_APIC') {
      begin('lapicOn', 'task', line);
    } else if (event === 'irq_startup') {
      end();
      begin('startUp', 'task', line);
    } else if (event === 'vector_cleanup_callback') {
      end();
      begin('cleanup', 'softirq', line);
    } else if (ack.test(event)) {
      // an AP that comes up takes none before its set-up has ended
      end();
      begin('completion', 'hardirq', line);
    } else if (event === 'irq_handler_entry') {
      if (open?.context === 'hardirq') open.to = line.time;
      if (open?.context === 'hardirq') end();
    } else if (event === 'irq_do_set_affinity' && (open === undefined || open.kind === 'cleanup')) {
      end();
      begin('move', 'task', line);
    } else if (open?.kind === 'cleanup' && !freeing.has(event)) {
      end();
    } else if (open !== undefined) {
      open = taken(open, line, irqs);
      if (ends(open, line)) end();
    }
  }
  // what is still open may have lost its end
  if (open?.kind === 'cleanup') end();
  return { spans: spans.map(refined), plain };
}

function taken(open: Span, line: RecordedLine, irqs: ReadonlyMap<number, RecordedIrq>): Span {
  open.to = line.time;
  open.events.push(line);
  // irq_force_complete_move does not say whose turn it is; what follows does
  const irq =
    open.irq ?? (/(?:^|\s)irq=/.test(line.fields) && !line.event.startsWith('vector_free') ? irqs.get(numberOf(line, 'irq')) : undefined);
  if (line.event === '__irq_move_irq') return { ...open, irq, kind: 'deferred' };
  if (line.event === 'irq_do_set_affinity' && open.kind === 'managedShutdown') return { ...open, irq, kind: 'evacuation' };
  return { ...open, irq };
}

function ends({ kind, irq }: Span, { event }: RecordedLine): boolean {
  if (kind === 'startUp') return event.startsWith('pci_irq_unmask_');
  return kind === 'move' && event === (irq?.remapped === true ? 'intel_ir_set_affinity_ret' : 'msi_set_affinity_ret');
}

function refined(span: Span): Span {
  const moved = span.events.some(({ event }) => entering.has(event));
  return span.kind === 'evacuation' && !moved ? { ...span, kind: 'managedShutdown' } : span;
}
