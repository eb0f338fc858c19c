/** What holds in every state of a remapping unit (hardware.md D.1.1, D.4, D.7, F). */
import { Amd, AmdControl, AmdStatus, Gcmd, Iec, Iommu, QueueState, Table } from '../../src/core/index.js';
import type { AmdCache, IommuPort, Machine, VtdModel } from '../../src/machine/library.js';

/** All bits that a command can set; bits of FSTS that are kept, of FRI in it, of IP. */
const [SHOWN, PFO, IQE, KEPT, IP] = [0xf7800000, 1, 0x10, 0xff71, 0x40000000];
const FAULT = 0x80000000;
const MOST_HEAD = 0x7fff0;

/** How often something happened that could have gone wrong. */
export interface UnitCounts {
  /** entries of the cache that were used or filled, descriptors that were fetched, faults that were recorded */
  used: number;
  fetched: number;
  recorded: number;
}

export class UnitInvariants {
  readonly #machine: Machine;
  readonly #last: { stamp: number; head: number; next: number }[];
  readonly counts: UnitCounts = { used: 0, fetched: 0, recorded: 0 };

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#last = machine.iommus.map(() => ({ stamp: 0, head: 0, next: 0 }));
  }

  /** The first that does not hold, as a sentence. */
  broken(): string | undefined {
    for (const unit of this.#machine.iommus) {
      const wrong = unit.model.type === 'amd' ? this.#amd(unit, unit.model.cache) : this.#vtd(unit, unit.model);
      if (wrong !== undefined) return `IOMMU ${unit.index}: ${wrong}`;
    }
    return undefined;
  }

  #vtd(unit: IommuPort, model: VtdModel): string | undefined {
    return this.#registers(unit) ?? this.#faults(unit, model) ?? this.#cache(unit, model);
  }

  /** Counts what is new, and looks at it. */
  #amd(unit: IommuPort, { entries, ways, deviceEntries }: AmdCache): string | undefined {
    const { core } = this.#machine;
    const at = core.exports.table(Table.amds) + unit.index * Amd.size;
    const [head, tail, stamp] = [core.u32(at + Amd.commandHead), core.u32(at + Amd.eventTail), this.#word(unit, Iommu.stamp)];
    const last = this.#last[unit.index]!;
    if (last.stamp !== stamp) this.counts.used += 1;
    if (last.head !== head) this.counts.fetched += 1;
    if (last.next !== tail) this.counts.recorded += 1;
    Object.assign(last, { stamp, head, next: tail });
    const [control, status, told] = [core.u32(at + Amd.control), core.u32(at + Amd.status), core.u32(at + Amd.told)];
    const running = (status & AmdStatus.cmdBufRun) !== 0;
    if (running && (control & AmdControl.cmdBufEn) === 0) return 'commands run while they are off';
    if ((told & ~status) !== 0) return `it has told of ${told}, status is ${status}`;
    return this.#sets(unit, 0, entries, ways) ?? this.#sets(unit, entries, deviceEntries, ways);
  }

  /** A cache of an AMD unit: no entry twice; a device's only where they are kept. */
  #sets(unit: IommuPort, first: number, entries: number, ways: number): string | undefined {
    const { core } = this.#machine;
    const epoch = this.#word(unit, Iommu.epoch);
    const at = this.#cacheAt(unit) + first * Iec.size;
    const seen = new Map<number, number>();
    for (let e = 0; e < entries; e++) {
      if (core.u32(at + e * Iec.size + Iec.epoch) !== epoch) continue;
      const key = core.u32(at + e * Iec.size + Iec.index);
      if (seen.has(key)) return `${key} is cached twice, at ${seen.get(key)} and ${e} of sets of ${ways}`;
      if (key >= 0x80000000 !== first > 0) return `${key} is cached in the other cache`;
      seen.set(key, e);
    }
    return undefined;
  }

  /** Where the entries of a unit begin. */
  #cacheAt(unit: IommuPort): number {
    const most = Math.max(
      ...this.#machine.iommus.map(({ model: { type, cache } }) => cache.entries + (type === 'amd' ? cache.deviceEntries : 0)),
    );
    return this.#machine.core.exports.table(Table.iecs) + unit.index * most * Iec.size;
  }

  #word(unit: IommuPort, field: Iommu): number {
    const { core } = this.#machine;
    return core.u32(core.exports.table(Table.iommus) + unit.index * Iommu.size + field);
  }

  #byte(unit: IommuPort, field: Iommu): number {
    const { core } = this.#machine;
    return core.u8(core.exports.table(Table.iommus) + unit.index * Iommu.size + field);
  }

  #registers(unit: IommuPort): string | undefined {
    const [gsts, fsts, head, stamp] = [Iommu.gsts, Iommu.fsts, Iommu.iqh, Iommu.stamp].map((field) => this.#word(unit, field)) as [
      number,
      number,
      number,
      number,
    ];
    const last = this.#last[unit.index]!;
    if (last.stamp !== stamp) this.counts.used += 1;
    if (last.head !== head) this.counts.fetched += 1;
    Object.assign(last, { stamp, head });
    if ((gsts & ~SHOWN) !== 0) return `GSTS is ${gsts}`;
    if ((gsts & Gcmd.qie) === 0 && head !== 0) return `IQH is ${head} while the queue is off`;
    if ((head & ~MOST_HEAD) !== 0) return `IQH is ${head}`;
    if ((fsts & ~KEPT) !== 0) return `FSTS is ${fsts}`;
    if ((fsts & IQE) !== 0 && this.#byte(unit, Iommu.queueState) !== QueueState.idle) return 'the queue goes on behind an error';
    if (this.#word(unit, Iommu.ics) === 0 && (this.#word(unit, Iommu.iectl) & IP) !== 0) return 'a completion event is pending without one';
    return undefined;
  }

  #faults(unit: IommuPort, { faults: { records } }: VtdModel): string | undefined {
    const { core } = this.#machine;
    const most = Math.max(...this.#machine.iommus.map(({ model }) => (model.type === 'vtd' ? model.faults.records : 0)));
    const at = core.exports.table(Table.faultRecords) + unit.index * most * 16;
    let pending = 0;
    for (let n = 0; n < records; n++) if (core.u32(at + 16 * n + 12) >= FAULT) pending += 1;
    const [kept, next, fsts] = [this.#byte(unit, Iommu.faultsPending), this.#byte(unit, Iommu.faultNext), this.#word(unit, Iommu.fsts)];
    const last = this.#last[unit.index]!;
    if (last.next !== next) this.counts.recorded += 1;
    last.next = next;
    if (kept !== pending) return `${pending} faults are pending, ${kept} are counted`;
    if (next >= records) return `the next fault record is ${next} of ${records}`;
    if (pending > 0 && fsts >>> 8 >= records) return `FRI is ${fsts >>> 8} of ${records}`;
    const conditions = (fsts & (PFO | 0x70)) !== 0 || pending > 0;
    return !conditions && (this.#word(unit, Iommu.fectl) & IP) !== 0 ? 'a fault event is pending without a fault' : undefined;
  }

  #cache(unit: IommuPort, { capabilities, cache: { entries, ways } }: VtdModel): string | undefined {
    const { core } = this.#machine;
    const epoch = this.#word(unit, Iommu.epoch);
    const at = this.#cacheAt(unit);
    const seen = new Set<number>();
    for (let e = 0; e < entries; e++) {
      const entry = at + e * Iec.size;
      if (core.u32(entry + Iec.epoch) !== epoch) continue;
      const index = core.u32(entry + Iec.index);
      if (index % (entries / ways) !== Math.floor(e / ways)) return `entry ${index} is cached in another set, at ${e}`;
      if (seen.has(index)) return `entry ${index} is cached twice`;
      if (!capabilities.cm && (core.u32(entry + Iec.low) & 1) === 0) return `entry ${index} is cached and not present`;
      seen.add(index);
    }
    return undefined;
  }
}
