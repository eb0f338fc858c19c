/** What any kernel model is to the rest of the program. */
import {
  VarWord,
  type FaultPlace,
  type FunctionModel,
  type IommuModel,
  type OperationSetup,
  type ProgramMachine,
  type ProgramSetup,
} from '../../machine/index.js';
import type { Label } from '../encode.js';
import type { Parts } from '../expression/types.js';
import type { OwnProperty } from '../judges.js';
import type { AnyVariable, DeclaredData, MachineSize } from '../variables.js';

/** Where an interrupt is when a scenario starts; indexes throughout. */
export interface IrqPlacement {
  readonly device: number;
  /** which of the device's messages, from 0 */
  readonly message: number;
  readonly vector: number;
  readonly cpu: number;
  readonly affinity: readonly number[];
  /** left out: a user may move it */
  readonly managed?: boolean | undefined;
  /** left out: a driver has it */
  readonly requested?: boolean | undefined;
  /** of a pin: level-triggered; left out: by edges */
  readonly level?: boolean | undefined;
  /** the driver's handler runs in a thread; left out: at once */
  readonly threaded?: boolean | undefined;
  /** the vCPU that it is posted to; left out: none */
  readonly vcpu?: number | undefined;
}

/** An operation of a scenario, in indexes. `on`: the CPU its task runs on. `pause`: cycles before it, timed. */
export type OperationRequest = { readonly on: number; readonly pause: number } & (
  | { readonly kind: 'offline' | 'online'; readonly cpu: number }
  | { readonly kind: 'move'; readonly irq: number; readonly to: readonly number[] }
  | { readonly kind: 'request' | 'free' | 'disable' | 'enable'; readonly irq: number }
  /** the messages of a device are given back, with their vectors, and allocated again */
  | { readonly kind: 'teardown' | 'allocate'; readonly device: number }
  /** devices lose their power, and have it again */
  | { readonly kind: 'suspend' | 'resume' }
  /** messages of the irq are posted to a vCPU (hardware.md D.3.2), and no more */
  | { readonly kind: 'post'; readonly irq: number; readonly vcpu: number }
  | { readonly kind: 'unpost'; readonly irq: number }
  /** the thread of a vCPU runs on that CPU from then on; loses its CPU for a while; its guest executes HLT; something wakes it */
  | { readonly kind: 'load'; readonly vcpu: number; readonly cpu: number }
  | { readonly kind: 'preempt' | 'block' | 'wake'; readonly vcpu: number }
);

/** What a host can do to a machine that runs with time, and sees of it: routines by their entries, variables by their slots. */
export interface Control {
  /** the routines take the index of a CPU; two operations with this key do not overlap */
  readonly plug: { readonly offline: number; readonly online: number; readonly key: number };
  /** the routine takes the index of an irq and a mask of CPUs; moves of irq i have key `firstKey` + i */
  readonly move: { readonly entry: number; readonly firstKey: number };
  /** mask of the CPUs that are online */
  readonly online: number;
  /** variable over irqs: the CPU, by index, that its messages go to */
  readonly target: number;
  /** variable over irqs, and what it is where no driver has the irq */
  readonly shutdown: { readonly slot: number; readonly value: number };
}

export interface Placement {
  readonly online: readonly boolean[];
  readonly apicIds: readonly number[];
  readonly devices: readonly FunctionModel[];
  readonly irqs: readonly IrqPlacement[];
  readonly operations: readonly OperationRequest[];
  /** of the IOAPIC, if there are pins (hardware.md B.1); left out: 0x20 */
  readonly ioapicVersion?: number;
  /** interrupt remapping: the unit of each device, -1: none; left out: no device is remapped */
  readonly units?: readonly number[];
  /** the units, all of one kind; of AMD's the capabilities are what the kernel turns on */
  readonly iommus?: readonly IommuModel[];
  /** entries of the table of VT-d units; left out: the least power of two that holds all irqs */
  readonly entries?: number;
  /** messages of PCI devices are posted, each to a descriptor of its CPU (hardware.md E.5); left out: they are not */
  readonly postedMsi?: boolean;
  /** the CPU on which each vCPU runs; left out: there are none */
  readonly vcpus?: readonly number[];
  /** how CPUs, irqs and devices are called, and properties of the user's own that name them */
  readonly parts?: Omit<Parts, 'systemVectors' | 'vectors'>;
  readonly own?: readonly OwnProperty[];
}

/** An allocated vector that is no irq's target. CPU by index. */
export interface Untargeted {
  readonly cpu: number;
  readonly vector: number;
  /** what is to free it, as a sentence; undefined: nothing will */
  readonly awaits: string | undefined;
}

/** What a timed run measures of a model. It is no part of what the model does: slots of variables, and what routines are for. */
export interface Measurable {
  /** by label: what the routine that it is in is executed for */
  readonly accounts: readonly ('interrupt' | 'operation' | 'flush')[];
  /** variable over irqs: not 0 while the vector from before the last move is kept; left out: not known */
  readonly keptVectors?: number;
  /** variable over CPUs: vectors that are allocated; left out: not known */
  readonly allocatedVectors?: number;
  /** variable, and its values while an operation keeps all CPUs from interrupts; left out: not known */
  readonly stopped?: { readonly slot: number; readonly from: number; readonly to: number };
}

