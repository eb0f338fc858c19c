/**
 * Random device tables, remapping tables and command buffers of an AMD-Vi unit, and random requests: what becomes of each is what hardware.md F
 * says, read from the tables once more without anything of the unit. A request ends as a message, as an event, as an interrupt of a guest,
 * or as a drop that a bit of the tables or of a register asks for.
 */
import { AmdControl, AmdControlHigh, AmdEvent, AmdReg, AmdStatus } from '../../src/core/index.js';
import { Machine, type IommuPort } from '../../src/machine/library.js';
import type { Dice } from './dice.js';

/** Where things are; behind `MEMORY` there is none. */
const MEMORY = 0x20000;
const COMMANDS = 0x1000;
const EVENTS = 0x2000;
const LOG = 0x3000;
const STATUS = 0x5000;
const DEVICES = 0x6000;
const TABLES = 0x8000;
/** Devices and entries that are asked for, in a device table for 128. */
const ASKING = 6;
const ENTRIES = 24;

/** What becomes of a request: an entry for the fields that it has. */
export type Outcome =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'remapped'; readonly index: number; readonly vector: number; readonly destination: number }
  | {
      readonly kind: 'posted';
      readonly index: number;
      readonly vector: number;
      readonly page: bigint;
      readonly how: 'doorbell' | 'log' | 'bit';
    }
  /** `index`: the entry was found, and its page was not */
  | { readonly kind: 'event'; readonly code: number; readonly logged: boolean; readonly index?: number };

interface Request {
  readonly requester: number;
  readonly address: number;
  readonly data: number;
}

const bit = (word: bigint, n: number): boolean => ((word >> BigInt(n)) & 1n) !== 0n;
const field = (word: bigint, high: number, low: number): number => Number((word >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n));

/** F.2 and F.3, step by step. `events`: they can be logged. */
function expected(view: DataView, control: bigint, { requester, address, data }: Request, events: boolean): Outcome {
  const readable = (at: bigint, bytes: number): boolean => at + BigInt(bytes) <= BigInt(view.byteLength);
  const word = (at: number | bigint): bigint => view.getBigUint64(Number(at), true);
  const event = (code: AmdEvent, hidden = false) => ({ kind: 'event' as const, code, logged: events && !hidden });
  if (!bit(control, 0)) return { kind: 'unchanged' };
  if (requester >= 128) return event(AmdEvent.illegalDevTable);
  const at = DEVICES + 32 * requester;
  const [first, second, map] = [word(at), word(at + 8), word(at + 16)];
  const pageFault = (hidden = false): Outcome => event(AmdEvent.ioPageFault, hidden || bit(map, 5) || bit(second, 34));
  if (!bit(first, 0) || !bit(map, 0)) return { kind: 'unchanged' };
  const type = (data >>> 8) & 7;
  const wideIndex = field(control, 44, 43) === 1 && (address & 4) !== 0;
  if (!wideIndex && type > 1) {
    const pass = type === 4 ? bit(map, 58) : type === 5 ? bit(map, 56) : type === 7 && bit(map, 57) && (address & 4) === 0;
    return pass ? { kind: 'unchanged' } : pageFault();
  }
  const intCtl = field(map, 61, 60);
  if (intCtl === 1) return { kind: 'unchanged' };
  if (intCtl === 0) return pageFault();
  if (intCtl === 3 || field(map, 4, 1) > 11) return event(AmdEvent.illegalDevTable);
  const index = data & 0x7ff;
  if (index >= 2 ** field(map, 4, 1)) return pageFault();
  const ga = bit(control, 17);
  const entry = (BigInt(field(map, 51, 6)) << 6n) + BigInt(index * (ga ? 16 : 4));
  if (!readable(entry, ga ? 16 : 4)) return event(AmdEvent.pageTabHardware);
  const low = ga ? word(entry) : BigInt(view.getUint32(Number(entry), true));
  const high = ga ? word(entry + 8n) : 0n;
  const hidden = bit(low, 1);
  if (!bit(low, 0)) return pageFault(hidden);
  const vector = ga ? field(high, 7, 0) : field(low, 23, 16);
  if (bit(low, 7)) {
    if (!ga || field(control, 27, 25) !== 1) return pageFault(hidden);
    const page = BigInt(field(high, 51, 12)) << 12n;
    if (!readable(page + 0x200n + 16n * BigInt(vector >>> 5), 4)) return { ...event(AmdEvent.pageTabHardware), index };
    return { kind: 'posted', index, vector, page, how: bit(low, 6) ? 'doorbell' : bit(low, 2) ? 'log' : 'bit' };
  }
  if (field(low, 4, 2) > 1) return pageFault(hidden);
  const wide = ga && bit(control, 50);
  const destination = wide ? field(low, 31, 8) + field(high, 63, 56) * 2 ** 24 : field(low, 15, 8);
  return { kind: 'remapped', index, vector, destination };
}

