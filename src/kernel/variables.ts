/**
 * Declarations of a kernel model: its variables, masks, locks and lists.
 *
 * A declaration says everything that the core needs to place a variable in the state, to digest it and to pack it into
 * an image (`VarWord` in assembly/state/abi); the core itself knows slots, never names.
 */
import { VarClass, VarFlag, VarWord } from '../../assembly/state/abi/instructions.js';
import { AssemblyError } from './errors.js';
import {
  bitsFor,
  bytesOfKind,
  extent,
  kindBits,
  isCheckable,
  type Dim,
  type Domain,
  type Kind,
  type MachineSize,
  type Node,
} from './kinds.js';
import { describeValue, type Meaning } from './meaning.js';

export { bitsFor, isCheckable, kindBits, type Dim, type Domain, type Kind, type MachineSize };

export type VariableClass = 'check' | 'fixed' | 'record';

export interface CommonOptions {
  /** what digests and images do with it; default `check` */
  readonly class?: VariableClass;
  /** a store to it is a visible step: it counts in the length of a counterexample */
  readonly visible?: boolean;
  /** a non-zero value carries the events of the interrupt source it is indexed by */
  readonly carrier?: boolean;
  /** the lock that protects it; one with a dimension protects the elements with the same index */
  readonly lock?: Lock;
  /** only the CPU of its `cpu` index touches it, so no other actor ever sees it; the assembler holds the model to that */
  readonly local?: boolean;
  /**
   * remapping units read and write it, whatever lock is held; it stands at a page of its own, or at an offset in one: a multiple of 16
   * below 4096
   */
  readonly dma?: boolean | { readonly offset: number };
  /** its rows are posted-interrupt descriptors (`Declarations.descriptors`) */
  readonly descriptor?: boolean;
}

export interface VariableOptions extends CommonOptions {
  /** bits an element takes in an image, if the kind's default is too many or too few */
  readonly bits?: number | ((size: MachineSize) => number);
  readonly initial?: (size: MachineSize, ...index: number[]) => number;
  /** what values stand for, e.g. 0xfffe for RETRIGGERED */
  readonly values?: Meaning;
}

export interface MaskOptions extends CommonOptions {
  /** whether a bit is set at first */
  readonly initial?: (size: MachineSize, bit: number, ...index: number[]) => boolean;
}

interface Declared<D extends readonly Kind[]> {
  readonly name: string;
  /** index into the table of variables */
  readonly slot: number;
  readonly dims: D;
  readonly class: VariableClass;
  readonly visible: boolean;
  readonly carrier: boolean;
  readonly local: boolean;
  readonly dma: boolean;
  /** bytes from the beginning of its page, if it has one */
  readonly offset: number;
  readonly descriptor: boolean;
  readonly protectedBy: Lock | undefined;
}

/** An array of values of at most two dimensions. */
export interface Variable<K extends Kind = Kind, D extends readonly Kind[] = readonly Kind[]> extends Declared<D> {
  readonly form: 'value';
  readonly kind: K;
  readonly bits: VariableOptions['bits'];
  readonly initial: VariableOptions['initial'];
  readonly values: Meaning;
  /** a value as users should read it, where the number alone says little */
  readonly describe: ((value: number) => string) | undefined;
}

/** Posted-interrupt descriptors, one for each index. */
export type Descriptors<D extends Kind = Kind> = Variable<'u32', readonly [D, 'pidWord']>;

/** A mask, or an array of masks. */
export interface Mask<O extends Domain = Domain, D extends readonly Kind[] = readonly Kind[]> extends Declared<D> {
  readonly form: 'mask';
  readonly over: O;
  readonly initial: MaskOptions['initial'];
}

/** A lock, or an array of locks. */
export interface Lock<D extends readonly Kind[] = readonly Kind[]> extends Declared<D> {
  readonly form: 'lock';
}

export type AnyVariable = Variable | Mask | Lock;

/** A singly linked list per index of `heads`; both variables hold node + 1, or 0 at the end. */
export interface List<H extends Node = Node, N extends Node = Node> {
  readonly name: string;
  readonly heads: Variable<N, readonly [H]>;
  readonly next: Variable<N, readonly [N]>;
}

