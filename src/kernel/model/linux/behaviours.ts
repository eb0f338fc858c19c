/**
 * What differs between versions of Linux, as named behaviours. A version is a table of them; a user sets single ones to
 * try a repair, or to take one away and see what it was for.
 */

/** Where the knowledge comes from: read in the kernel's source or changelog, or from memory of it (linux.md, tags S and M). */
export type Evidence = 'read' | 'memory';

/** Every behaviour with its possible values. */
export const behaviours = {
  msiUpdate: {
    text: 'how the message of a non-maskable MSI is moved (linux.md 2.5)',
    values: {
      direct: 'all registers in one pass: torn in between',
      twoStep: 'new vector at the old CPU first, then the new CPU; then the own IRR is read',
    },
  },
  moveMark: {
    text: 'the slot of the temporary vector during a two-step update (2.5 s6)',
    values: { mark: 'marked RETRIGGERED, so that a late vector is swallowed', none: 'left as it is' },
  },
  completeMove: {
    text: 'when irq_complete_move sends the old vector to cleanup (2.7)',
    values: {
      compare: 'the vector of this interrupt is the current one, on the current CPU',
      dead: 'compares with a value that never matches: never',
      any: 'any interrupt on the current CPU',
    },
  },
  lapicDisable: {
    text: 'when the dying CPU disables its LAPIC by software (2.8)',
    values: { early: 'before interrupts are moved away', late: 'after they are moved away' },
  },
  settleDelay: {
    text: 'the wait between moving interrupts away and the scan of the IRR (2.8 d5)',
    values: { mdelay: 'mdelay(1)', none: 'no wait' },
  },
  irrScan: {
    text: 'the scan of the dying CPU for pending vectors (2.8 d6)',
    values: { scan: 'every slot in use', none: 'slots are cleared without a look at the IRR' },
  },
  retrigger: {
    text: 'what happens to a vector found pending on the dying CPU (2.8 d6)',
    values: { ipi: 'sent again to the new target', none: 'nothing' },
  },
  slotMark: {
    text: 'the slot of a vector found pending on the dying CPU (2.8 d6)',
    values: { mark: 'marked RETRIGGERED, so that it is swallowed once', none: 'cleared like the others' },
  },
  iecFlush: {
    text: 'what follows a change of a remapping entry (2.6)',
    values: { flush: 'the cached entry is invalidated', none: 'nothing: what is cached stays' },
  },
  iecWait: {
    text: 'whether the kernel waits for the invalidation (2.6)',
    values: { wait: 'until the status of the wait descriptor is written', none: 'it goes on at once' },
  },
  iecIndex: {
    text: 'which entries the invalidation covers (2.6)',
    values: { entry: 'the one that changed', first: 'index 0 with mask 0: the first of a block, whichever changed' },
  },
} as const;

export type BehaviourName = keyof typeof behaviours;
export type Behaviours = { readonly [N in BehaviourName]: keyof (typeof behaviours)[N]['values'] };

/** One value of a version and how it is known. */
interface Known<V> {
  readonly value: V;
  readonly evidence: Evidence;
}

type Version = { readonly [N in BehaviourName]: Known<Behaviours[N]> };

function read<const V extends string>(value: V): Known<V> {
  return { value, evidence: 'read' };
}

const common = {
  moveMark: read('mark'),
  settleDelay: read('mdelay'),
  irrScan: read('scan'),
  retrigger: read('ipi'),
  slotMark: read('mark'),
  iecFlush: read('flush'),
  iecWait: read('wait'),
  iecIndex: read('entry'),
} as const;

/** linux.md 2.5 (message update), 2.7 (cleanup), 2.8 d2' and d8 (LAPIC disable). */
export const versions: Readonly<Record<string, Version>> = {
  '5.5': { ...common, msiUpdate: read('direct'), completeMove: read('compare'), lapicDisable: read('early') },
  '5.6': { ...common, msiUpdate: read('twoStep'), completeMove: read('compare'), lapicDisable: read('early') },
  '5.8': { ...common, msiUpdate: read('twoStep'), completeMove: read('dead'), lapicDisable: read('early') },
  '5.9': { ...common, msiUpdate: read('twoStep'), completeMove: read('any'), lapicDisable: read('late') },
};
