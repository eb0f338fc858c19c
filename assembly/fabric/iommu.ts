/** Remapping units in time. */
export function iommuRead(u: u32, offset: u32, width: u32): u32 {
  return 0;
}

export function iommuWrite(u: u32, offset: u32, width: u32, lo: u32, hi: u32): void {}
