/** The maps from APIC ids to CPUs, class fixed: ids are any 32-bit values, and xAPIC mode sees their low bytes only. */
import { apicIdOf, slotOfId } from './access';
import { apicChainBase, apicMapBase, apicMapSize, nCpus } from './layout';

// chain: u16 first CPU + 1 of each low byte, then for each CPU the next one + 1, ascending; u16: 1 if logical ids may repeat

@inline function repeatAt(): usize {
  return apicChainBase + ((<usize>(256 + nCpus)) << 1);
}

/** Computes the maps from the table of ids; of several CPUs with the same id the first is found. */
export function mapApicIds(): void {
  memory.fill(apicMapBase, 0, (<usize>apicMapSize) << 1);
  memory.fill(apicChainBase, 0, 256 << 1);
  store<u16>(repeatAt(), 0);
  for (let c = nCpus; c-- > 0;) {
    const id = apicIdOf(c);
    if (id >> 20 != 0) store<u16>(repeatAt(), 1);
    store<u16>(slotOfId(id), c + 1);
    const first = apicChainBase + ((<usize>(id & 0xff)) << 1);
    store<u16>(apicChainBase + ((<usize>(256 + c)) << 1), load<u16>(first));
    store<u16>(first, c + 1);
  }
}

/** First CPU >= from whose id ends in this byte, or -1. */
export function withLowByte(byte: u32, from: u32): i32 {
  const behind = from > 0 && from <= nCpus && (apicIdOf(from - 1) & 0xff) == byte ? 255 + from : byte;
  let c = <u32>load<u16>(apicChainBase + ((<usize>behind) << 1));
  while (c != 0 && c - 1 < from) c = load<u16>(apicChainBase + ((<usize>(255 + c)) << 1));
  return <i32>c - 1;
}

/** True if each logical id of x2APIC mode, which is the low 20 bits of the id (hardware.md A.7.3), is that of one CPU at most. */
@inline export function areLogicalIdsUnique(): bool {
  return load<u16>(repeatAt()) == 0;
}
