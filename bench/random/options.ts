/** Random machines: small ones mostly, sparse ids, odd models, pools that are soon full. */
import type { IommuOptions, MachineOptions } from '../../src/machine/library.js';
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
    order: { storeLatency: dice.of([0, 0, 200, 3000]), x2apicIpiMayPassStores: dice.oneIn(2) },
    memory: dice.of([0, 4096, 65536, 65536, 65536]),
    messages: dice.of([1, 3, 16, 64, 400]),
    jitter: dice.oneIn(2),
    seed: dice.word(),
    events: dice.oneIn(4),
    iommus: randomUnits(dice),
    assumptions: {
      iecDrain: dice.of(['irr', 'root-complex', 'none'] as const),
      irteFetch: dice.of(['whole', 'halves'] as const),
    },
  };
}

/** None, one for all, or several that have parts of the requesters. */
function randomUnits(dice: Dice): IommuOptions[] {
  const units = dice.oneIn(3) ? 0 : dice.oneIn(3) ? 1 + dice.below(4) : 1;
  const rest = dice.below(units + 1);
  return Array.from({ length: units }, (_, unit) => {
    const entries = 1 << dice.below(9);
    const scope = unit !== rest && { scope: { requesters: [unit, [0x100 * (unit + 1), 0x100 * (unit + 1) + dice.below(256)] as const] } };
    const ways = Math.min(entries, 1 << dice.below(5));
    if (dice.oneIn(2))
      return {
        type: 'amd',
        ...scope,
        capabilities: { ga: !dice.oneIn(4), xt: !dice.oneIn(4), guest: !dice.oneIn(4), numIntRemap: dice.oneIn(2) },
        cache: { entries, ways, randomEvict: dice.oneIn(3), deviceEntries: 1 << dice.below(5), irtCacheDis: dice.oneIn(6) },
      };
    return {
      ...scope,
      capabilities: {
        cm: dice.oneIn(3),
        esirtps: dice.oneIn(3),
        pi: !dice.oneIn(4),
        eim: !dice.oneIn(4),
        c: !dice.oneIn(4),
        mhmv: dice.of([15, 0, 3]),
        wideDescriptors: dice.oneIn(2),
      },
      cache: { entries, ways, prefetch: dice.oneIn(3), randomEvict: dice.oneIn(3) },
      faults: { records: 1 + dice.below(10), collapse: dice.oneIn(2) },
    };
  });
}

/** Dense, sparse in eight bits, or anywhere in 32. */
function randomIds(dice: Dice, cpus: number): number[] {
  const kind = dice.below(3);
  const ids = new Set<number>();
  while (ids.size < cpus) ids.add(kind === 0 ? ids.size : kind === 1 ? dice.below(255) : Math.min(dice.word(), 0xfffffffe));
  return [...ids];
}
