/** One instance of the module: one machine. Works in Node and in browsers. */

/** What `assembly/index.ts` exports. Addresses are byte offsets in `memory`. */
export interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly sizesAt: WebAssembly.Global;
  /** of the build: another one has another number (scripts/inline.js) */
  readonly build: WebAssembly.Global;
  prepare(): number;
  create(): number;
  measure(): number;
  table(id: number): number;
  complete(): void;
  enabledActions(): number;
  actionsAt(): number;
  apply(action: number): number;
  restState(): number;
  judgeState(entry: number): number;
  restViolations(): number;
  resetIoapics(): void;
  look(field: number, b: number, c: number): number;
  currentLevel(cpu: number): number;
  violationMask(): number;
  faultKind(): number;
  faultAt(): number;
  leftUniverse(): number;
  openImages(): number;
  packTo(at: number): number;
  unpackFrom(at: number): void;
  imageBits(): number;
  blockStart(): number;
  blockStop(): number;
  recordAt(): number;
  stateDigest(): number;
  eventDigest(): number;
  highWord(): number;
  nowAt(): number;
  runCycles(lo: number, hi: number): number;
  settle(lo: number, hi: number): number;
  timedBegin(): void;
  closeMeters(): void;
  ioapicRead(ioapic: number, index: number): number;
  ioapicWrite(ioapic: number, index: number, value: number): void;
  pinSet(ioapic: number, pin: number, source: number, level: number): void;
  dmaWrite(requester: number, lo: number, hi: number, data: number, relaxed?: number): number;
  configRead(fn: number, offset: number, width: number): number;
  configWrite(fn: number, offset: number, width: number, value: number): number;
  msixRead(fn: number, offset: number, width: number): number;
  msixWrite(fn: number, offset: number, width: number, lo: number, hi: number): number;
  readArrival(fn: number, table: number): number;
  readCompletion(fn: number, table: number): number;
  readPushed(fn: number): number;
  raiseVector(fn: number, n: number): void;
  withdrawVector(fn: number, n: number): void;
  setPower(fn: number, asleep: number): void;
  resetFunction(fn: number): void;
  iommuRead(unit: number, offset: number, width: number): number;
  iommuWrite(unit: number, offset: number, width: number, lo: number, hi: number): void;
  firstVariable(): number;
  guestAt(): number;
  batchAt(operations: number): number;
  batchRun(operations: number): number;
  mmioRead(cpu: number, lo: number, hi: number, width: number): number;
  mmioWrite(cpu: number, lo: number, hi: number, width: number, valueLo: number, valueHi: number): void;
  msrRead(cpu: number, msr: number): number;
  msrWrite(cpu: number, msr: number, lo: number, hi: number): number;
  cr8Read(cpu: number): number;
  cr8Write(cpu: number, lo: number, hi: number): number;
  fence(cpu: number): void;
  gp(): number;
  acknowledgeCpu(cpu: number): number;
  forceAcknowledge(cpu: number): number;
  pendingVector(cpu: number): number;
  takeExtInt(cpu: number): number;
  takeNmi(cpu: number): number;
  takeSmi(cpu: number): number;
  lintSet(cpu: number, pin: number, level: number): void;
  localEvent(cpu: number, which: number): void;
  resetCpu(cpu: number): void;
  imageBuffer(): number;
  sealState(): number;
  joinNext(): number;
  openReduction(): void;
  isJoinable(cpu: number): number;
  declaredBy(action: number): number;
  tryAlone(action: number): number;
  areDependent(action: number, other: number): number;
  futureWithout(cpus: number, sources: number, operations: number): number;
  sufficientActions(): number;
  searchBegin(options: number): number;
  searchRun(budget: number): number;
  searchStats(): number;
  graphBegin(reduction: number): number;
  graphRun(budget: number): number;
  nextRound(deeper: number): number;
  hasRecords(bag: number): number;
  receive(at: number, bytes: number): number;
  failuresAt(): number;
  searchLevel(): number;
  searchRound(): number;
  chunksInUse(): number;
  fullChunks(bag: number): number;
  takeFrom(bag: number): number;
  newChunk(bag: number): number;
  dropChunk(chunk: number): void;
  stopReading(): void;
  slotWith(prefix: number, slot: number): number;
  slotBytes(): number;
  copyStates(from: number, to: number, bytes: number): number;
  copiedUpTo(): number;
  allSlots(): number;
  resumeAt(level: number, round: number, states: number): number;
  restoreStates(at: number, bytes: number): number;
  restoreFrontier(bag: number, at: number, bytes: number): number;
  ringTail(): number;
  ringUsed(): number;
  ringClear(): void;
  freeInjected(): number;
  inject(slot: number): void;
}

/** Where the module comes from: its bytes, a compiled module, or an address. */
export type ModuleSource = URL | BufferSource | WebAssembly.Module;

async function bytesOf(url: URL): Promise<BufferSource> {
  if (url.protocol !== 'file:') return (await fetch(url)).arrayBuffer();
  const { readFile } = await import('node:fs/promises');
  return readFile(url);
}

async function compile(source: ModuleSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  return WebAssembly.compile(source instanceof URL ? await bytesOf(source) : source);
}

let whole: Promise<WebAssembly.Module> | undefined;
let timed: Promise<WebAssembly.Module> | undefined;

// Each address stands in the function that needs it: a bundle in which nobody calls that leaves the file out.

/** The bytes of the module that lies beside this package. */
export async function moduleBytes(): Promise<BufferSource> {
  return bytesOf(new URL('../../build/irqlab.wasm', import.meta.url));
}

/** Compiles the module; without an argument the one that lies beside this package, once. */
export async function loadModule(source?: ModuleSource): Promise<WebAssembly.Module> {
  if (source !== undefined) return compile(source);
  return (whole ??= compile(new URL('../../build/irqlab.wasm', import.meta.url)));
}

/** The same module without what only checks use (scripts/inline.js): two thirds of its size. */
export async function loadTimedModule(): Promise<WebAssembly.Module> {
  return (timed ??= compile(new URL('../../build/timed.wasm', import.meta.url)));
}

/** A fresh machine in a module: no simulated state is shared with any other. */
export async function instantiate(source: ModuleSource): Promise<Core> {
  const instance = await WebAssembly.instantiate(await compile(source), {});
  return new Core(instance.exports as unknown as Exports);
}

/** The module's functions and its memory. Views are made anew when the memory has grown. */
export class Core {
  readonly exports: Exports;
  #buffer: ArrayBufferLike | undefined;
  #view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));

  constructor(exports: Exports) {
    this.exports = exports;
  }

  get view(): DataView<ArrayBufferLike> {
    const buffer = this.exports.memory.buffer;
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = new DataView(buffer);
    }
    return this.#view;
  }

  get sizesAt(): number {
    return this.exports.sizesAt.value as number;
  }

  u8(at: number): number {
    return this.view.getUint8(at);
  }
  u16(at: number): number {
    return this.view.getUint16(at, true);
  }
  u32(at: number): number {
    return this.view.getUint32(at, true);
  }
  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }
  setU8(at: number, value: number): void {
    this.view.setUint8(at, value);
  }
  setU16(at: number, value: number): void {
    this.view.setUint16(at, value, true);
  }
  setU32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  /** A copy of memory. */
  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, at, length).slice();
  }

  write(at: number, bytes: Uint8Array | Uint32Array): void {
    new Uint8Array(this.exports.memory.buffer).set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), at);
  }
}
