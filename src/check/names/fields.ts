/**
 * The state of a stepped machine as named values: every variable of the kernel, every register of CPUs and devices, what
 * sources and operations have come to. One table of names for inspection and for differences; it reads captures, so that
 * two states can be compared.
 */
import { Cpu, CpuFlag, Fn, Glob, MsixEntry, NONE, PidWord, Pin, RunState, Src, Table, VarWord } from '../../core/index.js';
import type { AnyVariable, Domain, Kind, Variable } from '../../kernel/index.js';
import { Layout, type FunctionModel, type ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';

/** What a value belongs to. */
export type Part = 'kernel' | 'cpu' | 'device' | 'source' | 'operation' | 'probe';

/** A named value, and how it reads. A set wider than 32 bits is several fields of one name. */
export interface Field {
  /** `vector_irq[cpu 0][0x21]`, `CPU 3 IRR`; everything by the user's numbers */
  readonly name: string;
  readonly part: Part;
  /** where it lies in a capture */
  readonly at: number;
  readonly bytes: 1 | 2 | 4;
  /** bits of it that count */
  readonly mask: number;
  readonly text: (value: number) => string;
  /** of a set: what bit n stands for */
  readonly member: ((bit: number) => string) | undefined;
}

type Form = Partial<Pick<Field, 'mask' | 'text' | 'member'>>;

const yesNo = (value: number): string => (value === 0 ? 'no' : 'yes');
const oneOf =
  (names: readonly string[]) =>
  (value: number): string =>
    names[value] ?? String(value);

/** Kernel texts name irqs and CPUs by index; users know the numbers. */
function byNumber(system: System, text: string): string {
  return text
    .replace(/\birq (\d+)$/, (_, i: string) => `irq ${system.names.irqs[Number(i)] ?? i}`)
    .replace(/\bcpu (\d+)$/, (_, i: string) => `cpu ${system.scenario.machine.cpus[Number(i)]?.cpu ?? i}`);
}

/** The name of one thing of a kind, by index: `cpu 3`, `irq 122`, `0x21`, `xhci`. */
export function indexName(system: System, kind: Kind | Domain, index: number): string {
  if (kind === 'vector') return hex(index);
  if (kind === 'pidWord') return { [PidWord.control]: 'control', [PidWord.ndst]: 'NDST' }[index] ?? `PIR ${index}`;
  if (kind === 'vcpu') return `vCPU ${index}`;
  if (kind === 'cpu' || kind === 'irq') return index === NONE ? 'none' : byNumber(system, `${kind} ${index}`);
  return kind === 'device' ? (system.names.devices[index] ?? String(index)) : String(index);
}

const contexts = oneOf(['thread', 'stopper', 'softirq', 'hardirq']);
const runStates = oneOf(
  [RunState.running, RunState.parked, RunState.waitForSipi].map((state) => ['running', 'halted for good', 'waits for SIPI'][state] ?? ''),
);

function valueAt(view: DataView<ArrayBufferLike>, at: number, { bytes, mask }: Field): number {
  const value = bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  return (value & mask) >>> 0;
}

/** The fields of one system, for machines of that system. */
export class Fields {
  readonly all: readonly Field[];
  readonly #system: System;
  readonly #layout: Layout;
  readonly #functions: readonly FunctionModel[];
  readonly #start: number;
  readonly #size: number;
  readonly #ofVariable: Field[][] = [];
  readonly #masks = new Map<number, string>();

  constructor(system: System, machine: ProgramMachine) {
    const { exports } = machine.core;
    this.#system = system;
    this.#layout = new Layout(machine.core);
    this.#functions = machine.setup.functions;
    this.#start = exports.blockStart();
    this.#size = exports.recordAt() - this.#start;
    this.#nameMasks();
    this.all = [
      ...system.built.variables.flatMap((variable) => this.#variable(variable)),
      ...system.names.cpus.flatMap((name, c) => this.#cpu(name, c)),
      ...system.names.devices.flatMap((name, d) => this.#device(name, d)),
      ...system.names.sources.flatMap((name, s) => this.#source(name, s)),
      ...system.names.operations.map((name, o) =>
        this.#field('operation', `op${o} (${name})`, this.#layout.table(Table.operationStates) + o, 1, {
          text: oneOf(['not begun', 'begun', 'ended']),
        }),
      ),
      ...this.#timers(),
      ...this.#probe(),
    ];
  }

  /** A copy of all that decides the future; what fields are read from. */
  capture(machine: ProgramMachine): DataView {
    const bytes = machine.core.bytes(this.#start, this.#size);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Offset in a capture of an address of the machine. */
  offset(address: number): number {
    return address - this.#start;
  }

  read(capture: DataView, field: Field): number {
    return valueAt(capture, field.at, field);
  }

  /** The same without a capture. */
  readNow(machine: ProgramMachine, field: Field): number {
    return valueAt(machine.core.view, this.#start + field.at, field);
  }

  /** Element [i][j] of a variable; of a mask, the word j of mask [i]. Undefined outside of it, and for counters that decide nothing. */
  element({ slot }: AnyVariable, i: number, j = 0): Field | undefined {
    const fields = this.#ofVariable[slot] ?? [];
    const { inner } = this.#extent(slot);
    return j < inner ? fields[i * inner + j] : undefined;
  }

  elementsOf({ slot }: AnyVariable): readonly Field[] {
    return this.#ofVariable[slot] ?? [];
  }

  /** How many there are of a variable's elements in its two dimensions. */
  extentOf({ slot }: AnyVariable): readonly [number, number] {
    return [this.#layout.slot(slot, VarWord.dim0), this.#layout.slot(slot, VarWord.dim1)];
  }

  /** The name of the mask that a reference refers to. */
  maskName(reference: number): string {
    return reference === 0 ? 'none' : (this.#masks.get(reference) ?? hex(reference));
  }

  /** A value of a variable as users read it. */
  valueText(variable: Variable, value: number): string {
    if (variable.describe) return byNumber(this.#system, variable.describe(value));
    if (variable.descriptor) return hex(value);
    return variable.kind === 'ref' ? this.maskName(value) : indexName(this.#system, variable.kind, value);
  }

  #field(part: Part, name: string, address: number, bytes: 1 | 2 | 4, form: Form = {}): Field {
    return { part, name, at: address - this.#start, bytes, mask: 0xffffffff, text: String, member: undefined, ...form };
  }

  /** A set of vectors, eight words. */
  #vectors(part: Part, name: string, address: number): Field[] {
    return Array.from({ length: 8 }, (_, w) => this.#field(part, name, address + w * 4, 4, { member: (bit) => hex(w * 32 + bit) }));
  }

  #extent(slot: number): { first: number; inner: number; words: number } {
    const variable = this.#system.built.variables[slot];
    const words = variable?.form === 'mask' ? this.#layout.slot(slot, VarWord.bytes) / 4 : 1;
    return { first: this.#layout.slot(slot, VarWord.dim0), inner: this.#layout.slot(slot, VarWord.dim1) * words, words };
  }

  #elementName({ name, dims }: AnyVariable, i: number, j: number): string {
    return name + dims.map((dim, n) => `[${indexName(this.#system, dim, n === 0 ? i : j)}]`).join('');
  }

  #nameMasks(): void {
    for (const variable of this.#system.built.variables) {
      if (variable.form !== 'mask') continue;
      const { first } = this.#extent(variable.slot);
      const at = this.#layout.slot(variable.slot, VarWord.address);
      for (let i = 0; i < first; i++)
        this.#masks.set(at + i * this.#layout.slot(variable.slot, VarWord.bytes), this.#elementName(variable, i, 0));
    }
  }

  #variable(variable: AnyVariable): Field[] {
    if (variable.class === 'record') return [];
    const { slot } = variable;
    const { first, inner, words } = this.#extent(slot);
    const bytes = variable.form === 'mask' ? 4 : (this.#layout.slot(slot, VarWord.bytes) as 1 | 2 | 4);
    const at = this.#layout.slot(slot, VarWord.address);
    const fields: Field[] = [];
    for (let i = 0; i < first; i++) {
      for (let j = 0; j < inner; j++) {
        const name = this.#elementName(variable, i, words === 1 ? j : 0);
        fields.push(this.#field('kernel', name, at + (i * inner + j) * bytes, bytes, this.#form(variable, j)));
      }
    }
    this.#ofVariable[slot] = fields;
    return fields;
  }

  #form(variable: AnyVariable, word: number): Form {
    if (variable.form === 'mask') return { member: (bit) => indexName(this.#system, variable.over, word * 32 + bit) };
    if (variable.form === 'lock') return { text: (owner) => (owner === 0 ? 'free' : indexName(this.#system, 'cpu', owner - 1)) };
    return { text: (value) => this.valueText(variable, value) };
  }

  #cpu(name: string, c: number): Field[] {
    const at = this.#layout.table(Table.cpus) + c * Cpu.size;
    const register = (what: string, offset: number, bytes: 1 | 2 | 4, form: Form = { text: hex }): Field =>
      this.#field('cpu', `${name} ${what}`, at + offset, bytes, form);
    return [
      register('state', Cpu.run, 1, { text: runStates }),
      register('IF', Cpu.flags, 1, { mask: CpuFlag.interruptsOn }),
      register('STI shadow', Cpu.flags, 1, { mask: CpuFlag.shadow, text: yesNo }),
      register('contexts', Cpu.active, 1, { member: contexts }),
      register('task', Cpu.task, 1, { text: contexts }),
      register('SVR', Cpu.svr, 2),
      register('TPR', Cpu.tpr, 1),
      register('PPR', Cpu.ppr, 1),
      ...this.#vectors('cpu', `${name} IRR`, at + Cpu.irr),
      ...this.#vectors('cpu', `${name} ISR`, at + Cpu.isr),
      ...this.#vectors('cpu', `${name} TMR`, at + Cpu.tmr),
      register('LDR', Cpu.ldr, 4),
      register('DFR', Cpu.dfr, 4),
      register('ESR', Cpu.esr, 1),
      register('ESR (not latched)', Cpu.esrPending, 1),
    ];
  }

  #device(name: string, d: number): Field[] {
    const at = this.#layout.table(Table.functions) + d * Fn.size;
    const { msi, msix, chipset } = this.#functions[d] ?? {};
    const register = (what: string, address: number, bytes: 2 | 4, form: Form = { text: hex }): Field =>
      this.#field('device', `${name} ${what}`, address, bytes, form);
    const firstEntry = this.#functions.slice(0, d).reduce((n, each) => n + (each.msix?.vectors ?? 0), 0);
    const entries = Array.from({ length: msix?.vectors ?? 0 }, (_, n) => {
      const entry = this.#layout.table(Table.msixEntries) + (firstEntry + n) * MsixEntry.size;
      return [
        register(`entry ${n} address`, entry + MsixEntry.addrLo, 4),
        register(`entry ${n} address high`, entry + MsixEntry.addrHi, 4),
        register(`entry ${n} data`, entry + MsixEntry.data, 4),
        register(`entry ${n} masked`, entry + MsixEntry.control, 4, { mask: 1, text: yesNo }),
      ];
    });
    return [
      ...(msi === undefined
        ? []
        : [
            register('MSI control', at + Fn.msiControl, 2),
            register('MSI address', at + Fn.addrLo, 4),
            register('MSI address high', at + Fn.addrHi, 4),
            register('MSI data', at + Fn.data, 2),
          ]),
      ...(msi?.maskable ? [register('MSI masked', at + Fn.mask, 4, { member: (bit) => `message ${bit}` })] : []),
      ...(msix === undefined ? [] : [register('MSI-X control', at + Fn.msixControl, 2)]),
      ...this.#pin(name, d),
      ...(chipset === undefined || chipset === 'pins'
        ? []
        : [
            register('address', at + Fn.addrLo, 4),
            register('address high', at + Fn.addrHi, 4),
            register('data', at + Fn.data, 2),
            register('masked', at + Fn.mask, 4, { mask: 1, text: yesNo }),
          ]),
      ...entries.flat(),
    ];
  }

  /** The entry of the pin that a device is on. */
  #pin(name: string, d: number): Field[] {
    const message = this.#system.scenario.devices[d]?.message;
    if (message?.type !== 'ioapic') return [];
    const at = this.#layout.table(Table.pins) + message.pin * Pin.size;
    return [
      this.#field('device', `${name} entry, low`, at + Pin.low, 4, { text: hex }),
      this.#field('device', `${name} entry, high`, at + Pin.high, 4, { text: hex }),
      this.#field('device', `${name} line`, at + Pin.levels, 4, { text: (levels) => (levels === 0 ? 'low' : 'high') }),
      this.#field('device', `${name} pin`, at + Pin.flags, 1, { member: oneOf(['edge latched', 'message on its way', 'refused']) }),
    ];
  }

  #source(name: string, s: number): Field[] {
    const at = this.#layout.source(s);
    const field = (what: string, offset: number, bytes: 1 | 2 | 4, text: Field['text']): Field =>
      this.#field('source', `${name} ${what}`, at + offset, bytes, { text });
    return [
      field('owed', Src.owed, 1, yesNo),
      field('raised, not sampled', Src.condition, 1, yesNo),
      field('sampled, not sent', Src.held, 1, yesNo),
      field('sampled data', Src.heldData, 4, hex),
      field('sampled address', Src.heldAddr, 4, hex),
      field('raises left', Src.left, 4, String),
    ];
  }

  #timers(): Field[] {
    const timers = this.#system.built.program.timers ?? [];
    const at = this.#layout.table(Table.timers);
    return this.#system.names.cpus.flatMap((cpu, c) =>
      timers.map(({ name }, t) =>
        this.#field('cpu', `${cpu} timer ${name}`, at + c * timers.length + t, 1, { text: oneOf(['not armed', 'armed', 'due']) }),
      ),
    );
  }

  #probe(): Field[] {
    const at = this.#layout.table(Table.globals);
    const field = (name: string, offset: number, bytes: 1 | 2, text: Field['text']): Field =>
      this.#field('probe', name, at + offset, bytes, { text });
    return [
      field('probe', Glob.probe, 1, oneOf(['not begun', 'begun'])),
      field('probe raises left', Glob.probeLeft, 1, String),
      field('probe source', Glob.probeSource, 2, (s) => this.#system.names.sources[s] ?? 'none'),
    ];
  }
}
