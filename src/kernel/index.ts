/**
 * The room of kernel models: here their micro-programs are declared, built and assembled.
 *
 * A model declares variables (`Declarations`), writes routines with a structured builder (`Assembler.routine`), and
 * assembles them to a `Program` that the core executes.
 */
export { Assembler, type Judges, type Program } from './assembler.js';
export type { LocklessAccess } from './atomic.js';
export type { Builder } from './builder.js';
export { decode, disassemble, type Decoded } from './disassemble.js';
export type { Label } from './encode.js';
export { harvest } from './harvest.js';
export { readables } from './expression/names.js';
export { ExpressionError, parseExpression } from './expression/syntax.js';
export { Terms } from './expression/terms.js';
export type { Parts, Surroundings } from './expression/types.js';
export { judgeOf, MOST_OWN, type OwnProperty, type When } from './judges.js';
export { AssemblyError, NoRoutineError } from './errors.js';
export type { OwnBody, OwnKernel, OwnParams, OwnRoutines } from './own.js';
export { programSetup, type Starts } from './setup.js';
export type { MaskRef } from './memory.js';
export type { Arguments, ParamRegs, Params, ResultKind, Routine, RoutineOptions, Timer } from './routine.js';
export { all, any, eq, ge, lt, ne, not, SELF, type Condition, type IndexOf, type Reg, type Test, type Value } from './values.js';
export {
  Declarations,
  isCheckable,
  type DeclaredData,
  type Descriptors,
  type AnyVariable,
  type CommonOptions,
  type Dim,
  type Domain,
  type Kind,
  type List,
  type Lock,
  type MachineSize,
  type Mask,
  type MaskOptions,
  type Variable,
  type VariableClass,
  type VariableOptions,
  type VariableTable,
} from './variables.js';
