import { Event, Rec, type Core } from '../core/index.js';

/** One record of the event ring; what a, b and c mean stands with `Event`. */
export interface EventRecord {
  /** cycles; 0 throughout in a check */
  readonly time: bigint;
  readonly kind: keyof typeof Event;
  readonly a: number;
  readonly b: number;
  readonly c: number;
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
