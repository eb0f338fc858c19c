/**
 * Small kernels that use posted interrupts (hardware.md E): one device, whose entry in the table is in posted format. What the kernels
 * do right or wrong is for the tests to say.
 */
import { PidControl, PidWord } from '../../src/core/index.js';
import { Assembler, Declarations, programSetup, type Builder, type Descriptors, type Kind } from '../../src/kernel/index.js';
import type { KernelModel } from '../../src/kernel/model/index.js';
import { iommusOf, type ProgramMachine } from '../../src/machine/index.js';
import { explore, search, toy, type Toy, type ToyKernel, type ToyOptions } from './toy.js';

/** The vector that is posted; one before and one behind it belong to the universe too, which begins where that of a scenario does. */
export const VECTOR = 0x22;
const UNIVERSE = [VECTOR - 1, VECTOR + 2] as const;
/** Notification vectors: of running vCPUs or of posted MSI, of vCPUs that wait to be woken. */
export const ANV = 0xf2;
export const WNV = 0xf1;

/** Words of an entry in posted format (D.3.2). */
export function postedEntry([low, high]: readonly [number, number], { urgent = false, vector = VECTOR } = {}): number[] {
  return [0x8001 | (urgent ? 0x4000 : 0) | (vector << 16), low, 0, high];
}

/** Words of an entry in remapped format, fixed, edge, physical, for an id of 8 bits (D.3.1). */
export function remappedEntry(vector: number, apicId: number): number[] {
  return [1 | (vector << 16), apicId << 8, 0, 0];
}

/** Word 8 of a descriptor. */
export function control({ nv = ANV, on = 0, sn = 0 }: { readonly nv?: number; readonly on?: number; readonly sn?: number } = {}): number {
  return on * PidControl.on + sn * PidControl.sn + (nv << PidControl.nvShift);
}

/** The table that units read, entries to be put there, and the status that a wait writes. */
export function remapping(d: Declarations) {
  return {
    irte: d.variable('irte', 'u32', ['irte', 'word'], { dma: true }),
    /** an entry to be, by what tests call it */
    entries: d.variable('entries', 'u32', ['irte', 'word'], { class: 'fixed' }),
    status: d.variable('status', 'u32', ['cpu'], { dma: true, bits: 2 }),
  };
}

export type Remapping = ReturnType<typeof remapping>;

/** Invalidates entry 0 and, `waits`, spins until that is done (D.4). */
export function invalidate(b: Builder, { status }: Remapping, waits = true): void {
  b.store(status, [b.self], 2);
  b.atomic(() => {
    b.queuePut(0, 0x14, 0);
    b.queuePut(0, 0x25, 1, [status, b.self]);
    b.queueTail(0);
  });
  if (waits) b.waitEq(status, [b.self], 1);
}

/** Words of a row. */
export function setRow(machine: ProgramMachine, { slot }: { readonly slot: number }, row: number, words: readonly number[]): void {
  words.forEach((word, i) => machine.setVariable(slot, row, i, word >>> 0));
}

/** The control half of a descriptor; NDST in xAPIC form. */
export function setControl<D extends Kind>(machine: ProgramMachine, pid: Descriptors<D>, row: number, word: number, ndst: number): void {
  machine.setVariable(pid.slot, row, PidWord.control, word >>> 0);
  machine.setVariable(pid.slot, row, PidWord.ndst, ndst << 8);
}

/** The unit is on, and messages of device i ask for entry i. `extended`: ids have 32 bits (EIME). */
export function remapAll(machine: ProgramMachine, { irte }: Remapping, extended = false): void {
  machine.setUnit(0, { table: irte.slot, size: 1, extended });
  machine.setup.functions.forEach((_, i) => machine.setDevice(i, { control: 1, addrLo: 0xfee00018 | (i << 5), addrHi: 0, data: 0 }));
}

/** A machine of two CPUs with a unit, unless said otherwise. */
export function postedToy<K extends ToyKernel>(build: (k: Assembler, d: Declarations) => K, options: ToyOptions = {}): Promise<Toy<K>> {
  return toy(build, {
    cpus: 2,
    sources: [{ raises: 2, kind: 'handshake' }],
    universe: UNIVERSE,
    systemVectors: [ANV, WNV],
    iommus: iommusOf([{}], []),
    irtes: 2,
    vcpus: 1,
    memory: 4096,
    record: 0,
    ring: 0,
    properties: ['noLoss', 'noStray', 'noStuckIsr', 'noFault', 'noWildWrite', 'progress'],
    ...options,
  });
}

/** What a check of the kernel says: `safe`, or the properties that fail; the same at all levels of the reduction. */
export async function verdict<K extends ToyKernel>(build: (k: Assembler, d: Declarations) => K, options: ToyOptions = {}): Promise<string> {
  const { machine, setup } = await postedToy(build, options);
  const found: string[] = [];
  for (const level of [0, 1, 2] as const) {
    const { status, failures } = await search(machine, level, 200_000);
    found.push(status === 'done' ? Object.keys(failures).toSorted().join() || 'safe' : status);
  }
  if (new Set(found).size !== 1) throw new Error(`the levels of the reduction do not agree: ${found.join('; ')}`);
  const [result = ''] = found;
  if (result !== 'safe') return result;
  explore(machine);
  const happened = setup.sources.every((_, s) => machine.handled(s)) && setup.operations.every((_, o) => machine.ended(o));
  return happened ? result : 'vacuous';
}

/** The kernel as a model, for scenarios whose operations are those of the kernel, in order. */
export function modelOf(name: string, build: (k: Assembler, d: Declarations) => ToyKernel): KernelModel {
  return {
    name,
    behaviours: [],
    build(given, placement) {
      const size = { ...given, irtes: 2, vcpus: 1 };
      const d = new Declarations();
      const k = new Assembler(d, { cpus: [], irqs: [], devices: [], vectors: { lo: 0, hi: 256 }, systemVectors: [], ...placement.parts });
      const { handlers = {}, operations = [], boot } = build(k, d);
      for (const routine of new Set(Object.values(handlers))) k.interruptEntry(routine);
      for (const { routine } of operations) k.entry(routine);
      const program = k.assemble(size);
      const entryOf = (routine: { readonly name: string }): number => program.entries.get(routine.name) ?? 0;
      const starts = { handlers: new Map(Object.entries(handlers).map(([vector, routine]) => [Number(vector), entryOf(routine)])) };
      return {
        program: programSetup(program, d, size, starts),
        labels: program.labels,
        variables: program.variables,
        fingerprint: program.fingerprint,
        operations: operations.map(({ cpu, routine }, o) => ({ entry: entryOf(routine), cpu, args: [o, 0], pause: 0 })),
        systemVectors: [ANV, WNV],
        irtes: size.irtes,
        disagreement: () => undefined,
        slots: () => [],
        boot(machine) {
          for (let c = 0; c < size.cpus; c++) machine.setCpu(c, { svr: 0x1ff, tpr: 0, run: 'running', interruptsOn: true });
          boot?.(machine);
        },
      };
    },
  };
}
