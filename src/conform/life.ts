/**
 * How drivers get irqs and give them back, read from a log that has QEMU's side only (the boot): what was touched says which operation
 * it was. MSI-X is switched on with all entries masked, and its entries are unmasked one by one as their irqs are requested; plain MSI is
 * off while it is written.
 */
import { access, normalised, type Access } from './access.js';
import { indexAfter, messagePart, queueAccess, tableAccess, type Seen } from './hardware.js';
import type { RecordedIrq } from './irqs.js';
import { numberOf, type RecordedLine } from './lines.js';
import type { OperationKind, RecordedOperation } from './operations.js';

/** An access to what a device has of messages. */
interface Event {
  readonly line: RecordedLine;
  readonly device: string;
  /** undefined: the device's as a whole */
  readonly irq: RecordedIrq | undefined;
  /** the device's messages are switched: `prepare`, for them to be written; `on`, when they are; `off` */
  readonly kind: 'prepare' | 'on' | 'off' | 'mask' | 'unmask' | 'read' | 'message' | 'queue';
  readonly access: Access;
}

/** Where a device has its messages. */
interface Place {
  readonly device: string;
  readonly chip: 'PCI-MSI' | 'PCI-MSIX';
  /** offset of its capability */
  readonly base: number;
}

const configured = /\s([0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) @(0x[0-9a-f]+) <- (0x[0-9a-f]+)/;
const [MSIX_ON, MSIX_MASKED, MSI_ON] = [0x8000, 0x4000, 1];
/** What of a log is about messages; the rest are the same accesses once more, and what else a machine does. */
const told = /^(?:pci_cfg_write|mmio_write|mmio_read|vtd_inv_desc_\w+)$/;
/** Of the unit, to the page of its registers. */
const QUEUE_TAIL = 0x88;

function written(line: RecordedLine): { readonly device: string; readonly offset: number; readonly value: number } | undefined {
  const [, device = '', offset = '', value = ''] = (line.event === 'pci_cfg_write' && configured.exec(line.fields)) || [];
  return device === '' ? undefined : { device, offset: Number(offset), value: Number(value) };
}

/** The capabilities that are used: one of MSI-X by the write that masks all, one of MSI by an address for interrupts. */
function placesIn(lines: readonly RecordedLine[], irqs: readonly RecordedIrq[]): Place[] {
  const places: Place[] = [];
  for (const line of lines) {
    const write = written(line);
    const chip = irqs.find((irq) => write !== undefined && irq.device?.endsWith(write.device) === true)?.chip;
    if (write === undefined || places.some(({ device }) => device === write.device)) continue;
    const { device, offset, value } = write;
    if (chip === 'PCI-MSIX' && offset % 4 === 2 && value >>> 14 === 3) places.push({ device, chip, base: offset - 2 });
    if (chip === 'PCI-MSI' && value >>> 20 === 0xfee) places.push({ device, chip, base: offset - 4 });
  }
  return places;
}

/** Entry of the remapping table that a message asks for (hardware.md C.3.1), or undefined. */
function entryOf(address: number): number | undefined {
  return (address & 0x10) === 0 ? undefined : ((address >>> 5) & 0x7fff) | ((address & 4) << 13);
}

class Log {
  readonly #irqs: readonly RecordedIrq[];
  readonly #places: readonly Place[];
  /** pages of tables, and the devices that they are of: who was switched on before one is touched first */
  readonly #pages = new Map<number, string>();
  /** entries of the remapping table, and whose they are */
  readonly #entries = new Map<number, RecordedIrq>();
  #opened = '';

  constructor(lines: readonly RecordedLine[], irqs: ReadonlyMap<number, RecordedIrq>) {
    this.#irqs = [...irqs.values()];
    this.#places = placesIn(lines, this.#irqs);
  }

  /** Twice: an entry of the remapping table is written before the message that asks for it. */
  events(lines: readonly RecordedLine[]): Event[] {
    for (const [i, line] of lines.entries()) this.#eventOf(line, i, lines);
    return lines.flatMap((line, i) => this.#eventOf(line, i, lines) ?? []);
  }

  #irqOf(device: string, hwirq: number): RecordedIrq | undefined {
    return this.#irqs.find((irq) => irq.hwirq === hwirq && irq.device?.endsWith(device) === true);
  }

  #eventOf(line: RecordedLine, i: number, lines: readonly RecordedLine[]): Event | undefined {
    if (line.event === 'pci_cfg_write') return this.#configured(line);
    if (line.event !== 'mmio_write' && line.event !== 'mmio_read') return undefined;
    const address = numberOf(line, 'addr');
    if (line.fields.includes(' msix-table ')) return this.#table(line, address, numberOf(line, 'val'));
    const index = line.fields.includes(' intel_iommu ') && address % 0x1000 === QUEUE_TAIL ? indexAfter(lines, i) : undefined;
    const irq = index === undefined ? undefined : this.#entries.get(index);
    if (irq?.device === undefined) return undefined;
    return { line, device: irq.device.slice('0000:'.length), irq, kind: 'queue', access: queueAccess(lines, i) };
  }

  #configured(line: RecordedLine): Event | undefined {
    const write = written(line);
    const place = this.#places.find(({ device }) => device === write?.device);
    if (write === undefined || place === undefined) return undefined;
    const { device, value } = write;
    const offset = write.offset - place.base;
    if (place.chip === 'PCI-MSIX') {
      if (offset !== 2) return undefined;
      const kind = (value & MSIX_ON) === 0 ? 'off' : (value & MSIX_MASKED) === 0 ? 'on' : 'prepare';
      if (kind === 'prepare') this.#opened = device;
      return { line, device, irq: undefined, kind, access: access('config', ...messagePart('MSI-X control', value)) };
    }
    const irq = this.#irqOf(device, 0);
    const event = (kind: Event['kind'], register: string): Event => ({
      line,
      device,
      irq,
      kind,
      access: access('config', ...messagePart(register, value)),
    });
    if (offset === 2) return event((value & MSI_ON) === 0 ? 'prepare' : 'on', 'control');
    if (offset === 4) this.#learn(irq, value);
    const register = { 4: 'address', 8: 'upper address', 12: 'data' }[offset];
    return register === undefined ? undefined : event('message', register);
  }

  #table(line: RecordedLine, address: number, value: number): Event | undefined {
    const page = address - (address % 0x1000);
    const device = this.#pages.get(page) ?? this.#opened;
    this.#pages.set(page, device);
    const irq = this.#irqOf(device, (address % 0x1000) >> 4);
    const isWrite = line.event === 'mmio_write';
    const [found] = tableAccess(address, value, isWrite);
    if (irq === undefined || found === undefined) return undefined;
    if (isWrite && address % 16 === 0) this.#learn(irq, value);
    const kind = isWrite ? (found[0] === 'mask' || found[0] === 'unmask' ? found[0] : 'message') : 'read';
    return { line, device, irq, kind, access: found[1] };
  }

  #learn(irq: RecordedIrq | undefined, address: number): void {
    const entry = entryOf(address);
    if (irq !== undefined && entry !== undefined) this.#entries.set(entry, irq);
  }
}

