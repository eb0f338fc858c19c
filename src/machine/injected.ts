/** Operations that a host injects into a machine that runs: how they get into their slots, and which have not ended. */
import { Injected, InjectedHead, Table, type Core } from '../core/index.js';
import type { Layout } from './fill.js';
import type { InjectedOperation, MachineSetup } from './setup.js';

/** How many operations were injected so far, have begun, have ended. */
export interface InjectedTotals {
  readonly total: number;
  readonly begun: number;
  readonly ended: number;
}

/** An injected operation that has not ended. */
export interface PendingOperation {
  readonly entry: number;
  /** CPU, by index, that it takes away or brings */
  readonly subject: number | undefined;
  /** cycle from which on it may begin */
  readonly due: bigint;
}

/** The slots of a machine. */
export class InjectedSlots {
  readonly #core: Core;
  readonly #layout: Layout;
  readonly #words: number;
  readonly #none: boolean;

  constructor(core: Core, layout: Layout, { apicIds, injected = 0 }: MachineSetup) {
    this.#core = core;
    this.#layout = layout;
    this.#words = Math.ceil(apicIds.length / 32);
    this.#none = injected === 0;
  }

  /** False: all slots are taken, and nothing has happened. */
  queue({ entry, cpu, args: [first, second], key = 0, subject = -1 }: InjectedOperation, at: bigint): boolean {
    const { exports } = this.#core;
    const slot = exports.freeInjected();
    if (slot === 0) return false;
    const number = (slot - this.#layout.table(Table.injected)) / Injected.size;
    const masks = this.#layout.table(Table.injectedMasks) + number * this.#words * 4;
    if (typeof second !== 'number') {
      const mask = new Uint32Array(this.#words);
      for (const c of second.cpus) mask[c >>> 5] = (mask[c >>> 5] ?? 0) | (1 << (c & 31));
      this.#core.write(masks, mask);
    }
    const set = (word: Injected, value: number): void => this.#core.setU32(slot + word, value);
    set(Injected.due, Number(at & 0xffff_ffffn));
    this.#core.setU32(slot + Injected.due + 4, Number(at >> 32n));
    set(Injected.entry, entry);
    set(Injected.cpu, cpu);
    set(Injected.arg0, first);
    set(Injected.arg1, typeof second === 'number' ? second : masks);
    set(Injected.key, key);
    set(Injected.subject, subject + 1);
    exports.inject(number);
    return true;
  }

  get totals(): InjectedTotals {
    if (this.#none) return { total: 0, begun: 0, ended: 0 };
    return {
      total: this.#head(InjectedHead.total),
      begun: this.#head(InjectedHead.totalBegun),
      ended: this.#head(InjectedHead.totalEnded),
    };
  }

  /** Those that have begun, then those that wait, in their order. */
  pending(): PendingOperation[] {
    const found: PendingOperation[] = [];
    for (const list of this.#none ? [] : [InjectedHead.begun, InjectedHead.queue]) {
      let next = this.#head(list);
      while (next !== 0) {
        const at = this.#layout.table(Table.injected) + (next - 1) * Injected.size;
        const subject = this.#core.u32(at + Injected.subject);
        found.push({
          entry: this.#core.u32(at + Injected.entry),
          subject: subject === 0 ? undefined : subject - 1,
          due: this.#core.u64(at + Injected.due),
        });
        next = this.#core.u32(at + Injected.next);
      }
    }
    return found;
  }

  #head(word: InjectedHead): number {
    return this.#core.u32(this.#layout.table(Table.injectedHead) + word);
  }
}
