/**
 * Random descriptors and entries in posted format, one request at a time (hardware.md D.3.2, E.1, E.2). What becomes of each is computed
 * once more from the manual and compared: a descriptor, a message, a fault record, or nothing where the entry hides its faults.
 */
import { FaultReason, Gcmd, loadModule, VtdReg } from '../../src/core/index.js';
import { Machine } from '../../src/machine/library.js';
import { Dice } from './dice.js';

/** Where table, queue and descriptors stand; the last page of memory is that of the descriptors. */
const [TABLE, QUEUE, DESCRIPTORS, MEMORY] = [0x1000, 0x2000, 0x3000, 0x4000];
const ENTRIES = 8;
const SLOTS = 16;
const REQUESTERS = 3;

export interface PostedCounts {
  posted: number;
  /** posts that notified somebody */
  notified: number;
  /** requests that were blocked, with a record or without */
  blocked: number;
  hidden: number;
}

interface Outcome {
  readonly reason?: FaultReason;
  readonly hidden: boolean;
  /** the descriptor behind it, and whom it notifies */
  readonly descriptor?: readonly number[];
  readonly notifies: boolean;
}

/** What E.2 makes of a descriptor's words. */
function post(words: readonly number[], vector: number, urgent: boolean): Omit<Outcome, 'hidden'> {
  const control = words[8]!;
  if ((control & 0xff00fffc) !== 0 || words.slice(10).some((word) => word !== 0))
    return { reason: FaultReason.pidReserved, notifies: false };
  const notifies = (control & 1) === 0 && (urgent || (control & 2) === 0);
  const descriptor = [...words];
  descriptor[vector >>> 5] = (descriptor[vector >>> 5]! | (1 << (vector & 31))) >>> 0;
  if (notifies) descriptor[8] = (control | 1) >>> 0;
  return { descriptor, notifies };
}

/** What D.3 makes of an entry in posted format. */
function outcomeOf(
  entry: readonly number[],
  requester: number,
  descriptor: (at: number, high: number) => readonly number[] | undefined,
): Outcome {
  const [low = 0, pdaLow = 0, source = 0, pdaHigh = 0] = entry;
  const hidden = (low & 2) !== 0;
  const blocked = (reason: FaultReason): Outcome => ({ reason, hidden, notifies: false });
  if ((low & 1) === 0) return blocked(FaultReason.notPresent);
  if (((source >>> 18) & 3) === 1 && (source & 0xffff) !== requester) return blocked(FaultReason.sourceInvalid);
  if ((low & 0xff0030fc) !== 0 || (pdaLow & 0x3f) !== 0 || (source & 0xfff00000) !== 0) return blocked(FaultReason.irteReserved);
  const words = descriptor(pdaLow, pdaHigh);
  if (words === undefined) return blocked(FaultReason.pidUnreadable);
  return { ...post(words, (low >>> 16) & 0xff, (low & 0x4000) !== 0), hidden };
}

class Trial {
  readonly #machine: Machine;
  readonly #dice: Dice;
  readonly #view: DataView;
  readonly #ids: readonly number[];
  readonly #eime: boolean;
  #tail = 0;
  readonly counts: PostedCounts = { posted: 0, notified: 0, blocked: 0, hidden: 0 };

  constructor(machine: Machine, dice: Dice, ids: readonly number[], eime: boolean) {
    this.#machine = machine;
    this.#dice = dice;
    this.#ids = ids;
    this.#eime = eime;
    const { memory } = machine;
    this.#view = new DataView(memory.buffer, memory.byteOffset);
    machine.cpus.forEach((cpu) => cpu.writeMmio(0xfee000f0, 0x1ff, 4));
    const unit = machine.iommu(0);
    unit.write(VtdReg.irta, TABLE | (eime ? 0x800 : 0) | 7, 8);
    unit.write(VtdReg.iqa, QUEUE, 8);
    for (const command of [Gcmd.sirtp, Gcmd.qie, Gcmd.qie | Gcmd.ire]) {
      unit.write(VtdReg.gcmd, command, 4);
      machine.settle();
    }
  }

