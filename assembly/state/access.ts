/** Accessors to the records; they inline to one load or store. */
import { VarWord } from './abi/instructions';
import { Settings, SourceSetup, FunctionSetup, IoapicSetup, OperationSetup, TimerSetup, Timing, Told } from './abi/tables';
import { Cpu, Ctx, CpuFlag, Fn, Ioapic, Msg, MsixEntry, Origin, Pin, Src } from './abi/fields';
import { Amd } from './abi/amd';
import { Iec, Iommu, IommuScope, IommuSetup, Remap, UnitKind } from './abi/iommu';
import { Lapic, LapicTimed } from './abi/lapic';
import { touchCpu } from './touched';
import {
  toldBase,
  amdBase,
  apicIdBase,
  apicMapBase,
  apicMapSize,
  codeBase,
  cpuBase,
  CTX_TIMED_SIZE,
  ctxBase,
  decodedBase,
  ctxTimedBase,
  functionBase,
  functionSetupBase,
  ioapicBase,
  ioapicSetupBase,
  frcdBase,
  iecBase,
  iommuBase,
  iommuScopeBase,
  iommuSetupBase,
  lapicBase,
  lapicSetupBase,
  lapicTimedBase,
  LEVELS,
  lineBase,
  msgBase,
  msixBase,
  nAmds,
  nCpus,
  nDevices,
  nFaultRecords,
  nFunctions,
  nIecEntries,
  nIoapics,
  nIrtes,
  nMessages,
  nPins,
  nowBase,
  operationSetupBase,
  originBase,
  pinBase,
  remapBase,
  settingsBase,
  slotBase,
  sourceSetupBase,
  srcBase,
  timerSetupBase,
  timingBase,
} from './layout';


@inline export function cpuAt(c: u32): usize {
  return cpuBase + <usize>c * Cpu.size;
}


@inline export function ctxAt(c: u32, level: u32): usize {
  return ctxBase + <usize>(c * LEVELS + level) * Ctx.size;
}

/** u64 end of the mdelay that the context is in, or whose messages its access pushes; u64 how many had been sent when that took effect. */
@inline export function ctxTimedAt(c: u32, level: u32): usize {
  return ctxTimedBase + <usize>(c * LEVELS + level) * CTX_TIMED_SIZE;
}


@inline export function msgAt(m: u32): usize {
  return msgBase + <usize>m * Msg.size;
}


@inline export function srcAt(s: u32): usize {
  return srcBase + <usize>s * Src.size;
}


@inline export function originAt(o: u32): usize {
  return originBase + <usize>o * Origin.size;
}


@inline export function codeAt(pc: u32): usize {
  return codeBase + ((<usize>pc) << 4);
}


@inline export function decodedAt(pc: u32): usize {
  return decodedBase + ((<usize>pc) << 5);
}


@inline export function slotAt(slot: u32): usize {
  return slotBase + <usize>slot * (VarWord.words * 4);
}


@inline export function setting(word: u32): u32 {
  return load<u32>(settingsBase + ((<usize>word) << 2));
}


@inline export function assumes(which: u32): bool {
  return (setting(Settings.assumptions) & which) != 0;
}


@inline export function timed(): bool {
  return setting(Settings.timed) != 0;
}

// nowBase: u64 cycle, u32 messages that have ever been in flight, u64 messages sent so far

/** Simulated time in cycles. */
@inline export function now(): u64 {
  return load<u64>(nowBase);
}

/** Messages from this one on are free: who looks through all of them stops here. */
@inline export function messagesUsed(): u32 {
  return timed() ? load<u32>(nowBase, 8) : nMessages;
}

/** Message m is taken from the pool (timed). Returns its number among all that were ever sent, from 1 on. */
export function countLaunch(m: u32): u64 {
  if (m >= load<u32>(nowBase, 8)) store<u32>(nowBase, m + 1, 8);
  const number = messagesSent() + 1;
  store<u64>(nowBase, number, 16);
  return number;
}

/** How many have been sent so far (timed). */
@inline export function messagesSent(): u64 {
  return load<u64>(nowBase, 16);
}


@inline export function timingDefault(t: u32): u32 {
  return load<u32>(timingBase + <usize>t * 12 + 4);
}


@inline export function apicIdOf(c: u32): u32 {
  return load<u32>(apicIdBase + ((<usize>c) << 2));
}

/** Where the map of ids has this id, or has room for it. */
export function slotOfId(id: u32): usize {
  let i = (id * 0x9e3779b1) >> 16;
  while (true) {
    i &= apicMapSize - 1;
    const at = apicMapBase + ((<usize>i) << 1);
    const c = <u32>load<u16>(at);
    if (c == 0 || apicIdOf(c - 1) == id) return at;
    i++;
  }
}

/** CPU whose hardware gave it this APIC id, or -1. */
export function cpuOfApicId(id: u32): i32 {
  return <i32>load<u16>(slotOfId(id)) - 1;
}


@inline export function lapicAt(c: u32): usize {
  return lapicBase + <usize>c * Lapic.size;
}


@inline export function lapicTimedAt(c: u32): usize {
  return lapicTimedBase + <usize>c * LapicTimed.size;
}


@inline export function lapicSetup(word: u32): u32 {
  return load<u32>(lapicSetupBase + ((<usize>word) << 2));
}


@inline export function toldAt(s: u32): usize {
  return toldBase + <usize>s * Told.size;
}


@inline export function sourceSetup(s: u32, word: u32): u32 {
  return load<u32>(sourceSetupBase + <usize>(s * SourceSetup.words + word) * 4);
}


@inline export function operationSetup(o: u32, word: u32): u32 {
  return load<u32>(operationSetupBase + <usize>(o * OperationSetup.words + word) * 4);
}


