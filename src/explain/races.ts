/** Races among the built-in scenarios that end in a symptom which a log shows. A test runs each and holds that it fails as it says. */
import type { Resemblance } from './explained.js';

function race(scenario: string, options: string, text: string): Resemblance {
  return { scenario, command: `irqlab check --scenario ${scenario}${options === '' ? '' : ` ${options}`}`, text };
}

/** races.md dmar-fault-irte-not-present */
export const freed = race(
  'remapped-msix-free',
  '--model linux-5.9',
  'An MSI-X irq is freed while its device sends: the mask is not read back before Linux 5.14, and a late message finds its entry gone.',
);

/** races.md free-irq-in-flight */
export const freedStray = race(
  'msix-free',
  '--model linux-4.19',
  'An irq is freed while a message of it is on its way: before Linux 5.3 the slot is empty when it arrives.',
);

/** races.md msi-torn-nonmaskable */
export const torn = race('torn-move', '--model linux-5.5', 'A device without mask bits sends while its irq moves: new CPU, old vector.');

export const tornOffline = race(
  'xhci-torn-offline',
  '--set msiUpdate=direct',
  'The same while its CPU goes offline, and no handler follows: the interrupt is lost, and the handler of another irq runs.',
);

/** races.md vtd-iec-omitted-or-late */
export const noFlush = race(
  'remapped-msi-move',
  '--set iecFlush=none',
  'The entry of an irq is changed and the unit is not told: messages go to the old CPU and vector.',
);

/** races.md vtd-no-drain-erratum */
export const noDrain = race(
  'remapped-msi-move',
  '--assume iecDrain=none',
  'The unit says that an invalidation is done while messages by the old entry are under way (an erratum of the 5520 and X58 chipsets).',
);

/** races.md amd-irte-valid-toggle */
export const amdToggle = race(
  'amd-msi-move',
  '--model linux-5.8',
  'An entry of 128 bits changes by four stores, and a message comes while it is not valid: before Linux 5.9.',
);

/** linux.md 2.6: need_sync is read without the lock of the unit */
export const amdTwoMovers = race(
  'amd-two-movers',
  '--model linux-6.1',
  'Two CPUs move an irq each behind the same AMD-Vi unit, and one of them does not wait for its invalidation: before Linux 6.5.',
);

/** races.md lapic-soft-disable-early */
export const lapicEarly = race(
  'xhci-hotplug',
  '--model linux-5.6',
  'Linux 5.4 to 5.8 disabled the LAPIC of a CPU that goes offline before its interrupts had left it: the message is dropped.',
);

/** races.md vector-leak-cpu-offline */
export const leak = race(
  'move-hotplug',
  '--model linux-5.9',
  'A moved irq has had no interrupt on its new CPU when the old one goes offline: the old vector stays allocated (until 6.10).',
);

export const noVector = race('msi-no-vector', '', 'A move to a CPU that has no vector left is refused, and the irq stays where it is.');

/** All of them, for the test. */
export const races: readonly Resemblance[] = [
  freed,
  freedStray,
  torn,
  tornOffline,
  noFlush,
  noDrain,
  lapicEarly,
  leak,
  noVector,
  amdToggle,
  amdTwoMovers,
];
