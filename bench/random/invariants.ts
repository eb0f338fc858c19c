/** What holds in every state of the hardware, computed anew from the registers (hardware.md A.3, A.4, B.3). */
import { Cpu, Pin, Table, type Core } from '../../src/core/index.js';

const RTE_LEVEL = 0x8000;
const RTE_REMOTE_IRR = 0x4000;

/** Reads the state through views: a call for every register would cost more than the operation. */
export class Invariants {
  readonly #core: Core;
  readonly #cpus: number;
  readonly #subOfTpr: boolean;
  readonly #at: number;
  readonly #pinsAt: number;
  readonly #pins: number;
  #words = new Uint32Array(0);
  #bytes = new Uint8Array(0);

  /** `pins`: all that the IOAPICs have room for. */
  constructor(core: Core, cpus: number, pins: number, subOfTpr: boolean) {
    this.#core = core;
    this.#cpus = cpus;
    this.#subOfTpr = subOfTpr;
    this.#at = core.exports.table(Table.cpus);
    this.#pinsAt = core.exports.table(Table.pins);
    this.#pins = pins;
  }

  /** The first that does not hold, as a sentence. */
  broken(): string | undefined {
    const { buffer } = this.#core.exports.memory;
    if (this.#words.buffer !== buffer) {
      this.#words = new Uint32Array(buffer);
      this.#bytes = new Uint8Array(buffer);
    }
    for (let c = 0; c < this.#cpus; c++) {
      const wrong = this.#cpu(this.#at + c * Cpu.size);
      if (wrong !== undefined) return `CPU ${c}: ${wrong}`;
    }
    for (let p = 0; p < this.#pins; p++) {
      const low = this.#words[(this.#pinsAt + p * Pin.size + Pin.low) >> 2]!;
      if (low & RTE_REMOTE_IRR && !(low & RTE_LEVEL)) return `pin ${p}: Remote IRR on an edge entry, 0x${low.toString(16)}`;
    }
    return undefined;
  }

  #cpu(at: number): string | undefined {
    const words = this.#words;
    const bytes = this.#bytes;
    let irrv = 0;
    let isrv = 0;
    for (let w = 7; w >= 0; w--) {
      const irr = words[(at + Cpu.irr + w * 4) >> 2]!;
      const isr = words[(at + Cpu.isr + w * 4) >> 2]!;
      if (irr !== 0 && irrv === 0) irrv = w * 32 + 31 - Math.clz32(irr);
      if (isr === 0) continue;
      if (isrv === 0) isrv = w * 32 + 31 - Math.clz32(isr);
      const [low, high] = [isr & 0xffff, isr >>> 16];
      if ((low & (low - 1)) !== 0 || (high & (high - 1)) !== 0)
        return `two vectors of one class in service, ISR word ${w} is 0x${isr.toString(16)}`;
    }
    if ((words[(at + Cpu.irr) >> 2]! | words[(at + Cpu.isr) >> 2]! | words[(at + Cpu.tmr) >> 2]!) & 0xffff) return 'a vector below 16';
    if (bytes[at + Cpu.irrv] !== irrv || bytes[at + Cpu.isrv] !== isrv) return `highest vectors ${irrv} and ${isrv} are kept otherwise`;
    const tpr = bytes[at + Cpu.tpr]!;
    const [t, i] = [tpr >> 4, isrv >> 4];
    const ppr = t > i ? tpr : t < i ? isrv & 0xf0 : (tpr & 0xf0) | (this.#subOfTpr ? tpr & 15 : 0);
    return bytes[at + Cpu.ppr] === ppr ? undefined : `PPR is ${bytes[at + Cpu.ppr]}, from TPR ${tpr} and ISRV ${isrv} follows ${ppr}`;
  }
}
