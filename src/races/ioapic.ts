/** Races about pins of the IOAPIC. */
import type { Race } from './race.js';

export const ioapicRaces: readonly Race[] = [
  {
    id: 'ioapic-remote-irr-migrate',
    scenario: 'level-pin-vector-move',
    bad: { model: 'linux-5.9', set: { levelMove: 'beforeEoi' } },
    properties: ['no-stuck-line'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'ioapic-remote-irr-migrate/travelling',
    scenario: 'level-pin-vector-move',
    bad: { model: 'linux-5.9', set: { levelMove: 'unflushed' } },
    properties: ['no-stuck-line'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'ioapic-forwarded-ipi-tmr',
    scenario: 'level-pin-offline',
    bad: { model: 'linux-5.9', set: { levelEoi: 'broadcast' } },
    properties: ['no-stuck-line'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'ioapic-forwarded-ipi-tmr/no-eoi-register',
    scenario: 'old-level-pin-offline',
    bad: { model: 'linux-5.9', set: { levelEoi: 'broadcast' } },
    properties: ['no-stuck-line'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'ioapic-oneshot-unmask',
    scenario: 'level-pin-threaded-move',
    bad: { model: 'linux-5.4' },
    properties: ['oneshot-masked'],
    fixed: { model: 'linux-5.5' },
  },
  {
    id: 'ioapic-edge-lost-while-masked',
    scenario: 'edge-pin-offline',
    bad: { model: 'linux-7.0' },
    properties: ['no-loss'],
    fixed: { model: 'linux-7.0', scenario: 'remapped-edge-pin-offline' },
    reason: 'no version is without it. Behind a remapping unit the pin is not masked; a chipset that latches edges loses none either.',
  },
  {
    id: 'ioapic-rte-halves',
    scenario: 'timer-pin-move',
    bad: { model: 'linux-5.9', set: { moveMask: 'live' } },
    properties: ['no-stray'],
    fixed: { model: 'linux-5.9' },
  },
  {
    id: 'lowest-priority-logical',
    reason:
      'before 4.15 a vector was valid on a set of CPUs, and any of them could take it: vectors of the models are for one CPU, whichever the version',
  },
];
