/** What a machine is made of, as the core takes it: numbers and tables, no names. */
import type { DeviceKind, Draw } from '../core/index.js';
import type { Assumptions } from './assumptions.js';
import type { FunctionModel } from './deviceModel.js';
import type { EventRecord } from './events.js';
import type { IoapicModel } from './ioapic.js';
import type { IommuModel } from './iommus.js';
import type { LapicModel } from './lapic.js';
import type { OrderChoice } from './order.js';
import type { Latency } from './timing.js';

/** How numbers are drawn: `Draw` of points, whole numbers below 2^53. */
export interface Spread {
  readonly draw: keyof typeof Draw;
  readonly points: readonly number[];
}

export interface SourceSetup {
  /** device (index) that raises it */
  readonly device: number;
  /** which of that device's messages it asks for, from 0 */
  readonly message: number;
  readonly kind: keyof typeof DeviceKind;
  /** raises allowed; `Infinity` in a timed run and a check of liveness */
  readonly raises: number;
  /** cycles between raises, of a list each as likely; an empty one: it does not raise by itself */
  readonly gaps: readonly number[] | Spread;
  /** raises come in bursts, `gaps` apart: how many, and cycles in front of a burst; left out: they do not */
  readonly bursts?: { readonly events: Spread; readonly pause: Spread } | undefined;
  /** cycles from a message to the next, at least; left out: as fast as they come */
  readonly moderation?: number | undefined;
  /** cost of the driver's handler, cycles */
  readonly handlerCycles: number | Spread;
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
  /** two of one key do not overlap in a timed run; left out, or 0: it has none */
  readonly key?: number;
  /** CPU (index) that it takes away or brings: no task may be on it (timed); left out: none */
  readonly subject?: number;
}

/** An operation that is injected while the machine runs. */
export interface InjectedOperation extends Pick<OperationSetup, 'entry' | 'key' | 'subject'> {
  /** CPU (index) that is asked first whether its task is free; then those behind it */
  readonly cpu: number;
  /** of the second, if it is a list of CPUs, a reference to their mask is passed */
  readonly args: readonly [number, number | { readonly cpus: readonly number[] }];
}

/** A timer that each CPU has one of. */
export interface TimerSetup {
  readonly name: string;
  /** entry of its routine */
  readonly entry: number;
  /** cycles from arming to firing, timed */
  readonly delay: number;
}

/** A program as assembled for this machine, and where things start in it. */
export interface ProgramSetup {
  readonly code: Uint32Array;
  readonly live: Uint8Array;
  /** `Mover`s of each instruction; left out: nothing can be joined to other steps */
  readonly movers?: Uint8Array;
  /** `VarWord.words` words a variable */
  readonly variables: Uint32Array;
  /** initial values by slot, elements or mask words in order */
  readonly initial: readonly (Uint32Array | undefined)[];
  /** entry of the handler of each vector that has one */
  readonly handlers: ReadonlyMap<number, number>;
  /** entries; 0: none */
  readonly judgeRest: number;
  readonly judgeProbe: number;
  readonly judgeAlways?: number;
  /** names of the properties of the model's and the user's own, in the order of their bits */
  readonly own?: readonly string[];
  /** hardware that `judgeAlways` reads, a mask over `Watched` */
  readonly watchedHardware?: number;
  readonly apStart: number;
  /** timers of each CPU, in the order of their numbers; left out: none */
  readonly timers?: readonly TimerSetup[];
  /** slot of the variable that says an irq is started, or undefined: all are */
  readonly started: number | undefined;
  /** slot of the variable over CPUs that doorbells of AMD units set; left out: there is none */
  readonly doorbell?: number;
  /** vector by which doorbells of AMD units are interrupts of their CPU instead; left out: they are none */
  readonly doorbellVector?: number;
}

/** What fits into an action, a mark and an image of a machine that is stepped (assembly/check, assembly/state/image.ts). */
const mostStepped = {
  cpus: 16,
  devices: 224,
  sources: 254,
  messages: 16,
  timers: 16,
  raises: 15,
  'raises per irq in the probe': 7,
  IOMMUs: 15,
  'remapping entries': 256,
} as const;
/** A run stops to be drained when fewer records than this are free. */
const LEAST_RING = 512;

/** What the log of guests may hold in an image. */
export const MOST_LOGGED = 15;

/** What `Size.irtes` is: lines are a check's knowledge of what units have cached; in a timed run their caches have entries of their own. */
export const linesOf = ({ timed, irtes = 0 }: MachineSetup): number => (timed ? 0 : irtes);

/** Entries that a unit may have cached; of AMD's all of every requester, and its own in the device table. */
function entriesIn({ iommus, functions, ioapics = [], irtes = 0 }: MachineSetup): number {
  const isAmd = irtes > 0 && iommus?.some(({ type }) => type === 'amd');
  return isAmd ? (functions.length + ioapics.length) * (1 + irtes) : irtes;
}