/** One behind the last of the events from `from` on for which the test holds. */
function endOf(events: readonly Event[], from: number, holds: (event: Event) => boolean): number {
  const end = events.findIndex((event, i) => i >= from && !holds(event));
  return end < 0 ? events.length : end;
}

/** What a device's events from the first on are, and how many; undefined: no whole operation. */
function firstOf(events: readonly Event[], requested: boolean): { readonly kind: OperationKind; readonly length: number } | undefined {
  const [first] = events;
  if (first?.kind === 'prepare') {
    const length = events.findIndex(({ kind }) => kind === 'on') + 1;
    return length === 0 ? undefined : { kind: 'allocate', length };
  }
  if (first?.kind === 'mask') {
    const masked = endOf(events, 0, ({ kind }) => kind === 'mask' || kind === 'read');
    if (events[masked]?.kind === 'off') return { kind: 'teardown', length: endOf(events, masked + 1, ({ kind }) => kind === 'queue') };
    return { kind: 'free', length: endOf(events, masked, ({ kind, irq }) => kind !== 'mask' && kind !== 'unmask' && irq === first.irq) };
  }
  if (first?.irq?.chip === 'PCI-MSIX') {
    const length = events.findIndex(({ kind, irq }) => kind === 'unmask' && irq === first.irq) + 1;
    return length === 0 || events.slice(0, length).some(({ irq }) => irq !== first.irq) ? undefined : { kind: 'request', length };
  }
  // of plain MSI the affinity is set up when it is requested, and that is all
  if (first === undefined || requested) return undefined;
  const length = first.kind === 'queue' ? 1 : endOf(events, 1, ({ kind }) => kind === 'message');
  return { kind: 'request', length };
}

/** The operations of each device, in their order; what is no whole one is told in `cut`. */
export function lifeIn(log: readonly RecordedLine[], irqs: ReadonlyMap<number, RecordedIrq>, cut: Seen[]): RecordedOperation[] {
  const lines = log.filter(({ event }) => told.test(event));
  const events = new Log(lines, irqs).events(lines);
  const operations: RecordedOperation[] = [];
  for (const device of new Set(events.map((event) => event.device))) {
    let left = events.filter((event) => event.device === device);
    let requested = false;
    for (;;) {
      const found = firstOf(left, requested);
      if (found === undefined) break;
      const own = left.slice(0, found.length);
      left = left.slice(found.length);
      if (found.kind === 'request') requested = true;
      operations.push(operationOf(found.kind, own));
    }
    cut.push(...left.map(({ line, irq, access: what }): Seen => ({ line, cpu: line.cpu, irq: irq?.irq, kind: 'message', access: what })));
  }
  return operations;
}

function operationOf(kind: OperationKind, all: readonly Event[]): RecordedOperation {
  // with MSI-X every entry of a table is masked; those that no irq is allocated for say nothing
  const used = new Set(all.flatMap((event) => (event.kind === 'message' ? [event.irq] : [])));
  const events = kind === 'allocate' ? all.filter(({ irq }) => irq === undefined || used.has(irq)) : all;
  const accesses = events.map((event) => event.access);
  const [first] = events;
  return {
    kind,
    context: 'task',
    cpu: events.find(({ line }) => line.cpu !== undefined)?.line.cpu ?? 0,
    irq: events.find(({ irq }) => irq !== undefined)?.irq,
    where: first === undefined ? '' : `${first.line.file}:${first.line.line}`,
    accesses,
    lines: normalised(undefined, accesses),
    eoi: false,
    names: [],
  };
}
