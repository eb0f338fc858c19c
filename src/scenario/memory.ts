/** What the machine of a scenario takes in memory, and what one more CPU or irq would take. */
import type { AnyVariable } from '../kernel/index.js';
import { stateBytes, VarWord, type MachineSetup } from '../machine/index.js';
import { messagesFor, type Mode, type System } from './system.js';

export interface MemoryUse {
  /** of the whole state, with what is recorded of it */
  readonly bytes: number;
  /** of one more CPU, all irqs being there: masks over CPUs grow too */
  readonly perCpu: number;
  /** of one more irq with its share of a device, all CPUs being there */
  readonly perIrq: number;
}

/** By so many CPUs or devices a machine is made larger to find out: masks grow by 32 bits. */
const MORE = 32;

/** How much larger a machine is made. */
interface Growth {
  readonly cpus: number;
  readonly devices: number;
  readonly irqs: number;
}

/** Measured on the layout: of the machine, and of one that has some more. Figures are whole bytes. */
export async function memoryOf(system: System, mode: Mode): Promise<MemoryUse> {
  const setup = system.setup(mode);
  const last = setup.functions.length - 1;
  const irqs = setup.sources.filter(({ device }) => device === last).length;
  const more = { cpus: 0, devices: 0, irqs: 0 };
  const [bytes = 0, withCpus = 0, withIrqs = 0] = await stateBytes([
    setup,
    grown(setup, system.built.variables, { ...more, cpus: MORE }),
    grown(setup, system.built.variables, { ...more, devices: MORE, irqs: MORE * irqs }),
  ]);
  return { bytes, perCpu: Math.round((withCpus - bytes) / MORE), perIrq: Math.round((withIrqs - bytes) / (MORE * irqs)) };
}

/** A list, and behind it a few entries so many times. */
function again<T>(list: readonly T[], last: readonly T[], times: number): readonly T[] {
  return [...list, ...Array.from({ length: times }, () => last).flat()];
}

/** The same machine with some more CPUs, or devices as the last one. */
function grown(setup: MachineSetup, variables: readonly AnyVariable[], more: Growth): MachineSetup {
  const { apicIds, functions, sources, program } = setup;
  const added = again(
    sources,
    sources.filter(({ device }) => device === functions.length - 1),
    more.devices,
  );
  return {
    ...setup,
    apicIds: again(apicIds, apicIds.slice(-1), more.cpus),
    functions: again(functions, functions.slice(-1), more.devices),
    sources: added,
    messages: setup.timed ? messagesFor(apicIds.length + more.cpus, added.length) : setup.messages,
    program: { ...program, variables: grownVariables(program.variables, variables, more) },
  };
}

function grownVariables(words: Uint32Array, variables: readonly AnyVariable[], { cpus, devices, irqs }: Growth): Uint32Array {
  const by: Readonly<Record<string, number>> = { cpu: cpus, irq: irqs, irte: irqs, device: devices };
  const larger = words.slice();
  for (const variable of variables) {
    const at = variable.slot * VarWord.words;
    const add = (word: VarWord, n: number): void => {
      larger[at + word] = (larger[at + word] ?? 0) + n;
    };
    const [first, second] = variable.dims;
    add(VarWord.dim0, by[first ?? ''] ?? 0);
    add(VarWord.dim1, by[second ?? ''] ?? 0);
    if (variable.form === 'mask') add(VarWord.bytes, ((by[variable.over] ?? 0) / 32) * 4);
  }
  return larger;
}
