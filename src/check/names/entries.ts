/** Entries of remapping tables as users read them: what memory says, and what units have cached of it. */
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';
import { describeAmdEntry } from './amd.js';
import { descriptorAt, descriptorName } from './descriptors.js';
import { describeTarget, isAmd } from './words.js';

/** An entry that is in use, by memory or by what a unit has cached. */
export interface EntryState {
  readonly name: string;
  readonly memory: string;
  /** by unit; only what memory does not say */
  readonly cached: readonly { readonly unit: string; readonly entry: string }[];
}

/** Words of an entry (hardware.md D.3.1, D.3.2); units of scenarios have destinations of 8 bits. */
function describeEntry(system: System, machine: ProgramMachine, words: readonly number[]): string {
  const [low = 0, high = 0, , top = 0] = words;
  if ((low & 1) === 0) return 'not present';
  if (low & 0x8000) {
    const found = descriptorAt(system, machine, high, top);
    const where = found === undefined ? 'no descriptor' : descriptorName(system, found.variable, found.row);
    return `posted to ${where}, vector ${hex((low >>> 16) & 0xff)}`;
  }
  return describeTarget(system, (high >>> 8) & 0xff, (low >>> 16) & 0xff);
}

export function unitName(system: System, unit: number): string {
  return system.scenario.machine.iommu?.units.length === 1 ? 'IOMMU' : `IOMMU ${unit}`;
}

/** Of each device those of its own table. */
function amdEntries(system: System, machine: ProgramMachine): EntryState[] {
  const tables = machine.amdTables;
  const units = machine.setup.iommus ?? [];
  return system.names.devices.flatMap((device, d): EntryState[] => {
    const requester = machine.setup.functions[d]?.requester;
    const own = units.findIndex(({ scope }) => scope?.requesters.includes(requester ?? -1));
    const u = own < 0 ? units.findIndex(({ scope }) => scope === undefined) : own;
    if (u < 0) return [];
    const unit = unitName(system, u);
    const older = tables.isDeviceCached(d) ? [{ unit, entry: 'an older entry of the device table' }] : [];
    return Array.from({ length: machine.setup.irtes ?? 0 }, (_, index): EntryState => {
      const [words, line] = [tables.entry(u, d, index), tables.cached(d, index)];
      const cached = line === undefined ? older : [...older, { unit, entry: describeAmdEntry(system, line) }];
      return { name: `${device} entry ${index}`, memory: words === undefined ? 'not present' : describeAmdEntry(system, words), cached };
    });
  });
}

/** Those without any use are left out. All units of VT-d share one table. */
export function entriesOf(system: System, machine: ProgramMachine): EntryState[] {
  const all = isAmd(system) ? amdEntries(system, machine) : vtdEntries(system, machine);
  return all.filter(({ memory, cached }) => memory !== 'not present' || cached.length > 0);
}

function vtdEntries(system: System, machine: ProgramMachine): EntryState[] {
  const units = system.scenario.machine.iommu?.units.map((_, u) => u) ?? [];
  return Array.from({ length: machine.setup.irtes ?? 0 }, (_, index): EntryState => {
    const words = machine.tableEntry(units[0] ?? 0, index);
    const cached = units.flatMap((u) => {
      const line = machine.cachedEntry(u, index);
      return line === undefined ? [] : [{ unit: unitName(system, u), entry: describeEntry(system, machine, line) }];
    });
    return { name: `entry ${index}`, memory: describeEntry(system, machine, words), cached };
  });
}
