/**
 * Interrupt remapping of QEMU 7.2's VT-d unit, recorded operation by operation, beside ours. What differs must be among
 * `differences`; there every row has a section of hardware.md that wants it so, and excuses something.
 */
import { describeRecording } from '../recording/compare.js';
import { differences } from './differences.js';
import { QemuPlayer } from './play.js';

/** What the harness says about itself and QEMU's insides, and what a guest did not get to. */
const QEMU_ALONE = /^(accel|eim|cpus|trace|timeout|cmd)$/;

describeRecording({
  system: 'QEMU',
  beside: import.meta.url,
  scripts: ['01_enable_and_compat', '02_irte_fields', '03_source_validation', '04_iec_cache', '05_ioapic_remap', '06_dma_faults'],
  player: () => new QemuPlayer(),
  differences,
  isAlone: (_, path) => QEMU_ALONE.test(path),
});
