import { Timing } from '../core/index.js';

/** Cycles of 1/3 ns: drawn between `min` and `max` with jitter on, else `default` (hardware.md G.1). */
export interface Latency {
  /** least, cycles */
  readonly min: number;
  /** without jitter, cycles */
  readonly default: number;
  /** most, cycles */
  readonly max: number;
}

/** A row of the profile: its id in hardware.md G.2, and how good the number is (P published, A assumed, by that table). */
interface Row extends Latency {
  readonly id: string;
  readonly evidence: 'P' | 'P~' | 'A' | 'A/M';
}

function row(id: string, evidence: Row['evidence'], min: number, typical: number, max: number): Row {
  return { id, evidence, min, default: typical, max };
}

/**
 * The default timing profile. `core.wake` and `msi.sample` have no row in G.2: the first is the share of
 * `os.stop_machine` (150,000 cycles for a rendezvous) that one wake-up takes, the second one fabric clock.
 */
const profile: Readonly<Record<Exclude<keyof typeof Timing, 'count'>, Row>> = {
  deviceToRoot: row('msi.dev_to_rc', 'A/M', 300, 750, 2000),
  rootToLapic: row('ir.to_lapic', 'A', 150, 300, 900),
  ipiFabric: row('ipi.fabric_same', 'P~', 200, 450, 900),
  recognise: row('core.recognise', 'P~', 100, 365, 1200),
  iret: row('core.iret', 'A', 60, 150, 400),
  lapicWrite: row('lapic.mmio_write', 'A', 60, 120, 300),
  lapicRead: row('lapic.mmio_read', 'A', 80, 150, 350),
  eoi: row('eoi.mmio', 'A', 60, 120, 300),
  cfgWrite: row('cfg.write', 'A', 1000, 2400, 9000),
  cfgRead: row('cfg.read', 'A', 1000, 2700, 16500),
  cfgApply: row('cfg.apply_offset', 'A', 500, 1200, 4500),
  memory: row('mem.hit', 'A', 120, 120, 120),
  lock: row('core.lock_rmw', 'A', 18, 20, 300),
  wake: row('core.wake', 'A', 5000, 15000, 100000),
  sample: row('msi.sample', 'A', 1, 30, 300),
  send: row('msi.moderation', 'A', 300, 3000, 120000),
  extraTarget: row('ipi.extra_target', 'P~', 20, 60, 200),
  pinToMessage: row('ioapic.pin_to_msg', 'A', 10, 60, 300),
  ioapicToRoot: row('ioapic.to_ir', 'A', 300, 900, 3000),
  eoiBroadcast: row('ioapic.eoi_broadcast', 'A', 300, 900, 3000),
  dmaWrite: row('dma.write_visible', 'A/M', 300, 750, 2000),
  irHit: row('ir.hit', 'A', 10, 30, 100),
  irMiss: row('ir.miss', 'A/M', 100, 300, 1000),
  irPost: row('ir.pi_post', 'A', 100, 300, 900),
  queueFetch: row('qi.fetch', 'A', 200, 600, 2000),
  queueInvalidate: row('qi.iec_inv', 'A', 30, 150, 1000),
  queueWrite: row('qi.wait_write', 'A', 100, 300, 1500),
  gcmd: row('gcmd.latency', 'A', 300, 3000, 30000),
  mmioArrive: row('mmio.write_arrive', 'A', 300, 750, 2000),
  mmioRead: row('mmio.read', 'P', 1000, 2400, 16500),
};

const entries = Object.entries(profile) as [keyof typeof profile, Row][];

/** Ids that a scenario's `timing:` may name. */
export const timingIds: readonly string[] = entries.map(([, r]) => r.id);

/** The table for the core: three words a timing. Overrides by id; a plain number stands for all three. */
export function timingTable(overrides: Readonly<Record<string, number | Latency>> = {}): Uint32Array {
  const table = new Uint32Array(Timing.count * 3);
  for (const [name, r] of entries) {
    const given = overrides[r.id] ?? r;
    const latency = typeof given === 'number' ? { min: given, default: given, max: given } : given;
    table.set([latency.min, latency.default, latency.max], Timing[name] * 3);
  }
  return table;
}
