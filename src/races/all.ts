/** All races, apart from what decides them. */
import { amdRaces } from './amd.js';
import { hotplugRaces } from './hotplug.js';
import { ioapicRaces } from './ioapic.js';
import { messageRaces } from './message.js';
import type { Race } from './race.js';
import { remappingRaces } from './remapping.js';
import { vcpuRaces } from './vcpu.js';

/** All races, in the order in which they are told. */
export const races: readonly Race[] = [...messageRaces, ...hotplugRaces, ...ioapicRaces, ...remappingRaces, ...amdRaces, ...vcpuRaces];
