/**
 * IRR/ISR arbitration (hardware.md A.3, A.4). The record caches the highest vector of IRR and ISR, PPR, and which of the
 * eight words are not zero, so that acceptance, acknowledge and EOI touch one cache line and never scan 256 bits.
 */
import { Assumption } from '../state/abi/tables';
import { Cpu } from '../state/abi/fields';
import { LapicSetup } from '../state/abi/lapic';
import { assumes, cpuAt, lapicSetup } from '../state/access';


@inline export function bitIn(words: usize, v: u32): bool {
  return ((load<u32>(words + ((v >> 5) << 2)) >> (v & 31)) & 1) != 0;
}

/** Highest vector of eight words, given which words are not zero; 0 if none (vectors 0-15 are never set, A.3). */
@inline function highest(words: usize, nonZero: u32): u32 {
  if (nonZero == 0) return 0;
  const w = 31 - clz(nonZero);
  return (w << 5) + 31 - clz(load<u32>(words + ((<usize>w) << 2)));
}

/** PPR from TPR and the highest vector in service (A.4.2). */
@inline export function updatePpr(at: usize): void {
  const tpr = <u32>load<u8>(at, Cpu.tpr);
  const isrv = <u32>load<u8>(at, Cpu.isrv);
  let ppr = tpr >> 4 >= isrv >> 4 ? tpr : isrv & 0xf0;
  if (tpr >> 4 == isrv >> 4 && lapicSetup(LapicSetup.pprEqualClassSub)) ppr &= 0xf0;
  store<u8>(at, ppr, Cpu.ppr);
}

/** APR, as the manual states it with a bitwise AND (A.4.3). */
export function arbitrationPriority(at: usize): u32 {
  const tpr = <u32>load<u8>(at, Cpu.tpr);
  const isrv = <u32>load<u8>(at, Cpu.isrv);
  const irrv = <u32>load<u8>(at, Cpu.irrv);
  if (tpr >> 4 >= irrv >> 4 && tpr >> 4 > isrv >> 4) return tpr;
  return max(tpr & isrv & 0xf0, irrv & 0xf0);
}

/** Sets IRR[v]; true if it was set already: the two events merge (A.3). */
@inline export function setIrr(at: usize, v: u32): bool {
  const w = v >> 5;
  const word = at + Cpu.irr + ((<usize>w) << 2);
  const bits = load<u32>(word);
  const bit = 1 << (v & 31);
  if (bits & bit) return true;
  store<u32>(word, bits | bit);
  store<u8>(at, load<u8>(at, Cpu.irrWords) | (<u8>((<u32>1) << w)), Cpu.irrWords);
  if (v > <u32>load<u8>(at, Cpu.irrv)) store<u8>(at, v, Cpu.irrv);
  return false;
}

/** IRR[v] -> ISR[v], the acknowledge (A.3, A.5). */
export function acknowledgeVector(at: usize, v: u32): void {
  const w = v >> 5;
  const bit = 1 << (v & 31);
  const irr = at + Cpu.irr + ((<usize>w) << 2);
  const isr = at + Cpu.isr + ((<usize>w) << 2);
  const left = load<u32>(irr) & ~bit;
  store<u32>(irr, left);
  if (left == 0) store<u8>(at, load<u8>(at, Cpu.irrWords) & ~(<u8>((<u32>1) << w)), Cpu.irrWords);
  store<u8>(at, highest(at + Cpu.irr, load<u8>(at, Cpu.irrWords)), Cpu.irrv);
  store<u32>(isr, load<u32>(isr) | bit);
  store<u8>(at, load<u8>(at, Cpu.isrWords) | (<u8>((<u32>1) << w)), Cpu.isrWords);
  store<u8>(at, v, Cpu.isrv);
  updatePpr(at);
}

/** EOI: retires the highest vector in service, whichever handler runs (A.12); 0 if there is none. */
export function retire(at: usize): u32 {
  const v = <u32>load<u8>(at, Cpu.isrv);
  if (v == 0) return 0;
  const w = v >> 5;
  const isr = at + Cpu.isr + ((<usize>w) << 2);
  const left = load<u32>(isr) & ~(1 << (v & 31));
  store<u32>(isr, left);
  if (left == 0) store<u8>(at, load<u8>(at, Cpu.isrWords) & ~(<u8>((<u32>1) << w)), Cpu.isrWords);
  store<u8>(at, highest(at + Cpu.isr, load<u8>(at, Cpu.isrWords)), Cpu.isrv);
  updatePpr(at);
  return v;
}

/** The highest vector in service is again v, which was retired and has been that: nobody has acknowledged anything meanwhile. */
export function putBack(at: usize, v: u32): void {
  const w = v >> 5;
  const isr = at + Cpu.isr + ((<usize>w) << 2);
  store<u32>(isr, load<u32>(isr) | (1 << (v & 31)));
  store<u8>(at, load<u8>(at, Cpu.isrWords) | (<u8>((<u32>1) << w)), Cpu.isrWords);
  store<u8>(at, v, Cpu.isrv);
  updatePpr(at);
}

/** Derived fields from IRR, ISR and TPR: after a record was written as a whole. */
export function deriveCpu(at: usize): void {
  let irr: u32 = 0;
  let isr: u32 = 0;
  for (let w: u32 = 0; w < 8; w++) {
    if (load<u32>(at + Cpu.irr + ((<usize>w) << 2))) irr |= 1 << w;
    if (load<u32>(at + Cpu.isr + ((<usize>w) << 2))) isr |= 1 << w;
  }
  store<u8>(at, irr, Cpu.irrWords);
  store<u8>(at, isr, Cpu.isrWords);
  store<u8>(at, highest(at + Cpu.irr, irr), Cpu.irrv);
  store<u8>(at, highest(at + Cpu.isr, isr), Cpu.isrv);
  updatePpr(at);
}

/**
 * INTR: the class of the highest request is above that of PPR, strictly (A.4.4). A software-disabled LAPIC keeps and
 * dispatches what its IRR holds (A.9.1), unless that assumption is given up.
 */
@inline export function requests(c: u32): bool {
  const at = cpuAt(c);
  if (load<u8>(at, Cpu.irrv) >> 4 <= load<u8>(at, Cpu.ppr) >> 4) return false;
  return (load<u16>(at, Cpu.svr) & 0x100) != 0 || assumes(Assumption.disabledDispatches);
}
