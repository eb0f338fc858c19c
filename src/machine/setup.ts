/** What a machine is made of, as the core takes it: numbers and tables, no names. */
import { DeviceKind, Property } from '../core/index.js';
import type { Assumptions } from './assumptions.js';
import type { Latency } from './timing.js';

export interface SourceSetup {
  /** device (index) that raises it */
  readonly device: number;
  readonly kind: keyof typeof DeviceKind;
  /** raises allowed; `Infinity` in a timed run */
  readonly raises: number;
  /** cycles between raises, drawn from this list; empty: it does not raise by itself */
  readonly gaps: readonly number[];
  /** cost of the driver's handler, cycles */
  readonly handlerCycles: number;
}

export interface OperationSetup {
  /** entry of its routine in the program; 0: a pause */
  readonly entry: number;
  /** CPU (index) it runs on */
  readonly cpu: number;
  /** the second may be the mask in a variable's slot: its reference is passed */
  readonly args: readonly [number, number | { readonly mask: number }];
  /** cycles before it begins (timed) */
  readonly pause: number;
}

/** A program as assembled for this machine, and where things start in it. */
export interface ProgramSetup {
  readonly code: Uint32Array;
  readonly live: Uint8Array;
  /** `VarWord.words` words a variable */
  readonly variables: Uint32Array;
  /** initial values by slot, elements or mask words in order */
  readonly initial: readonly (Uint32Array | undefined)[];
  /** entry of the handler of each vector that has one */
  readonly handlers: ReadonlyMap<number, number>;
  /** entries; 0: none */
  readonly judgeRest: number;
  readonly judgeProbe: number;
  readonly apStart: number;
  /** slot of the variable that says an irq is started, or undefined: all are */
  readonly started: number | undefined;
}

export interface MachineSetup {
  readonly apicIds: readonly number[];
  readonly devices: readonly { readonly address64: boolean }[];
  readonly sources: readonly SourceSetup[];
  readonly operations: readonly OperationSetup[];
  readonly program: ProgramSetup;
  /** vectors of the universe: lo <= v < hi */
  readonly universe: { readonly lo: number; readonly hi: number };
  readonly systemVectors: readonly number[];
  /** messages that may be in flight */
  readonly messages: number;
  readonly timed: boolean;
  readonly assumptions: Assumptions;
  readonly timing: Readonly<Record<string, number | Latency>>;
  /** latencies drawn between min and max; otherwise the defaults */
  readonly jitter: boolean;
  readonly parallel: boolean;
  readonly repeat: boolean;
  readonly seed: number;
  readonly properties: readonly (keyof typeof Property)[];
  readonly probeRaises: number;
  /** events (1), and micro-ops (2), are recorded; 0 in a search */
  readonly record: 0 | 1 | 2;
  /** capacity of the event ring, records */
  readonly ring: number;
}
