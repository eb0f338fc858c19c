import { AmdCommand, Drop, Event, NONE, Rec, type Core } from '../core/index.js';

/** One record of the event ring; what a, b and c mean stands with `Event`. */
export interface EventRecord {
  /** cycles; 0 throughout in a check */
  readonly time: bigint;
  readonly kind: keyof typeof Event;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Something that happened in the hardware; each kind has the fields that concern it. */
export interface MachineEvent {
  /** when, cycles */
  readonly time: bigint;
  /**
   * `accept`: a LAPIC sets an IRR bit; `latch`: a core receives NMI, SMI or ExtINT; `init`: INIT; `drop`: a message has no effect;
   * `acknowledge`: IRR to ISR; `eoi`: a vector is retired; `ipi`: an ICR write is sent; `root`: a message is at the root complex;
   * `pin`: an IOAPIC forms a message; `retire`: an EOI reaches an IOAPIC; `write`: a DWORD reaches guest memory;
   * `remap`: a remapping unit has found the entry of a request; `fault`: it blocks one; `invalidate`: entries of its cache are gone;
   * `wait`: an invalidation wait is complete; `post`: a vector is posted;
   * `raise`: a device has an event; `sample`: it forms the message; `cfg`, `table`: a write reaches its configuration space, its
   * MSI-X table
   */
  readonly kind: keyof typeof Event;
  /** place of the CPU; undefined where a message had no target */
  readonly cpu?: number | undefined;
  /** 0 to 255 */
  readonly vector?: number;
  /** accept: the vector was pending already (A.3) */
  readonly merged?: boolean;
  /** drop: why */
  readonly reason?: keyof typeof Drop;
  /** latch: delivery mode, 2 SMI, 4 NMI, 7 ExtINT */
  readonly mode?: number;
  /** ipi: APIC id that it is for; post: low 24 bits of the one that is notified */
  readonly destination?: number;
  /** post: vector of the notification (E.2); a doorbell has none */
  readonly notification?: number;
  /** ipi: low half of ICR (A.6) */
  readonly icr?: number;
  /** place of the IOAPIC, and its pin */
  readonly ioapic?: number;
  /** pin of the IOAPIC */
  readonly pin?: number;
  /** retire: entries whose Remote IRR was cleared */
  readonly cleared?: number;
  /** place of the device */
  readonly device?: number;
  /** raise, and drop by a device: number of the event */
  readonly event?: number;
  /** cfg, table: where */
  readonly offset?: number;
  /** write, fault, invalidate: requester id */
  readonly requester?: number;
  /** place of the remapping unit */
  readonly iommu?: number;
  /** entry of its table: the one used, or the first that is invalidated */
  readonly index?: number;
  /** remap: the entry was in the cache */
  readonly hit?: boolean;
  /** remap: the interrupt is posted */
  readonly posted?: boolean;
  /** fault: why, 0x20 to 0x28 (D.6); of an AMD unit the code of the event, 1 to 4 (F.6) */
  readonly code?: number;
  /** invalidate: how many entries; 0: all */
  readonly entries?: number;
  /** invalidate, of an AMD unit: the entry of the device, those of its table, or all of all devices (F.5) */
  readonly what?: 'device' | 'interrupts' | 'all';
  /** post: a notification is sent; of an AMD unit a doorbell, for `destination` (F.3.3) */
  readonly notified?: boolean;
  /** where a message goes, or low half of a write's address; post: of the descriptor's */
  readonly address?: number;
  /** what it carries */
  readonly data?: number;
}

/** `Event.invalidate`: c is a command of an AMD unit. */
const OF_DEVICE = 0x80000000;

type Fields = Omit<MachineEvent, 'time' | 'kind'>;

/** What the records say, by kind; those of kernels and checks stay as they are. */
const fields: { readonly [K in keyof typeof Event]?: (a: number, b: number, c: number) => Fields } = {
  accept: (cpu, vector, merged) => ({ cpu, vector, merged: merged !== 0 }),
  latch: (cpu, vector, mode) => ({ cpu, vector, mode }),
  init: (cpu) => ({ cpu }),
  drop: (a, vector, why) => {
    const reason = Drop[why] as keyof typeof Drop;
    if (reason === 'wildWrite') return { requester: a, reason };
    if (reason === 'disabledDevice' || reason === 'silenced') return { device: a, event: vector, reason };
    return { cpu: a === NONE ? undefined : a, vector, reason };
  },
  acknowledge: (cpu, vector) => ({ cpu, vector }),
  eoi: (cpu, vector) => ({ cpu, vector }),
  ipi: (cpu, destination, icr) => ({ cpu, destination, icr }),
  root: (_, address, data) => ({ address, data }),
  pin: (a, address, data) => ({ ioapic: a & 0xff, pin: a >>> 8, address, data }),
  retire: (ioapic, vector, cleared) => ({ ioapic, vector, cleared }),
  write: (requester, address, data) => ({ requester, address, data }),
  remap: (iommu, index, how) => ({ iommu, index, hit: (how & 1) === 0, posted: (how & 2) !== 0 }),
  fault: (iommu, b, requester) => ({ iommu, index: b & 0xffff, code: b >>> 16, requester }),
  invalidate: (iommu, b, c) => {
    if (c < OF_DEVICE) return { iommu, index: b, entries: c };
    return c === OF_DEVICE + AmdCommand.invalidateAll
      ? { iommu, what: 'all' }
      : { iommu, requester: b, what: c === OF_DEVICE + AmdCommand.invalidateDevtabEntry ? 'device' : 'interrupts' };
  },
  wait: (iommu, address, data) => ({ iommu, address, data }),
  post: (a, b, address) => ({
    iommu: a & 0xff,
    vector: b & 0xff,
    notified: (b & 0x100) !== 0,
    ...(b & 0x100 ? { destination: a >>> 8 } : {}),
    ...((b & 0x300) === 0x100 ? { notification: (b >>> 16) & 0xff } : {}),
    address,
  }),
  raise: (device, event) => ({ device, event }),
  sample: (device, address, data) => ({ device, address, data }),
  cfg: (device, offset, data) => ({ device, offset, data }),
  table: (device, offset, data) => ({ device, offset, data }),
};

/** A record by the names of its fields. */
export function readable({ time, kind, a, b, c }: EventRecord): MachineEvent {
  return { time, kind, ...fields[kind]?.(a, b, c) };
}

/** What a record says: cycle (exact up to 2^53, a month), `Event`, and the rest of it. */
export type RecordTaker = (time: number, kind: Event, a: number, b: number, c: number) => void;

/** Empties the ring; `visit` is given the address of each record, oldest first. */
function drain(core: Core, ring: number, capacity: number, visit: (at: number) => void): void {
  const used = core.exports.ringUsed();
  const tail = core.exports.ringTail();
  for (let i = 0; i < used; i++) visit(ring + ((tail + i) % capacity) * Rec.size);
  core.exports.ringClear();
}

/** Takes all records out of the ring, oldest first. */
export function drainEvents(core: Core, ring: number, capacity: number): EventRecord[] {
  const records: EventRecord[] = [];
  const { view } = core;
  drain(core, ring, capacity, (at) =>
    records.push({
      time: view.getBigUint64(at, true),
      kind: Event[view.getUint32(at + Rec.kind, true)] as keyof typeof Event,
      a: view.getUint32(at + Rec.a, true),
      b: view.getUint32(at + Rec.b, true),
      c: view.getUint32(at + Rec.c, true),
    }),
  );
  return records;
}

/** The same without objects, for who reads millions of them. */
export function takeRecords(core: Core, ring: number, capacity: number, take: RecordTaker): void {
  const { view } = core;
  const word = (at: number): number => view.getUint32(at, true);
  drain(core, ring, capacity, (at) => {
    take(word(at) + word(at + 4) * 2 ** 32, word(at + Rec.kind), word(at + Rec.a), word(at + Rec.b), word(at + Rec.c));
  });
}
