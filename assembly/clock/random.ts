/**
 * Seeded random numbers: one SplitMix64 stream per actor and purpose, so that a strategy that draws more does not shift
 * the others. State: one u64 a stream, class timed.
 */
import { Settings, Timing } from '../state/abi/tables';
import { setting } from '../state/access';
import {
  nAccessed,
  nCpus,
  nDevices,
  nIoapics,
  nIommus,
  nOrigins,
  nRequesters,
  nSources,
  nStores,
  streamBase,
  timingBase,
} from '../state/layout';

function finalise(x: u64): u64 {
  let z = x;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/**
 * Streams: transit of an origin's messages (or of the accesses to a function), recognition by a CPU; of a source, next to each other,
 * its arrivals, its sampling, its handler.
 */
@inline export function streamOfOrigin(o: u32): u32 {
  return o;
}


@inline export function streamOfCpu(c: u32): u32 {
  return nOrigins + c;
}


@inline export function streamOfArrivals(s: u32): u32 {
  return nOrigins + nCpus + 3 * s;
}


@inline export function streamOfSampling(s: u32): u32 {
  return nOrigins + nCpus + 3 * s + 1;
}


@inline export function streamOfStores(c: u32): u32 {
  return nOrigins + nCpus + 3 * nSources + c;
}


@inline export function streamOfHandler(s: u32): u32 {
  return nOrigins + nCpus + 3 * s + 2;
}

/** Seeds n streams of one purpose, so far apart, by their number in it, so that another actor shifts nobody's. */
function seedPurpose(purpose: u64, first: u32, n: u32, apart: u32 = 1): void {
  const seed = (<u64>setting(Settings.seedLo)) | ((<u64>setting(Settings.seedHi)) << 32);
  for (let i: u32 = 0; i < n; i++) {
    store<u64>(streamAt(first + i * apart), finalise(seed ^ finalise((purpose << 32) + i)));
  }
}

export function seedStreams(): void {
  seedPurpose(1, streamOfOrigin(0), nDevices);
  seedPurpose(2, streamOfOrigin(nDevices), nCpus);
  seedPurpose(3, streamOfCpu(0), nCpus);
  seedPurpose(4, streamOfArrivals(0), nSources, 3);
  seedPurpose(5, streamOfSampling(0), nSources, 3);
  const others = nDevices + nCpus + nIoapics + nIommus;
  seedPurpose(6, streamOfOrigin(nDevices + nCpus), nIoapics);
  seedPurpose(8, streamOfOrigin(nDevices + nCpus + nIoapics), nIommus);
  seedPurpose(7, streamOfOrigin(others), nRequesters);
  seedPurpose(10, streamOfOrigin(others + nRequesters), nAccessed);
  if (nStores) seedPurpose(11, streamOfStores(0), nCpus);
  seedPurpose(12, streamOfHandler(0), nSources, 3);
}

/** State of a stream: u64. */
@inline export function streamAt(stream: u32): usize {
  return streamBase + ((<usize>stream) << 3);
}

export function random(stream: u32): u64 {
  const at = streamAt(stream);
  const s = load<u64>(at) + 0x9e3779b97f4a7c15;
  store<u64>(at, s);
  return finalise(s);
}

/** A number below n, without bias worth naming (n < 2^32). */
export function below(stream: u32, n: u32): u32 {
  return <u32>(((random(stream) >> 32) * <u64>n) >> 32);
}

/** A latency in cycles: the default, or uniform between min and max with jitter on (hardware.md G.1). */
export function latency(timing: u32, stream: u32): u32 {
  const at = timingBase + <usize>timing * 12;
  if (setting(Settings.jitter) == 0) return load<u32>(at, 4);
  const lo = load<u32>(at);
  const hi = load<u32>(at, 8);
  return hi > lo ? lo + below(stream, hi - lo + 1) : lo;
}
