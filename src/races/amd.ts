/** Races about AMD-Vi units, and guests of AMD. */
import type { Race } from './race.js';

export const amdRaces: readonly Race[] = [
  {
    id: 'amd-irte-valid-toggle',
    scenario: 'amd-msi-move',
    bad: { model: 'linux-5.8' },
    properties: ['no-fault', 'no-loss'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'amd-update-ga-nonatomic',
    reason:
      'the destination changes only while the entry says that the vCPU does not run, as each load follows a put: no order of the stores shows',
  },
  {
    id: 'avic-erratum-1235',
    reason: 'an IPI from one vCPU to another that the hardware delivers by itself is not modelled, nor the table in which it finds them',
  },
  {
    id: 'avic-galog-isrun',
    scenario: 'avic-post',
    bad: { model: 'linux-6.1' },
    properties: ['no-loss'],
    fixed: { model: 'linux-6.17' },
  },
  {
    id: 'apicv-inhibit-lazy-eoi',
    reason: 'the IOAPIC and the timers that a hypervisor emulates for its guest, and how it hears of their EOI, are not modelled',
  },
];
