/** What Linux's own data promise of each other, beyond what the checker asks of every model. */
import type { OwnProperty } from '../../index.js';

/**
 * The state machine of a move (linux.md 2.1): idle, moving, or queued for cleanup on the old CPU; the old vector is kept as
 * long as it is one of the latter. In between the locks this holds at rest only.
 */
const moveState: OwnProperty = {
  name: 'move-state',
  when: 'atRest',
  expression: `all i in irq:
    (apicd_move_in_progress[i] || apicd_queued[i]) == (apicd_prev_vector[i] != 0)
    && !(apicd_move_in_progress[i] && apicd_queued[i])
    && apicd_queued[i] == (any c in cpu: cleanup_list[c][i])`,
};

/** Of a level-triggered irq, the line is still asserted while its thread is at work: it stays masked (races.md ioapic-oneshot-unmask). */
export const oneshotMasked: OwnProperty = {
  name: 'oneshot-masked',
  when: 'always',
  expression: 'all i in irq: !threads_oneshot[i] || rte_masked[i] || desc_lock[i] != free',
};

/** Of every machine. */
export const invariants: readonly OwnProperty[] = [moveState];
