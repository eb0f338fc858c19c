/**
 * What has been written since it was looked at last: the search packs and puts back nothing else. Set where contexts,
 * messages and variables are written, and nowhere else; records of CPUs, devices and sources are compared.
 */
import { cpuChanged, variableChanged } from './changed';

/** CPUs whose contexts were written, by bits 31:0 of the CPU's index modulo 32. */
export let touchedCpus: u32 = 0;
export let touchedMessages: bool = false;
export let touchedVariables: bool = false;
/** Invalidation queues of remapping units. */
export let touchedQueues: bool = false;


@inline export function touchCpu(c: u32): void {
  touchedCpus |= (<u32>1) << (c & 31);
  cpuChanged(c);
}


@inline export function touchMessages(): void {
  touchedMessages = true;
}

/** The one at this address, of 16 bytes at most in an aligned block of as many. */
@inline export function touchVariables(at: usize): void {
  touchedVariables = true;
  variableChanged(at);
}


@inline export function touchQueues(): void {
  touchedQueues = true;
}

export function clearTouched(): void {
  touchedCpus = 0;
  touchedMessages = false;
  touchedVariables = false;
  touchedQueues = false;
}
