/** From an assembled program to what a machine is made of. */
import type { ProgramSetup } from '../machine/index.js';
import type { Program } from './assembler.js';
import { AssemblyError } from './errors.js';
import type { Declarations, MachineSize, Variable } from './variables.js';

/** Where a machine starts in the program. */
export interface Starts {
  /** entry of the handler of each vector that has one */
  readonly handlers: ReadonlyMap<number, number>;
  /** entry of a CPU behind SIPI; left out: none starts */
  readonly apStart?: number;
  /** slot of the variable that says that an irq is started; left out: all are */
  readonly started?: number;
  /** the variable over CPUs that doorbells of AMD units set to 1 (hardware.md F.3.3), one that units write; left out: nobody notices them */
  readonly doorbell?: Variable<'bool', readonly ['cpu']>;
  /** instead: the vector by which they are interrupts of their CPU, whose handler is what a core does by itself; left out: they are none */
  readonly doorbellVector?: number | undefined;
}

/** The program with its variables and its judges, so that no invariant is left unchecked. */
export function programSetup(program: Program, declarations: Declarations, size: MachineSize, starts: Starts): ProgramSetup {
  const { code, live, movers, judges, timers } = program;
  const { doorbell, doorbellVector } = starts;
  if (doorbell !== undefined && !doorbell.dma)
    throw new AssemblyError(`doorbells set ${doorbell.name}, whatever CPUs do meanwhile; declare it with dma`);
  const { words, initial } = declarations.variableTable(size, judges.watched);
  return {
    code,
    live,
    movers,
    variables: words,
    initial,
    handlers: starts.handlers,
    judgeRest: judges.entries.atRest,
    judgeProbe: judges.entries.afterProbe,
    judgeAlways: judges.entries.always,
    own: judges.own,
    watchedHardware: judges.watchedHardware,
    apStart: starts.apStart ?? 0,
    ...(timers.length > 0 && { timers }),
    started: starts.started,
    ...(doorbell !== undefined && { doorbell: doorbell.slot }),
    ...(doorbellVector !== undefined && { doorbellVector }),
  };
}
