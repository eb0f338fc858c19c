/** Races about interrupts that are posted to a vCPU. */
import type { Race } from './race.js';

export const vcpuRaces: readonly Race[] = [
  {
    id: 'vtd-irte-two-halves/vcpu',
    scenario: 'vcpu-post',
    bad: { model: 'linux-5.9', set: { irteUpdate: 'split' } },
    properties: ['no-loss', 'no-fault'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'pi-clear-sn-without-on',
    scenario: 'vcpu-preempt',
    bad: { model: 'linux-4.19' },
    properties: ['no-loss'],
    fixed: { model: 'linux-5.4' },
  },
  {
    id: 'pi-pre-block-order',
    scenario: 'vcpu-block',
    bad: { model: 'linux-7.0', set: { piBlockOrder: 'nvFirst' } },
    properties: ['no-loss'],
    fixed: { model: 'linux-7.0' },
  },
  {
    id: 'pi-pre-block-order/on',
    scenario: 'vcpu-block',
    bad: { model: 'linux-7.0', set: { piBlockOn: 'none' } },
    properties: ['no-loss'],
    fixed: { model: 'linux-7.0' },
  },
];
