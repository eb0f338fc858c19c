/** Which irq is what: /sys/kernel/irq as a recording keeps it. */
import type { Diagnostic } from '../scenario/index.js';
import { quote } from '../words.js';
import { RecordingError } from './lines.js';

/** How an irq gets to its CPU. */
export type Chip = 'PCI-MSI' | 'PCI-MSIX' | 'IO-APIC';

export interface RecordedIrq {
  readonly irq: number;
  readonly chip: Chip;
  /** behind a remapping unit */
  readonly remapped: boolean;
  /** `0000:00:03.0`; undefined for a pin */
  readonly device: string | undefined;
  /** number of the message, or the pin */
  readonly hwirq: number;
  readonly trigger: 'edge' | 'level';
  readonly action: string;
}

const pattern = /^irq (\d{1,5}) chip=(\S*) hwirq=(\d*) type=(\w*) actions=(.*?)(?: per_cpu=.*)?$/;
const chips = /^(IR-)?(IO-APIC|PCI-MSIX|PCI-MSI)(?:-(\S+))?$/;

/** Irqs whose chip is known, by number. Throws `RecordingError`. */
export function parseIrqs(text: string, file: string): Map<number, RecordedIrq> {
  const irqs = new Map<number, RecordedIrq>();
  const wrong: Diagnostic[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (raw === '' || raw.startsWith('#')) continue;
    const [, irq = '', name = '', hwirq = '', type = '', action = ''] = pattern.exec(raw) ?? [];
    if (irq === '') {
      const message = `${quote(raw)} is no line about an irq; expected "irq N chip=NAME hwirq=N type=edge actions=NAME"`;
      wrong.push({ file, line: index + 1, column: 1, message });
      continue;
    }
    const chip = chips.exec(name);
    if (chip === null) continue;
    irqs.set(Number(irq), {
      irq: Number(irq),
      chip: chip[2] as Chip,
      remapped: chip[1] !== undefined,
      device: chip[3],
      hwirq: Number(hwirq),
      trigger: type === 'level' ? 'level' : 'edge',
      action,
    });
  }
  if (wrong.length > 0) throw new RecordingError(wrong.slice(0, 5));
  return irqs;
}
