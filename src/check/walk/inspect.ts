/** What there is to look at in the state of a walk, as data; by the user's numbers. */
import type { AnyVariable } from '../../kernel/index.js';
import { describeSent, indexName, irqNumber, type Field } from '../names/index.js';
import type { Named } from './changes.js';
import type { Standing } from './stands.js';
import type { Walk } from './walk.js';

/** Where a CPU stands. */
export interface CpuView {
  readonly name: string;
  readonly interruptsOn: boolean;
  /** what it does without a context, e.g. `idle` */
  readonly idle: string | undefined;
  /** the one with the highest priority first */
  readonly contexts: readonly (Standing & { readonly current: boolean })[];
}

/** A lock that is held, or that somebody stands in front of. */
export interface LockView {
  readonly name: string;
  readonly holder: string | undefined;
  /** `CPU 0 thread` */
  readonly waiters: readonly string[];
}

export function whereIs(walk: Walk, cpu: number): CpuView {
  const current = walk.standings.current(cpu);
  const contexts = walk.standings.of(cpu).map((each) => ({ ...each, current: each.level === current?.level }));
  return {
    name: walk.system.names.cpus[cpu] ?? '?',
    interruptsOn: walk.machine.cpu(cpu).interruptsOn,
    idle: contexts.length === 0 ? walk.standings.idle(cpu) : undefined,
    contexts,
  };
}

/** Slots of a CPU's vector table that are not empty. */
export function vectorTable({ system, machine }: Walk, cpu: number): Named[] {
  return system.built
    .slots(machine, cpu)
    .map(({ vector, text }) => ({ name: indexName(system, 'vector', vector), text: irqNumber(system, text), zero: false }));
}

function named(walk: Walk, owner: string, parts: readonly Field['part'][]): Named[] {
  const fields = walk.states.fields.all.filter(({ name, part }) => parts.includes(part) && name.startsWith(`${owner} `));
  return walk.states.values(fields).map((each) => ({ ...each, name: each.name.slice(owner.length + 1) }));
}

/** Registers of a CPU and its LAPIC. */
export function lapicOf(walk: Walk, cpu: number): Named[] {
  return named(walk, walk.system.names.cpus[cpu] ?? '?', ['cpu']);
}

/** Registers of a device's messages, what they say, and what has come of its events. */
export function msiOf(walk: Walk, device: number): Named[] {
  const { system, machine } = walk;
  const own = machine.setup.sources.flatMap((source, s) => (source.device === device ? [s] : []));
  const why = own.map((s) => system.built.disagreement(machine, s)).find((each) => each !== undefined);
  const name = system.names.devices[device] ?? '?';
  const several = own.length === 1 ? [] : own.flatMap((s) => named(walk, system.names.sources[s] ?? '?', ['source']));
  return [
    ...named(walk, name, ['device', 'source']),
    ...several,
    ...own.map((s) => ({
      name: own.length === 1 ? 'message' : `message of irq ${system.names.irqs[s] ?? '?'}`,
      text: describeSent(system, machine.messageOf(s)),
      zero: false,
    })),
    { name: 'kernel', text: why === undefined ? 'agrees' : `does not agree: ${irqNumber(system, why)}`, zero: false },
  ];
}

/** Locks that are held or wanted. */
export function locksOf(walk: Walk): LockView[] {
  const { system, states } = walk;
  const standings = system.names.cpus.flatMap((_, c) => walk.standings.of(c));
  return system.built.variables
    .filter((variable) => variable.form === 'lock')
    .flatMap((variable) => states.fields.elementsOf(variable))
    .map((field) => {
      const owner = states.now(field);
      const waiters = standings
        .filter(({ lock }) => lock === field.name)
        .map(({ cpu, level }) => `${system.names.cpus[cpu] ?? '?'} ${level}`);
      return { name: field.name, holder: owner === 0 ? undefined : (system.names.cpus[owner - 1] ?? '?'), waiters };
    })
    .filter(({ holder, waiters }) => holder !== undefined || waiters.length > 0);
}

/** The variables of the kernel that can be looked at. */
export function variablesOf({ system }: Walk): readonly AnyVariable[] {
  return system.built.variables.filter((variable) => variable.class !== 'record');
}

/** Elements of a variable: those with the first indexes given, all without any. Empty: there is none with these. */
export function elementsOf({ states }: Walk, variable: AnyVariable, indexes: readonly number[]): Named[] {
  const [first, second] = states.fields.extentOf(variable);
  const [i, j] = indexes;
  if ((i ?? 0) >= first || (j ?? 0) >= second) return [];
  const all = states.fields.elementsOf(variable);
  const inner = all.length / first;
  const row = i === undefined ? all : all.slice(i * inner, (i + 1) * inner);
  return states.values(j === undefined ? row : row.slice(j, j + 1));
}
