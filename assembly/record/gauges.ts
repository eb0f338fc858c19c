/** Variables that are watched: how long their elements have the values that somebody asked about, and how many at once. */
import { VarFlag, VarWord } from '../state/abi/instructions';
import { Gauge } from '../state/abi/meters';
import { now, slotAt } from '../state/access';
import { gaugeBase, gaugeElementBase, GAUGE_ELEMENT_SIZE, nGauges, nVariables } from '../state/layout';

// record of an element: u64 the cycle since which it weighs something, u32 its weight

@inline function gaugeAt(g: u32): usize {
  return gaugeBase + <usize>g * Gauge.size;
}


@inline function isWatched(slot: u32): bool {
  return slot < nVariables && (load<u32>(slotAt(slot), VarWord.flags * 4) & VarFlag.gauged) != 0;
}

function elementAt(gauge: usize, i: u32): usize {
  return gaugeElementBase + <usize>(load<u32>(gauge, Gauge.first) + i) * GAUGE_ELEMENT_SIZE;
}

function elementsOf(record: usize): u32 {
  return load<u32>(record, VarWord.dim0 * 4) * load<u32>(record, VarWord.dim1 * 4);
}

/** `cycles` counts up to now. */
function advance(gauge: usize): void {
  const passed = now() - load<u64>(gauge, Gauge.since);
  store<u64>(gauge, load<u64>(gauge, Gauge.cycles) + passed * load<u32>(gauge, Gauge.weight), Gauge.cycles);
  store<u64>(gauge, now(), Gauge.since);
}

function weigh(gauge: usize, value: u32): u32 {
  const from = load<u32>(gauge, Gauge.from);
  const to = load<u32>(gauge, Gauge.to);
  if (from > to) return value;
  return value >= from && value <= to ? 1 : 0;
}

/** A stay of an element has lasted until now. */
function noteStay(gauge: usize, at: usize): void {
  const lasted = now() - load<u64>(at);
  if (lasted > load<u64>(gauge, Gauge.longest)) store<u64>(gauge, lasted, Gauge.longest);
}

function take(gauge: usize, element: u32, value: u32): void {
  const at = elementAt(gauge, element);
  const was = load<u32>(at, 8);
  const is = weigh(gauge, value);
  if (was == is) return;
  advance(gauge);
  if (was == 0) {
    store<u64>(at, now());
    store<u64>(gauge, load<u64>(gauge, Gauge.begun) + 1, Gauge.begun);
  } else if (is == 0) {
    noteStay(gauge, at);
  }
  store<u32>(at, is, 8);
  const weight = load<u32>(gauge, Gauge.weight) + is - was;
  store<u32>(gauge, weight, Gauge.weight);
  if (weight > load<u32>(gauge, Gauge.peak)) store<u32>(gauge, weight, Gauge.peak);
}


@inline function valueAt(at: usize, bytes: u32): u32 {
  return bytes == 1 ? <u32>load<u8>(at) : bytes == 2 ? <u32>load<u16>(at) : load<u32>(at);
}

function elementOf(slot: usize, at: usize): u32 {
  return <u32>(at - <usize>load<u32>(slot, VarWord.address * 4)) / load<u32>(slot, VarWord.bytes * 4);
}

/** The element at an address has changed. */
export function watch(slot: u32, at: usize): void {
  if (at == 0 || !isWatched(slot)) return;
  const record = slotAt(slot);
  const value = valueAt(at, load<u32>(record, VarWord.bytes * 4));
  for (let g: u32 = 0; g < nGauges; g++) {
    if (load<u32>(gaugeAt(g), Gauge.slot) == slot) take(gaugeAt(g), elementOf(record, at), value);
  }
}

/** Takes in the values with which a run starts. */
export function beginGauges(): void {
  for (let g: u32 = 0; g < nGauges; g++) {
    const gauge = gaugeAt(g);
    store<u64>(gauge, now(), Gauge.since);
    const slot = load<u32>(gauge, Gauge.slot);
    if (!isWatched(slot)) continue;
    const record = slotAt(slot);
    const bytes = load<u32>(record, VarWord.bytes * 4);
    for (let i: u32 = 0; i < elementsOf(record); i++)
      take(gauge, i, valueAt(<usize>load<u32>(record, VarWord.address * 4) + <usize>(i * bytes), bytes));
  }
}

/** The gauges count up to now. */
export function advanceGauges(): void {
  for (let g: u32 = 0; g < nGauges; g++) {
    const gauge = gaugeAt(g);
    advance(gauge);
    const slot = load<u32>(gauge, Gauge.slot);
    if (!isWatched(slot)) continue;
    for (let i: u32 = 0; i < elementsOf(slotAt(slot)); i++) {
      const at = elementAt(gauge, i);
      if (load<u32>(at, 8) != 0) noteStay(gauge, at);
    }
  }
}