export interface VariableTable {
  /** `VarWord.words` words for each variable, in slot order; addresses are 0 */
  readonly words: Uint32Array;
  /**
   * Initial values in slot order; undefined: all zero. A variable: its elements, the last dimension fastest. A mask: 32-bit
   * words, lowest bit first, `VarWord.bytes / 4` words for each mask.
   */
  readonly initial: readonly (Uint32Array | undefined)[];
}

/** Bytes an element (of a mask: the whole mask) takes in the state. */
function elementBytes(variable: AnyVariable, size: MachineSize): number {
  if (variable.form === 'mask') return Math.ceil(extent(variable.over, size) / 32) * 4;
  return variable.form === 'lock' ? 2 : bytesOfKind[variable.kind];
}

/** Bits an element takes in an image; a mask of vectors has those of the universe only. */
export function elementBits(variable: AnyVariable, size: MachineSize): number {
  if (variable.form === 'lock') return bitsFor(size.cpus);
  if (variable.form === 'mask') return variable.over === 'vector' ? size.vectorHi - size.vectorLo : extent(variable.over, size);
  const own = typeof variable.bits === 'function' ? variable.bits(size) : variable.bits;
  const bits = own ?? kindBits(variable.kind, size);
  const most = bytesOfKind[variable.kind] * 8;
  if (!Number.isInteger(bits) || bits < 1 || bits > most) {
    throw new AssemblyError(`${variable.name} asks for ${bits} bits; a ${variable.kind} has 1 to ${most}`);
  }
  return bits;
}

/** What a kernel model declares. */
export interface DeclaredData {
  /** in slot order */
  readonly variables: readonly AnyVariable[];
  /** their variables are among those too */
  readonly lists: readonly List[];
}

export class Declarations implements DeclaredData {
  readonly #variables: AnyVariable[] = [];
  readonly #lists: List[] = [];
  readonly #names = new Set<string>();

  /** All variables in slot order. */
  get variables(): readonly AnyVariable[] {
    return this.#variables;
  }

  get lists(): readonly List[] {
    return this.#lists;
  }

  variable<K extends Kind, const D extends readonly Dim[]>(name: string, kind: K, dims: D, options: VariableOptions = {}): Variable<K, D> {
    const { bits, initial, values } = options;
    const describe = values && ((value: number) => describeValue(values, value));
    return this.#add({ ...this.#declared(name, dims, 2, options), form: 'value', kind, bits, initial, values: values ?? {}, describe });
  }

  /**
   * Posted-interrupt descriptors (hardware.md E.1), one for each index: sixteen words (`PidWord`) that units write and others see. An
   * image holds of PIR the universe's vectors.
   */
  descriptors<const D extends Dim>(name: string, dim: D, options: VariableOptions = {}): Descriptors<D> {
    return this.variable<'u32', readonly [D, 'pidWord']>(name, 'u32', [dim, 'pidWord'], {
      visible: true,
      ...options,
      dma: true,
      descriptor: true,
    });
  }

  /** One mask, or one for each index: `mask('pending_mask', 'cpu', ['irq'])`. */
  mask<O extends Domain, const D extends readonly [] | readonly [Dim]>(
    name: string,
    over: O,
    dims: D,
    options: MaskOptions = {},
  ): Mask<O, D> {
    return this.#add({ ...this.#declared(name, dims, 1, options), form: 'mask', over, initial: options.initial });
  }

  lock<const D extends readonly [] | readonly [Dim]>(name: string, dims: D): Lock<D> {
    return this.#add({ ...this.#declared(name, dims, 1, {}), form: 'lock' });
  }

  /** Lists of nodes, one for each index of `headDims`: variables `name` and `name_next`. */
  list<H extends Node, N extends Node>(name: string, headDims: readonly [H], nodes: N, options: CommonOptions = {}): List<H, N> {
    const kind: Node = nodes;
    const links: { values: Meaning } = { values: { names: { END: 0 }, as: kind === 'vector' ? 'number' : kind, from: 1 } };
    const heads = this.variable<N, readonly [H]>(name, nodes, headDims, { ...options, ...links });
    const { local: _, ...shared } = options;
    const next = this.variable<N, readonly [N]>(`${name}_next`, nodes, [nodes], { ...shared, ...links });
    const list = { name, heads, next };
    // a list of any kind: who reads it checks the kinds of its variables
    this.#lists.push(list as unknown as List);
    return list;
  }

