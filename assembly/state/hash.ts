/** 64-bit hashes: of images, of the block, of the stream of events. Multiply-rotate rounds in the manner of xxHash64. */

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;


@inline export function mix(h: u64, v: u64): u64 {
  return rotl<u64>(h ^ (rotl<u64>(v * P2, 31) * P1), 27) * P1 + P3;
}


@inline export function avalanche(x: u64): u64 {
  let h = x;
  h = (h ^ (h >> 33)) * P2;
  h = (h ^ (h >> 29)) * P3;
  return h ^ (h >> 32);
}

/** Hash of [at, at + bytes); bytes is a multiple of 8. Two lanes, so that the rounds of one need not wait for the other. */
export function hash(at: usize, bytes: usize, seed: u64 = 0): u64 {
  let a = seed + P3 + <u64>bytes;
  let b = seed ^ P2;
  const end = at + (bytes & ~15);
  let p = at;
  for (; p < end; p += 16) {
    a = mix(a, load<u64>(p));
    b = mix(b, load<u64>(p, 8));
  }
  if (bytes & 8) a = mix(a, load<u64>(p));
  return avalanche(a ^ rotl<u64>(b * P1, 31));
}
