/** Executes a list of register operations (assembly/state/abi/batch.ts). */
import { BatchOp, BatchWord } from '../state/abi/batch';
import { Status } from '../state/abi/outcomes';
import { Remap } from '../state/abi/iommu';
import { remapAt } from '../state/access';
import { blockEnd, msgFree, nIommus, reserve } from '../state/layout';
import { acknowledgeCpu, mmioRead, mmioWrite, msrRead, msrWrite } from '../cpu/bus';
import { dropAll, dropGroup } from '../iommu/vtd/cache';
import { Translation } from '../iommu/translation';
import { translate } from '../iommu/vtd/translate';
import { dmaWrite } from '../fabric/dma';
import { hasRoom } from '../fabric/flight';
import { pinSet } from '../fabric/ioapic';
import { timedRun } from './timed';

const SIZE: usize = BatchWord.words * 4;


@inline function word(at: usize, which: u32): u32 {
  return load<u32>(at + ((<usize>which) << 2));
}

/** Operations that the list has room for. */
let room: u32 = 0;

/** Address of a list of up to n operations, behind the block; 0: out of memory. */
export function batchAt(n: u32): usize {
  room = 0;
  if (n > 0xffffff || !reserve(blockEnd + <usize>n * SIZE)) return 0;
  room = n;
  return blockEnd;
}

/** Data of the remapped message, and in bits 31:16 the low half of its destination; all ones: it is blocked, or not remapped. */
function requestOf(u: u32, address: u32, data: u32, requester: u32): u32 {
  // that of a message that is free
  const record = remapAt(load<u16>(msgFree) - 1);
  const remapped = translate(u, record, requester, address, data) == Translation.remapped;
  const result = remapped ? load<u32>(record, Remap.data) | (load<u32>(record, Remap.destination) << 16) : u32.MAX_VALUE;
  for (let i: usize = 0; i < <usize>Remap.size; i += 8) store<u64>(record + i, 0);
  return result;
}

function execute(at: usize): u32 {
  const who = word(at, BatchWord.who);
  const a = word(at, BatchWord.a);
  const b = word(at, BatchWord.b);
  const c = word(at, BatchWord.c);
  switch (word(at, BatchWord.op)) {
    case BatchOp.advance:
      return timedRun((<u64>a) | ((<u64>b) << 32));
    case BatchOp.mmioRead:
      return mmioRead(who, a, 0, b);
    case BatchOp.mmioWrite:
      mmioWrite(who, a, 0, 4, b, 0);
      return 0;
    case BatchOp.msrRead:
      return msrRead(who, a);
    case BatchOp.msrWrite:
      return msrWrite(who, a, b, c);
    case BatchOp.acknowledge:
      return acknowledgeCpu(who);
    case BatchOp.dmaWrite:
      return dmaWrite(who, a, 0, b, 0);
    case BatchOp.pinSet:
      pinSet(who, a, b, c);
      return 0;
    case BatchOp.translate:
      return who < nIommus && hasRoom() ? requestOf(who, a, b, c) : u32.MAX_VALUE;
    case BatchOp.invalidate:
      if (who >= nIommus) return 0;
      if (c) dropAll(who);
      else dropGroup(who, a, b);
      return 0;
    default:
      return 0;
  }
}

/** Executes the first n operations of the list; it ends early behind an `advance` that did not. Returns how many it has executed. */
export function batchRun(n: u32): u32 {
  let at = blockEnd;
  const end = min(n, room);
  for (let i: u32 = 0; i < end; i++, at += SIZE) {
    const result = execute(at);
    store<u32>(at, result, BatchWord.result * 4);
    if (word(at, BatchWord.op) == BatchOp.advance && result != Status.more) return i + 1;
  }
  return end;
}
