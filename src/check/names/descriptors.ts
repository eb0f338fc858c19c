/** Posted-interrupt descriptors as users read them (hardware.md E.1). */
import { PidControl, PidWord } from '../../core/index.js';
import type { AnyVariable } from '../../kernel/index.js';
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';
import { indexName } from './fields.js';

/** What a descriptor says. Fields of one bit that are clear are left out. */
export interface DescriptorState {
  /** `pi_desc[vCPU 0]` */
  readonly name: string;
  /** vectors in PIR, `-`: none */
  readonly pir: string;
  /** `ON`, `SN`, both, or nothing */
  readonly bits: string;
  readonly nv: string;
  /** the CPU that is notified */
  readonly ndst: string;
}

export function descriptorName(system: System, { name, dims }: AnyVariable, row: number): string {
  return `${name}[${indexName(system, dims[0] ?? 'u32', row)}]`;
}

function rowsOf(system: System, machine: ProgramMachine): { readonly variable: AnyVariable; readonly row: number }[] {
  return system.built.variables
    .filter(({ descriptor }) => descriptor)
    .flatMap((variable) => Array.from({ length: machine.rowsOf(variable.slot) }, (_, row) => ({ variable, row })));
}

/** The descriptor with this address; undefined: there is none. */
export function descriptorAt(
  system: System,
  machine: ProgramMachine,
  low: number,
  high: number,
): { readonly variable: AnyVariable; readonly row: number } | undefined {
  return rowsOf(system, machine).find(({ variable: { slot }, row }) => {
    const [first, second] = machine.descriptorAddress(slot, row);
    return first === low >>> 0 && second === high >>> 0;
  });
}

export function descriptorsOf(system: System, machine: ProgramMachine): DescriptorState[] {
  return rowsOf(system, machine).map(({ variable, row }) => {
    const { slot } = variable;
    const control = machine.variable(slot, row, PidWord.control);
    const id = machine.variable(slot, row, PidWord.ndst) >>> 8;
    const cpu = system.scenario.machine.cpus.findIndex((each) => each.apicId === id);
    const pir = machine.posted(slot).flatMap((each) => (each.row === row ? [hex(each.vector)] : []));
    const bits = [...(control & PidControl.on ? ['ON'] : []), ...(control & PidControl.sn ? ['SN'] : [])];
    return {
      name: descriptorName(system, variable, row),
      pir: pir.join(' ') || '-',
      bits: bits.join(' '),
      nv: hex((control >>> PidControl.nvShift) & 0xff),
      ndst: system.names.cpus[cpu] ?? `APIC id ${id}`,
    };
  });
}
