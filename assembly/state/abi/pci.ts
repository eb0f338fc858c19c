/** Where the registers of a PCI function are. Compiled by both sides; it imports nothing. */

/** Offsets in configuration space. */
export const enum ConfigSpace {
  command = 0x04,
  /** of the first capability */
  pointer = 0x34,
  /** power management, MSI, MSI-X: where each stands if the function has it */
  power = 0x40,
  msi = 0x50,
  msix = 0x70,
  size = 0x100,
}

/** Offset of the pending bit array, in the region that begins with the MSI-X table. */
export const PENDING_BITS: u32 = 0x8000;

/** Entries that a table may have at most. */
export const MOST_ENTRIES: u32 = 2048;