@inline export function timerSetup(t: u32, word: u32): u32 {
  return load<u32>(timerSetupBase + <usize>(t * TimerSetup.words + word) * 4);
}


@inline export function ioapicAt(i: u32): usize {
  return ioapicBase + <usize>i * Ioapic.size;
}


@inline export function pinAt(i: u32, pin: u32): usize {
  return pinBase + <usize>(i * nPins + pin) * Pin.size;
}


@inline export function ioapicSetup(i: u32, word: u32): u32 {
  return load<u32>(ioapicSetupBase + <usize>(i * IoapicSetup.words + word) * 4);
}


@inline export function iommuAt(u: u32): usize {
  return iommuBase + <usize>u * Iommu.size;
}


@inline export function iommuSetup(u: u32, word: u32): u32 {
  return load<u32>(iommuSetupBase + <usize>(u * IommuSetup.words + word) * 4);
}

/** Registers of unit u, which is one of AMD's. */
@inline export function amdAt(u: u32): usize {
  return amdBase + <usize>u * Amd.size;
}


@inline export function isAmd(u: u32): bool {
  return u < nAmds && iommuSetup(u, IommuSetup.kind) == <u32>UnitKind.amd;
}


@inline export function iommuScope(s: u32, word: u32): u32 {
  return load<u32>(iommuScopeBase + <usize>(s * IommuScope.words + word) * 4);
}

/** Entry number e of the entry cache of unit u. */
@inline export function iecAt(u: u32, e: u32): usize {
  return iecBase + <usize>(u * nIecEntries + e) * Iec.size;
}

/** What a check knows to be cached of entry `index` of unit u: two u64 as in memory, but bit 127 says that it is there. */
@inline export function lineAt(u: u32, index: u32): usize {
  return lineBase + ((<usize>(u * nIrtes + index)) << 4);
}

/** The same of AMD units, by requester: number `n` of all. */
@inline export function amdLineAt(n: u32): usize {
  return lineBase + ((<usize>n) << 4);
}

/** Who sends what is in the list of an origin, a function's or an IOAPIC's, as units know it. */
export function requesterOf(origin: u32): u32 {
  if (origin < nDevices) return functionSetup(origin, FunctionSetup.requester) & 0xffff;
  return ioapicSetup(min(origin - nDevices - nCpus, nIoapics - 1), IoapicSetup.requester) & 0xffff;
}

/** Fault record n of unit u: 16 bytes. */
@inline export function frcdAt(u: u32, n: u32): usize {
  return frcdBase + ((<usize>(u * nFaultRecords + n)) << 4);
}

/** What a unit has made of message m; there must be units. */
@inline export function remapAt(m: u32): usize {
  return remapBase + <usize>m * Remap.size;
}


@inline export function functionAt(f: u32): usize {
  return functionBase + <usize>f * Fn.size;
}


@inline export function functionSetup(f: u32, word: u32): u32 {
  return load<u32>(functionSetupBase + <usize>(f * FunctionSetup.words + word) * 4);
}

/** The first interrupt source of function f, and the one behind number i - 1: each + 1, 0: there is none. */
@inline export function firstSourceOf(f: u32): u32 {
  return f < nFunctions ? functionSetup(f, FunctionSetup.firstSource) : 0;
}


@inline export function nextSourceOf(i: u32): u32 {
  return sourceSetup(i - 1, SourceSetup.next);
}

/** Entry n of the MSI-X table of function f, which has it. */
@inline export function msixAt(f: u32, n: u32): usize {
  return msixBase + <usize>(functionSetup(f, FunctionSetup.firstEntry) + n) * MsixEntry.size;
}


@inline export function interruptsOn(c: u32): bool {
  return (load<u8>(cpuAt(c), Cpu.flags) & CpuFlag.interruptsOn) != 0;
}


@inline export function setFlag(c: u32, flag: u32, on: bool): void {
  const at = cpuAt(c);
  const flags = <u32>load<u8>(at, Cpu.flags);
  store<u8>(at, on ? flags | flag : flags & ~flag, Cpu.flags);
}


@inline export function isActive(c: u32, level: u32): bool {
  return ((load<u8>(cpuAt(c), Cpu.active) >> (<u8>level)) & 1) != 0;
}


@inline export function setActive(c: u32, level: u32, on: bool): void {
  touchCpu(c);
  const at = cpuAt(c);
  const bit = <u8>((<u32>1) << level);
  const active = load<u8>(at, Cpu.active);
  store<u8>(at, on ? active | bit : active & ~bit, Cpu.active);
}

/** Gives a context the shape of one that was never used: images and digests of it are then equal. */
export function clearContext(c: u32, level: u32): void {
  setActive(c, level, false);
  wipeContext(ctxAt(c, level));
}

/** Zeroes 64 bytes: for so little stores are faster than `memory.fill`. */
@inline export function wipeContext(ctx: usize): void {
  store<u64>(ctx, 0);
  store<u64>(ctx, 0, 8);
  store<u64>(ctx, 0, 16);
  store<u64>(ctx, 0, 24);
  store<u64>(ctx, 0, 32);
  store<u64>(ctx, 0, 40);
  store<u64>(ctx, 0, 48);
  store<u64>(ctx, 0, 56);
}

/** Zeroes a few u64s: for so little a loop is faster than `memory.fill`. `bytes`: a multiple of 8. */
@inline export function wipe(at: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 8) store<u64>(at + i, 0);
}

/** Copies a few u64s: for so little a loop is faster than `memory.copy`. `bytes`: a multiple of 8. */
@inline export function copyWords(to: usize, from: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(to + at, load<u64>(from + at));
}
