/** An AMD unit of a machine with a program: as a kernel's initialisation leaves it, and what it has cached (hardware.md F). */
import { Amd, AmdControl, AmdControlHigh, AmdStatus, Table, VARIABLE_WINDOW, VarWord, type Core } from '../core/index.js';
import type { Layout } from './fill.js';
import { linesOf, type MachineSetup } from './setup.js';

/** How a kernel sets up a unit. Slots are those of variables that units see. */
export interface AmdStart {
  /** slot of the variable with the remapping tables, that of device 0 first, `stride` bytes each: a multiple of 64 */
  readonly table: number;
  readonly stride: number;
  /** a table has 2^size entries */
  readonly size: number;
  /** slot of the variable that is the device table from the entry of the first device on; left out: one in guest memory, which stays as it is */
  readonly devices?: number;
  /** where the unit's own interrupts go; left out: it sends none */
  readonly interrupt?: { readonly apicId: number; readonly vector: number };
}

/** Guest memory that a unit has: pages for its commands, its log of guests, its device table. */
const PAGE = 4096;
export const AMD_UNIT_BYTES = 3 * PAGE;

/** Bytes of an entry of the device table; entries in a page of it. */
const DTE = 32;
const ENTRIES = PAGE / DTE;
/** 256 entries, in the register of a buffer. */
const LENGTH = 8 << 24;
const INTERRUPT_MAP = { valid: 1, remap: 2 << 28 };
/** Bit 116 of a line says that it is there. */
const THERE = 1 << 20;

/** What stands at guest addresses below 4 GiB, and where. */
class Memory {
  readonly #core: Core;
  readonly #layout: Layout;

  constructor(core: Core, layout: Layout) {
    this.#core = core;
    this.#layout = layout;
  }

  addressOf(slot: number): number {
    return VARIABLE_WINDOW + (this.#layout.slot(slot, VarWord.address) - this.#layout.firstVariable());
  }

  #place(address: number): number {
    if (address >= VARIABLE_WINDOW) return this.#layout.firstVariable() + (address - VARIABLE_WINDOW);
    return this.#core.exports.guestAt() + address;
  }

