import { Drop, Event, NONE, Rec, type Core } from '../core/index.js';

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
   * `accept`: a LAPIC sets an IRR bit; `drop`: a message has no effect; `acknowledge`: IRR to ISR; `eoi`: a vector is retired;
   * `ipi`: an ICR write is sent; `init`: a CPU receives INIT; `root`: a message is at the root complex
   */
  readonly kind: keyof typeof Event;
  /** place of the CPU; undefined where a message had no target */
  readonly cpu?: number | undefined;
  /** 0 to 255 */
  readonly vector?: number;
  /** accepted: the vector was pending already (A.3) */
  readonly merged?: boolean;
  /** why a message was dropped */
  readonly reason?: keyof typeof Drop;
  /** APIC id that an IPI is for */
  readonly destination?: number;
  /** low half of ICR: what the IPI does (A.6) */
  readonly icr?: number;
}

/** What a, b and c are called, by kind. */
const names: { readonly [K in keyof typeof Event]?: readonly (keyof MachineEvent)[] } = {
  accept: ['cpu', 'vector', 'merged'],
  drop: ['cpu', 'vector', 'reason'],
  acknowledge: ['cpu', 'vector'],
  eoi: ['cpu', 'vector'],
  ipi: ['cpu', 'destination', 'icr'],
  init: ['cpu'],
};

/** A record by the names of its fields. */
export function readable({ time, kind, a, b, c }: EventRecord): MachineEvent {
  const values = [a, b, c];
  const fields = (names[kind] ?? []).map((name, i): [string, unknown] => {
    const value = values[i] ?? 0;
    if (name === 'merged') return [name, value !== 0];
    if (name === 'reason') return [name, Drop[value]];
    return [name, value === NONE ? undefined : value];
  });
  return { time, kind, ...Object.fromEntries(fields) };
}

/** Takes all records out of the ring, oldest first. */
export function drainEvents(core: Core, ring: number, capacity: number): EventRecord[] {
  const used = core.exports.ringUsed();
  const tail = core.exports.ringTail();
  const records: EventRecord[] = [];
  for (let i = 0; i < used; i++) {
    const at = ring + ((tail + i) % capacity) * Rec.size;
    records.push({
      time: core.u64(at),
      kind: Event[core.u32(at + Rec.kind)] as keyof typeof Event,
      a: core.u32(at + Rec.a),
      b: core.u32(at + Rec.b),
      c: core.u32(at + Rec.c),
    });
  }
  core.exports.ringClear();
  return records;
}
