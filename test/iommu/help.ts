/** A board with remapping units, as software that programs their registers sees it. */
import { Gcmd, VtdReg } from '../../src/core/index.js';
import { board, type Board, type BoardOptions, type UnitWords } from '../ioapic/help.js';

/** A unit as hardware.md J has it, at this address; all requesters are its own. */
const BASE = 0xfed90000;
const defaults: UnitWords = {
  base: BASE,
  pi: 1,
  eim: 1,
  coherent: 1,
  mhmv: 15,
  entries: 64,
  ways: 4,
  faultRecords: 8,
  isDefault: 1,
};

/** Where the tests have their table, their queue, their status words and their descriptors. */
export const TABLE = 0x4000;
export const QUEUE = 0x2000;
export const STATUS = 0x1000;
export const PID = 0x1400;

/** Latencies that let a test count: nothing takes time but what is named. */
export const instant = {
  'msi.dev_to_rc': 10,
  'ioapic.pin_to_msg': 10,
  'ioapic.to_ir': 10,
  'ir.to_lapic': 10,
  'ir.hit': 1,
  'ir.miss': 5,
  'ir.pi_post': 5,
  'qi.fetch': 10,
  'qi.iec_inv': 10,
  'qi.wait_write': 10,
  'gcmd.latency': 10,
} as const;

export interface VtdOptions extends BoardOptions {
  readonly unit?: UnitWords;
  /** IRTA: S, EIME */
  readonly size?: number;
  readonly eime?: boolean;
  /** remapping is left off */
  readonly off?: boolean;
}

interface Irte {
  readonly vector: number;
  readonly dest?: number;
  readonly sid?: number;
  readonly sq?: number;
  readonly svt?: number;
  /** other bits of the low half: FPD 2, DM 4, RH 8, TM 0x10, DLM << 5, URG 0x4000 */
  readonly bits?: bigint;
}

function source({ sid = 0, sq = 0, svt = 0 }: Irte): bigint {
  return BigInt(sid) | (BigInt(sq) << 16n) | (BigInt(svt) << 18n);
}

/** An entry in remapped format, with the destination where EIME says (D.3.1). */
export function remapped(irte: Irte, eime = false): [bigint, bigint] {
  const { vector, dest = 0, bits = 0n } = irte;
  return [1n | bits | (BigInt(vector) << 16n) | (BigInt(dest) << (eime ? 32n : 40n)), source(irte)];
}

/** An entry in posted format for the descriptor at `pda` (D.3.2). */
export function posted(pda: number, irte: Irte): [bigint, bigint] {
  const { vector, bits = 0n } = irte;
  return [0x8001n | bits | (BigInt(vector) << 16n) | (BigInt(pda) << 32n), source(irte)];
}

/** Address of a message in remappable format (C.3.1); with SHV the data is a subhandle. */
export function handle(h: number, shv = false): number {
  return (0xfee00010 | ((h & 0x7fff) << 5) | ((h >> 15) << 2) | (shv ? 8 : 0)) >>> 0;
}

export const iec: { readonly global: readonly [bigint, bigint]; readonly select: (index: number, mask?: number) => [bigint, bigint] } = {
  global: [4n, 0n],
  select: (index: number, mask = 0): [bigint, bigint] => [0x14n | (BigInt(mask) << 27n) | (BigInt(index) << 32n), 0n],
};

/** A wait: status write, interrupt or both. */
export function wait(data: number, { at = STATUS, event = false, status = true } = {}): [bigint, bigint] {
  return [5n | (event ? 16n : 0n) | (status ? 32n | (BigInt(data) << 32n) : 0n), status ? BigInt(at) : 0n];
}

export async function vtd(options: VtdOptions = {}): Promise<Vtd> {
  const { unit, ...rest } = options;
  const b = await board({ memory: 0x10000, timing: instant, iommus: [{ ...defaults, ...unit }], ...rest });
  const v = new Vtd(b, options.eime ?? false);
  v.setup(options);
  return v;
}

