/**
 * A scenario compiled with its kernel model: data, from which a machine is made without the model, the assembler and the parser. It has the
 * set-up of the machine, what the model writes before the start, and what a host has to know.
 */
import { instantiate, loadTimedModule, type Core, type ModuleSource } from '../core/index.js';
import { change, changesSince, type MachineSetup, type ProgramSetup } from '../machine/index.js';
import { hostOf } from './host.js';
import { pooled, unpooled, type Pooled } from './pooled.js';
import type { PolicyDescription, TimedOperation } from './scenario.js';
import { ScenarioMachine, type Host } from './scenarioMachine.js';
import type { Mode, System } from './system.js';

const FORMAT = 'irqlab compiled scenario';

/** A scenario with its kernel, ready to run with time: JSON, for the build of irqlab that it was made with. */
export interface CompiledScenario {
  readonly format: string;
  /** of irqlab's module; another build takes another */
  readonly build: number;
  /** names */
  readonly scenario: string;
  readonly model: string;
  /** what the scenario says */
  readonly seed: number;
  /** simulated, likewise */
  readonly seconds: number;
  /** what operations cost is measured, and no failure ends a run */
  readonly measure: boolean;
  /** of the machine before its start */
  readonly digest: string;
  readonly content: Pooled;
}

/** What is in it besides. */
export interface CompiledContent {
  readonly setup: MachineSetup;
  readonly host: Host;
  readonly changes: readonly number[];
  readonly events: readonly TimedOperation[];
  readonly policies: readonly PolicyDescription[];
  /** names by index */
  readonly sources: readonly string[];
}

/** What the machine is filled with while it is compiled; a run has its own. */
const ANY_SEED = 0;

/** Compiles a system for runs of this mode. Throws `ModelError` if there is no such run, `RangeError` if there is not enough memory. */
export async function compileSystem(system: System, mode: Omit<Mode, 'timed' | 'seed'>): Promise<CompiledScenario> {
  const { scenario, model, built, names } = system;
  const setup = system.setup({ ...mode, timed: true, seed: ANY_SEED });
  const { initial } = setup.program;
  // as it will be read: what its parts share decides how large tables are
  const bare = unpooled(pooled({ ...setup, program: forRuns(setup.program) })) as MachineSetup;
  const host = hostOf(scenario, model.name, built);
  const module = await loadTimedModule();
  const empty = ScenarioMachine.of(await instantiate(module), bare, host);
  const full = ScenarioMachine.of(await instantiate(module), { ...bare, program: { ...bare.program, initial } }, host);
  built.boot(full);
  const content: CompiledContent = {
    setup: bare,
    host,
    changes: changesSince(empty.snapshot(), full.snapshot()),
    events: scenario.events,
    policies: scenario.policies,
    sources: names.sources,
  };
  return {
    format: FORMAT,
    build: buildOf(full.core),
    scenario: scenario.name,
    model: model.name,
    seed: scenario.run.seed,
    seconds: scenario.run.seconds,
    measure: mode.measure === true,
    digest: full.digest(),
    content: pooled(content),
  };
}

/** A program without what only checks and people read: live registers, movers, labels. Initial values are among the changes. */
function forRuns(program: ProgramSetup): object {
  const code = program.code.map((word, i) => (i % 4 === 3 ? word & 0xff : word));
  return { ...program, code, live: new Uint8Array(0), movers: undefined, initial: [] };
}

export const isCompiled = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT;

/** What a compiled scenario has in it. Throws `RangeError` for anything else. */
export function contentOf(compiled: CompiledScenario): CompiledContent {
  if (!isCompiled(compiled) || !Array.isArray(compiled.content?.parts))
    throw new RangeError('this is no compiled scenario; irqlab compile writes one');
  return unpooled(compiled.content) as CompiledContent;
}

/** A machine in the state in which the scenario starts. Throws `RangeError` for what another build of irqlab has compiled. */
export async function machineOfCompiled(
  compiled: CompiledScenario,
  content: CompiledContent,
  seed: number = compiled.seed,
  module?: ModuleSource,
): Promise<ScenarioMachine> {
  const core = await instantiate(module ?? (await loadTimedModule()));
  const another = `${compiled.scenario} was compiled by another build of irqlab; compile it again with the one that runs it`;
  // before anything is made of its set-up, which may be of another shape
  if (buildOf(core) !== compiled.build) throw new RangeError(another);
  const machine = ScenarioMachine.of(core, content.setup, content.host);
  change(machine, content.changes);
  if (machine.digest() !== compiled.digest) throw new RangeError(another);
  machine.seed(seed);
  machine.start();
  machine.schedule(content.events);
  return machine;
}

const buildOf = ({ exports }: Core): number => exports.build.value as number;
