/** The way back from a source to the sets of tags that have something of it, where somebody asks what holds up each event. */
import { sourceChanged } from '../state/changed';
import { CARRY_SIZE, carryBase, HOLD_SIZE, holdBase } from '../state/layout';

// of each node of a set: u32 address of the set, u32 next node of the same source; at 28 of a source's record (assembly/run/holds.ts) the first

@inline function carryAt(node: u32): usize {
  return carryBase + <usize>node * CARRY_SIZE;
}


@inline function firstAt(s: u32): usize {
  return holdBase + <usize>s * HOLD_SIZE + 28;
}

/** The first node of source s, 0: nothing carries it. */
@inline export function firstCarrier(s: u32): u32 {
  return load<u32>(firstAt(s));
}


@inline export function nextCarrier(node: u32): u32 {
  return load<u32>(carryAt(node), 4);
}

/** The set that the node is of. */
@inline export function carrierOf(node: u32): usize {
  return load<u32>(carryAt(node));
}

/** The set has something of source s from now on, in this node. */
export function enlist(node: u32, s: u32, set: usize): void {
  store<u32>(carryAt(node), <u32>set);
  store<u32>(carryAt(node), firstCarrier(s), 4);
  store<u32>(firstAt(s), node);
  sourceChanged(s);
}

export function delist(node: u32, s: u32): void {
  let link = firstAt(s);
  while (load<u32>(link) != node) link = carryAt(load<u32>(link)) + 4;
  store<u32>(link, nextCarrier(node));
  sourceChanged(s);
}
