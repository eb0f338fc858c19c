/** Whole messages of devices, as an irq that comes to life or goes has them written. */
import type { Assembler, Builder } from '../../index.js';
import type { Registers } from './registers.js';

export type Messages = ReturnType<typeof messageRoutines>;

/** The messages of the machine's devices, for whatever chips there are. */
export function messageRoutines(k: Assembler, registers: Registers) {
  return {
    registers,
    /** Writes a whole message, for an irq that comes to life or goes; not while its device sleeps. */
    write: k.routine('pci_msi_domain_write_msg', { irq: 'irq', address: 'u32', data: 'u16' }, (b, { irq, address, data }) =>
      registers.write(b as unknown as Builder, irq, { address: () => address, data: () => data }),
    ),
  };
}
