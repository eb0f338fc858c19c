/** Footprints as the core declares them, and the resource that an address of the state belongs to. */
import {
  Actor,
  Amd,
  Cpu,
  Ctx,
  FIRST_VARIABLE_WORD,
  Flight,
  Fn,
  FOOTPRINT_WORDS,
  Glob,
  Iommu,
  Level,
  Msg,
  MsixEntry,
  Part,
  Pin,
  Remap,
  Src,
  Table,
  Thing,
  VARIABLE_BITS,
  VarClass,
  VarWord,
} from '../../src/core/index.js';
import type { ProgramMachine } from '../../src/machine/index.js';
import type { Instrumented } from './instrumented.js';

/** Bits of all words in one number. */
export interface Footprint {
  readonly reads: bigint;
  readonly writes: bigint;
}

const one = (word: number, bit: number): bigint => 1n << BigInt(word * 64 + bit);

/** Marks, and what is no resource of its own. */
const POOL = one(1, Thing.pool);
const flights = ((1n << 42n) - 1n) << BigInt(2 * 64 + Flight.landed);
/** What messages tell that are in flight already, or not yet: see persistent.ts. */
export const PASSING = POOL | flights | one(1, Thing.interrupts) | one(1, Thing.begins) | one(1, Thing.wakes) | one(1, Thing.probe);

export function footprintAt(machine: ProgramMachine, at: number): Footprint {
  const words = (from: number): bigint => {
    let bits = 0n;
    for (let w = 0; w < FOOTPRINT_WORDS; w++) bits |= machine.core.u64(from + w * 8) << BigInt(w * 64);
    return bits;
  };
  return { reads: words(at), writes: words(at + FOOTPRINT_WORDS * 8) };
}

/**
 * The mode and the id of a LAPIC stay what they are in a check: no resource. So do what counts them, and what waits for room. Which
 * vector a SIPI had is only for who asks. Which contexts are in use is one byte for the core and the tasks: that steps of one leave those of
 * the other alone is for the tests of pairs.
 */
const noResource: ReadonlySet<number> = new Set([Cpu.mode, Cpu.xapicId, Cpu.sipiVector, Cpu.active]);

/** Of a unit, what its queue is about; the rest stays as it is in a check. */
const queued: ReadonlySet<number> = new Set(
  [
    Iommu.fsts,
    Iommu.iqh,
    Iommu.iqt,
    Iommu.put,
    Iommu.descriptor,
    Iommu.descriptor + 4,
    Iommu.statusAddress,
    Iommu.statusAddress + 4,
  ].flatMap((at) => [at, at + 1, at + 2, at + 3]),
);

const irr: ReadonlySet<number> = new Set([Cpu.irrv, Cpu.irrWords, Cpu.esrPending, Cpu.esr]);

/** The same of an AMD unit: pointers, status, what it has told. */
const commanded: ReadonlySet<number> = new Set(
  [Amd.commandHead, Amd.commandTail, Amd.gaHead, Amd.gaTail, Amd.status, Amd.told].flatMap((at) => [at, at + 1, at + 2, at + 3]),
);

const PAGE = 4096;

function partOf(offset: number): Part {
  if (offset < Cpu.isr || (offset >= Cpu.tmr && offset < Cpu.irrv) || irr.has(offset)) return Part.irr;
  if (offset === Cpu.svr || offset === Cpu.svr + 1) return Part.svr;
  if (offset === Cpu.task) return Part.tasks;
  const core = offset === Cpu.run || offset === Cpu.flags;
  return core ? Part.core : Part.lapic;
}

