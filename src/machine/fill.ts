/** Where the tables of a machine are, by the numbers both sides share; and how a setup gets into them. */
import {
  Assumption,
  DeviceKind,
  Draw,
  Event,
  FunctionSetup,
  instantiate,
  loadModule,
  NONE,
  OperationSetup,
  Settings,
  Size,
  SourceSetup,
  Src,
  Table,
  TimerSetup,
  UNBOUNDED,
  VarWord,
  type Core,
} from '../core/index.js';
import { assumptionMask } from './assumptions.js';
import { functionWords } from './deviceModel.js';
import { ioapicWords } from './ioapic.js';
import { entriesOf, iommuWords, scopesOf, scopeWords } from './iommus.js';
import { lapicModelForKernels, lapicWords } from './lapic.js';
import { maskOf } from './properties.js';
import { fillMeters, markWatched, meterSizes } from './meters.js';
import { linesOf, MOST_LOGGED, type MachineSetup, type Spread as SpreadSetup } from './setup.js';
import { timingTable } from './timing.js';

/** Stores that a CPU's buffer holds: fewer than any processor of today has (assumed). */
const STORES = 16;

/** Addresses of a machine's tables and variables. */
export class Layout {
  readonly #core: Core;
  readonly #tables = new Map<Table, number>();
  #slots: Uint32Array | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  table(id: Table): number {
    let at = this.#tables.get(id);
    if (at === undefined) this.#tables.set(id, (at = this.#core.exports.table(id)));
    return at;
  }

  source(s: number): number {
    return this.table(Table.sourceStates) + s * Src.size;
  }

  /** A word of a variable's record, which does not change any more. */
  slot(slot: number, word: VarWord): number {
    this.#slots ??= this.#variables();
    return this.#slots[slot * VarWord.words + word] ?? 0;
  }

  #variables(): Uint32Array {
    const words = this.#core.u32(this.#core.sizesAt + Size.variables * 4) * VarWord.words;
    return new Uint32Array(this.#core.bytes(this.table(Table.variables), words * 4).buffer);
  }

  /** Where the variables of the check class begin: the window through which remapping units see them. */
  firstVariable(): number {
    return this.#core.exports.firstVariable();
  }

  /** Stores element number `index` of a variable, or word number `index` of a mask. */
  storeElement(slot: number, index: number, value: number): void {
    const bytes = this.slot(slot, VarWord.bytes);
    const unit = bytes === 1 || bytes === 2 ? bytes : 4;
    const at = this.slot(slot, VarWord.address) + index * unit;
    if (unit === 1) this.#core.setU8(at, value);
    else if (unit === 2) this.#core.setU16(at, value);
    else this.#core.setU32(at, value);
  }
}

/** Creates the machine in the module and fills its tables. Throws `RangeError` if the memory does not suffice. */
export function fill(core: Core, setup: MachineSetup): Layout {
  allocate(core, setup);
  const layout = new Layout(core);
  const { program } = setup;
  const spreads = new Spreads(setup);
  core.write(layout.table(Table.points), spreads.words());
  core.write(layout.table(Table.code), program.code);
  core.write(layout.table(Table.live), program.live);
  if (program.movers !== undefined) core.write(layout.table(Table.movers), program.movers);
  core.write(layout.table(Table.apicIds), Uint32Array.from(setup.apicIds));
  core.write(layout.table(Table.lapicSetup), lapicWords(setup.lapic ?? lapicModelForKernels(setup.apicIds)));
  core.write(layout.table(Table.ioapicSetup), ioapicWords(setup.ioapics ?? []));
  core.write(layout.table(Table.iommuSetup), iommuWords(setup.iommus ?? []));
  core.write(layout.table(Table.iommuScope), scopeWords(scopesOf(setup.iommus ?? [], setup.ioapics ?? [])));
  core.write(layout.table(Table.timings), timingTable(setup.timing));
  const idt = new Uint32Array(256);
  for (const [vector, entry] of program.handlers) idt[vector] = entry;
  core.write(layout.table(Table.idt), idt);
  (program.timers ?? []).forEach(({ entry, delay }, t) => {
    const at = layout.table(Table.timerSetup) + t * TimerSetup.words * 4;
    core.setU32(at + TimerSetup.entry * 4, entry);
    core.setU32(at + TimerSetup.delay * 4, delay);
  });
  core.write(layout.table(Table.functionSetup), functionWords(setup.functions));
  setup.functions.forEach((_, f) => core.exports.resetFunction(f));
  core.exports.resetIoapics();
  if (setup.meters !== undefined) fillMeters(core, (id) => layout.table(id), program.variables, setup.meters);
  fillSources(core, layout, setup, spreads);
  fillOperations(core, layout, setup);
  fillSettings(core, layout.table(Table.settings), setup);
  program.initial.forEach((values, slot) => values?.forEach((value, i) => layout.storeElement(slot, i, value)));
  return layout;
}

