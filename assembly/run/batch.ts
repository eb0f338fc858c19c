/** Executes a list of register operations (assembly/state/abi/batch.ts). */
import { BatchOp, BatchWord } from '../state/abi/batch';
import { Status } from '../state/abi/outcomes';
import { blockEnd, reserve } from '../state/layout';
import { acknowledgeCpu, mmioRead, mmioWrite, msrRead, msrWrite } from '../cpu/bus';
import { dmaWrite } from '../fabric/dma';
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