/** The bit of the resource that holds an address; 0 for what is no state of a check. */
export function resourceMap(machine: ProgramMachine): (address: number) => bigint {
  const { core, setup } = machine;
  const table = (id: Table): number => core.exports.table(id);
  const [cpus, contexts, devices] = [table(Table.cpus), table(Table.contexts), table(Table.functions)];
  const entries = table(Table.msixEntries);
  const ownerOfEntry = setup.functions.flatMap(({ msix }, f) => Array.from({ length: msix?.vectors ?? 0 }, () => f));
  const [sources, operations, globals] = [table(Table.sourceStates), table(Table.operationStates), table(Table.globals)];
  const [units, lines, iommus] = [table(Table.iommus), table(Table.lines), setup.iommus?.length ?? 0];
  const [amds, isAmd, irtes] = [table(Table.amds), setup.iommus?.some(({ type }) => type === 'amd'), setup.irtes ?? 0];
  const lineCount = isAmd ? (setup.functions.length + (setup.ioapics ?? []).length) * (1 + irtes) : iommus * irtes;
  const poolEnd = table(Table.messages) + setup.messages * (Msg.size + (iommus === 0 ? 0 : Remap.size));
  const timers = setup.program.timers?.length ?? 0;
  const slots = setup.program.variables.length / VarWord.words;
  const word = (slot: number, which: VarWord): number => core.u32(table(Table.variables) + (slot * VarWord.words + which) * 4);
  let next = 0;
  const variables = Array.from({ length: slots }, (_, slot) => {
    const isFixed = word(slot, VarWord.storage) === VarClass.fixed;
    const [dim0, dim1, bytes] = [word(slot, VarWord.dim0), word(slot, VarWord.dim1), word(slot, VarWord.bytes)];
    const bits = isFixed ? 0 : Math.min(dim0, 16);
    const first = next;
    next = (next + bits) % VARIABLE_BITS;
    const from = word(slot, VarWord.address);
    return { from, to: from + dim0 * dim1 * bytes, row: dim1 * bytes, first, bits, isFixed };
  });
  const bitOf = (n: number): bigint => one(FIRST_VARIABLE_WORD + ((n % VARIABLE_BITS) >> 6), n & 63);
  const perCpu = Math.min(setup.apicIds.length, 16);
  const [firstTimer, firstTask] = [next, next + (timers === 0 ? 0 : perCpu)];
  const firstLine = firstTask + perCpu;
  const ofCpu = (part: Part, c: number): bigint =>
    part < Part.timers ? one(0, part + c) : bitOf((part === Part.timers ? firstTimer : firstTask) + c);
  const between = (address: number, from: number, size: number, n: number): number | undefined =>
    address >= from && address < from + size * n ? Math.floor((address - from) / size) : undefined;
  const [ioapics, pins] = [setup.ioapics ?? [], table(Table.pins)];
  const pinsEnd = pins + ioapics.length * Math.max(0, ...ioapics.map((each) => each.pins)) * Pin.size;
  return (address) => {
    if (address < core.exports.blockStart() || address >= core.exports.blockStop()) return 0n;
    const cpu = between(address, cpus, Cpu.size, setup.apicIds.length);
    if (cpu !== undefined) return noResource.has((address - cpus) % Cpu.size) ? 0n : ofCpu(partOf((address - cpus) % Cpu.size), cpu);
    const context = between(address, contexts, Ctx.size * 4, setup.apicIds.length);
    if (context !== undefined) {
      const level = Math.floor((address - contexts) / Ctx.size) % 4;
      return ofCpu(level < Level.softirq ? Part.tasks : Part.core, context);
    }
    if (address >= pins && address < pinsEnd) return one(1, Thing.pins);
    const entry = between(address, entries, MsixEntry.size, ownerOfEntry.length);
    const device = entry === undefined ? between(address, devices, Fn.size, setup.functions.length) : ownerOfEntry[entry];
    if (device !== undefined) return one(1, Thing.device + (device % 16));
    const source = between(address, sources, Src.size, setup.sources.length);
    if (source !== undefined) return one(1, ((address - sources) % Src.size === Src.owed ? Thing.owed : Thing.condition) + (source % 16));
    if (between(address, operations, setup.operations.length, 1) !== undefined) return one(1, Thing.operations);
    if (between(address, globals, Glob.size, 1) !== undefined) return address - globals < Glob.rotate ? one(1, Thing.probe) : 0n;
    const unit = between(address, units, Iommu.size, iommus);
    if (unit !== undefined) return queued.has((address - units) % Iommu.size) ? one(1, Thing.queues) : 0n;
    const amd = isAmd ? between(address, amds, Amd.size, iommus) : undefined;
    if (amd !== undefined) return commanded.has((address - amds) % Amd.size) ? one(1, Thing.queues) : 0n;
    const line = between(address, lines, 16, lineCount);
    if (line !== undefined) return isAmd ? one(1, Thing.lines) : bitOf(firstLine + ((line % irtes) % Math.min(irtes, 16)));
    const guest = between(address, core.exports.guestAt(), 1, setup.memory ?? 0);
    // the last page of an AMD unit is a device table that nobody changes
    if (guest !== undefined) return isAmd && guest % (3 * PAGE) >= 2 * PAGE ? 0n : one(1, Thing.queues);
    const owner = between(address, table(Table.timers), timers, setup.apicIds.length);
    if (owner !== undefined) return ofCpu(Part.timers, owner);
    if (address >= globals && address < poolEnd) return POOL;
    const variable = variables.find(({ from, to }) => address >= from && address < to);
    if (!variable || variable.isFixed) return 0n;
    return bitOf(variable.first + (Math.floor((address - variable.from) / variable.row) % variable.bits));
  };
}

/** The names of a set, for a message. */
export function namesOf(bits: bigint): string {
  const names: string[] = [];
  for (let i = 0; i < FOOTPRINT_WORDS * 64; i++) if ((bits >> BigInt(i)) & 1n) names.push(`${i >> 6}.${i & 63}`);
  return names.join(' ');
}

/** Does one action alone; `done`: it could be done; `beyond`: what it touches without having declared it, '' if nothing. */
export function checkDeclared(
  machine: ProgramMachine,
  instrumented: Instrumented,
  resource: (address: number) => bigint,
  action: number,
): { readonly done: boolean; readonly beyond: string } | undefined {
  const at = machine.core.exports.declaredBy(action);
  if (at === 0) return undefined;
  const declared = footprintAt(machine, at);
  let done = false;
  const touches = instrumented.during(() => (done = machine.core.exports.tryAlone(action) !== 0));
  let [reads, writes] = [0n, 0n];
  for (const { address, bytes, write } of touches) {
    for (let i = 0; i < bytes; i++) {
      if (write) writes |= resource(address + i);
      else reads |= resource(address + i);
    }
  }
  const [unread, unwritten] = [reads & ~(declared.reads | declared.writes), writes & ~declared.writes];
  const name = `${Actor[action >>> 12]} ${action & 0xfff} (${done ? 'done' : 'guard'})`;
  return { done, beyond: unread | unwritten ? `${name} reads ${namesOf(unread)}, writes ${namesOf(unwritten)}` : '' };
}
