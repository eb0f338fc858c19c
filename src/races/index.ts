/** The room of known races: each with a kernel that has it and one in which it is repaired, and what a check says of both. */
import { amdRaces } from './amd.js';
import { hotplugRaces } from './hotplug.js';
import { ioapicRaces } from './ioapic.js';
import { messageRaces } from './message.js';
import type { Race } from './race.js';
import { remappingRaces } from './remapping.js';
import { vcpuRaces } from './vcpu.js';

export { decideRace } from './decide.js';
export { isChecked, type CheckedRace, type Kernel, type OpenRace, type Race, type RaceOutcome, type RaceResult } from './race.js';

/** All races, in the order in which they are told. */
export const races: readonly Race[] = [...messageRaces, ...hotplugRaces, ...ioapicRaces, ...remappingRaces, ...amdRaces, ...vcpuRaces];
