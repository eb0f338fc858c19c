/** The failures of the built-in scenarios, as a search finds them: what minimising, explaining and drawing are tested on. */
import type { Failure, System } from '../../src/index.js';
import { searchOf, systemFrom, type Options } from './help.js';

const failing: readonly (readonly [scenario: string, options: Options])[] = [
  ['xhci-hotplug', { model: '5.6' }],
  ['xhci-hotplug', { set: { retrigger: 'none' } }],
  ['xhci-hotplug', { set: { slotMark: 'none' } }],
  ['xhci-hotplug', { set: { irrScan: 'none' } }],
  ['xhci-hotplug', { assume: { sampling: 'then-delay' } }],
  ['torn-move', { model: '5.5' }],
  ['torn-move', { model: '5.8' }],
  ['torn-move', { assume: { push: 'root-complex' } }],
  ['xhci-torn-offline', { assume: { push: 'root-complex' } }],
  ['xhci-torn-offline', { set: { msiUpdate: 'direct' } }],
  ['xhci-torn-offline', { set: { moveMark: 'none' } }],
  ['move-hotplug', {}],
];

export interface Found {
  readonly name: string;
  readonly system: System;
  readonly failure: Failure;
}

/** Every failure of every one of them. */
export async function allFailures(): Promise<Found[]> {
  const found: Found[] = [];
  for (const [scenario, options] of failing) {
    const system = systemFrom(scenario, options);
    for (const failure of (await searchOf(scenario, options)).failures) {
      found.push({ name: `${scenario} ${JSON.stringify(options)} ${failure.property}`, system, failure });
    }
  }
  return found;
}
