/**
 * Devices of a scenario as a file has them: many of one kind in the short form (groups.ts), where that says the same. Whether it does is
 * found out by writing it out again: where an irq begins depends on all others.
 */
import { completed } from './complete.js';
import { outlineOf } from './outline/index.js';
import type { DeviceDescription, IrqDescription, MachineDescription, Scenario } from './scenario.js';
import { scenarioFile } from './schema/index.js';
import { cpusOfSockets, socketOf } from './sockets.js';

/** Devices that one entry may stand for, and what it says. */
interface Run {
  readonly first: number;
  readonly devices: readonly DeviceDescription[];
  readonly entry: unknown;
}

/** Entries of the list of devices. */
export function shortDevices(scenario: Scenario): readonly unknown[] {
  const isSame = sameness();
  // what one entry leaves open may depend on what another one says
  for (let runs = runsOf(scenario); runs.length > 0;) {
    const entries = entriesOf(scenario, runs);
    const again = writtenAgain(scenario, entries);
    const right = runs.filter(({ first, devices }) => devices.every((device, i) => isSame(device, again[first + i])));
    if (right.length === runs.length) return entries;
    runs = right;
  }
  return entriesOf(scenario, []);
}

function entriesOf(scenario: Scenario, runs: readonly Run[]): readonly unknown[] {
  const { devices } = scenario;
  const entries: unknown[] = [];
  for (let d = 0; d < devices.length;) {
    const run = runs.find(({ first }) => first === d);
    const device = devices[d];
    if (run === undefined && device !== undefined) entries.push(explicit(device, d, scenario));
    else if (run !== undefined) entries.push(run.entry);
    d += run?.devices.length ?? 1;
  }
  return entries;
}

/** What comes of these entries on the scenario's machine. */
function writtenAgain({ version, name, machine, universe }: Scenario, devices: readonly unknown[]): readonly DeviceDescription[] {
  const { cpus, sockets = 1, vcpus } = machine;
  const value = { version, name, machine: { cpus, sockets, iommu: 'vtd', ...(vcpus && { vcpus }) }, universe, devices };
  const file = scenarioFile.safeParse(value);
  return file.success ? completed(file.data, outlineOf(value)).devices : [];
}

/** Compares devices; lists that irqs share are compared once. */
function sameness(): (a: DeviceDescription, b: DeviceDescription | undefined) => boolean {
  const equal = new Map<readonly number[], readonly number[]>();
  const sameList = (a: readonly number[], b: readonly number[]): boolean => {
    if (a === b || equal.get(a) === b) return true;
    if (a.length !== b.length || a.some((cpu, i) => cpu !== b[i])) return false;
    equal.set(a, b);
    return true;
  };
  const sameIrq = ({ affinity, ...a }: IrqDescription, given: IrqDescription | undefined): boolean => {
    if (given === undefined) return false;
    const { affinity: other, ...b } = given;
    return sameList(affinity, other) && isEqual(a, b);
  };
  return ({ irqs, ...a }, given) => {
    if (given === undefined) return false;
    const { irqs: others, ...b } = given;
    return isEqual(a, b) && irqs.length === others.length && irqs.every((irq, n) => sameIrq(irq, others[n]));
  };
}

/** Of plain values, whatever the order of their keys. */
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}

/** Neighbours of one kind, whose names and irqs are numbered on. */
function runsOf(scenario: Scenario): readonly Run[] {
  const { devices } = scenario;
  const runs: Run[] = [];
  for (let d = 0; d < devices.length;) {
    const base = /^(.+)\.0$/.exec(devices[d]?.name ?? '')?.[1];
    let end = d + 1;
    if (base !== undefined) while (goesOn(base, devices, d, end)) end++;
    const alike = devices.slice(d, end);
    const entry = base !== undefined && alike.length > 1 ? entryOf(base, alike, d, scenario) : undefined;
    if (entry !== undefined) runs.push({ first: d, devices: alike, entry });
    d = end;
  }
  return runs;
}

function goesOn(base: string, devices: readonly DeviceDescription[], first: number, at: number): boolean {
  const [one, other, last] = [devices[first], devices[at], devices[at - 1]];
  if (one === undefined || other === undefined || other.name !== `${base}.${at - first}` || other.irqs.length !== one.irqs.length)
    return false;
  if ((other.irqs[0]?.irq ?? 0) !== (last?.irqs.at(-1)?.irq ?? 0) + 1) return false;
  return isEqual(rest(one), rest(other));
}

/** What is not about its name, its irqs and its place. */
function rest(device: DeviceDescription): object {
  const { name: _name, irqs: _irqs, socket: _socket, ...others } = device;
  return others;
}

/** What one entry would say, if there is one that might. */
function entryOf(base: string, alike: readonly DeviceDescription[], first: number, { devices, machine }: Scenario): unknown {
  const [device] = alike;
  const irqs = alike.flatMap((each) => each.irqs);
  const [irq] = irqs;
  if (device === undefined || irq === undefined || irqs.some((each, i) => each.irq !== irq.irq + i)) return undefined;
  const { managed, threaded, requested } = irq;
  const socket = socketIn(alike, first, devices.length, machine);
  const affinity = affinityOf(alike, machine);
  if (socket === undefined || affinity === undefined) return undefined;
  const flags = { ...(managed && { managed }), ...(threaded && { threaded }), ...(requested === false && { requested }) };
  return {
    name: base,
    count: alike.length,
    ...socket,
    ...rest(device),
    irqs: { count: device.irqs.length, first: irq.irq, ...affinity, ...flags },
  };
}

/** What an entry says of the sockets of its devices; undefined: there is no word for it. */
function socketIn(
  alike: readonly DeviceDescription[],
  first: number,
  total: number,
  { sockets = 1 }: MachineDescription,
): object | undefined {
  if (alike.every(({ socket = 0 }, i) => socket === socketOf(first + i, total, sockets))) return {};
  const [{ socket = 0 } = {}] = alike;
  return alike.every((each) => each.socket === socket) ? { socket } : undefined;
}

/** The same of the affinities of its irqs. */
function affinityOf(alike: readonly DeviceDescription[], machine: MachineDescription): object | undefined {
  const all = alike.flatMap(({ socket = 0, irqs }) => irqs.map((irq) => ({ ...irq, socket })));
  const [first] = all;
  if (first === undefined) return undefined;
  if (all.every(({ affinity }) => affinity.length === machine.cpus.length)) return {};
  if (all.every(({ affinity, cpu }) => affinity.length === 1 && affinity[0] === cpu)) return { affinity: 'cpu' };
  const sizes = cpusOfSockets(machine).map((cpus) => cpus.length);
  if (all.every(({ affinity, socket }) => affinity.length === sizes[socket])) return { affinity: 'socket' };
  return all.every(({ affinity }) => affinity.length === first.affinity.length) ? { affinity: first.affinity } : undefined;
}

/** A device as an entry of its own. */
function explicit({ irqs, socket = 0, ...device }: DeviceDescription, d: number, { devices, machine }: Scenario): unknown {
  const { cpus, sockets = 1 } = machine;
  return {
    ...device,
    ...(socket === socketOf(d, devices.length, sockets) ? {} : { socket }),
    irqs: irqs.map(({ affinity, ...irq }) => (affinity.length === cpus.length ? irq : { ...irq, affinity })),
  };
}