  /** What the core needs to place the variables in a machine of this size. `watched`: slots an own property always reads. */
  variableTable(size: MachineSize, watched: ReadonlySet<number> = new Set()): VariableTable {
    const words = new Uint32Array(this.#variables.length * VarWord.words);
    const initial = this.#variables.map((variable, slot) => {
      const [first, second] = variable.dims;
      const dim0 = extent(first, size);
      const dim1 = extent(second, size);
      const at = slot * VarWord.words;
      words[at + VarWord.bytes] = elementBytes(variable, size);
      words[at + VarWord.bits] = elementBits(variable, size);
      words[at + VarWord.storage] = VarClass[variable.class];
      words[at + VarWord.flags] = variableFlags(variable) | (watched.has(slot) ? VarFlag.watched : 0);
      words[at + VarWord.dim0] = dim0;
      words[at + VarWord.dim1] = dim1;
      words[at + VarWord.offset] = variable.offset;
      return initialValues(variable, size, dim0, dim1);
    });
    return { words, initial };
  }

  #declared<D extends readonly Dim[]>(name: string, dims: D, most: number, options: CommonOptions): Declared<D> {
    if (this.#names.has(name)) throw new AssemblyError(`variable ${name} is declared twice; give one of them another name`);
    if (dims.length > most) throw new AssemblyError(`${name} has ${dims.length} dimensions; at most ${most} are possible`);
    if (options.local && !dims.includes('cpu')) throw new AssemblyError(`${name} is declared local, so it needs the dimension cpu`);
    const offset = typeof options.dma === 'object' ? options.dma.offset : 0;
    if (!Number.isInteger(offset) || offset < 0 || offset >= 4096 || offset % 16 !== 0)
      throw new AssemblyError(`${name} stands at offset ${offset} of its page; an offset is a multiple of 16 below 4096`);
    this.#names.add(name);
    return {
      name,
      slot: this.#variables.length,
      dims,
      class: options.class ?? 'check',
      visible: options.visible ?? false,
      carrier: options.carrier ?? false,
      local: options.local ?? false,
      dma: options.dma !== undefined && options.dma !== false,
      offset,
      descriptor: options.descriptor ?? false,
      protectedBy: options.lock,
    };
  }

  #add<V extends AnyVariable>(variable: V): V {
    this.#variables.push(variable);
    return variable;
  }
}

/** `VarFlag`s of a variable. */
export function variableFlags(variable: AnyVariable): number {
  let flags = (variable.carrier ? VarFlag.carrier : 0) | (variable.dma ? VarFlag.dma : 0) | (variable.descriptor ? VarFlag.descriptor : 0);
  // the last of two; a single dimension is dim0, whose elements an image holds all
  if (variable.dims[1] === 'vector') flags |= VarFlag.byVector;
  if (variable.form === 'lock') flags |= VarFlag.lock;
  if (variable.form === 'mask') flags |= VarFlag.mask | (variable.over === 'vector' ? VarFlag.vectorMask : 0);
  return flags;
}

function initialValues(variable: AnyVariable, size: MachineSize, dim0: number, dim1: number): Uint32Array | undefined {
  if (variable.form === 'lock' || variable.initial === undefined) return undefined;
  const index = (i: number, j: number): number[] => [i, j].slice(0, variable.dims.length);
  if (variable.form === 'mask') {
    const perMask = elementBytes(variable, size) / 4;
    const out = new Uint32Array(dim0 * perMask);
    for (let i = 0; i < dim0; i++) {
      for (let bit = 0; bit < extent(variable.over, size); bit++) {
        const word = i * perMask + (bit >>> 5);
        if (variable.initial(size, bit, ...index(i, 0))) out[word] = (out[word] ?? 0) | (1 << (bit & 31));
      }
    }
    return out;
  }
  const out = new Uint32Array(dim0 * dim1);
  const most = 2 ** elementBits(variable, size) - 1;
  for (let i = 0; i < dim0; i++) {
    for (let j = 0; j < dim1; j++) {
      const value = variable.initial(size, ...index(i, j));
      if (!Number.isInteger(value) || value < 0 || value > most) {
        const at = index(i, j)
          .map((n) => `[${n}]`)
          .join('');
        throw new AssemblyError(`the initial value ${value} of ${variable.name}${at} is outside 0..${most}`);
      }
      out[i * dim1 + j] = value;
    }
  }
  return out;
}
