/** Messages of a way from where they are sent to where they arrive, and what lasts on a CPU meanwhile. For drawings. */
import { Actor, Op } from '../../core/index.js';
import type { System } from '../../scenario/index.js';
import { hex } from '../../words.js';
import { deviceOf, deviceOnPin, instructionAt, instructionOf, isChipset } from '../names/index.js';
import type { Lane } from './narrate.js';
import type { Watched } from './watch.js';

/** A message on its way. Steps are indexes into the path. */
export interface Flight {
  readonly from: Lane;
  readonly sent: number;
  /** step in which it reaches the root complex; an IPI, and a write to a device, never do */
  readonly root: number | undefined;
  /** step in which it arrives, or undefined: it is on its way at the end */
  readonly arrived: number | undefined;
  /** where it goes; undefined: no CPU has that APIC id */
  readonly to: Lane | undefined;
  readonly dropped: boolean;
}

/** Something that lasts on a CPU, from the step that begins it to the one that ends it; behind the last, if none does. */
export interface Span {
  /** CPU (index) */
  readonly cpu: number;
  readonly kind: 'interrupts off' | 'in service' | 'lock' | 'mdelay';
  /** the vector, the lock; '' for the others */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** True if doorbells go on as messages. */
const hearsDoorbells = ({ built: { program } }: System): boolean => program.doorbell !== undefined || program.doorbellVector !== undefined;

/** `Event.post`: whoever it is for is notified; by a doorbell. */
const [NOTIFIES, RINGS] = [0x100, 0x200];

/** Follows the lists of messages that the core keeps per origin, by what steps say about them. */
export function flightsOf(system: System, { steps }: Watched): Flight[] {
  const all: Mutable<Flight>[] = [];
  const lists = new Map<number, Mutable<Flight>[]>();
  const devices = system.names.devices.length;
  const cpuWith = (apicId: number): Lane | undefined => {
    const index = system.scenario.machine.cpus.findIndex((each) => each.apicId === apicId);
    return index < 0 ? undefined : { kind: 'cpu', index };
  };
  const send = (origin: number, from: Lane, to: Lane | undefined, sent: number): void => {
    const flight: Mutable<Flight> = { from, sent, root: undefined, arrived: undefined, to, dropped: false };
    all.push(flight);
    lists.set(origin, [...(lists.get(origin) ?? []), flight]);
  };
  const sends = system.assumptions.sampling === 'at-once' ? 'sample' : 'send';
  steps.forEach((step, i) => {
    const { action, events, broken } = step;
    if (action >>> 12 === Actor.message) {
      const list = lists.get((action & 0xfff) >>> 4);
      const flight = list?.[action & 15];
      if (list === undefined || flight === undefined) return;
      const remapped = events.find((e) => e.kind === 'remap');
      if (remapped !== undefined) flight.to = remapped.c & 2 ? { kind: 'iommu', index: remapped.a } : cpuWith(remapped.c >>> 16);
      const posted = events.find((e) => e.kind === 'post');
      // it goes on as the notification, or as the doorbell if the program hears that
      if (posted !== undefined && posted.b & NOTIFIES && (!(posted.b & RINGS) || hearsDoorbells(system))) {
        flight.to = cpuWith(posted.a >>> 8);
        return;
      }
      if (events.some((e) => e.kind === 'root')) {
        flight.root = i;
        if (!events.some((e) => e.kind === 'fault')) return;
        // a unit has refused it
        flight.to = undefined;
        flight.dropped = true;
        list.splice(action & 15, 1);
        return;
      }
      if (remapped !== undefined) return;
      list.splice(action & 15, 1);
      flight.arrived = i;
      flight.dropped = events.some((e) => e.kind === 'drop');
    }
    for (const e of events) {
      // a write outside of the interrupt range is no message
      if (e.kind === sends && !broken.includes('noWildWrite')) {
        const device = deviceOf(system, e.a);
        send(device, { kind: 'device', index: device }, cpuWith((e.b >>> 12) & 0xff), i);
      }
      if (e.kind === 'pin') {
        const from: Lane = { kind: 'device', index: deviceOnPin(system, e.a >>> 8) };
        send(devices + system.names.cpus.length + (e.a & 0xff), from, cpuWith((e.b >>> 12) & 0xff), i);
      }
      if (e.kind === 'broadcast') send(devices + e.a, { kind: 'cpu', index: e.a }, { kind: 'device', index: deviceOnPin(system) }, i);
      if (e.kind === 'ipi') send(devices + e.a, { kind: 'cpu', index: e.a }, cpuWith(e.b), i);
      const writer = e.kind === 'access' && !isChipset(system, e.a) ? instructionOf(step)?.cpu : undefined;
      if (writer !== undefined) send(system.firstAccess + e.a, { kind: 'cpu', index: writer }, { kind: 'device', index: e.a }, i);
    }
  });
  return all;
}

/** Stretches in which something holds: from the step behind which it does to the one behind which it does not. */
function stretches(length: number, holds: (step: number) => boolean): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (let i = 0; i < length; i++) {
    if (!holds(i)) continue;
    const last = found.at(-1);
    if (last?.to === i) last.to = i + 1;
    else found.push({ from: i, to: i + 1 });
  }
  return found;
}

/** Critical sections and delays, from the step that begins to the one that ends them. */
function sections({ steps }: Watched, system: System): Span[] {
  const open: Span[] = [];
  const done: Span[] = [];
  const close = (cpu: number, kind: Span['kind'], name: string, to: number): void => {
    const at = open.findLastIndex((each) => each.cpu === cpu && each.kind === kind && each.name === name);
    const [span] = at < 0 ? [] : open.splice(at, 1);
    if (span !== undefined) done.push({ ...span, to });
  };
  steps.forEach((step, i) => {
    const instruction = instructionOf(step);
    if (instruction === undefined) return;
    const { op, label } = instructionAt(system, instruction.at);
    const { cpu } = instruction;
    const name = label?.text.replace(/^(un)?lock /, '') ?? '';
    if (op === Op.lock) open.push({ cpu, kind: 'lock', name, from: i, to: steps.length });
    if (op === Op.unlock) close(cpu, 'lock', name, i);
    if (op !== Op.delay) return;
    if (step.events.some((e) => e.kind === 'complete')) close(cpu, 'mdelay', '', i);
    else open.push({ cpu, kind: 'mdelay', name: '', from: i, to: steps.length });
  });
  return [...done, ...open];
}

export function spansOf(system: System, watched: Watched): Span[] {
  const { frames } = watched;
  const states = system.names.cpus.flatMap((_, cpu): Span[] => {
    const at = (i: number): (typeof frames)[number]['cpus'][number] | undefined => frames[i]?.cpus[cpu];
    const vectors = new Set(frames.flatMap((_frame, i) => at(i)?.inService ?? []));
    return [
      ...stretches(frames.length, (i) => at(i)?.interruptsOn === false).map((s): Span => ({ cpu, kind: 'interrupts off', name: '', ...s })),
      ...[...vectors].flatMap((vector) =>
        stretches(frames.length, (i) => at(i)?.inService.includes(vector) === true).map((s): Span => ({
          cpu,
          kind: 'in service',
          name: hex(vector),
          ...s,
        })),
      ),
    ];
  });
  return [...states, ...sections(watched, system)].toSorted((a, b) => a.from - b.from || a.cpu - b.cpu);
}
