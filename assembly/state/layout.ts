/**
 * The one place that knows where anything is. A machine is one contiguous block of memory:
 *
 *   [ head | check | timed | queue | fixed | record ]
 *
 * by class of field: a snapshot copies the block, a digest covers all but `record` (of the event queue who is due when), an image holds
 * the `check` part, packed. Sizes depend on the machine; addresses are computed once, in `create`, but for those of the head, which has
 * what is as large in all machines: something of each class, and nothing of `check`.
 */
import { PidWord, VarClass, VarFlag, VarWord } from './abi/instructions';
import { Counter, Note } from './abi/outcomes';
import {
  FunctionSetup,
  IoapicSetup,
  Load,
  OperationSetup,
  Settings,
  Size,
  SourceSetup,
  Table,
  TimerSetup,
  Timing,
  Told,
} from './abi/tables';
import { Cpu, Ctx, Fn, Glob, Injected, InjectedHead, Ioapic, Msg, MsixEntry, Origin, Pin, Rec, Src } from './abi/fields';
import { Amd } from './abi/amd';
import { Iec, Iommu, IommuScope, IommuSetup, Remap } from './abi/iommu';
import { Decoded } from './abi/decoded';
import { CpuEvent, Diag, Lapic, LapicSetup, LapicTimed } from './abi/lapic';
import { Claim, CLAIM_LINES, CLAIM_WAYS, Lead } from './abi/lead';
import { Account, Gauge } from './abi/meters';

export const LEVELS: u32 = 4;
/** Bytes of what is known of who holds up a source's event, and lists of sources that wait for a variable. */
export const HOLD_SIZE: usize = 32;
export const WAITED_LISTS: u32 = 1024;
export const HISTOGRAM_BUCKETS: u32 = 64 * 16;

/** Bytes of an event-queue node, a wheel list, a timed record of a CPU and of a context. */
export const NODE_SIZE: usize = 32;
export const LIST_SIZE: usize = 8;
/** Slots of the wheel's first level, and the words of 64 bits that say which are occupied; the other levels have 256: 64 bits of cycles. */
export const FIRST_BITS: u32 = 12;
export const FIRST_SLOTS: u32 = 1 << FIRST_BITS;
export const FIRST_WORDS: u32 = FIRST_SLOTS / 64;
const FAR_LEVELS: u32 = 7;
const WHEEL_LISTS: u32 = FIRST_SLOTS + 256 * FAR_LEVELS;
/** Nodes of a remapping unit in the event queue: its commands, its queue, its event messages. */
export const IOMMU_NODES: u32 = 3;
export const CPU_TIMED_SIZE: usize = 16;
export const CTX_TIMED_SIZE: usize = 16;
export const MSG_TIMED_SIZE: usize = 16;
export const TAG_SIZE: usize = 8;
/** Bytes of what is known of a node besides, where it matters which sets have something of a source. */
export const CARRY_SIZE: usize = 8;
/** Bytes of what is known of a CPU's account, and of an element that is watched. */
export const ACCOUNT_CPU_SIZE: usize = 16;
export const GAUGE_ELEMENT_SIZE: usize = 16;

const PAGE: usize = 4096;

/** Written by the host before `create`: `Size`. */
export const sizes: usize = memory.data(4 * 32);

// prettier-ignore
export let nCpus: u32 = 0, nDevices: u32 = 0, nSources: u32 = 0, nOperations: u32 = 0, nInstructions: u32 = 0, nVariables: u32 = 0;
// prettier-ignore
export let nMessages: u32 = 0, nRing: u32 = 0, nTags: u32 = 0, nOrigins: u32 = 0, nNodes: u32 = 0, vectorLo: u32 = 0, vectorHi: u32 = 0, apicMapSize: u32 = 0;
// prettier-ignore
export let nIoapics: u32 = 0, nPins: u32 = 0, nRequesters: u32 = 0, nFunctions: u32 = 0, nAccessed: u32 = 0, nMsixEntries: u32 = 0, guestBytes: usize = 0;
// prettier-ignore
export let nIommus: u32 = 0, nScopes: u32 = 0, nIecEntries: u32 = 0, nFaultRecords: u32 = 0, nIrtes: u32 = 0, nLines: u32 = 0, nTimers: u32 = 0, nAmds: u32 = 0, nStores: u32 = 0, nDescriptors: u32 = 0, nInjected: u32 = 0, nAccounts: u32 = 0, nGauges: u32 = 0, nClaimLines: u32 = 0, nHolds: u32 = 0;

