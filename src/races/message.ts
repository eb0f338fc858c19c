/** Races about the message of a device: written in several steps, not written, or sent by somebody who should be silent. */
import type { Race } from './race.js';

export const messageRaces: readonly Race[] = [
  {
    id: 'msi-torn-nonmaskable',
    scenario: 'xhci-torn-offline',
    bad: { model: 'linux-4.19' },
    properties: ['no-loss'],
    fixed: { model: 'linux-5.9' },
    reason: 'repaired in 5.6, which loses the interrupt in another way (lapic-soft-disable-early)',
  },
  {
    id: 'msi-torn-nonmaskable/move',
    scenario: 'torn-move',
    bad: { model: 'linux-5.5' },
    properties: ['no-stray'],
    fixed: { model: 'linux-5.6' },
  },
  {
    id: 'msi-quirk-never-armed',
    scenario: 'torn-move',
    bad: { model: 'linux-5.17' },
    properties: ['no-stray'],
    fixed: { model: 'linux-6.7' },
    reason:
      'finding: the repair of 6.7 does not arm it either. It asks whether the irq can be reserved, which no irq without mask bits can, and updates those directly; 7.0 still does.',
  },
  {
    id: 'msi-quirk-never-armed/two-steps',
    scenario: 'torn-move',
    bad: { model: 'linux-7.0' },
    properties: ['no-stray'],
    fixed: { model: 'linux-7.0', set: { msiUpdate: 'twoStep' } },
    reason: 'a repair that is in no version: two steps for irqs that cannot be reserved',
  },
  {
    id: 'startup-affinity-unsafe',
    scenario: 'request-offline',
    bad: { model: 'linux-5.9' },
    properties: ['no-loss', 'no-stray'],
    fixed: { model: 'linux-5.14' },
  },
  {
    id: 'msi-write-not-flushed',
    scenario: 'msix-offline-late',
    bad: { model: 'linux-5.9' },
    properties: ['no-loss', 'no-stray'],
    fixed: { model: 'linux-5.14' },
  },
  {
    id: 'msix-update-while-unmasked',
    scenario: 'msix-vector-move',
    bad: { model: 'linux-5.9', set: { moveMask: 'live' } },
    properties: ['no-stray', 'no-loss'],
    fixed: { model: 'linux-5.9' },
    reason:
      'in every version the core masks what it moves; that from 5.14 on the write itself masks an entry that is still open is not modelled',
  },
  {
    id: 'msix-stale-unmasked',
    reason:
      'a scenario begins with what this kernel has set up: entries that a kernel before it has left unmasked, with its vectors, cannot be described',
  },
  {
    id: 'msi-write-dropped-low-power',
    scenario: 'moved-asleep',
    bad: { model: 'linux-4.19', set: { resumeMessage: 'keep' } },
    properties: ['no-loss'],
    fixed: { model: 'linux-4.19' },
  },
  {
    id: 'msi-write-dropped-low-power/xhci',
    reason:
      'the report of 2022 needs a device that still sends when the kernel takes it to be in D3: devices of the model raise nothing from suspend to resume. The repair was in the driver.',
  },
];