/** How often each outcome came up; throws where one is another than it should be. */
export async function playOutcomes(dice: Dice, requests: number): Promise<ReadonlyMap<string, number>> {
  const machine = await Machine.create({ cpus: 2, memory: MEMORY, iommus: [{ type: 'amd', capabilities: { numIntRemap: true } }] });
  const player = new Player(machine, dice);
  const counts = new Map<string, number>();
  for (let n = 0; n < requests; n++) {
    const name = player.play();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Address of a buffer with 256 entries, as its register has it. */
const buffer = (at: number): bigint => (8n << 56n) | BigInt(at);

class Player {
  readonly #machine: Machine;
  readonly #unit: IommuPort;
  readonly #dice: Dice;
  #waits = 0;

  constructor(machine: Machine, dice: Dice) {
    this.#machine = machine;
    this.#unit = machine.iommu(0);
    this.#dice = dice;
    this.#unit.write(AmdReg.deviceTable, DEVICES, 8);
    this.#unit.write(AmdReg.commandBase, buffer(COMMANDS), 8);
    this.#unit.write(AmdReg.eventBase, buffer(EVENTS), 8);
    this.#unit.write(AmdReg.gaBase, buffer(LOG), 8);
    for (const cpu of machine.cpus) cpu.writeMmio(0xfee000f0, 0x1ff, 4);
  }

  get #view(): DataView {
    const { memory } = this.#machine;
    return new DataView(memory.buffer, memory.byteOffset, memory.length);
  }

  /** Tables change, the unit forgets what it has cached, a device asks. */
  play(): string {
    const dice = this.#dice;
    if (dice.oneIn(12)) this.#unit.write(AmdReg.control, this.#control(), 8);
    this.#device(dice.below(ASKING));
    this.#entry();
    this.#forget();
    const request = this.#request();
    const control = this.#unit.read(AmdReg.control, 8);
    const overflown = (this.#unit.read(AmdReg.status, 4) & AmdStatus.eventOverflow) !== 0;
    const events = bit(control, 2) && !overflown;
    const outcome = expected(this.#view, control, request, events);
    const [tail, guestTail] = [this.#unit.read(AmdReg.eventTail, 4), this.#unit.read(AmdReg.gaTail, 4)];
    this.#machine.events();
    this.#machine.dmaWrite32(request);
    this.#machine.settle();
    this.#compare(outcome, request, tail, guestTail);
    // nothing stays pending, and both logs are empty
    for (const cpu of this.#machine.cpus) cpu.reset();
    for (const cpu of this.#machine.cpus) cpu.writeMmio(0xfee000f0, 0x1ff, 4);
    this.#unit.write(AmdReg.eventHead, this.#unit.read(AmdReg.eventTail, 4), 4);
    this.#unit.write(AmdReg.gaHead, this.#unit.read(AmdReg.gaTail, 4), 4);
    return outcome.kind === 'event'
      ? `event ${outcome.code}${outcome.logged ? '' : ' (hidden)'}`
      : outcome.kind === 'posted'
        ? outcome.how
        : outcome.kind;
  }

  #compare(outcome: Outcome, request: Request, tail: number, guestTail: number): void {
    const events = this.#machine.events();
    const of = (kind: string) => events.find((e) => e.kind === kind);
    const [remap, post, fault] = [of('remap'), of('post'), of('fault')];
    const accepted = of('accept');
    const arrived = events.some(({ kind }) => ['accept', 'drop', 'latch', 'init'].includes(kind));
    const moved = this.#unit.read(AmdReg.eventTail, 4) !== tail;
    const logged = this.#unit.read(AmdReg.gaTail, 4) !== guestTail;
    const seen = { remap: remap?.index, posted: post?.vector, notified: post?.notified, fault: fault?.code, arrived, moved, logged };
    const should = {
      remap: 'index' in outcome ? outcome.index : undefined,
      posted: outcome.kind === 'posted' ? outcome.vector : undefined,
      notified: outcome.kind === 'posted' ? outcome.how === 'doorbell' : undefined,
      fault: outcome.kind === 'event' ? outcome.code : undefined,
      // a message to a core that waits for a SIPI, or that is none, is told too
      arrived: outcome.kind === 'unchanged' || outcome.kind === 'remapped',
      moved: outcome.kind === 'event' && outcome.logged,
      logged: outcome.kind === 'posted' && outcome.how === 'log' && bit(this.#unit.read(AmdReg.control, 8), 28),
    };
    if (outcome.kind === 'remapped' && accepted !== undefined && accepted.vector !== outcome.vector)
      throw new Error(`${JSON.stringify(request)}: vector ${accepted.vector} is accepted, should be ${outcome.vector}`);
    const [is, ought] = [JSON.stringify(seen), JSON.stringify(should)];
    if (is !== ought) throw new Error(`${JSON.stringify(request)}: ${is}, should be ${ought}`);
  }

  #control(): bigint {
    const dice = this.#dice;
    const low =
      AmdControl.cmdBufEn |
      (dice.oneIn(12) ? 0 : AmdControl.iommuEn) |
      (dice.oneIn(8) ? 0 : AmdControl.eventLogEn) |
      dice.of([0, AmdControl.gaEn, AmdControl.gaEn, AmdControl.gaEn | AmdControl.guestMode, AmdControl.gaEn | AmdControl.guestMode]) |
      dice.of([0, AmdControl.gaLogEn]);
    const high =
      dice.of([0, AmdControlHigh.xtEn]) | dice.of([0, 0, AmdControlHigh.numIntRemap2k]) | dice.of([0, AmdControlHigh.irtCacheDis]);
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  }

  #device(device: number): void {
    const dice = this.#dice;
    const table = dice.oneIn(12) ? dice.below(0x40000) & ~63 : TABLES + 0x1000 * dice.below(8);
    const map = (dice.oneIn(8) ? 0 : 1) | ((dice.oneIn(8) ? dice.below(16) : 5) << 1) | (dice.oneIn(6) ? 32 : 0) | table;
    const passes = dice.below(8) << 24;
    const words = [
      dice.oneIn(10) ? 0 : 1,
      0,
      dice.below(65536),
      dice.oneIn(8) ? 4 : 0,
      map,
      (((dice.oneIn(4) ? dice.below(4) : 2) << 28) | passes) >>> 0,
    ];
    words.forEach((word, i) => this.#view.setUint32(DEVICES + 32 * device + 4 * i, word >>> 0, true));
  }

  /** An entry of either format, at random or nearly right. */
  #entry(): void {
    const dice = this.#dice;
    const root = this.#view.getUint32(DEVICES + 32 * dice.below(ASKING) + 16, true) & ~63;
    const table = root >= TABLES && root < TABLES + 0x8000 ? root : TABLES;
    const [index, isWide] = [dice.below(ENTRIES), bit(this.#unit.read(AmdReg.control, 8), 17) !== dice.oneIn(8)];
    const guest = dice.oneIn(2) ? 0x80 | (dice.below(4) << 2) | (dice.oneIn(2) ? 0x40 : 0) : 0;
    const low = (dice.oneIn(6) ? dice.below(4) : 1) | guest | (dice.oneIn(5) ? dice.below(32) << 2 : 0) | (dice.below(3) << 8);
    const page = dice.oneIn(5) ? dice.word() & ~0xfff : 0x1000 * (16 + dice.below(8));
    const wide = [low, dice.word(), (0x20 + dice.below(0xe0)) | page, dice.oneIn(5) ? dice.word() : 0];
    const words = dice.oneIn(8) ? [dice.word(), dice.word(), dice.word(), dice.word()] : wide;
    if (isWide) words.forEach((word, i) => this.#view.setUint32(table + 16 * index + 4 * i, word >>> 0, true));
    else this.#view.setUint32(table + 4 * index, ((low & 0xffff) | (dice.below(256) << 16)) >>> 0, true);
  }

  /** Random commands stop the buffer now and then; then it is started again. At last all is invalidated, and that is waited for. */
  #forget(): void {
    const dice = this.#dice;
    const control = this.#unit.read(AmdReg.control, 8);
    const submit = (words: readonly number[]): void => {
      const tail = this.#unit.read(AmdReg.commandTail, 4);
      words.forEach((word, i) => this.#view.setUint32(COMMANDS + tail + 4 * i, word >>> 0, true));
      this.#unit.write(AmdReg.commandTail, (tail + 16) % 4096, 4);
      this.#machine.settle();
    };
    if (dice.oneIn(10)) {
      submit([dice.word(), dice.oneIn(2) ? dice.word() : dice.below(16) << 28, dice.word(), dice.word()]);
      if ((this.#unit.read(AmdReg.status, 4) & AmdStatus.cmdBufRun) === 0) {
        this.#unit.write(AmdReg.control, control & ~BigInt(AmdControl.cmdBufEn), 8);
        for (const pointer of [AmdReg.commandHead, AmdReg.commandTail]) this.#unit.write(pointer, 0, 4);
      }
    }
    this.#unit.write(AmdReg.status, 0x7ff, 4);
    this.#unit.write(AmdReg.eventHead, this.#unit.read(AmdReg.eventTail, 4), 4);
    this.#unit.write(AmdReg.control, control | BigInt(AmdControl.cmdBufEn), 8);
    submit([0, 0x80000000, 0, 0]);
    submit([STATUS | 1, 0x10000000, ++this.#waits, 0]);
    if (this.#view.getUint32(STATUS, true) !== this.#waits) throw new Error(`wait ${this.#waits} was not completed`);
  }

  #request(): Request {
    const dice = this.#dice;
    const requester = dice.oneIn(30) ? dice.below(65536) : dice.below(ASKING);
    const mode = dice.oneIn(5) ? dice.below(8) << 8 : 0;
    return { requester, address: 0xfee00000 + (dice.oneIn(4) ? 4 : 0), data: dice.below(dice.oneIn(8) ? 2048 : ENTRIES) | mode };
  }
}
