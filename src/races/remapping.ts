/** Races about remapping units: entries, invalidations, posted messages. */
import type { Race } from './race.js';

export const remappingRaces: readonly Race[] = [
  {
    id: 'vtd-irte-two-halves',
    scenario: 'posted-msi-move',
    bad: { model: 'linux-7.0', set: { irteUpdate: 'split' } },
    properties: ['no-loss', 'no-fault'],
    fixed: { model: 'linux-7.0' },
  },
  {
    id: 'vtd-iec-omitted-or-late/omitted',
    scenario: 'remapped-msi-move',
    bad: { model: 'linux-5.9', set: { iecFlush: 'none' } },
    properties: ['no-loss', 'no-stray'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'vtd-iec-omitted-or-late/late',
    scenario: 'remapped-msi-move',
    bad: { model: 'linux-5.9', set: { iecWait: 'none' } },
    properties: ['no-loss', 'no-stray'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'vtd-iec-omitted-or-late/first-index',
    scenario: 'remapped-multi-msi-move',
    bad: { model: 'linux-5.9', set: { iecIndex: 'first' } },
    properties: ['no-loss', 'no-stray'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'vtd-iec-omitted-or-late/error',
    reason: 'an invalidation that ends with an error: a unit refuses only what is wrongly written, and the models write it right',
  },
  {
    id: 'vtd-qi-abort-ordering',
    scenario: 'remapped-msi-two-moves',
    bad: { model: 'linux-5.9', set: { iecStatus: 'stale' } },
    properties: ['no-loss', 'no-stray'],
    fixed: { model: 'linux-5.9' },
    reason:
      'the status of a lap before, taken for that of this one. The abort itself is a time-out of a device TLB, whose invalidations the models do not send.',
  },
  {
    id: 'vtd-posted-msi-no-move',
    scenario: 'posted-msi-move-back',
    bad: { model: 'linux-6.12' },
    properties: ['progress'],
    fixed: { model: 'linux-6.15' },
  },
  {
    id: 'vtd-posted-msi-retrigger-no-eoi',
    scenario: 'posted-msi-offline',
    bad: { model: 'linux-6.17' },
    properties: ['no-stuck-isr'],
    fixed: { model: 'linux-6.19' },
  },
  {
    id: 'vtd-no-drain-erratum',
    scenario: 'remapped-msi-no-drain',
    bad: { model: 'linux-5.9' },
    properties: ['no-loss', 'no-stray'],
    fixed: { model: 'linux-5.9', scenario: 'msi-move' },
    reason: 'the hardware is at fault: the kernel turns remapping off on these chipsets',
  },
  {
    id: 'dmar-fault-irte-not-present',
    scenario: 'remapped-msix-free',
    bad: { model: 'linux-5.9' },
    properties: ['no-fault'],
    fixed: { model: 'linux-5.14' },
  },
];
