/** What an expression can read: hardware by fixed names, and what the kernel model declares. */
import { all as both, ne, type Value } from '../values.js';
import type { Builder } from '../builder.js';
import type { AnyVariable, DeclaredData, Kind } from '../variables.js';
import { joined, nearest, quote } from '../../words.js';
import { ExpressionError, type Node, type Over } from './syntax.js';
import { number, truth, valuesOf, type Parts, type Type } from './types.js';

/** Something that can be read, by its name. */
export interface Readable {
  readonly name: string;
  readonly dims: readonly Over[];
  readonly type: Type;
  /** may differ between two states of a check */
  readonly varies: boolean;
  /** registers that reading takes, besides those of the indexes */
  readonly scratch: number;
  /** vectors besides the universe's are part of the state too */
  readonly system: boolean;
  /** one line for a list of names */
  readonly about: string;
  read(b: Builder, index: readonly Value[], note: string): Value;
}

type Hardware = Pick<Readable, 'dims' | 'about' | 'read'> & { readonly type?: Type };

/** Value of no CPU, where a message goes nowhere. */
const NO_CPU = 0xffff;

const hardware: Readonly<Record<string, Hardware>> = {
  irr: { dims: ['cpu', 'vector'], about: 'the vector is pending in the IRR', read: (b, i, note) => b.inspect('irr', i, note) },
  isr: { dims: ['cpu', 'vector'], about: 'the vector is in service', read: (b, i, note) => b.inspect('isr', i, note) },
  lapic_enabled: { dims: ['cpu'], about: 'the LAPIC is enabled by software', read: (b, i, note) => b.inspect('lapicEnabled', i, note) },
  interrupts_on: { dims: ['cpu'], about: 'IF=1', read: (b, i, note) => b.inspect('interruptsOn', i, note) },
  online: {
    dims: ['cpu'],
    about: 'the CPU executes: neither parked nor waiting for SIPI',
    read: (b, i, note) => b.inspect('running', i, note),
  },
  owed: { dims: ['irq'], about: 'raised, and its handler has not run since', read: (b, i, note) => b.inspect('owed', i, note) },
  raised: { dims: ['irq'], about: 'raised, and nothing is sent yet', read: (b, i, note) => b.inspect('raised', i, note) },
  msi_enabled: {
    dims: ['device'],
    about: 'MSI is enabled',
    read: (b, i, note) => b.and('u32', b.inspect('msiControl', i, note), 1),
  },
  msi_address: {
    dims: ['device'],
    type: number,
    about: 'lower half of the address',
    read: (b, i, note) => b.inspect('msiAddress', i, note),
  },
  msi_address_high: {
    dims: ['device'],
    type: number,
    about: 'upper half of the address',
    read: (b, i, note) => b.inspect('msiAddressHigh', i, note),
  },
  msi_data: { dims: ['device'], type: number, about: 'data', read: (b, i, note) => b.inspect('msiData', i, note) },
  msi_target_cpu: {
    dims: ['device'],
    type: { kind: 'cpu', from: 0, names: { none: NO_CPU } },
    about: 'where a message sent now would go',
    read: (b, i, note) => b.constant('cpuOfApicId', b.and('apicId', b.shr('u32', b.inspect('msiAddress', i, note), 12), 0xff)),
  },
  msi_vector: {
    dims: ['device'],
    type: { kind: 'number', from: 0, below: 256 },
    about: 'with which vector',
    read: (b, i, note) => b.and('u32', b.inspect('msiData', i, note), 0xff),
  },
  message_enabled: { dims: ['irq'], about: 'its device sends messages', read: (b, i, note) => b.inspect('sends', i, note) },
  message_masked: { dims: ['irq'], about: 'its message is masked', read: (b, i, note) => b.inspect('sentMasked', i, note) },
  message_address: {
    dims: ['irq'],
    type: number,
    about: 'lower half of the address of a message sent now',
    read: (b, i, note) => b.inspect('sentAddress', i, note),
  },
  message_address_high: {
    dims: ['irq'],
    type: number,
    about: 'its upper half',
    read: (b, i, note) => b.inspect('sentAddressHigh', i, note),
  },
  message_data: { dims: ['irq'], type: number, about: 'its data', read: (b, i, note) => b.inspect('sentData', i, note) },
  message_target_cpu: {
    dims: ['irq'],
    type: { kind: 'cpu', from: 0, names: { none: NO_CPU } },
    about: 'where it would go',
    read: (b, i, note) => b.constant('cpuOfApicId', b.and('apicId', b.shr('u32', b.inspect('sentAddress', i, note), 12), 0xff)),
  },
  message_vector: {
    dims: ['irq'],
    type: { kind: 'number', from: 0, below: 256 },
    about: 'with which vector',
    read: (b, i, note) => b.and('u32', b.inspect('sentData', i, note), 0xff),
  },
  in_flight: { dims: [], type: number, about: 'messages in flight', read: (b, i, note) => b.inspect('inFlight', i, note) },
  operations_ended: {
    dims: [],
    type: number,
    about: 'how many operations of the scenario have ended; 0 in the probe',
    read: (b, i, note) => b.inspect('ended', i, note),
  },
  in_flight_of: { dims: ['device'], type: number, about: 'those of the device', read: (b, i, note) => b.inspect('inFlightOf', i, note) },
};

