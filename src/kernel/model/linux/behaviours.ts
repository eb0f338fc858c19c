/**
 * What differs between versions of Linux, as named behaviours, and what a user may take away to see what it was for. A version
 * is a table of them (versions.ts).
 *
 * Left out, since no check can show them: warnings; which vectors are outside of every universe (0x20 may be given to devices
 * from 6.6 on, 0xeb no more from 6.10 on); counters that only warn (global_available).
 */

/** Every behaviour with its possible values. */
export const behaviours = {
  msiUpdate: {
    text: 'how the message of an MSI is moved without remapping (linux.md 2.5)',
    values: {
      direct: 'all registers in one pass: torn in between',
      twoStep: 'without mask bits new vector at the old CPU first, then the new CPU; then the own IRR is read',
      twoStepReserved: 'two steps for irqs that can be reserved, which none without mask bits can: that is torn in between',
    },
  },
  moveMark: {
    text: 'the slot of the temporary vector during a two-step update (2.5 s6)',
    values: { mark: 'marked RETRIGGERED, so that a late vector is swallowed', none: 'left as it is' },
  },
  msiReadBack: {
    text: 'after a message was written (2.5 w5)',
    values: { none: 'nothing', read: 'a register of the device is read, which flushes the writes' },
  },
  busyMove: {
    text: 'a move that is refused since the one before is not cleaned up (2.5)',
    values: { rearm: 'waits for the next interrupt', drop: 'is forgotten' },
  },
  unfinishedMove: {
    text: 'a move while the one before is not done (2.4; races.md vector-cleanup-races-2016 a)',
    values: {
      refuse: 'is refused until the old vector is free',
      overwrite: 'is refused until the old CPU has been told to free the old vector; what is queued there is forgotten (before 4.5)',
    },
  },
  completeMove: {
    text: 'when irq_complete_move sends the old vector to cleanup (2.7)',
    values: {
      compare: 'the vector of this interrupt is the current one, on the current CPU',
      dead: 'compares with a value that never matches: never',
      any: 'any interrupt on the current CPU',
    },
  },
  cleanup: {
    text: 'what tells the old CPU to free the vector of a move (2.7)',
    values: { ipi: 'an IPI of the lowest priority', timer: 'a timer on that CPU, a jiffy later' },
  },
  cleanupOffline: {
    text: 'the old vector of a move whose old CPU is offline when it is to be cleaned up (2.7)',
    values: { leak: 'forgotten, still allocated', free: 'freed' },
  },
  freeMoved: {
    text: 'how the cleanup on the old CPU frees a vector (2.7; races.md vector-cleanup-races-2016 b)',
    values: {
      locked: 'vector and slot under one hold of vector_lock',
      split: 'the vector under vector_lock, the slot behind it: it may be in use again (before 4.5)',
    },
  },
  oldCpuOffline: {
    text: 'the old vector of a move from a CPU that is offline (2.4; races.md vector-release-unplug)',
    values: { free: 'freed at once', cleanup: 'left to a cleanup, which that CPU does not do (before 4.15)' },
  },
  emptyMask: {
    text: 'the search for a vector on none of the CPUs (2.3; races.md matrix-empty-mask-up)',
    values: { none: 'finds none', first: 'finds CPU 0, as a kernel for one CPU does (before 5.9)' },
  },
  matrixOnline: {
    text: 'the vectors of a CPU that are still allocated when it comes back (2.3; races.md matrix-dormant-vectors)',
    values: { kept: 'stay allocated', zeroed: 'are free (before 4.16)' },
  },
  managedPick: {
    text: 'the CPU of a managed irq, of those in its affinity (2.3)',
    values: { first: 'the first', least: 'the one with fewest managed irqs' },
  },
  shutdownMark: {
    text: 'the slot of an irq that is shut down (2.11)',
    values: { none: 'UNUSED: what comes late is a stray', mark: 'SHUTDOWN: what comes late is swallowed' },
  },
  deactivate: {
    text: 'when free_irq takes vector and message away (2.11)',
    values: { atShutdown: 'before it waits for handlers in progress', afterWait: 'after it has waited for them' },
  },
  freedMove: {
    text: 'the vectors of an irq that is deactivated in the middle of a move (2.11; races.md vector-cleanup-races-2016 d)',
    values: { both: 'the new one and the old one are given back', current: 'the new one is given back (before 4.5)' },
  },
  startupAffinity: {
    text: 'when request_irq puts an irq on its CPU (2.11)',
    values: { afterUnmask: 'when it is started and unmasked', beforeUnmask: 'before' },
  },
  inactiveMove: {
    text: 'a move of an irq that is not activated (2.4)',
    values: { wait: 'waits for its first interrupt', store: 'is done when it is activated' },
  },
  managedStart: {
    text: 'a managed irq that was disabled when its last CPU went, and one comes back (2.9)',
    values: { forced: 'it is started all the same', depth: 'it stays disabled' },
  },
  resumeMessage: {
    text: 'the message of a device that has power again (2.5; races.md msi-write-dropped-low-power)',
    values: {
      restore: 'what was remembered meanwhile is written',
      keep: 'stays what it was when the device lost its power (hibernation before 4.14)',
    },
  },
  moveMask: {
    text: 'what is moved by an edge of its own, or by an offline, and has a mask bit (2.5; races.md msix-update-while-unmasked, ioapic-rte-halves)',
    values: { masked: 'is masked meanwhile', live: 'is not: its registers change one by one while it may send' },
  },
  levelMove: {
    text: 'when the entry of a level-triggered pin may be moved (races.md ioapic-remote-irr-migrate)',
    values: {
      flushed: 'behind the EOI, if Remote IRR is seen clear, which waits for the EOI of this CPU to arrive',
      unflushed: 'behind the EOI',
      beforeEoi: 'before the EOI (before 2.6.21)',
    },
  },
  levelEoi: {
    text: 'the EOI of a level whose vector came by an IPI (races.md ioapic-forwarded-ipi-tmr)',
    values: { explicit: 'is made up for at the IOAPIC', broadcast: 'is left to the LAPIC, which took it for an edge' },
  },
  levelUnmask: {
    text: 'the acknowledge of a level-triggered pin that is moved in it, if its thread still has it masked (races.md ioapic-oneshot-unmask)',
    values: { always: 'unmasks it all the same', unlessMasked: 'leaves it masked' },
  },
  levelWait: {
    text: 'what free_irq and disable_irq wait for, of a level-triggered pin (2.11)',
    values: { handler: 'handlers in progress', remoteIrr: 'these, and that the Remote IRR of the pin is clear' },
  },
  edgeInProgress: {
    text: 'an edge while the handler runs on another CPU (2.11)',
    values: { pending: 'is left for that CPU', wait: 'on the CPU that is the target now: waits for the handler to end, and handles it' },
  },
  emptySlot: {
    text: 'a vector without an irq in the vector table (2.11)',
    values: { once: 'as the table says', recheck: 'as the table says under vector_lock' },
  },
  lapicDisable: {
    text: 'when the dying CPU disables its LAPIC by software (2.8)',
    values: { never: 'it only masks local lines', early: 'before interrupts are moved away', late: 'after they are moved away' },
  },
  forceComplete: {
    text: 'which unfinished moves an offline ends by force (2.8 d4)',
    values: {
      target: 'of irqs that are on the dying CPU',
      involved: 'of irqs that are, or were, on the dying CPU',
      none: 'none (before 4.5)',
    },
  },
  noVectorLeft: {
    text: 'an offline finds no vector free in the affinity of an irq (2.8 d4)',
    values: { stay: 'the irq stays where it is', anywhere: 'any online CPU will do' },
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
  offlineList: {
    text: 'vectors that wait for their cleanup on the dying CPU (2.8 d7)',
    values: { leave: 'left on its list', free: 'freed' },
  },
  onlineSlots: {
    text: 'when a CPU that comes up fills its vector table (2.9; races.md vector-hotplug-setup-race)',
    values: {
      locked: 'when it gets online, under one hold of vector_lock',
      before: 'before it gets online, from what irqs have it as target then; who frees one meanwhile passes over it (before 4.2)',
    },
  },
  irteUpdate: {
    text: 'how a remapping entry changes that is in posted format, or was (2.6; races.md vtd-irte-two-halves)',
    values: { split: 'in two stores of 8 bytes, the lower half first, like any other (before 4.15)', atomic: 'in one of 16 bytes' },
  },
  iecFlush: {
    text: 'what follows a change of a remapping entry (2.6)',
    values: { flush: 'what units have cached of it is invalidated', none: 'nothing: what is cached stays' },
  },
  iecWait: {
    text: 'whether the kernel waits for the invalidation (2.6)',
    values: {
      wait: 'until a wait behind it is complete',
      before: 'until a wait in front of it is complete, which does not cover it',
      none: 'it goes on at once',
    },
  },
  iecStatus: {
    text: 'the status that the invalidation writes, behind VT-d units (2.6; races.md vtd-qi-abort-ordering)',
    values: { reset: 'is set before to what is not done', stale: 'is still what the invalidation before has left' },
  },
  postedAck: {
    text: 'the acknowledge of a posted MSI (2.6; races.md vtd-posted-msi-no-move, vtd-posted-msi-retrigger-no-eoi)',
    values: {
      nothing: 'does nothing',
      move: 'does a move that waits',
      moveEoi: 'does a move that waits; where the vector itself was taken, and no notification, it writes EOI',
    },
  },
  pendingPosted: {
    text: 'where a cleanup and the scan of a dying CPU look for a vector that is pending (2.7, 2.8 d6)',
    values: { unseen: 'in the IRR', seen: 'in the IRR, and in PIR of the descriptor of the CPU' },
  },
  piLoad: {
    text: 'the load of a vCPU that was preempted (races.md pi-clear-sn-without-on)',
    values: {
      snOnly: 'clears SN',
      recheck: 'clears SN, then looks at PIR, and sets ON if there is something',
    },
  },
  piLoadBlocked: {
    text: 'the load of a vCPU on another CPU while it is on the list of blocked ones',
    values: { keep: 'leaves NDST alone', move: 'changes NDST, and leaves it on the list of the old CPU' },
  },
  piBlock: {
    text: 'when a vCPU that blocks is put on the list of its CPU, with the NV of blocked ones (races.md pi-pre-block-order)',
    values: {
      preBlock: 'before its thread looks for events and sleeps; it is taken back if ON is set',
      put: 'when its thread loses the CPU; an IPI to itself if ON is set; each load takes it back',
    },
  },
  piBlockOrder: {
    text: 'the list and NV, of a vCPU that blocks (races.md pi-pre-block-order)',
    values: {
      listFirst: 'interrupts are off, and it is on the list when NV changes',
      nvFirst: 'NV changes first, and interrupts come in between',
    },
  },
  piBlockOn: {
    text: 'ON, of a vCPU that blocks, behind the change of NV (races.md pi-pre-block-order)',
    values: { test: 'is looked at', none: 'is not looked at' },
  },
  piUpdate: {
    text: 'how NV and NDST of a vCPU that blocks change (hardware.md E.4)',
    values: { cmpxchg: 'in one step with ON, which a unit may set meanwhile', stores: 'by a read and two stores' },
  },
  vmEntry: {
    text: 'what is in PIR before a VM entry (hardware.md E.4)',
    values: { sync: 'is taken if ON is set', blind: 'stays there' },
  },
  postedVcpuMove: {
    text: 'a move of a posted MSI that is posted to a vCPU (2.6)',
    values: { skip: 'leaves its remapping entry alone', overwrite: 'makes its remapping entry go to the descriptor of the CPU' },
  },
  unpostEntry: {
    text: 'the remapping entry of a posted MSI that is not to be posted to a vCPU any more (2.6)',
    values: {
      current: 'goes to the descriptor of its CPU',
      cached: 'is what is kept of it: in posted format, with a destination where the address of a descriptor is',
    },
  },
  amdIrteUpdate: {
    text: 'how an entry of 128 bits changes behind AMD-Vi units (2.6; races.md amd-irte-valid-toggle)',
    values: {
      validToggle: 'valid = 0; upper half; lower half; valid = 1: torn in between, and valid whatever is asked for',
      atomic: 'one store of 16 bytes',
    },
  },
  amdCompletionWait: {
    text: 'how COMPLETION_WAIT follows the invalidation behind AMD-Vi units (2.6)',
    values: {
      needSync: 'by itself, the lock held until it is complete; not where need_sync, read without the lock, says that nobody needs one',
      locked: 'under the same lock, held until it is complete',
      sequence: 'under the same lock, with a number of its own, which is waited for without the lock',
      overtaken:
        'as sequence, but the number is taken before the lock, so that a later one may be put earlier (stable kernels of early 2026)',
    },
  },
  gaPost: {
    text: 'an entry that becomes that of a vCPU, behind AMD-Vi units (races.md avic-galog-isrun)',
    values: {
      unaware: 'says that the vCPU does not run, until its thread gets a CPU once more',
      after: 'says that the vCPU does not run, and then, under ir_list_lock, where it runs',
      whole: 'says where the vCPU runs from the start, under ir_list_lock',
    },
  },
  gaUpdate: {
    text: 'how an entry is told whether the vCPU runs, and where (hardware.md F.4; races.md amd-update-ga-nonatomic)',
    values: {
      stores: 'destination and IsRun in stores of their own; what units have cached of it is invalidated',
      flushed: 'one store of 16 bytes; what units have cached of it is invalidated',
      atomic: 'one store of 16 bytes, and nothing more: IsRun and the destination are not cached',
    },
  },
  gaLog: {
    text: 'GALogIntr of an entry: the log is told of an event for a vCPU that does not run (races.md avic-galog-isrun)',
    values: { always: 'stays set', blocked: 'is set only while the vCPU is blocked' },
  },
  gaLogOverflow: {
    text: 'a log of guests that has overflowed (races.md avic-galog-isrun)',
    values: { stays: 'stands', restart: 'goes on' },
  },
  irtCacheDis: {
    text: 'what follows a change of an entry that AMD-Vi units do not cache (2.6)',
    values: { flush: 'invalidation and wait all the same', none: 'nothing, nor a wait' },
  },
  iecIndex: {
    text: 'which entries the invalidation covers behind VT-d units (2.6)',
    values: { entry: 'the one that changed', first: 'index 0 with mask 0: the first of a block, whichever changed' },
  },
} as const;

export type BehaviourName = keyof typeof behaviours;
export type Behaviours = { readonly [N in BehaviourName]: keyof (typeof behaviours)[N]['values'] };
export const behaviourNames = Object.keys(behaviours) as BehaviourName[];
