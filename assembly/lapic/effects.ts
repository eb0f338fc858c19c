/**
 * What an access to a LAPIC asks of others: a register write only notes it here, and whoever made it carries it out at once
 * (assembly/fabric/effects.ts). Empty between two accesses.
 */

/** An IPI was asked for, and stands in `Lapic.send...`. */
export const SEND: u32 = 1;
/** A level-triggered vector was retired: an EOI broadcast (hardware.md A.12). */
export const BROADCAST: u32 = 2;
/** The timer counts to another cycle, or not any more. */
export const TIMER: u32 = 4;
/** A vector was accepted outside of any message: the core should look. */
export const LOOK: u32 = 8;

export let effects: u32 = 0;
/** Vector of `BROADCAST`. */
export let retired: u32 = 0;


@inline export function ask(effect: u32): void {
  effects |= effect;
}

export function askBroadcast(v: u32): void {
  effects |= BROADCAST;
  retired = v;
}

/** Returns what was asked for, and forgets it. */
@inline export function takeEffects(): u32 {
  const asked = effects;
  effects = 0;
  return asked;
}