/** Throws a RangeError where the core could not hold what is asked for. */
export function refuseTooLarge(setup: MachineSetup): void {
  if (setup.ring !== 0 && setup.ring < LEAST_RING)
    throw new RangeError(`the event ring has ${setup.ring} records; use 0 or at least ${LEAST_RING}`);
  if (setup.timed) return;
  if (setup.lapic?.lowestPriPolicy === 'rotate')
    throw new RangeError("a check cannot rotate lowest-priority interrupts; use 'hashVector', 'minTpr' or 'first'");
  if (new Set(setup.iommus?.map(({ type }) => type)).size > 1) throw new RangeError('the units of a check are all of one type, vtd or amd');
  if ((setup.guestLog ?? 1) < 1 || (setup.guestLog ?? 1) > MOST_LOGGED)
    throw new RangeError(`in a check the log of guests has 1 to ${MOST_LOGGED} entries, not ${setup.guestLog}`);
  if (setup.lapic?.allowXapicIdWrite) throw new RangeError('in a check no software may write xAPIC ids; leave out allowXapicIdWrite');
  const has = {
    cpus: setup.apicIds.length,
    devices: setup.functions.length,
    sources: setup.sources.length,
    messages: setup.messages,
    timers: setup.program.timers?.length ?? 0,
    raises: setup.sources.reduce((most, { raises }) => (Number.isFinite(raises) ? Math.max(most, raises) : most), 0),
    'raises per irq in the probe': setup.probeRaises,
    IOMMUs: setup.iommus?.length ?? 0,
    'remapping entries': entriesIn(setup),
  };
  for (const [what, most] of Object.entries(mostStepped)) {
    const n = has[what as keyof typeof has];
    if (n > most) throw new RangeError(`a check has at most ${most} ${what}, not ${n}; a timed run may have more`);
  }
}

/** What a timed run measures besides its events. */
export interface Meters {
  /** a byte an instruction: `Account` */
  readonly accounts: Uint8Array;
  readonly gauges: Readonly<Record<string, GaugeSetup>>;
}

/** A variable that is watched: how long an element has a value from `from` to `to`; without them an element counts as much as its value. */
export interface GaugeSetup {
  readonly slot: number;
  readonly range?: { readonly from: number; readonly to: number };
}

export interface MachineSetup {
  readonly apicIds: readonly number[];
  /** model of the LAPICs; left out: `lapicModelForKernels` */
  readonly lapic?: LapicModel;
  /** left out: none */
  readonly ioapics?: readonly IoapicModel[];
  /** left out: none */
  readonly iommus?: readonly IommuModel[];
  /** entries of remapping tables that a check looks at, of AMD of that of each device; left out: none */
  readonly irtes?: number;
  /** entries that the log of guests of an AMD unit has room for in a check, 1 to 15; left out: 15 */
  readonly guestLog?: number;
  /** when stores are visible to others; left out: at once. A machine without a program only. */
  readonly order?: OrderChoice;
  /** messages have 15 bits of destination (hardware.md C.3.1); left out: 8 */
  readonly virtExtDestId?: boolean;
  /** bytes of guest-physical memory from address 0; left out: none */
  readonly memory?: number;
  /** devices: PCI functions (hardware.md C), or of the chipset */
  readonly functions: readonly FunctionModel[];
  readonly sources: readonly SourceSetup[];
  readonly operations: readonly OperationSetup[];
  readonly program: ProgramSetup;
  /** vectors of the universe: lo <= v < hi */
  readonly universe: { readonly lo: number; readonly hi: number };
  readonly systemVectors: readonly number[];
  /** messages that may be in flight */
  readonly messages: number;
  /** those of a source among them; left out: no less */
  readonly flying?: number;
  readonly timed: boolean;
  readonly assumptions: Assumptions;
  readonly timing: Readonly<Record<string, number | Latency>>;
  /** latencies drawn between min and max; otherwise the defaults */
  readonly jitter: boolean;
  readonly parallel: boolean;
  readonly repeat: boolean;
  readonly seed: number;
  /** those that are checked: built-in ones as `Property` calls them, own ones by their names */
  readonly properties: readonly string[];
  readonly probeRaises: number;
  /** events (1), and micro-ops (2), are recorded; 0 in a search */
  readonly record: 0 | 1 | 2;
  /** capacity of the event ring, records */
  readonly ring: number;
  /** kinds of events that the ring keeps; left out: all */
  readonly kinds?: readonly EventRecord['kind'][];
  /** operations that may be injected and have not ended (timed); left out: none */
  readonly injected?: number;
  /** what holds up each event is recorded (timed); `all`: found the long way, which a test compares; left out: it is not */
  readonly holds?: boolean | 'all';
  /** what is measured besides (timed); left out: nothing */
  readonly meters?: Meters;
}
