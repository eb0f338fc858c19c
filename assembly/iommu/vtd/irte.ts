/** Remapping entries of 128 bits, remapped and posted format (hardware.md D.3.1 - D.3.3): what their bits say. Pure. */

const POSTED: u64 = 1 << 15;

/** Reserved bits of the low half: 14:12, 31:24; posted 7:2, 13:12, 37:24. In the xAPIC form of a destination 7:0 and 31:16 of it. */
const RESERVED: u64 = 0xff007000;
const RESERVED_POSTED: u64 = 0x3fff0030fc;
const RESERVED_XAPIC: u64 = 0xffff00ff00000000;
/** Of the high half: 127:84; posted 95:84. */
const RESERVED_HIGH: u64 = 0xfffffffffff00000;
const RESERVED_HIGH_POSTED: u64 = 0xfff00000;


@inline export function isPresent(low: u64): bool {
  return (low & 1) != 0;
}

/** Faults that concern this entry are not recorded. */
@inline export function hidesFaults(low: u64): bool {
  return (low & 2) != 0;
}


@inline export function isPosted(low: u64): bool {
  return (low & POSTED) != 0;
}


@inline export function isUrgent(low: u64): bool {
  return (low & 0x4000) != 0;
}


@inline export function isLogical(low: u64): bool {
  return (low & 4) != 0;
}


@inline export function hasRedirectionHint(low: u64): bool {
  return (low & 8) != 0;
}


@inline export function vectorOf(low: u64): u32 {
  return (<u32>(low >> 16)) & 0xff;
}

/** The destination: EIME says where it is (D.3.4). */
@inline export function destinationOf(low: u64, eime: bool): u32 {
  return eime ? <u32>(low >> 32) : (<u32>(low >> 40)) & 0xff;
}

/** Vector, delivery mode and trigger mode as data of a message; the level is always asserted. */
@inline export function dataOf(low: u64): u32 {
  const bits = <u32>low;
  return vectorOf(low) | (((bits >> 5) & 7) << 8) | 0x4000 | (((bits >> 4) & 1) << 15);
}

/** Address of the posted-interrupt descriptor, which spans both halves. */
@inline export function descriptorOf(low: u64, high: u64): u64 {
  return (high & 0xffffffff00000000) | ((low >> 32) & 0xffffffc0);
}


@inline function svtOf(high: u64): u32 {
  return (<u32>(high >> 18)) & 3;
}

/** False for reserved bits and what may not be programmed: `posts` CAP.PI, `eime` of the table. */
export function isValid(low: u64, high: u64, posts: bool, eime: bool): bool {
  if (svtOf(high) == 3) return false;
  if (isPosted(low)) return posts && (low & RESERVED_POSTED) == 0 && (high & RESERVED_HIGH_POSTED) == 0;
  const mode = (<u32>(low >> 5)) & 7;
  return (low & RESERVED) == 0 && (high & RESERVED_HIGH) == 0 && mode != 3 && mode != 6 && (eime || (low & RESERVED_XAPIC) == 0);
}

/** Bits of the requester id that count, by SQ. */
function maskOf(sq: u32): u32 {
  return sq == 0 ? 0xffff : sq == 1 ? 0xfffb : sq == 2 ? 0xfff9 : 0xfff8;
}

/** True if the entry may be used by this requester: any, an id, or a range of buses whose first is in the high byte (T49). */
export function acceptsSource(high: u64, requester: u32): bool {
  const sid = (<u32>high) & 0xffff;
  switch (svtOf(high)) {
    case 1:
      return ((requester ^ sid) & maskOf((<u32>(high >> 16)) & 3)) == 0;
    case 2:
      return sid >> 8 <= requester >> 8 && requester >> 8 <= (sid & 0xff);
    default:
      return true;
  }
}
