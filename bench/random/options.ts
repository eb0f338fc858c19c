/** Random machines: small ones mostly, sparse ids, odd models, pools that are soon full. */
import type { MachineOptions } from '../../src/machine/library.js';
import type { Dice } from './dice.js';

export function randomOptions(dice: Dice): MachineOptions & { readonly apicIds: readonly number[] } {
  const cpus = dice.of([1, 2, 3, 4, 1 + dice.below(16), 1 + dice.below(70)]);
  return {
    apicIds: randomIds(dice, cpus),
    bootstrap: dice.below(cpus),
    ioapics: Array.from({ length: dice.below(4) }, () => ({
      version: dice.of([0x20, 0x11] as const),
      pins: dice.of([1, 8, 24, 24, 120]),
      resendDelay: dice.below(200),
      retryInterval: 1 + dice.below(5000),
    })),
    cpu: {
      vendor: dice.of(['intel', 'amd'] as const),
      x2apic: !dice.oneIn(8),
      tscDeadline: !dice.oneIn(4),
      maxLvtIndex: dice.of([3, 4, 5, 6] as const),
      eoiBroadcastSuppress: dice.oneIn(2),
      lowPriIpi: dice.oneIn(2),
      timerTick: dice.of([30, 1, 125]),
    },
    lapic: {
      allowXapicIdWrite: dice.oneIn(4),
      lowestPriPolicy: dice.of(['hashVector', 'minTpr', 'rotate', 'first'] as const),
      pprEqualClassSub: dice.of(['tpr', 'zero'] as const),
    },
    memory: dice.of([0, 4096, 65536]),
    messages: dice.of([1, 3, 16, 64, 400]),
    jitter: dice.oneIn(2),
    seed: dice.word(),
    events: dice.oneIn(4),
  };
}

/** Dense, sparse in eight bits, or anywhere in 32. */
function randomIds(dice: Dice, cpus: number): number[] {
  const kind = dice.below(3);
  const ids = new Set<number>();
  while (ids.size < cpus) ids.add(kind === 0 ? ids.size : kind === 1 ? dice.below(255) : Math.min(dice.word(), 0xfffffffe));
  return [...ids];
}