/** Nodes for the sets of events that messages, vectors and contexts carry: in a machine of many CPUs each event is at few of them at once. */
function tagNodes({ messages, sources, apicIds }: MachineSetup): number {
  const [s, c] = [sources.length, apicIds.length];
  return messages * 4 + Math.min(s * c * 8, s * 64 + c * 64) + 64;
}

function allocate(core: Core, setup: MachineSetup): void {
  writeSizes(core, setup);
  writeVariables(core, setup);
  if (core.exports.create() === 0) throw new RangeError('out of memory for a machine of this size');
}

/** Bytes that the state of each of these machines would have; none of them is made. */
export async function stateBytes(setups: readonly MachineSetup[]): Promise<readonly number[]> {
  const core = await instantiate(await loadModule());
  return setups.map((setup) => {
    writeSizes(core, setup);
    writeVariables(core, setup);
    return core.exports.measure();
  });
}

function writeVariables(core: Core, { program, meters }: MachineSetup): void {
  const slots = core.exports.prepare();
  if (slots === 0) throw new RangeError('out of memory for the table of variables');
  core.write(slots, markWatched(program.variables, meters));
}

/** Which events the ring does not keep. */
function writeKinds({ kinds }: MachineSetup, set: (word: Settings, value: number) => void): void {
  const unkept = [0, 0];
  if (kinds !== undefined) {
    unkept.fill(0xffffffff);
    for (const kind of kinds) unkept[Event[kind] >>> 5]! &= ~(1 << (Event[kind] & 31));
  }
  unkept.forEach((mask, i) => set(Settings.unkept + i, mask >>> 0));
}

function writeSizes(core: Core, setup: MachineSetup): void {
  const { program } = setup;
  const size = (word: Size, value: number): void => core.setU32(core.sizesAt + word * 4, value);
  size(Size.cpus, setup.apicIds.length);
  size(Size.sources, setup.sources.length);
  size(Size.operations, setup.operations.length);
  size(Size.instructions, program.code.length / 4);
  size(Size.variables, program.variables.length / VarWord.words);
  size(Size.messages, setup.messages);
  size(Size.ring, setup.ring);
  size(Size.timers, program.timers?.length ?? 0);
  size(Size.points, new Spreads(setup).count);
  size(Size.injected, setup.timed ? (setup.injected ?? 0) : 0);
  size(Size.vectorLo, setup.universe.lo);
  size(Size.vectorHi, setup.universe.hi);
  size(Size.tags, setup.record === 0 ? 0 : tagNodes(setup));
  size(Size.holds, setup.timed && setup.record !== 0 && setup.holds ? 1 : 0);
  const { ioapics = [], iommus = [], functions, memory = 0 } = setup;
  size(Size.ioapics, ioapics.length);
  size(Size.ioapicPins, Math.max(0, ...ioapics.map(({ pins }) => pins)));
  size(Size.iommus, iommus.length);
  size(Size.scopes, scopesOf(iommus, ioapics).length);
  size(Size.amdUnits, iommus.some(({ type }) => type === 'amd') ? 1 : 0);
  size(Size.iecEntries, Math.max(0, ...iommus.map(entriesOf)));
  size(Size.faultRecords, Math.max(0, ...iommus.map((unit) => (unit.type === 'vtd' ? unit.faults.records : 0))));
  // without a program the host writes in the name of any requester, and what functions send is that of theirs
  const isHosted = program.code.length === 0;
  size(Size.requesters, isHosted ? 1 : 0);
  size(Size.devices, isHosted ? 0 : functions.length);
  size(Size.posted, isHosted || functions.some(({ msix }) => msix !== undefined) ? 1 : 0);
  size(Size.irtes, linesOf(setup));
  size(Size.guestBytes, memory);
  size(Size.stores, setup.order?.storeLatency ? STORES : 0);
  size(Size.functions, functions.length);
  size(
    Size.msixEntries,
    functions.reduce((n, { msix }) => n + (msix?.vectors ?? 0), 0),
  );
  for (const [word, value] of meterSizes(program.variables, setup.meters)) size(word, value);
}

/** The points of all spreads, each list once: the irqs of a device share theirs. */
class Spreads {
  readonly #points: number[] = [];
  readonly #first = new Map<readonly number[] | number, number>();

  constructor({ sources }: MachineSetup) {
    for (const { gaps, bursts, handlerCycles } of sources)
      for (const each of [gaps, bursts?.events, bursts?.pause, handlerCycles]) this.of(each);
  }