export class Vtd {
  readonly b: Board;
  readonly #eime: boolean;
  #tail = 0;

  constructor(b: Board, eime: boolean) {
    this.b = b;
    this.#eime = eime;
  }

  /** The order of Linux: table, SIRTP, queue, IRE. */
  setup({ size = 7, eime = false, off = false }: VtdOptions): void {
    this.write(VtdReg.irta, TABLE | (eime ? 0x800 : 0) | size);
    this.write(VtdReg.iqa, QUEUE);
    if (off) return;
    this.command(Gcmd.sirtp);
    this.command(Gcmd.qie);
    this.command(Gcmd.qie | Gcmd.ire);
    this.b.events();
  }

  read(reg: number, u = 0): number {
    return this.b.core.exports.iommuRead(u, reg, 4) >>> 0;
  }

  read64(reg: number, u = 0): bigint {
    const low = this.b.core.exports.iommuRead(u, reg, 8) >>> 0;
    return BigInt(low) | (BigInt(this.b.core.exports.highWord() >>> 0) << 32n);
  }

  write(reg: number, value: number, u = 0): void {
    this.b.core.exports.iommuWrite(u, reg, 4, value, 0);
  }

  /** Writes GCMD and lets it take effect. */
  command(value: number): void {
    this.write(VtdReg.gcmd, value);
    this.b.settle();
  }

  get gsts(): number {
    return this.read(VtdReg.gsts);
  }

  // --- memory

  poke(address: number, low: bigint, high: bigint): void {
    this.b.poke(address, low);
    this.b.poke(address + 8, high);
  }

  raw(index: number, low: bigint, high: bigint): void {
    this.poke(TABLE + 16 * index, low, high);
  }

  /** Stores a remapped entry; nothing is invalidated. */
  entry(index: number, irte: Irte): void {
    this.raw(index, ...remapped(irte, this.#eime));
  }

  // --- requests

  /** A remappable message, and time for it. */
  send(index: number, requester = 0): void {
    this.b.dma(requester, handle(index), 0);
    this.b.settle();
  }

  /** Vectors that CPU c has got since the last call; it acknowledges and ends them. */
  got(c = 0): number[] {
    const vectors: number[] = [];
    for (let v = this.b.acknowledge(c); v >= 0; v = this.b.acknowledge(c)) {
      vectors.push(v);
      this.b.eoi(c);
    }
    return vectors;
  }

  // --- faults

  /** Reason, requester and index of record n; undefined while it is free. */
  record(n: number): { reason: number; requester: number; index: number } | undefined {
    const [low, high] = [this.read64(VtdReg.frcd + 16 * n), this.read64(VtdReg.frcd + 16 * n + 8)];
    if (high >> 63n === 0n) return undefined;
    return { reason: Number((high >> 32n) & 0xffn), requester: Number(high & 0xffffn), index: Number(low >> 48n) };
  }

  /** Reasons of all that are recorded, in order; the records are then free. */
  faults(): number[] {
    const reasons: number[] = [];
    for (let n = 0; n < 8; n++) {
      const fault = this.record(n);
      if (fault === undefined) continue;
      reasons.push(fault.reason);
      this.write(VtdReg.frcd + 16 * n + 12, 0x80000000);
    }
    return reasons;
  }

  // --- the queue

  /** Appends descriptors and moves the tail; no time passes. */
  submit(...descriptors: readonly (readonly [bigint, bigint])[]): void {
    for (const [low, high] of descriptors) {
      this.poke(QUEUE + this.#tail, low, high);
      this.#tail = (this.#tail + 16) % 4096;
    }
    this.write(VtdReg.iqt, this.#tail);
  }

  get status(): number {
    return this.b.memory(STATUS);
  }

  get head(): number {
    return this.read(VtdReg.iqh) / 16;
  }
}