// --- head: what is as large in all machines stands at addresses that are known when this is compiled, which spares the hottest code loads

/** The block begins here, behind all static data. */
export const blockBase: usize = 0x40000;
// of class timed
export const nowBase: usize = blockBase;
/** u32: CPUs that wait for a variable. */
export const waitingBase: usize = nowBase + 32;
// of class fixed
export const settingsBase: usize = waitingBase + 16;
export const timingBase: usize = settingsBase + ((<usize>Settings.words * 4 + 15) & ~15);
export const idtBase: usize = timingBase + ((<usize>Timing.count * 12 + 15) & ~15);
export const lapicSetupBase: usize = idtBase + 256 * 4;
export const lapicMapBase: usize = lapicSetupBase + ((<usize>LapicSetup.words * 4 + 15) & ~15);
// of class queue
export const occupancyBase: usize = lapicMapBase + 64 * 12;
export const listBase: usize = occupancyBase + 16 + <usize>FIRST_WORDS * 8 + <usize>FAR_LEVELS * 32;
// of class record
export const counterBase: usize = listBase + <usize>WHEEL_LISTS * LIST_SIZE;
export const noteBase: usize = counterBase + ((<usize>Counter.count * 8 + 15) & ~15);
export const histogramBase: usize = noteBase + ((<usize>Note.count * 8 + 15) & ~15);
export const diagBase: usize = histogramBase + <usize>HISTOGRAM_BUCKETS * 4;
export const recordStateBase: usize = diagBase + ((<usize>Diag.count * 4 + 15) & ~15);
/** u32: CPUs that are ahead of the clock. */
export const leadingBase: usize = recordStateBase + 32;

/** Class check begins, with the records of CPUs: as much as there are, so the head ends here. */
export const checkStart: usize = (leadingBase + 16 + 63) & ~63;
export const cpuBase: usize = checkStart;

// class check
// prettier-ignore
export let lapicBase: usize = 0, ctxBase: usize = 0, msgBase: usize = 0, msgFree: usize = 0, originBase: usize = 0, srcBase: usize = 0, opBase: usize = 0, globBase: usize = 0, timerBase: usize = 0, ioapicBase: usize = 0, pinBase: usize = 0, iommuBase: usize = 0, amdBase: usize = 0, frcdBase: usize = 0, remapBase: usize = 0, lineBase: usize = 0, functionBase: usize = 0, msixBase: usize = 0, varBase: usize = 0, guestBase: usize = 0;
// class timed
// prettier-ignore
export let cpuTimedBase: usize = 0, lapicTimedBase: usize = 0, ctxTimedBase: usize = 0, srcTimedBase: usize = 0, msgTimedBase: usize = 0, streamBase: usize = 0, iecBase: usize = 0, storeBase: usize = 0, injectedHead: usize = 0, injectedBase: usize = 0, injectedMasks: usize = 0, nodeBase: usize = 0, waiterBase: usize = 0;
// class fixed
// prettier-ignore
export let codeBase: usize = 0, decodedBase: usize = 0, liveBase: usize = 0, moverBase: usize = 0, joinBase: usize = 0, slotBase: usize = 0, apicIdBase: usize = 0, apicMapBase: usize = 0, apicChainBase: usize = 0, sourceSetupBase: usize = 0, operationSetupBase: usize = 0, ioapicSetupBase: usize = 0, iommuSetupBase: usize = 0, iommuScopeBase: usize = 0, functionSetupBase: usize = 0, timerSetupBase: usize = 0, pointBase: usize = 0;
// class record
// prettier-ignore
export let coverageBase: usize = 0, endedBase: usize = 0, loadBase: usize = 0, toldBase: usize = 0, ringBase: usize = 0, cpuEventBase: usize = 0, tagBase: usize = 0, tagHeadIrr: usize = 0, tagHeadMsg: usize = 0, tagHeadCtx: usize = 0, tagHeadSeen: usize = 0, tagHeadVar: usize = 0, tagHeadPir: usize = 0, carryBase: usize = 0, holdBase: usize = 0, changedBase: usize = 0, waitedBase: usize = 0, accountBase: usize = 0, accountSumBase: usize = 0, accountCpuBase: usize = 0, gaugeBase: usize = 0, gaugeElementBase: usize = 0, leadersBase: usize = 0, leadBase: usize = 0, claimBase: usize = 0;

