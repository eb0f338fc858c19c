/** Destinations as VT-d units have them in entries and descriptors (hardware.md D.3.4): eight bits, or 32 where LAPICs are in x2APIC mode. */
import type { Builder, Reg } from '../../index.js';

export interface Destinations {
  /** of 32 bits: EIM of the table's address */
  readonly extended: boolean;
  /** the word for an APIC id, and back */
  word(id: number): number;
  id(word: number): number;
  /** the same in a program */
  of(b: Builder, id: Reg<'apicId'>): Reg<'u32'>;
}

export const destinations = (extended: boolean): Destinations => ({
  extended,
  word: (id) => (extended ? id : id << 8),
  id: (word) => (extended ? word : word >>> 8),
  of: (b, id) => (extended ? b.let('u32', id) : b.shl('u32', id, 8)),
});
