/** The state at a point of a way, as far as interrupts are concerned: a table, and the same as lines. */
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';
import {
  describeMessage,
  describeSent,
  descriptorsOf,
  deviceOf,
  entriesOf,
  instructionAt,
  irqNumber,
  type DescriptorState,
  type EntryState,
} from '../names/index.js';

export interface StateTable {
  readonly devices: readonly { readonly name: string; readonly address: string; readonly data: string; readonly target: string }[];
  readonly entries: readonly EntryState[];
  readonly descriptors: readonly DescriptorState[];
  /** where each vCPU is */
  readonly vcpus: readonly { readonly name: string; readonly where: string }[];
  /** sources whose event has not been handled */
  readonly owed: readonly string[];
  readonly cpus: readonly {
    readonly name: string;
    readonly run: string;
    readonly lapic: string;
    readonly interruptsOn: boolean;
    readonly irr: string;
    readonly isr: string;
    readonly slots: string;
    /** routine:line and text that it stands in front of; '' if it idles */
    readonly at: string;
  }[];
}

function vectorSet(vectors: readonly number[]): string {
  return vectors.length === 0 ? '-' : vectors.map(hex).join(' ');
}

function standsAt(system: System, machine: ProgramMachine, cpu: number): string {
  const at = machine.instruction(cpu);
  const label = at === undefined ? undefined : instructionAt(system, at).label;
  return label === undefined ? '' : `${label.routine}:${label.line}`;
}

export function stateOf(system: System, machine: ProgramMachine): StateTable {
  return {
    devices: system.scenario.devices.flatMap((device, d) => {
      if (device.message.type === 'msi' && device.irqs.length === 1) {
        const { addrLo, data } = machine.msiOf(d);
        return [{ name: device.name, address: hex(addrLo), data: hex(data), target: describeMessage(system, addrLo, data) }];
      }
      // each irq has a message of its own
      return system.names.sources.flatMap((name, s) => {
        if (deviceOf(system, s) !== d) return [];
        const message = machine.messageOf(s);
        return [{ name, address: hex(message?.addrLo ?? 0), data: hex(message?.data ?? 0), target: describeSent(system, message) }];
      });
    }),
    entries: entriesOf(system, machine),
    descriptors: descriptorsOf(system, machine),
    vcpus: (system.built.vcpus?.(machine) ?? []).map((where, v) => ({
      name: `vCPU ${v}`,
      where: where.replace(/\bcpu (\d+)/, (_, c: string) => system.names.cpus[Number(c)] ?? c),
    })),
    owed: system.names.sources.filter((_, s) => machine.owed(s)),
    cpus: system.names.cpus.map((name, c) => {
      const { irr, isr, enabled, interruptsOn, run } = machine.cpu(c);
      const slots = system.built.slots(machine, c).map(({ vector, text }) => `${hex(vector)} ${irqNumber(system, text)}`);
      return {
        name,
        run,
        lapic: enabled ? 'enabled' : 'disabled',
        interruptsOn,
        irr: vectorSet(irr),
        isr: vectorSet(isr),
        slots: slots.join(', ') || 'empty',
        at: standsAt(system, machine, c),
      };
    }),
  };
}

export function stateLines({ devices, entries, descriptors, vcpus, owed, cpus }: StateTable): string[] {
  return [
    ...devices.map(({ name, address, data, target }) => `${name}: MSI address ${address}, data ${data} (${target})`),
    ...entries.map(
      ({ name, memory, cached }) => `${name}: ${memory}${cached.map(({ unit, entry }) => `; ${unit} has cached ${entry}`).join('')}`,
    ),
    ...descriptors.map(({ name, pir, bits, nv, ndst }) => `${name}: PIR ${pir}${bits === '' ? '' : `, ${bits}`}, NV ${nv}, NDST ${ndst}`),
    ...vcpus.map(({ name, where }) => `${name}: ${where}`),
    ...owed.map((name) => `${name}: owed, its handler has not run since the event`),
    ...cpus.map(
      ({ name, run, lapic, interruptsOn, irr, isr, slots, at }) =>
        `${name}: ${run}, LAPIC ${lapic}, IF=${interruptsOn ? 1 : 0}, IRR ${irr}, ISR ${isr}, vector table: ${slots}${at === '' ? '' : `; at ${at}`}`,
    ),
  ];
}
