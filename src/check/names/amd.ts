/** What AMD units do, and what their tables say, in words (hardware.md F). */
import { AmdCommand, AmdEvent } from '../../core/index.js';
import type { EventRecord } from '../../machine/index.js';
import { requesterOf, type System } from '../../scenario/index.js';
import { hex } from '../../words.js';
import { describeTarget } from './words.js';

/** `Event.invalidate` is by a command. */
const OF_COMMAND = 0x80000000;
/** `Event.remap`: the entry was not cached; it is a guest's. `Event.post`: a doorbell follows. */
const [MISSED, POSTED, RINGS] = [1, 2, 0x100];

/** Names of events as kernels print them (F.6). */
const events: Readonly<Record<AmdEvent, string>> = {
  [AmdEvent.illegalDevTable]: 'ILLEGAL_DEV_TABLE_ENTRY',
  [AmdEvent.ioPageFault]: 'IO_PAGE_FAULT',
  [AmdEvent.devTabHardware]: 'DEV_TAB_HARDWARE_ERROR',
  [AmdEvent.pageTabHardware]: 'PAGE_TAB_HARDWARE_ERROR',
  [AmdEvent.illegalCommand]: 'ILLEGAL_COMMAND_ERROR',
  [AmdEvent.commandHardware]: 'COMMAND_HARDWARE_ERROR',
};

/** The device with this requester id. */
function requesterName({ names, ioapics }: System, id: number): string {
  const device = names.devices.findIndex((_, d) => requesterOf(d, true) === id);
  const isIoapic = ioapics > 0 && id === requesterOf(names.devices.length, true);
  return names.devices[device] ?? (isIoapic ? 'the IOAPIC' : `requester ${hex(id)}`);
}

/** Words of an entry (F.3.1, F.3.2): one, or four. What it says besides that it is not valid matters while it changes. */
export function describeAmdEntry(system: System, words: readonly number[]): string {
  const [low = 0, , vector = low >>> 16, top = 0] = words;
  if ((low & 1) === 0)
    return words.every((word) => word === 0) ? 'not present' : `not valid; ${describeAmdEntry(system, [low | 1, ...words.slice(1)])}`;
  if (low & 0x80) return `of a guest, vector ${hex(vector & 0xff)}`;
  const id = words.length === 1 ? (low >>> 8) & 0xff : (low >>> 8) | (top & 0xff000000);
  return describeTarget(system, id >>> 0, vector & 0xff);
}

/** The line number `which` of a requester (`Actor.drop`). */
export function describeLine(system: System, which: number, irtes: number): string {
  const [rank, entry] = [Math.floor(which / (1 + irtes)), which % (1 + irtes)];
  const isPin = system.scenario.devices[rank]?.message.type === 'ioapic';
  const name = isPin ? 'the IOAPIC' : (system.names.devices[rank] ?? 'the IOAPIC');
  return entry === 0 ? `the device table entry of ${name}` : `entry ${entry - 1} of ${name}`;
}

/** What a unit did, without who asked for it; undefined: the event is none of such a unit. */
export function describeAmdEvent(system: System, { kind, b, c }: EventRecord, irtes: number): string | undefined {
  switch (kind) {
    case 'remap': {
      const entry = `entry ${b}${c & MISSED ? '' : ' (cached)'}`;
      const vector = (c >>> 8) & 0xff;
      return c & POSTED ? `${entry}: of a guest, vector ${hex(vector)}` : `${entry}: ${describeTarget(system, c >>> 16, vector)}`;
    }
    case 'fault': {
      const code = (b >>> 16) as AmdEvent;
      if (code === AmdEvent.illegalCommand || code === AmdEvent.commandHardware) return `stops at a command: ${events[code]}`;
      return `entry ${b & 0xffff}: blocked, ${events[code]}`;
    }
    case 'invalidate': {
      const command = (c - OF_COMMAND) as AmdCommand;
      if (command === AmdCommand.invalidateAll) return 'INVALIDATE_ALL: drops all it has cached';
      const [name, what] =
        command === AmdCommand.invalidateDevtabEntry
          ? ['INVALIDATE_DEVTAB_ENTRY', 'the device table entry']
          : ['INVALIDATE_INTERRUPT_TABLE', 'all entries'];
      return `${name}: drops ${what} of ${requesterName(system, b)} that it has cached`;
    }
    case 'wait':
      return 'COMPLETION_WAIT: stores, all commands before it are complete';
    case 'post':
      return `sets vector ${hex(b & 0xff)} in the vAPIC page${b & RINGS ? ', and rings the doorbell' : ''}`;
    case 'evict':
      return `${describeLine(system, b, irtes)} leaves its cache`;
    default:
      return undefined;
  }
}
