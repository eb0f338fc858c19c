/** What a micro-program must not do, and the core reports with its place (assembly/state/abi/outcomes.ts). */
import { Fault } from '../core/index.js';

const words: Readonly<Record<Exclude<keyof typeof Fault, 'none'>, string>> = {
  index: 'an index is out of range, or a value does not fit into its variable',
  depth: 'calls are nested too deeply, more locks are held than a CPU can hold, or it returns from nowhere',
  opcode: 'there is no such instruction, or it is none for this place',
  runaway: 'a loop goes on forever without a step that others see',
  context: 'it wakes a task that is awake, or one of a CPU that does not exist',
  pool: 'more messages are in flight than there is room for',
};

/** Instruction of a fault that is none's. */
const NOWHERE = 0xffff;

/** Where it is, for people. */
export interface FaultPlace {
  readonly step: string;
  /** what the variable there can be indexed by, and hold; left out: there is none */
  readonly variable?: string;
  /** its stack says where the user wrote the instruction; left out: no user did */
  readonly origin?: Error;
}

/** A kernel model is at fault: no finding about a kernel, but a mistake of who wrote the model. */
export class ModelFault extends Error {
  readonly kind: keyof typeof Fault;
  /** its number in the program */
  readonly instruction: number;

  /** `model`: its name. What the cause says of where it was written is in its stack. */
  constructor(kind: number, instruction: number, place: FaultPlace = { step: `instruction ${instruction}` }, model = '') {
    const name = (Fault[kind] ?? 'none') as keyof typeof Fault;
    const who = `the kernel model ${model}`.trimEnd();
    const what = name === 'none' ? `fault ${kind}` : words[name];
    super(
      instruction === NOWHERE
        ? `${who} is at fault: an interrupt came on a vector that has no routine`
        : `${who} is at fault at ${place.step}: ${what}${name === 'index' && place.variable !== undefined ? `; ${place.variable}` : ''}`,
      place.origin && { cause: place.origin },
    );
    this.kind = name;
    this.instruction = instruction;
  }
}
