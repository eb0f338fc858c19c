/** Races about interrupts that are posted to a vCPU. */
import type { Race } from './race.js';

export const vcpuRaces: readonly Race[] = [
  { id: 'pi-clear-sn-without-on', reason: 'the Linux models know no vCPUs yet' },
  { id: 'pi-pre-block-order', reason: 'the Linux models know no vCPUs yet' },
];
