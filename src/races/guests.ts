/** Races about guests, of Intel and AMD, and about AMD's remapping units. */
import type { Race } from './race.js';

export const guestRaces: readonly Race[] = [
  { id: 'amd-irte-valid-toggle', reason: 'the Linux models know no AMD-Vi units yet' },
  { id: 'amd-update-ga-nonatomic', reason: 'the Linux models know no AMD-Vi units yet' },
  { id: 'avic-erratum-1235', reason: 'the Linux models know no guests of AMD yet' },
  { id: 'avic-galog-isrun', reason: 'the Linux models know no guests of AMD yet' },
  {
    id: 'apicv-inhibit-lazy-eoi',
    reason: 'the IOAPIC and the timers that a hypervisor emulates for its guest, and how it hears of their EOI, are not modelled',
  },
  { id: 'pi-clear-sn-without-on', reason: 'the Linux models know no guests yet' },
  { id: 'pi-pre-block-order', reason: 'the Linux models know no guests yet' },
];