  read(address: number, words: number): number[] {
    return Array.from({ length: words }, (_, i) => this.#core.u32(this.#place(address) + 4 * i));
  }

  write(address: number, words: readonly number[]): void {
    words.forEach((word, i) => this.#core.setU32(this.#place(address) + 4 * i, word >>> 0));
  }
}

/** Turns unit u on: every function and IOAPIC has an entry in the device table, which remaps by a table of its own. */
export function startAmd(
  core: Core,
  layout: Layout,
  { functions, ioapics = [], iommus = [] }: MachineSetup,
  u: number,
  start: AmdStart,
): void {
  const model = iommus[u];
  if (model?.type !== 'amd') throw new RangeError(`IOMMU ${u} is no unit of type amd`);
  // devices on pins have the requester of the IOAPIC: the first of them has the table
  const requesters = [...functions, ...ioapics].map(({ requester }) => requester);
  const beyond = requesters.find((requester) => requester >= ENTRIES);
  if (beyond !== undefined)
    throw new RangeError(`requester ${beyond} has no place in a device table of one page; ids are below ${ENTRIES}`);
  const memory = new Memory(core, layout);
  const at = layout.table(Table.amds) + u * Amd.size;
  const set = (field: Amd, value: number): void => core.setU32(at + field, value >>> 0);
  const first = u * AMD_UNIT_BYTES;
  const devices = start.devices === undefined ? first + 2 * PAGE : memory.addressOf(start.devices) - (requesters[0] ?? 0) * DTE;
  if (devices % PAGE !== 0)
    throw new RangeError(
      `the variable of a device table stands at offset ${(requesters[0] ?? 0) * DTE} of its page, so that the table begins there`,
    );
  requesters.forEach((requester, i) => {
    if (requesters.indexOf(requester) < i) return;
    const map = (memory.addressOf(start.table) + i * start.stride) | (start.size << 1) | INTERRUPT_MAP.valid;
    memory.write(devices + requester * DTE, [1, 0, 0, 0, map, INTERRUPT_MAP.remap, 0, 0]);
  });
  set(Amd.deviceTable, devices);
  set(Amd.commandBase, first);
  set(Amd.commandBase + 4, LENGTH);
  set(Amd.gaBase, first + PAGE);
  set(Amd.gaBase + 4, LENGTH);
  if (start.interrupt !== undefined) {
    set(Amd.msiLow, 0xfee00000 + (start.interrupt.apicId << 12));
    set(Amd.msiData, start.interrupt.vector);
  }
  const { capabilities, cache } = model;
  const interrupts = start.interrupt === undefined ? 0 : AmdControl.gaIntEn | AmdControl.comWaitIntEn;
  const guests = capabilities.guest ? AmdControl.guestMode | AmdControl.gaLogEn : 0;
  set(Amd.control, AmdControl.iommuEn | AmdControl.cmdBufEn | (capabilities.ga ? AmdControl.gaEn : 0) | guests | interrupts);
  const high =
    (capabilities.xt ? AmdControlHigh.xtEn : 0) |
    (capabilities.numIntRemap ? AmdControlHigh.numIntRemap2k : 0) |
    (cache.irtCacheDis ? AmdControlHigh.irtCacheDis : 0);
  set(Amd.control + 4, high);
  set(Amd.status, AmdStatus.cmdBufRun);
}

/** What a request of a device finds: where its entry leads by the table that memory names, and what units have cached of both. */
export class AmdTables {
  readonly #core: Core;
  readonly #layout: Layout;
  readonly #setup: MachineSetup;
  readonly #memory: Memory;

  constructor(core: Core, layout: Layout, setup: MachineSetup) {
    this.#core = core;
    this.#layout = layout;
    this.#setup = setup;
    this.#memory = new Memory(core, layout);
  }

  /** Words of entry `index` of device f's table, one or four, as memory has it; undefined: its device entry does not lead there. */
  entry(u: number, f: number, index: number): readonly number[] | undefined {
    const at = this.#layout.table(Table.amds) + u * Amd.size;
    const wide = (this.#core.u32(at + Amd.control) & AmdControl.gaEn) !== 0;
    const device = (this.#core.u32(at + Amd.deviceTable) & ~0x1ff) >>> 0;
    const [first = 0, , , , map = 0, control = 0] = this.#memory.read(device + (this.#setup.functions[f]?.requester ?? 0) * DTE, 8);
    const isMapped = (first & map & 1) !== 0 && ((control >>> 28) & 3) === 2;
    if (!isMapped || index >= 1 << ((map >>> 1) & 15)) return undefined;
    return this.#memory.read(((map & ~63) >>> 0) + index * (wide ? 16 : 4), wide ? 4 : 1);
  }

  /** Words of it as its unit has cached them although memory says otherwise, or undefined (check). */
  cached(f: number, index: number): readonly number[] | undefined {
    return index < linesOf(this.#setup) ? this.#line(f, 1 + index) : undefined;
  }

  /** True if a unit has an older entry of the device table cached. */
  isDeviceCached(f: number): boolean {
    return this.#line(f, 0) !== undefined;
  }

  #line(f: number, which: number): readonly number[] | undefined {
    const irtes = linesOf(this.#setup);
    if (irtes === 0) return undefined;
    const { functions } = this.#setup;
    const rank = functions.findIndex(({ requester }) => requester === functions[f]?.requester);
    const at = this.#layout.table(Table.lines) + (rank * (1 + irtes) + which) * 16;
    const words = [0, 4, 8, 12].map((offset) => this.#core.u32(at + offset));
    const last = words[3] ?? 0;
    return (last & THERE) === 0 ? undefined : [...words.slice(0, 3), (last & ~THERE) >>> 0];
  }
}
