/**
 * The arbitration of Local APICs in x2APIC mode as assembly/lapic has it (hardware.md A.3, A.4, A.12), in TypeScript on typed
 * arrays: what the bench compares the core with. The same list of operations, the same results, the same IRR and ISR.
 */
import { BatchOp, BatchWord } from '../../src/core/index.js';

const X2APIC = 0x800;
const X2APIC_END = 0x8ff;
const [TPR, EOI, SVR, SELF_IPI] = [0x08, 0x0b, 0x0f, 0x3f];
/** An MSR of x2APIC mode is one of so many registers. */
const REGISTERS = 0x40;
const ENABLED = 0x100;
const NONE = 0xffffffff;
/** Bit of ESR: a vector below 16 was received (A.10). */
const RECEIVE_ILLEGAL = 0x40;

export class LapicPeer {
  readonly #cpus: number;
  readonly #irr: Uint32Array;
  readonly #isr: Uint32Array;
  readonly #tmr: Uint32Array;
  /** which of the eight words are not zero, and the highest vector in them */
  readonly #irrWords: Uint8Array;
  readonly #isrWords: Uint8Array;
  readonly #irrv: Uint8Array;
  readonly #isrv: Uint8Array;
  readonly #tpr: Uint8Array;
  readonly #ppr: Uint8Array;
  readonly #svr: Uint16Array;
  readonly #esrPending: Uint8Array;
  /** bits that a WRMSR must leave zero, by register (A.2) */
  readonly #reserved = new Uint32Array(REGISTERS).fill(NONE);
  /** what the core counts too */
  readonly #counters = new Uint32Array(8);
  now = 0;

  constructor(cpus: number) {
    this.#cpus = cpus;
    [this.#irr, this.#isr, this.#tmr] = [new Uint32Array(cpus * 8), new Uint32Array(cpus * 8), new Uint32Array(cpus * 8)];
    [this.#irrWords, this.#isrWords, this.#irrv, this.#isrv] = [bytes(cpus), bytes(cpus), bytes(cpus), bytes(cpus)];
    [this.#tpr, this.#ppr, this.#esrPending] = [bytes(cpus), bytes(cpus), bytes(cpus)];
    this.#svr = new Uint16Array(cpus);
    this.#reserved[TPR] = 0xffffff00;
    this.#reserved[SVR] = 0xfffffe00;
    this.#reserved[SELF_IPI] = 0xffffff00;
  }

  /** IRR and ISR of a CPU, 16 words. */
  pending(cpu: number): number[] {
    return [...this.#irr.subarray(cpu * 8, cpu * 8 + 8), ...this.#isr.subarray(cpu * 8, cpu * 8 + 8)];
  }

  /** Executes a list as `batchRun` does. */
  run(words: Uint32Array, n: number): void {
    for (let i = 0, at = 0; i < n; i++, at += BatchWord.words) {
      const who = words[at + BatchWord.who]!;
      let result = 0;
      switch (words[at + BatchWord.op]) {
        case BatchOp.advance:
          this.now += words[at + BatchWord.a]!;
          break;
        case BatchOp.msrWrite:
          result = this.#msrWrite(who, words[at + BatchWord.a]!, words[at + BatchWord.b]!, words[at + BatchWord.c]!);
          break;
        case BatchOp.acknowledge:
          result = this.#acknowledge(who) >>> 0;
          break;
        default:
          break;
      }
      words[at + BatchWord.result] = result;
    }
  }

  #msrWrite(cpu: number, msr: number, lo: number, hi: number): number {
    if (cpu >= this.#cpus || msr < X2APIC || msr > X2APIC_END || hi !== 0) return 1;
    const register = msr - X2APIC;
    if (register >= REGISTERS || (lo & this.#reserved[register]!) !== 0) return 1;
    switch (register) {
      case TPR:
        this.#tpr[cpu] = lo;
        this.#updatePpr(cpu);
        return 0;
      case EOI:
        this.#eoi(cpu);
        return 0;
      case SVR:
        this.#svr[cpu] = lo;
        return 0;
      case SELF_IPI:
        this.#accept(cpu, lo);
        return 0;
      default:
        return 1;
    }
  }

  #accept(cpu: number, vector: number): void {
    if ((this.#svr[cpu]! & ENABLED) === 0) {
      this.#counters[0]!++;
      return;
    }
    if (vector < 16) {
      this.#esrPending[cpu]! |= RECEIVE_ILLEGAL;
      this.#counters[1]!++;
      return;
    }
    const w = vector >>> 5;
    const word = cpu * 8 + w;
    const bit = 1 << (vector & 31);
    this.#counters[2]!++;
    this.#tmr[word]! &= ~bit;
    if ((this.#irr[word]! & bit) !== 0) {
      this.#counters[3]!++;
      return;
    }
    this.#irr[word]! |= bit;
    this.#irrWords[cpu]! |= 1 << w;
    if (vector > this.#irrv[cpu]!) this.#irrv[cpu] = vector;
  }

  /** -1: there is none. */
  #acknowledge(cpu: number): number {
    if (cpu >= this.#cpus) return -1;
    const vector = this.#irrv[cpu]!;
    if (vector >>> 4 <= this.#ppr[cpu]! >>> 4) return -1;
    const w = vector >>> 5;
    const word = cpu * 8 + w;
    const bit = 1 << (vector & 31);
    const left = (this.#irr[word]! & ~bit) >>> 0;
    this.#irr[word] = left;
    if (left === 0) this.#irrWords[cpu]! &= ~(1 << w);
    this.#irrv[cpu] = highest(this.#irr, cpu, this.#irrWords[cpu]!);
    this.#isr[word]! |= bit;
    this.#isrWords[cpu]! |= 1 << w;
    this.#isrv[cpu] = vector;
    this.#updatePpr(cpu);
    this.#counters[4]!++;
    return vector;
  }

  #eoi(cpu: number): void {
    const vector = this.#isrv[cpu]!;
    if (vector === 0) {
      this.#counters[5]!++;
      return;
    }
    const w = vector >>> 5;
    const word = cpu * 8 + w;
    const left = (this.#isr[word]! & ~(1 << (vector & 31))) >>> 0;
    this.#isr[word] = left;
    if (left === 0) this.#isrWords[cpu]! &= ~(1 << w);
    this.#isrv[cpu] = highest(this.#isr, cpu, this.#isrWords[cpu]!);
    this.#updatePpr(cpu);
    // of a level-triggered vector the IOAPICs would be told
    if ((this.#tmr[word]! & (1 << (vector & 31))) !== 0) this.#counters[6]!++;
  }

  #updatePpr(cpu: number): void {
    const tpr = this.#tpr[cpu]!;
    const isrv = this.#isrv[cpu]!;
    this.#ppr[cpu] = tpr >>> 4 >= isrv >>> 4 ? tpr : isrv & 0xf0;
  }
}

function bytes(n: number): Uint8Array {
  return new Uint8Array(n);
}

/** Highest vector of a CPU's eight words, given which are not zero; 0: none. */
function highest(words: Uint32Array, cpu: number, nonZero: number): number {
  if (nonZero === 0) return 0;
  const w = 31 - Math.clz32(nonZero);
  return (w << 5) + 31 - Math.clz32(words[cpu * 8 + w]!);
}
