import { flag, whole, type Choices } from './choices.js';

/** When a CPU's stores to guest memory are visible to others (hardware.md A.2.3, J). */
export interface OrderChoice {
  /**
   * cycles from a store by `CpuPort.writeMmio` until others see it, with jitter the most; its own CPU sees it at once. A CPU's stores
   * become visible in order; at most 16 of them wait. Default 0: all see it at once. An access to a remote line takes 550 (G.2).
   */
  readonly storeLatency: number;
  /**
   * a WRMSR to the x2APIC ICR does not wait for the CPU's earlier stores, so that the IPI may be there first unless software has
   * fenced (A.2.3, T6). Uncacheable writes, as those to the ICR of xAPIC mode, always wait. Default true.
   */
  readonly x2apicIpiMayPassStores: boolean;
}

export const orderChoices: Choices<OrderChoice> = { storeLatency: whole(0, 0, 1_000_000, 'cycles'), x2apicIpiMayPassStores: flag(true) };
