import { Assumption } from '../core/index.js';

/**
 * Assumptions about hardware and time that an algorithm may rest on (design 1), each a named choice. The first value is the
 * default, the one kernel developers argue with. Verdicts print them.
 */
export const assumptionValues = {
  /** a device forms its message at the instant it sends it, or samples first and sends later */
  sampling: ['at-once', 'then-delay'],
  /** how far the completion of a config access pushes the function's earlier messages (hardware.md C.6 G3) */
  push: ['irr', 'root-complex', 'none'],
  /** any message is delivered within an mdelay, or after any time */
  delivery: ['within-mdelay', 'unbounded'],
  /** a deliverable vector is taken before the next micro-op, or the CPU may first go on */
  recognition: ['prompt', 'free'],
  /** a software-disabled LAPIC dispatches what its IRR holds, or holds it (hardware.md A.9.1) */
  softDisabled: ['dispatches', 'holds'],
  /**
   * how far a completed wait, of VT-d or of AMD, has pushed requests that used an invalidated entry: to the IRR, out of the unit, not
   * at all (hardware.md D.4.3, F.5). A posted one is out of the unit when PIR and ON have changed and the notification, if there is
   * one, is sent; it has reached its end when the notification has, or there is none.
   */
  iecDrain: ['irr', 'root-complex', 'none'],
  /** a remapping entry of 128 bits is read in one instant, or its low half first (hardware.md D.5, F.7) */
  irteFetch: ['whole', 'halves'],
  /** what becomes of an edge at a masked pin: 82093AA forgets it, many chipsets send it when the pin is unmasked (hardware.md B.3) */
  ioapicEdge: ['lost', 'latched'],
} as const;

/** Whose values are another's alternatives: neither allows all that the other does. Of the rest each value allows more than the one before. */
export const alternatives: ReadonlySet<keyof typeof assumptionValues> = new Set(['softDisabled', 'ioapicEdge']);

/** What an algorithm may rest on, each a named choice (design 1). */
export type Assumptions = { readonly [K in keyof typeof assumptionValues]: (typeof assumptionValues)[K][number] };

export const defaultAssumptions: Assumptions = {
  sampling: 'at-once',
  push: 'irr',
  delivery: 'within-mdelay',
  recognition: 'prompt',
  softDisabled: 'dispatches',
  iecDrain: 'irr',
  irteFetch: 'whole',
  ioapicEdge: 'lost',
};

/** Those about parts that not every machine has: one without them does not rest on these. */
export const assumptionsAbout: { readonly [P in 'iommu' | 'ioapic']: readonly (keyof Assumptions)[] } = {
  iommu: ['iecDrain', 'irteFetch'],
  ioapic: ['ioapicEdge'],
};

/** What each says, for a verdict. */
export const assumptionText: { readonly [K in keyof Assumptions]: { readonly [V in Assumptions[K]]: string } } = {
  sampling: {
    'at-once': 'a device samples address and data when it sends',
    'then-delay': 'a device may sample first and send later',
  },
  push: {
    irr: 'a config completion pushes earlier messages as far as the IRR',
    'root-complex': 'a config completion pushes earlier messages to the root complex only',
    none: 'a config completion pushes nothing',
  },
  delivery: { 'within-mdelay': 'any message is delivered within an mdelay', unbounded: 'a message may take any time' },
  recognition: { prompt: 'a deliverable vector is taken before the next micro-op', free: 'a CPU may go on before it takes a vector' },
  softDisabled: {
    dispatches: 'a software-disabled LAPIC dispatches what its IRR holds',
    holds: 'a software-disabled LAPIC holds what is in its IRR',
  },
  iecDrain: {
    irr: 'an invalidation wait drains requests that used the old entry as far as the IRR',
    'root-complex': 'an invalidation wait drains requests that used the old entry out of the root complex only',
    none: 'an invalidation wait drains nothing',
  },
  ioapicEdge: { lost: 'an edge at a masked pin is lost', latched: 'an edge at a masked pin is kept until it is unmasked' },
  irteFetch: { whole: 'a remapping entry is fetched in one piece', halves: 'a remapping entry may be fetched in two halves' },
};

/** The mask for the core. */
export function assumptionMask(a: Assumptions): number {
  return (
    (a.iecDrain === 'root-complex' ? Assumption.drainToRoot : a.iecDrain === 'none' ? Assumption.noDrain : 0) |
    (a.irteFetch === 'halves' ? Assumption.irteHalves : 0) |
    (a.ioapicEdge === 'latched' ? Assumption.edgeLatched : 0) |
    (a.sampling === 'at-once' ? Assumption.sampleAtOnce : 0) |
    (a.push === 'none' ? 0 : Assumption.pushToRoot) |
    (a.push === 'irr' ? Assumption.pushToIrr : 0) |
    (a.delivery === 'within-mdelay' ? Assumption.deliveryWithinMdelay : 0) |
    (a.recognition === 'prompt' ? Assumption.promptRecognition : 0) |
    (a.softDisabled === 'dispatches' ? Assumption.disabledDispatches : 0)
  );
}