// borders of the classes
// prettier-ignore
export let timedStart: usize = 0, fixedStart: usize = 0, recordStart: usize = 0, blockEnd: usize = 0;

/** First byte that belongs to no machine: the search takes its memory from here. */
let heap: usize = 0;

function align(n: usize): usize {
  return (n + 15) & ~15;
}

function take(bytes: usize): usize {
  const at = heap;
  heap = align(heap + bytes);
  return at;
}

/** From a cache line on, for records that are as large as some. */
function takeLines(bytes: usize): usize {
  heap = (heap + 63) & ~63;
  return take(bytes);
}

/** Grows the memory so that `end` is inside; false where the engine refuses. */
export function reserve(end: usize): bool {
  const pages = <i32>((end + 0xffff) >> 16);
  const have = memory.size();
  return pages <= have || memory.grow(pages - have) >= 0;
}


@inline function size(word: u32): u32 {
  return load<u32>(sizes + ((<usize>word) << 2));
}

/** Step one, when sizes are known: the table of variables, which the host fills before `create` computes addresses, and an empty head. 0: out of memory. */
export function prepare(): usize {
  nVariables = size(Size.variables);
  if (__heap_base > blockBase) return 0;
  heap = cpuBase + <usize>size(Size.cpus) * Cpu.size;
  slotBase = take(<usize>nVariables * VarWord.words * 4);
  if (!reserve(heap)) return 0;
  memory.fill(blockBase, 0, heap - blockBase);
  return slotBase;
}

/** Bytes of a mask of CPUs. */
export function maskBytes(): usize {
  return (<usize>((nCpus + 31) >> 5)) << 2;
}

/** Bytes of a set of CPUs. */
function bitsOfCpus(): usize {
  return ((<usize>nCpus + 63) >> 6) << 3;
}

/** True if the variable whose record stands at `slot` is one of posted-interrupt descriptors, by its flags and its shape. */
export function isOfDescriptors(slot: usize): bool {
  const flags = load<u32>(slot + VarWord.flags * 4);
  if ((flags & VarFlag.descriptor) == 0 || (flags & VarFlag.dma) == 0) return false;
  return load<u32>(slot + VarWord.dim1 * 4) == PidWord.count && load<u32>(slot + VarWord.bytes * 4) == 4;
}

/** Variables of a class; of the check class either those that units see, each at a page of their window, or the others. */
function placeVariables(which: u32, dma: bool): void {
  for (let i: u32 = 0; i < nVariables; i++) {
    const slot = slotBase + <usize>i * VarWord.words * 4;
    if (load<u32>(slot + VarWord.storage * 4) != which) continue;
    if (which == VarClass.check && ((load<u32>(slot + VarWord.flags * 4) & VarFlag.dma) != 0) != dma) continue;
    if (dma) heap = varBase + ((heap - varBase + PAGE - 1) & ~(PAGE - 1)) + ((<usize>load<u32>(slot + VarWord.offset * 4)) & (PAGE - 1));
    if (isOfDescriptors(slot)) {
      store<u32>(slot + VarWord.firstRow * 4, nDescriptors);
      nDescriptors += load<u32>(slot + VarWord.dim0 * 4);
    }
    const elements = load<u32>(slot + VarWord.dim0 * 4) * load<u32>(slot + VarWord.dim1 * 4);
    // side by side, so that few words hold them all; a mask is accessed by words
    store<u32>(slot + VarWord.address * 4, <u32>heap);
    heap = (heap + <usize>load<u32>(slot + VarWord.bytes * 4) * elements + 3) & ~3;
  }
  heap = align(heap);
}

