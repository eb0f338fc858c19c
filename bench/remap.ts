/**
 * What interrupt remapping costs: requests that find their entry in the cache and requests that don't, selective and global
 * invalidations; the core beside the same algorithm in TypeScript (`peer/remap.ts`), in turn, with equal results.
 */
import { BatchOp, Gcmd, VtdReg } from '../src/core/index.js';
import { Machine } from '../src/machine/library.js';
import { costs, list, refuseDifferent, wordsOf, type Effort, type Operation } from './cost.js';
import { RemapPeer } from './peer/remap.js';
import type { Table } from './report.js';

const LIST = 8192;
const TABLE = 0x10000;
const ENTRIES = 4096;
const ENTRIES_CODE = 11;
const REQUESTER = 0x28;

/** A unit that remaps by a table whose entries are all present, each for the bench's requester. */
async function remapping(entries: number): Promise<{ machine: Machine; peer: RemapPeer }> {
  const cache = { entries, ways: 4 };
  const machine = await Machine.create({ iommus: [{ cache }], memory: TABLE + ENTRIES * 16, events: false });
  const { memory } = machine;
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length / 4);
  for (let i = 0; i < ENTRIES; i++)
    words.set([1 | ((0x20 + (i % 0xd0)) << 16), (i & 0xff) << 8, REQUESTER | (1 << 18), 0], TABLE / 4 + 4 * i);
  const unit = machine.iommu(0);
  unit.write(VtdReg.irta, TABLE | ENTRIES_CODE, 8);
  for (const command of [Gcmd.sirtp, Gcmd.ire]) {
    unit.write(VtdReg.gcmd, command, 4);
    machine.settle();
  }
  return { machine, peer: new RemapPeer(words.slice(), TABLE, ENTRIES, cache) };
}

const request = (index: number): Operation => [BatchOp.translate, 0, (0xfee00010 | (index << 5)) >>> 0, 0, REQUESTER];
const selective = (index: number): Operation => [BatchOp.invalidate, 0, index, 0, 0];
const all: Operation = [BatchOp.invalidate, 0, 0, 0, 1];

/** Indices below `bound`, in no order that helps the caches. */
function drawn(bound: number): number[] {
  let state = 12345;
  return Array.from({ length: LIST }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % bound;
  });
}

interface Subject {
  readonly name: string;
  readonly entries: number;
  readonly operations: readonly Operation[];
}

const subjects: readonly Subject[] = [
  { name: 'a request, its entry cached', entries: 64, operations: drawn(64).map(request) },
  { name: 'a request, its entry fetched', entries: 64, operations: Array.from({ length: LIST }, (_, i) => request(i % ENTRIES)) },
  {
    name: 'a selective invalidation and the request behind it',
    entries: 64,
    operations: drawn(64).flatMap((index) => [selective(index), request(index)]),
  },
  { name: 'a selective invalidation, nothing cached', entries: 64, operations: drawn(64).map(selective) },
  { name: 'a global invalidation, 64 entries', entries: 64, operations: Array.from({ length: LIST }, () => all) },
  { name: 'a global invalidation, 4096 entries', entries: 4096, operations: Array.from({ length: LIST }, () => all) },
];

/** Nanoseconds of the core and of the peer, and how many times those of the core the peer's are. Throws where they differ. */
export async function remapFigures(effort: Effort): Promise<Table> {
  const pairs = await Promise.all(
    subjects.map(async ({ name, entries, operations }) => {
      const { machine, peer } = await remapping(entries);
      const ours = list(machine.core, operations);
      const words = wordsOf(operations);
      const theirs = (): void => peer.run(words, operations.length);
      ours();
      theirs();
      refuseDifferent(name, machine.core, words);
      return [ours, theirs];
    }),
  );
  const ns = costs(pairs.flat(), effort).map((n) => n / LIST);
  return {
    title: 'MSI remapping beside TypeScript on typed arrays',
    columns: [
      { name: 'core', unit: 'ns' },
      { name: 'TypeScript', unit: 'ns' },
      { name: 'TypeScript / core', unit: 'ratio' },
    ],
    rows: subjects.map(({ name }, i) => {
      const [core = 0, typed = 0] = ns.slice(2 * i, 2 * i + 2);
      return { name, values: [core, typed, typed / core] };
    }),
  };
}
