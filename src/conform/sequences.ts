/** The list of distinct sequences that a recording has beside its time line: whether the operations that were read cover it. */
import type { RecordedIrq } from './irqs.js';
import type { Recording } from './recording.js';

export interface Reached {
  /** sequences in the list */
  readonly listed: number;
  /** those that no operation makes, with what they are */
  readonly missed: readonly {
    readonly line: number;
    readonly title: string;
    readonly signature: readonly string[];
    /** the first of them was made at a moment that the time line does not have */
    readonly outside: boolean;
  }[];
}

/** What a move begins with; a list that begins with it has lost what was before. */
const STEP = 'irq_do_set_affinity';
/** What a move calls, in its order. */
const steps: ReadonlySet<string> = new Set([
  STEP,
  'ioapic_set_affinity',
  'msi_domain_set_affinity',
  'msi_set_affinity',
  'intel_ir_set_affinity',
  'apic_set_affinity',
  'vector_alloc',
  'vector_update',
  'vector_config',
  'modify_irte',
  'qi_submit_sync',
  'pci_msi_domain_write_msg',
  '__pci_write_msi_msg',
  'irq_chip_retrigger_hierarchy',
  'apic_retrigger_irq',
  '__vector_schedule_cleanup',
]);
/** What lies between them and says nothing. */
const passed = /^(?:Q:|irq_matrix_|qi_submit_sync_ret)/;

/** From the last `irq_do_set_affinity` of these names on, what belongs to the same move. */
function signature(names: readonly string[]): string[] {
  const from = names.findIndex((name) => name === STEP);
  if (from < 0) return [];
  const before = names.slice(0, from).filter((name) => !passed.test(name));
  const own: string[] = before.at(-1) === 'irq_move_masked_irq' ? ['irq_move_masked_irq'] : [];
  for (const name of names.slice(from)) {
    if (passed.test(name)) continue;
    if (!steps.has(name) || (name === STEP && own.includes(name))) break;
    own.push(name);
  }
  return own;
}

/** `nvme0q1` is `nvmeq` in the list, `ahci[0000:00:1f.2]` is `ahci`. */
function titleOf({ chip, remapped, action }: RecordedIrq): string {
  const name = action.replace(/\[.*\]/, '').replaceAll(/\d+/g, '');
  // an action behind a digit in the middle of a word is cut there
  return `chip ${remapped ? 'IR-' : ''}${chip} action ${/^[a-z]\d/.test(action) ? action.slice(0, 1) : name}`;
}

/** Compares the list with what was read; undefined if the folder has none. */
export function reachedIn({ folder, operations }: Recording): Reached | undefined {
  const { sequences } = folder;
  if (sequences === undefined) return undefined;
  const made = new Set(operations.flatMap(({ irq, names }) => (irq === undefined ? [] : [[titleOf(irq), ...signature(names)].join('\n')])));
  const blocks: { line: number; title: string; first: number; names: string[] }[] = [];
  for (const [index, raw] of sequences.split(/\r?\n/).entries()) {
    const [, title, first] = /^## (chip .+): \d+ times, first at ([\d.]+)/.exec(raw) ?? [];
    if (title !== undefined) blocks.push({ line: index + 1, title, first: Number(first), names: [] });
    else if (raw.trim() !== '' && !raw.startsWith('#')) blocks.at(-1)?.names.push(raw.trim());
  }
  const outside = (first: number): boolean =>
    folder.stretches.every((lines) => first < (lines[0]?.time ?? 0) / 1e6 || first > (lines.at(-1)?.time ?? 0) / 1e6);
  const missed = blocks
    .map(({ line, title, first, names }) => ({ line, title, signature: signature(names), outside: outside(first), cut: names[0] === STEP }))
    .filter(({ title: of, signature: own, cut }) => {
      const ways = cut ? [own, ['irq_move_masked_irq', ...own]] : [own];
      return !ways.some((way) => made.has([of, ...way].join('\n')));
    });
  return { listed: blocks.length, missed };
}