/** Step two: places everything. */
function place(): void {
  nCpus = size(Size.cpus);
  nDevices = size(Size.devices);
  nSources = size(Size.sources);
  nOperations = size(Size.operations);
  nInstructions = size(Size.instructions);
  nMessages = size(Size.messages);
  nRing = size(Size.ring);
  nTags = size(Size.tags);
  vectorLo = size(Size.vectorLo);
  vectorHi = size(Size.vectorHi);
  // at most half full
  apicMapSize = 4;
  while (apicMapSize < 2 * nCpus) apicMapSize <<= 1;
  nIoapics = size(Size.ioapics);
  nPins = size(Size.ioapicPins);
  guestBytes = size(Size.guestBytes);
  nIommus = size(Size.iommus);
  nScopes = size(Size.scopes);
  nIecEntries = size(Size.iecEntries);
  nFaultRecords = size(Size.faultRecords);
  nIrtes = size(Size.irtes);
  nAmds = size(Size.amdUnits) ? nIommus : 0;
  nRequesters = size(Size.requesters);
  nStores = size(Size.stores);
  nAccounts = size(Size.accounts);
  nGauges = size(Size.gauges);
  nHolds = nTags && size(Size.holds) ? nSources : 0;
  nFunctions = size(Size.functions);
  nMsixEntries = size(Size.msixEntries);
  nAccessed = size(Size.posted) ? nFunctions : 0;
  nTimers = size(Size.timers);
  nInjected = size(Size.injected);
  nOrigins = nDevices + nCpus + nIoapics + nIommus + nRequesters + nAccessed;
  nNodes = nCpus + 2 * nSources + nMessages + 1 + nCpus + nIoapics * nPins + nIommus * IOMMU_NODES + nFunctions + nCpus * nTimers;
  // CPUs with store buffers have a stream and a node more
  const nBuffers = nStores ? nCpus : 0;
  nNodes += nBuffers + (nInjected ? 1 : 0);
  const c = <usize>nCpus;
  const s = <usize>nSources;

  lapicBase = take(c * Lapic.size);
  functionBase = take(<usize>nFunctions * Fn.size);
  msixBase = take(<usize>nMsixEntries * MsixEntry.size);
  srcBase = take(s * Src.size);
  opBase = take(<usize>nOperations + 1);
  globBase = take(Glob.size);
  timerBase = take(c * nTimers);
  ioapicBase = take(<usize>nIoapics * Ioapic.size);
  pinBase = take(<usize>nIoapics * nPins * Pin.size);
  iommuBase = take(<usize>nIommus * Iommu.size);
  amdBase = take(<usize>nAmds * Amd.size);
  frcdBase = take(<usize>nIommus * nFaultRecords * 16);
  // AMD: of each requester its entry of the device table, and behind it those of its own table
  nLines = nIrtes == 0 ? 0 : nAmds ? (nDevices + nIoapics) * (1 + nIrtes) : nIommus * nIrtes;
  lineBase = take((<usize>nLines) << 4);
  // contexts and messages: what an image holds in variable length stands together
  ctxBase = takeLines(c * LEVELS * Ctx.size);
  originBase = take(<usize>nOrigins * Origin.size);
  msgFree = take(4);
  msgBase = take(<usize>nMessages * Msg.size);
  remapBase = take(nIommus ? <usize>nMessages * Remap.size : 0);
  varBase = heap;
  nDescriptors = 0;
  // pages first, so that what stands between is not much
  placeVariables(VarClass.check, true);
  placeVariables(VarClass.check, false);
  guestBase = take(guestBytes);

  timedStart = heap;
  cpuTimedBase = take(c * CPU_TIMED_SIZE);
  lapicTimedBase = take(c * LapicTimed.size);
  ctxTimedBase = take(c * LEVELS * CTX_TIMED_SIZE);
  srcTimedBase = take(s * 16);
  msgTimedBase = take(<usize>nMessages * MSG_TIMED_SIZE);
  streamBase = take((<usize>nOrigins + c + 3 * s + nBuffers) * 8);
  iecBase = take(<usize>nIommus * nIecEntries * Iec.size);
  storeBase = take(<usize>nBuffers * (16 + 32 * <usize>nStores));
  injectedHead = take(nInjected ? <usize>InjectedHead.size : 0);
  injectedBase = take(<usize>nInjected * Injected.size);
  injectedMasks = take(<usize>nInjected * maskBytes());
  // a bit for each CPU that waits for a variable
  waiterBase = take(bitsOfCpus());

  nodeBase = takeLines(<usize>nNodes * NODE_SIZE);

  fixedStart = heap;
  codeBase = take(<usize>nInstructions * 16);
  decodedBase = takeLines((<usize>nInstructions + 1) * Decoded.size);
  liveBase = take(<usize>nInstructions * 8);
  moverBase = take(<usize>nInstructions);
  joinBase = take(<usize>nInstructions);
  apicIdBase = take(c * 4);
  apicMapBase = take(<usize>apicMapSize * 2);
  apicChainBase = take((257 + c) * 2);
  sourceSetupBase = takeLines(s * SourceSetup.words * 4);
  operationSetupBase = take(<usize>nOperations * OperationSetup.words * 4);
  ioapicSetupBase = take(<usize>nIoapics * IoapicSetup.words * 4);
  functionSetupBase = take(<usize>nFunctions * FunctionSetup.words * 4);
  timerSetupBase = take(<usize>nTimers * TimerSetup.words * 4);
  iommuSetupBase = take(<usize>nIommus * IommuSetup.words * 4);
  iommuScopeBase = take(<usize>nScopes * IommuScope.words * 4);
  pointBase = take(<usize>size(Size.points) * 8);
  placeVariables(VarClass.fixed, false);

  recordStart = heap;
  placeVariables(VarClass.record, false);
  coverageBase = take(<usize>nInstructions);
  endedBase = take(<usize>nOperations + 1);
  loadBase = take(c * Load.size);
  toldBase = takeLines(s * Told.size);
  cpuEventBase = take(c * CpuEvent.words * 4);
  if (nAccounts) {
    accountBase = take(<usize>nInstructions);
    accountSumBase = take(Account.count * 8);
    accountCpuBase = take(c * ACCOUNT_CPU_SIZE);
  }
  if (nHolds) {
    holdBase = take(s * HOLD_SIZE);
    // u32 first source and first CPU that have changed, and for each CPU the next one
    changedBase = take(8 + c * 4);
    waitedBase = take(<usize>WAITED_LISTS * 4);
    carryBase = take(<usize>(nTags + 1) * CARRY_SIZE);
  }
  gaugeBase = take(<usize>nGauges * Gauge.size);
  gaugeElementBase = take(<usize>size(Size.gaugeElements) * GAUGE_ELEMENT_SIZE);
  if (nTags) {
    tagBase = take(<usize>(nTags + 1) * TAG_SIZE);
    tagHeadIrr = take(c * 256 * 4);
    tagHeadMsg = take(<usize>nMessages * 4);
    tagHeadCtx = take(c * LEVELS * 4);
    tagHeadSeen = take(c * LEVELS * 4);
    tagHeadVar = take(s * 4);
    tagHeadPir = take(<usize>nDescriptors * PidWord.control * 4);
  }
  leadersBase = take(bitsOfCpus());
  leadBase = takeLines(nInstructions ? c * Lead.size : 0);
  nClaimLines = max(CLAIM_LINES, max(nCpus, nSources));
  claimBase = takeLines(nInstructions ? <usize>(nClaimLines * CLAIM_WAYS) * Claim.size : 0);
  ringBase = take(<usize>nRing * Rec.size);
  blockEnd = heap;
}

/** ... and zeroes it. False: out of memory. */
export function create(): bool {
  const behindSlots = heap;
  place();
  // what memory grows by is zero, and not touched before somebody needs it
  const had = (<usize>memory.size()) << 16;
  if (!reserve(blockEnd)) return false;
  if (had > behindSlots) memory.fill(behindSlots, 0, min(had, blockEnd) - behindSlots);
  return true;
}

/** In the place of step two: how many bytes the block of such a machine has. */
export function measure(): usize {
  place();
  return blockEnd - blockBase;
}