function ofHardware(name: string): Readable | undefined {
  const found = Object.hasOwn(hardware, name) ? hardware[name] : undefined;
  return found && { name, varies: true, scratch: 0, system: true, type: truth, ...found };
}

function typeOf(variable: AnyVariable): Type {
  if (variable.form === 'lock') return { kind: 'cpu', from: 1, names: { free: 0 } };
  if (variable.form === 'mask') return truth;
  const { kind, values } = variable;
  const given = values.as === 'vCPU' ? 'number' : values.as;
  const as = given ?? (kind === 'cpu' || kind === 'irq' || kind === 'device' ? kind : kind === 'bool' ? 'bool' : 'number');
  return {
    kind: as,
    from: values.from ?? 0,
    ...(values.names === undefined ? {} : { names: values.names }),
    ...(kind === 'vector' ? { below: 256 } : {}),
  };
}

function ofVariable(variable: AnyVariable): Readable {
  const { name, dims } = variable;
  const common = { name, type: typeOf(variable), varies: variable.class === 'check', scratch: 0, system: false };
  const overs = dims as readonly Over[];
  switch (variable.form) {
    case 'mask':
      return {
        ...common,
        dims: [...overs, variable.over],
        about: `a mask: whether this ${variable.over} is in it`,
        read: (b, i, note) =>
          b.maskTest<typeof variable.over, readonly Kind[]>(variable, i.slice(0, -1), (i.at(-1) ?? 0) as Value<typeof variable.over>, note),
      };
    case 'lock':
      return {
        ...common,
        dims: overs,
        about: 'a lock: the CPU that holds it, or free',
        read: (b, i, note) => b.lockOwner(variable, i, note),
      };
    case 'value':
      return {
        ...common,
        dims: overs,
        about: variable.kind === 'vector' ? 'a vector' : valuesOf(common.type),
        read: (b, i, note) => b.load<Kind, readonly Kind[]>(variable, i, note),
      };
  }
}

function ofList({ name, heads, next }: DeclaredData['lists'][number]): Readable {
  const dims = [heads.dims[0], next.dims[0]];
  return {
    name,
    dims,
    type: truth,
    varies: heads.class === 'check',
    scratch: 2,
    system: false,
    about: `a list: whether this ${next.dims[0]} is in it`,
    read: (b, [head = 0, node = 0], note) => {
      const link = typeof node === 'number' ? node + 1 : b.add('u32', node, 1);
      const at = b.let('u32', b.load(heads, [head as Value<(typeof dims)[0]>], note));
      b.while(both(ne(at, 0), ne(at, link)), () => b.set(at, b.let('u32', b.load(next, [b.sub(next.dims[0], at, 1)], note))));
      return at;
    },
  };
}

/** What a name stands for, or undefined. */
export function find(name: string, { lists, variables }: DeclaredData): Readable | undefined {
  const list = lists.find((each) => each.name === name);
  const variable = variables.find((each) => each.name === name);
  return ofHardware(name) ?? (list ? ofList(list) : variable && ofVariable(variable));
}

/** Everything that can be named, hardware first. References to masks and what is only recorded cannot. */
export function readables(data: DeclaredData): Readable[] {
  const names = [...Object.keys(hardware), ...data.variables.filter((variable) => refusal(variable) === undefined).map(({ name }) => name)];
  return names.flatMap((name) => find(name, data) ?? []);
}

/** Why a variable cannot be read, or undefined. */
export function refusal(variable: AnyVariable | undefined): string | undefined {
  if (variable?.class === 'record') return `${variable.name} is no part of the state, it is only counted; name another variable`;
  if (variable?.dims.some((dim) => dim === 'irte' || dim === 'word' || dim === 'dteWord'))
    return `${variable.name} is a table of remapping entries, which expressions cannot look into; name a variable of the kernel`;
  if (variable?.dims.some((dim) => dim === 'vcpu' || dim === 'pidWord'))
    return `${variable.name} is indexed by virtual CPUs or words of a descriptor, which expressions cannot name; name another variable`;
  if (variable?.form === 'value' && variable.kind === 'ref')
    return `${variable.name} is a reference to a mask, which cannot be compared; name the mask itself`;
  return undefined;
}

export function unknownName({ at }: Node, name: string, data: DeclaredData): ExpressionError {
  const near = nearest(
    name,
    readables(data).map((each) => each.name),
  );
  const right =
    near === undefined
      ? `write a variable of the model, or hardware: ${joined(Object.keys(hardware), 'or')}`
      : `did you mean ${quote(near)}?`;
  return new ExpressionError(at, `unknown name ${quote(name)}; ${right}`);
}

/** How a reading of it is written. */
export function example({ name, dims }: Readable, parts: Parts, index: (over: Over, parts: Parts) => string): string {
  return name + dims.map((over) => index(over, parts)).join('');
}
