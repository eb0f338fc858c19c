/** A finding made readable: its smallest program, the way to it, and the kernels that have it. */
import { drawDiagram, drawSvg, explain, minimise, tokenOf, type Cause, type Failure } from '../check/index.js';
import type { KernelModel } from '../kernel/model/index.js';
import { assembleSystem, type Operation, type Scenario, type System } from '../scenario/index.js';
import { kebab } from '../words.js';
import { failuresOf, isSame, systemsOn, type Limits, type Manner } from './examine.js';
import { mattering } from './given.js';
import { makesSense } from './operations.js';
import { scenarioOf, type Given, type Program } from './program.js';

/** What is to be told; plain data. */
export interface Shown {
  readonly name: string;
  readonly cause: Cause;
  readonly program: Program;
  readonly given: Given;
  readonly manner: Manner;
  /** index of the kernel that it is shown on */
  readonly model: number;
}

/** How a program ends on a kernel: as the finding says, with the same property failing for another cause, or otherwise. */
export type Ending = 'fails' | 'otherwise' | 'holds' | 'undecided' | 'impossible';

/** A finding as it is told; plain data. */
export interface Told {
  readonly name: string;
  readonly model: string;
  readonly program: Program;
  readonly given: Given;
  readonly scenario: Scenario;
  /** visible steps */
  readonly length: number;
  readonly diagram: string;
  readonly svg: string;
  readonly token: string;
  /** by name of the kernel */
  readonly endings: Readonly<Record<string, Ending>>;
}

/** Columns of a diagram. */
const WIDTH = 100;

/** What is shown: of a device that waits for its handler less can happen. */
type Case = Pick<Shown, 'program' | 'given' | 'manner'>;

/** All that is left when something is left out, the shortest first. */
function parts(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const all = Array.from({ length: 2 ** operations.length - 1 }, (_, bits) => operations.filter((__, i) => (bits >>> i) & 1));
  return all.filter(({ length }) => length > 0).toSorted((x, y) => x.length - y.length);
}

/** The same with something less. */
function* smaller({ program, given, manner }: Case): Generator<Case> {
  const { operations } = program;
  for (const fewer of parts(operations)) {
    if (makesSense(program, fewer)) yield { program: { ...program, operations: fewer }, given, manner };
  }
  const alone: Program = { ...program, surroundings: 'alone' };
  if (program.surroundings !== 'alone' && makesSense(alone, operations)) yield { program: alone, given, manner };
  const narrow: Program = { ...program, cpus: program.cpus - 1 };
  if (program.cpus > 2 && makesSense(narrow, operations)) yield { program: narrow, given, manner };
  for (const name of Object.keys(given) as (keyof Given)[]) yield { program, given: without(given, [name]), manner };
  if (manner === 'free') yield { program, given, manner: 'handshake' };
}

/** The failure that has this cause. */
function failureOf<F extends Failure & { readonly cause: Cause }>(failures: readonly F[], cause: Cause): F | undefined {
  return failures.find((each) => isSame(each.cause, cause));
}

const without = (given: Given, names: readonly (keyof Given)[]): Given =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !(names as readonly string[]).includes(name)));

/** What asks for nothing that cannot matter. */
function plain({ program, given, manner }: Case): Case {
  const idle = (Object.keys(given) as (keyof Given)[]).filter((name) => !mattering(program).includes(name));
  return { program, given: without(given, idle), manner };
}

/** Leaves out whatever the failure does not need. */
async function shrunk(from: Case, cause: Cause, model: KernelModel, limits: Limits): Promise<Case> {
  for (const less of smaller(from)) {
    const wanted = plain(less);
    const { failures } = await failuresOf(systemFor(wanted, model), limits);
    if (failureOf(failures, cause) !== undefined) return shrunk(wanted, cause, model, limits);
  }
  return from;
}

function systemFor({ program, given, manner }: Case, model: KernelModel): System {
  return assembleSystem(scenarioOf(program, given, model.name, manner === 'handshake'), { model });
}

/** Tells a finding. `models`: kernels that were hunted, by index; `all`: those that it is tried on. Throws `ModelError`. */
export async function tell(shown: Shown, models: readonly KernelModel[], all: readonly KernelModel[], limits: Limits): Promise<Told> {
  const model = models[shown.model] as KernelModel;
  const least = await shrunk(shown, shown.cause, model, limits);
  const { program, given } = least;
  const system = systemFor(least, model);
  const failure = failureOf((await failuresOf(system, limits)).failures, shown.cause);
  if (failure === undefined) throw new Error(`${shown.name} is not found again on ${model.name}`);
  const way = await minimise(system, failure);
  const explanation = await explain(system, way);
  const title = `${system.scenario.name}, ${model.name}: ${kebab(failure.property)} fails`;
  return {
    name: shown.name,
    model: model.name,
    program,
    given,
    scenario: system.scenario,
    length: failure.length,
    diagram: drawDiagram(explanation, WIDTH),
    svg: drawSvg(explanation, { title }),
    token: await tokenOf(system, way.path),
    endings: await endingsOn(system.scenario, shown.cause, all, limits),
  };
}

async function endingsOn(
  scenario: Scenario,
  cause: Cause,
  all: readonly KernelModel[],
  limits: Limits,
): Promise<Readonly<Record<string, Ending>>> {
  const endings: Record<string, Ending> = Object.fromEntries(all.map(({ name }) => [name, 'impossible']));
  for (const { models, system } of systemsOn(scenario, all)) {
    const { failures, undecided } = await failuresOf(system, limits);
    const fails = failures.some(({ property }) => property === cause.property);
    const same = failureOf(failures, cause) !== undefined;
    const ending = same ? 'fails' : fails ? 'otherwise' : undecided === undefined ? 'holds' : 'undecided';
    for (const m of models) endings[all[m]?.name ?? ''] = ending;
  }
  return endings;
}