/** A model assembled for one machine and scenario. */
export interface BuiltModel {
  readonly program: ProgramSetup;
  readonly labels: readonly Label[];
  readonly variables: readonly AnyVariable[];
  readonly fingerprint: string;
  readonly operations: readonly OperationSetup[];
  readonly systemVectors: readonly number[];
  /** left out: the cost of its operations is not known */
  readonly measurable?: Measurable;
  /** entries of the remapping table, of AMD of that of each device; left out: there are none */
  readonly irtes?: number;
  /**
   * Why a message that a source sent now would not reach its handler, or undefined: device and kernel agree. What a
   * counterexample marks as the step after which they parted.
   */
  disagreement(machine: ProgramMachine, source: number): string | undefined;
  /** Vectors that are allocated and nobody's target: moves that are not cleaned up, and leaks. Left out: not known. */
  untargeted?(machine: ProgramMachine): readonly Untargeted[];
  /** Where each vCPU is, in words; CPUs by index. Left out: there are none. */
  vcpus?(machine: ProgramMachine): readonly string[];
  /** Slots of a CPU's vector table that are not empty. */
  slots(machine: ProgramMachine, cpu: number): readonly { readonly vector: number; readonly text: string }[];
  /** Left out: nothing can be injected. */
  readonly control?: Control;
  /** Puts the kernel's data, the CPUs and the devices in the state in which the scenario starts. */
  boot(machine: ProgramMachine): void;
}

/** Label of an instruction of a program, by its number. */
export function labelOf({ program, labels }: Pick<BuiltModel, 'program' | 'labels'>, instruction: number): Label | undefined {
  return labels[(program.code[instruction * 4 + 3] ?? 0) >>> 8];
}

/** `routine:line text` of an instruction. */
export function stepOf(built: Pick<BuiltModel, 'program' | 'labels'>, instruction: number): string {
  const label = labelOf(built, instruction);
  return label === undefined ? `instruction ${instruction}` : `${label.routine}:${label.line} ${label.text}`;
}

/** The same with what a user needs to find out what is wrong there. */
export function placeOf(built: Pick<BuiltModel, 'program' | 'labels' | 'variables'>, instruction: number): FaultPlace {
  const { slot, origin } = labelOf(built, instruction) ?? {};
  const variable = slot === undefined ? undefined : built.variables[slot];
  return {
    step: stepOf(built, instruction),
    ...(variable && { variable: rangeOf(variable, built.program.variables) }),
    ...(origin && { origin }),
  };
}

const below = (n: number): string => (n === 1 ? '0' : `0 to ${n - 1}`);

/** `apicd_cpu[irq 0 to 3] holds 0 to 7`, with indexes. */
function rangeOf({ name, slot, dims, form }: AnyVariable, words: Uint32Array): string {
  const word = (which: VarWord): number => words[slot * VarWord.words + which] ?? 0;
  const indexes = dims.map((dim, i) => `[${dim} ${below(word(i === 0 ? VarWord.dim0 : VarWord.dim1))}]`).join('');
  return `${name}${indexes} ${form === 'value' ? `holds ${below(2 ** word(VarWord.bits))}` : `is a ${form}`}`;
}

/** One behaviour in force, for a verdict. */
export interface ActiveBehaviour {
  readonly name: string;
  readonly value: string;
  /** what the behaviour decides; left out: its name says it */
  readonly about?: string;
  /** what the value means */
  readonly text: string;
  /** where the version's value is known from; `set`: the user's choice */
  readonly evidence: string;
  /** what it might be instead; left out: not known */
  readonly others?: readonly OtherValue[];
}

/** A value that a behaviour might have instead of the one in force. */
export interface OtherValue {
  readonly value: string;
  /** what the value means */
  readonly text: string;
  /** why nothing would change with it, as the other behaviours are; left out: no reason is known */
  readonly moot?: string;
}

export interface KernelModel {
  /** e.g. `linux-5.9` */
  readonly name: string;
  readonly behaviours: readonly ActiveBehaviour[];
  /** routines that are the user's own; left out: none */
  readonly own?: readonly string[];
  /** the file it is from, if the user keeps it in one: what reproduces a verdict names it */
  readonly file?: string;
  /** The same model with single behaviours set otherwise; left out: it has none. Throws `ModelError`. */
  set?(behaviours: Readonly<Record<string, string>>): KernelModel;
  /** what an own property can name; left out: nothing */
  readonly data?: DeclaredData;
  readonly systemVectors?: readonly number[];
  readonly invariants?: readonly OwnProperty[];
  /** Throws `ExpressionError` for an own property that makes no sense. */
  build(size: MachineSize, placement: Placement): BuiltModel;
}

/** What the user asked for does not exist; the sentence says what does. */
export class ModelError extends Error {}

/** The kernel cannot drive such a machine, though others can; the sentence says which. */
export class UnsupportedError extends ModelError {}
