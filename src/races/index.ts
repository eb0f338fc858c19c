/** The room of known races: each with a kernel that has it and one in which it is repaired, and what a check says of both. */
export { races } from './all.js';
export { decideRace } from './decide.js';
export { isChecked, type CheckedRace, type Kernel, type OpenRace, type Race, type RaceOutcome, type RaceResult } from './race.js';