  /** Words of a spread. */
  of(spread: number | readonly number[] | SpreadSetup | undefined): readonly number[] {
    if (spread === undefined) return [0, 0, 0];
    if (typeof spread === 'number') return [Draw.pick, this.#place(spread, [spread]), 1];
    const { draw, points } = 'points' in spread ? spread : { draw: 'pick' as const, points: spread };
    return [Draw[draw], this.#place(points, points), points.length];
  }

  get count(): number {
    return this.#points.length;
  }

  words(): Uint32Array {
    return Uint32Array.from(this.#points.flatMap((point) => [point >>> 0, Math.floor(point / 2 ** 32)]));
  }

  #place(key: readonly number[] | number, points: readonly number[]): number {
    let first = this.#first.get(key);
    if (first === undefined) {
      this.#first.set(key, (first = this.#points.length));
      for (const point of points) this.#points.push(point);
    }
    return first;
  }
}

function fillSources(core: Core, layout: Layout, setup: MachineSetup, spreads: Spreads): void {
  /** where the number of the next source of each function belongs */
  const links = setup.functions.map(
    (_, f) => layout.table(Table.functionSetup) + (f * FunctionSetup.words + FunctionSetup.firstSource) * 4,
  );
  setup.sources.forEach((source, s) => {
    const at = layout.table(Table.sources) + s * SourceSetup.words * 4;
    core.setU32(at + SourceSetup.device * 4, source.device);
    core.setU32(at + SourceSetup.kind * 4, DeviceKind[source.kind]);
    core.setU32(at + SourceSetup.moderation * 4, source.moderation ?? 0);
    const spread = (word: SourceSetup, of: Parameters<Spreads['of']>[0]): void =>
      core.write(at + word * 4, Uint32Array.from(spreads.of(of)));
    spread(SourceSetup.gap, source.gaps);
    spread(SourceSetup.burst, source.bursts?.events);
    spread(SourceSetup.pause, source.bursts?.pause);
    spread(SourceSetup.handler, source.handlerCycles);
    core.setU32(at + SourceSetup.message * 4, source.message);
    core.setU32(layout.source(s) + Src.left, Number.isFinite(source.raises) ? source.raises : UNBOUNDED);
    const link = links[source.device];
    if (link !== undefined) core.setU32(link, s + 1);
    links[source.device] = at + SourceSetup.next * 4;
  });
}

function fillOperations(core: Core, layout: Layout, setup: MachineSetup): void {
  setup.operations.forEach((operation, o) => {
    const at = layout.table(Table.operations) + o * OperationSetup.words * 4;
    const [first, second] = operation.args;
    core.setU32(at + OperationSetup.entry * 4, operation.entry);
    core.setU32(at + OperationSetup.cpu * 4, operation.cpu);
    core.setU32(at + OperationSetup.arg0 * 4, first);
    core.setU32(at + OperationSetup.arg1 * 4, typeof second === 'number' ? second : layout.slot(second.mask, VarWord.address));
    core.setU32(at + OperationSetup.pause * 4, operation.pause);
    core.setU32(at + OperationSetup.key * 4, operation.key ?? 0);
    core.setU32(at + OperationSetup.subject * 4, operation.subject === undefined ? 0 : operation.subject + 1);
  });
}

/** The seed of all streams of a machine that has not been started. */
export function fillSeed(core: Core, settings: number, seed: number): void {
  core.setU32(settings + Settings.seedLo * 4, seed >>> 0);
  core.setU32(settings + Settings.seedHi * 4, Math.floor(seed / 2 ** 32) >>> 0);
}

function fillSettings(core: Core, at: number, setup: MachineSetup): void {
  const set = (word: Settings, value: number): void => core.setU32(at + word * 4, value);
  set(Settings.timed, setup.timed ? 1 : 0);
  const waits = setup.order?.x2apicIpiMayPassStores === false ? Assumption.ipiWaitsForStores : 0;
  set(Settings.assumptions, assumptionMask(setup.assumptions) | waits);
  set(Settings.storeLatency, setup.order?.storeLatency ?? 0);
  set(Settings.jitter, setup.jitter ? 1 : 0);
  set(Settings.parallel, setup.parallel ? 1 : 0);
  set(Settings.repeat, setup.repeat ? 1 : 0);
  set(Settings.judgeRest, setup.program.judgeRest);
  set(Settings.judgeProbe, setup.program.judgeProbe);
  set(Settings.apStart, setup.program.apStart);
  set(Settings.startedSlot, setup.program.started ?? NONE);
  set(Settings.record, setup.record);
  writeKinds(setup, set);
  set(Settings.probeRaises, setup.probeRaises);
  fillSeed(core, at, setup.seed);
  set(Settings.properties, maskOf(setup.properties, setup.program.own));
  set(Settings.judgeAlways, setup.program.judgeAlways ?? 0);
  set(Settings.watchedHardware, setup.program.watchedHardware ?? 0);
  set(Settings.virtExtDestId, setup.virtExtDestId ? 1 : 0);
  set(Settings.doorbellSlot, setup.program.doorbell ?? NONE);
  set(Settings.doorbellVector, setup.program.doorbellVector ?? 0);
  set(Settings.allHolds, setup.holds === 'all' ? 1 : 0);
  set(Settings.guestLog, setup.guestLog ?? MOST_LOGGED);
  set(Settings.flying, setup.flying ?? 0);
  const system = new Uint32Array(8);
  for (const v of setup.systemVectors) system[v >>> 5] = (system[v >>> 5] ?? 0) | (1 << (v & 31));
  core.write(at + Settings.systemVectors * 4, system);
}
