/** Messages in flight, by name. */
import { DOORBELL, Level, Msg, MsgKind, Origin, Table } from '../../core/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';
import { originOf } from './actions.js';
import { unitName } from './entries.js';
import type { Fields } from './fields.js';
import { describeMessage, isAmd, isRemappable, writeText } from './words.js';

/** A message on its way. */
export interface InFlight {
  /** place in the pool: what it keeps until it has landed */
  readonly node: number;
  /** as an action names it: its origin, and its place among the messages of that origin */
  readonly origin: number;
  readonly rank: number;
  readonly kind: 'msi' | 'ipi' | 'write' | 'eoi';
  readonly from: string;
  /** `CPU 3`, or `APIC id 9` that nobody has; `entry 2` of a remapping table; a device that is written to */
  readonly to: string;
  /** undefined for INIT, SIPI and writes, and where the table has it */
  readonly vector: number | undefined;
  /** `xhci -> CPU 3 vector 0x21` */
  readonly text: string;
  readonly stage:
    | 'on the way to the root complex'
    | 'on the way to its descriptor'
    | 'on the way to the vAPIC page'
    | 'on the way to the LAPIC'
    | 'on the way to the device'
    | 'on the way to the IOAPIC';
  /** contexts that wait for it, CPUs by index */
  readonly awaitedBy: readonly { readonly cpu: number; readonly level: LevelName }[];
}

/** A context of a CPU. */
export type LevelName = keyof typeof Level;

function withId(system: System, id: number): string {
  const c = system.scenario.machine.cpus.findIndex((cpu) => cpu.apicId === id);
  return system.names.cpus[c] ?? `APIC id ${id}`;
}

/** `Stage` of the core: the entry of the request is known, and says that it is posted. */
const POSTING = 3;

const levels: readonly LevelName[] = ['thread', 'stopper', 'softirq', 'hardirq'];

/** Reads the messages of captures, each origin's in their order. */
export class Messages {
  readonly #system: System;
  readonly #messages: number;
  readonly #origins: number;
  readonly #lists: number;

  constructor(system: System, machine: ProgramMachine, fields: Fields) {
    this.#system = system;
    this.#messages = fields.offset(machine.core.exports.table(Table.messages));
    this.#origins = fields.offset(machine.core.exports.table(Table.origins));
    const { functions } = machine.setup;
    const hasLists = functions.some(({ msix }) => msix !== undefined);
    this.#lists = system.firstAccess + (hasLists ? functions.length : 0);
  }

  read(capture: DataView): InFlight[] {
    const found: InFlight[] = [];
    for (let origin = 0; origin < this.#lists; origin++) {
      let next = capture.getUint16(this.#origins + origin * Origin.size + Origin.head, true);
      for (let rank = 0; next !== 0; rank++) {
        found.push(this.#message(capture, next - 1, origin, rank));
        next = capture.getUint16(this.#messages + (next - 1) * Msg.size + Msg.next, true);
      }
    }
    return found;
  }

  #message(capture: DataView, node: number, origin: number, rank: number): InFlight {
    const { names } = this.#system;
    const at = this.#messages + node * Msg.size;
    const address = capture.getUint32(at + Msg.address, true);
    const data = capture.getUint32(at + Msg.data, true);
    const source = originOf(this.#system, origin);
    const marks = capture.getBigUint64(at + Msg.marks, true);
    const common = {
      node,
      origin,
      rank,
      awaitedBy: names.cpus.flatMap((_, cpu) =>
        levels.filter((level) => (marks >> BigInt(cpu * levels.length + Level[level])) & 1n).map((level) => ({ cpu, level })),
      ),
    };
    if (source.kind === 'access') {
      const to = names.devices[source.index] ?? '?';
      const text = `write of ${to} ${writeText(this.#system, address, data)}`;
      return { ...common, kind: 'write', from: 'CPU', to, vector: undefined, text, stage: 'on the way to the device' };
    }
    if ((capture.getUint8(at + Msg.kind) as MsgKind) === MsgKind.eoi) {
      const from = names.cpus[source.index] ?? '?';
      const [to, text] = ['the IOAPIC', `${from} -> IOAPIC EOI ${hex(data)}`];
      return { ...common, kind: 'eoi', from, to, vector: data, text, stage: 'on the way to the IOAPIC' };
    }
    const kind = capture.getUint8(at + Msg.kind) === MsgKind.msi ? 'msi' : 'ipi';
    const stage = capture.getUint8(at + Msg.stage);
    const pin = capture.getUint16(at + Msg.pin, true) - 1;
    const from = this.#senderOf(source, pin);
    const head = { ...common, kind, from } as const;
    if (stage === POSTING) {
      const vector = data & 0xff;
      const [to, text] = isAmd(this.#system)
        ? (['the vAPIC page', `${from} -> vAPIC page vector ${hex(vector)}`] as const)
        : (['its descriptor', `${from} -> PIR[${hex(vector)}]`] as const);
      return { ...head, to, vector, text, stage: `on the way to ${to}` };
    }
    const unresolved = kind === 'msi' && stage !== 1 && isRemappable(this.#system, address);
    // a message that was remapped has its destination where its address was
    const bare = kind === 'ipi' || address >>> 20 !== 0xfee;
    const to = unresolved ? describeMessage(this.#system, address, data) : withId(this.#system, bare ? address : (address >>> 12) & 0xff);
    const way = stage === 1 ? 'on the way to the LAPIC' : 'on the way to the root complex';
    if (kind === 'msi' && data === DOORBELL) return { ...head, to, vector: undefined, text: `${from} -> ${to} doorbell`, stage: way };
    const mode = kind === 'msi' ? 0 : (data >>> 8) & 7;
    const vector = unresolved || mode === 5 || mode === 6 ? undefined : data & 0xff;
    const what = vector === undefined ? (mode === 5 ? 'INIT' : 'SIPI') : `${kind === 'msi' ? 'vector' : 'IPI'} ${hex(vector)}`;
    const text = unresolved ? `${from} -> ${to}` : `${from} -> ${to} ${what}`;
    return { ...head, to, vector, text, stage: way };
  }

  #senderOf({ kind, index }: ReturnType<typeof originOf>, pin: number): string {
    const { names } = this.#system;
    if (kind === 'iommu') return unitName(this.#system, index);
    return kind === 'ioapic' ? `pin ${pin}` : ((kind === 'device' ? names.devices : names.cpus)[index] ?? '?');
  }
}
