/** Buffers in memory, where unit and software each have a pointer: commands, the event log, the log of guests (hardware.md F.1). */

/** Where it is: bits 51:12. */
@inline export function baseOf(register: u64): u64 {
  return register & 0xffffffffff000;
}

/** Its bytes: 2^n entries, where bits 59:56 are n, at least 8. */
@inline export function bytesOf(register: u64, entry: u32): u32 {
  return entry << max((<u32>(register >> 56)) & 15, 8);
}

/** A pointer counts within the buffer, whatever software has written. */
@inline export function within(pointer: u32, bytes: u32): u32 {
  return pointer & (bytes - 1);
}