  /** One request; what went otherwise than it should. */
  step(): string | undefined {
    const dice = this.#dice;
    const index = dice.below(ENTRIES);
    if (dice.oneIn(2)) this.#entry(index);
    if (dice.oneIn(3)) this.#descriptor(dice.below(SLOTS));
    this.#forget();
    const [entry, requester] = [this.#words(TABLE + 16 * index, 4), dice.below(REQUESTERS)];
    const where = (at: number, high: number): readonly number[] | undefined =>
      high === 0 && at < MEMORY ? this.#words(at, 16) : undefined;
    const expected = outcomeOf(entry, requester, where);
    const [before, messages] = [this.#machine.memory.slice(), this.#messages()];
    this.#machine.dmaWrite32({ requester, address: (0xfee00010 | (index << 5)) >>> 0, data: 0 });
    if (!this.#machine.settle()) return 'it does not come to rest';
    const wrong = this.#compare(expected, before, messages, index, requester, entry[1]!);
    return wrong === undefined ? undefined : `${wrong}; entry ${entry.map((word) => word.toString(16)).join()}, requester ${requester}`;
  }

  #compare(expected: Outcome, before: Uint8Array, messages: number, index: number, requester: number, at: number): string | undefined {
    const { reason, hidden, descriptor, notifies } = expected;
    const after = before.slice();
    const view = new DataView(after.buffer);
    descriptor?.forEach((word, i) => view.setUint32(at + 4 * i, word, true));
    const { memory } = this.#machine;
    const differs = after.findIndex((byte, i) => byte !== memory[i]);
    if (differs >= 0) return `memory at ${differs} is ${memory[differs]}, not ${after[differs]}`;
    const sent = this.#messages() - messages;
    if (sent > 0 !== notifies) return `${sent} messages came out, ${notifies ? 'a notification' : 'none'} was due`;
    const faults = this.#machine
      .iommu(0)
      .faults.map((fault) => `${FaultReason[fault.reason]} ${fault.index} ${fault.requester}`)
      .join();
    const due = reason === undefined || hidden ? '' : `${FaultReason[reason]} ${index} ${requester}`;
    if (faults !== due) return `the fault records are ${faults}, not ${due}`;
    if (reason === undefined) this.counts.posted += 1;
    else this.counts.blocked += 1;
    if (notifies) this.counts.notified += 1;
    if (reason !== undefined && hidden) this.counts.hidden += 1;
    return undefined;
  }

  /** Messages for LAPICs that have come to an end: accepted, refused, or for nobody. */
  #messages(): number {
    const ends = ['accepts', 'dropped', 'noTarget', 'illegalVector'] as const;
    return ends.reduce((n, which) => n + this.#machine.counter(which), 0);
  }

  /** Present and in posted format mostly, with a reserved bit now and then. */
  #entry(index: number): void {
    const dice = this.#dice;
    const low = 0x8000 | (dice.oneIn(12) ? 0 : 1) | (dice.oneIn(4) ? 2 : 0) | (dice.oneIn(3) ? 0x4000 : 0) | (dice.below(256) << 16);
    const pda = dice.oneIn(15) ? dice.word() & ~63 : DESCRIPTORS + 64 * dice.below(SLOTS);
    const source = dice.oneIn(3) ? dice.below(REQUESTERS) | (1 << 18) : 0;
    const words = [low, pda, source, dice.oneIn(20) ? dice.word() : 0];
    const bit = dice.of([2, 3, 7, 12, 13, 24, 31, 32, 37, 84, 95]);
    if (dice.oneIn(12)) words[bit >>> 5] = words[bit >>> 5]! | (1 << (bit & 31));
    this.#store(TABLE + 16 * index, words);
  }

  #descriptor(slot: number): void {
    const dice = this.#dice;
    const id = dice.oneIn(4) ? dice.word() : dice.of(this.#ids);
    const control = dice.below(4) | (dice.below(256) << 16);
    const words = Array.from({ length: 16 }, (_, i) => (i < 8 && dice.oneIn(3) ? dice.word() : 0));
    words[8] = dice.oneIn(10) ? control | (1 << dice.below(32)) : control;
    words[9] = this.#eime ? id : id << 8;
    if (dice.oneIn(20)) words[10 + dice.below(6)] = 1 << dice.below(32);
    this.#store(DESCRIPTORS + 64 * slot, words);
  }

  /** Nothing is cached, and no fault is recorded. */
  #forget(): void {
    const unit = this.#machine.iommu(0);
    this.#store(QUEUE + this.#tail, [4, 0, 0, 0]);
    this.#tail = (this.#tail + 16) % 4096;
    unit.write(VtdReg.iqt, this.#tail, 8);
    for (let n = 0; n < 8; n++) unit.write(VtdReg.frcd + 16 * n + 12, 0x80000000, 4);
    this.#machine.settle();
  }

  #words(at: number, n: number): number[] {
    return Array.from({ length: n }, (_, i) => this.#view.getUint32(at + 4 * i, true));
  }

  #store(at: number, words: readonly number[]): void {
    words.forEach((word, i) => this.#view.setUint32(at + 4 * i, word, true));
  }
}

/** So many requests on a random machine; `failure`: the first that went otherwise than it should. */
export async function postedTrial(seed: number, requests: number): Promise<PostedCounts & { readonly failure?: string }> {
  const dice = new Dice(seed * 2246822519);
  const eime = dice.oneIn(2);
  const ids = Array.from({ length: 1 + dice.below(3) }, (_, c) => c * (1 + dice.below(5)) + (c > 0 ? c : 0));
  const machine = await Machine.create({
    apicIds: [...new Set(ids)],
    memory: MEMORY,
    iommus: [{ cache: { randomEvict: dice.oneIn(2) } }],
    jitter: dice.oneIn(2),
    seed: dice.word(),
    module: await loadModule(),
  });
  const trial = new Trial(machine, dice, ids, eime);
  for (let n = 0; n < requests; n++) {
    const wrong = trial.step();
    if (wrong !== undefined) return { ...trial.counts, failure: `request ${n}: ${wrong}` };
  }
  return trial.counts;
}
