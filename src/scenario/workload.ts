/** The load of a device in a timed run: from the file to the scenario, and from there to what the core draws from. */
import { ModelError } from '../kernel/model/index.js';
import type { SourceSetup, Spread } from '../machine/index.js';
import { quote } from '../words.js';
import { finding, type Finding } from './findings.js';
import { exponential, lognormal } from './quantiles.js';
import {
  CYCLES_PER_US,
  cyclesOf,
  type Bounds,
  type DeviceDescription,
  type HandlerCycles,
  type InterArrival,
  type Replay,
  type Time,
} from './scenario.js';
import type { ScenarioFile } from './schema/index.js';

const CYCLES_PER_SECOND = 1_000_000 * CYCLES_PER_US;

type InFile = ScenarioFile['devices'][number];
/** A key of two, exactly one of which is there. */
interface EitherTime {
  readonly us?: number | undefined;
  readonly cycles?: number | undefined;
}

export function timeOf({ us, cycles = 0 }: EitherTime): Time {
  return us === undefined ? { cycles } : { us };
}

export function interArrivalOf({ us, cycles = [], poisson, bursty, replay }: InFile['interArrival']): InterArrival {
  if (poisson !== undefined) return { poisson: poisson.perSecond === undefined ? timeOf(poisson) : { perSecond: poisson.perSecond } };
  if (bursty !== undefined) return { bursty: { events: bursty.events, gap: timeOf(bursty.gap), pause: timeOf(bursty.pause) } };
  if (replay !== undefined) return { replay: replayOf(replay) };
  return us === undefined ? { cycles } : { us };
}

function replayOf({ us, cycles, file, unit, irq, repeat }: NonNullable<InFile['interArrival']['replay']>): Replay {
  const again = repeat === true ? { repeat } : {};
  if (us !== undefined) return { us, ...again };
  if (cycles !== undefined) return { cycles, ...again };
  return { file: file ?? '', ...(unit !== undefined && { unit }), ...(irq !== undefined && { irq }), ...again };
}

export function handlerOf(cost: InFile['handlerCycles']): HandlerCycles {
  if (typeof cost === 'number') return cost;
  const { uniform, exponential: mean, lognormal: skewed, bimodal } = cost;
  if (uniform !== undefined) return { uniform };
  if (mean !== undefined) return { exponential: mean };
  if (skewed !== undefined) return { lognormal: skewed };
  if (bimodal !== undefined) return { bimodal };
  throw new Error('the schema accepted a cost without a key');
}

/** A line is asserted until its handler has run, and nothing holds it back. */
export function workloadMistakes({ devices }: ScenarioFile): Finding[] {
  return devices.flatMap(({ moderation, message }, i) =>
    moderation !== undefined && message.type === 'ioapic'
      ? [finding(['devices', i, 'moderation'], 'a device moderates messages, and a pin is a line; leave out moderation')]
      : [],
  );
}

const between = ({ min, max }: Bounds): Spread => ({ draw: 'between', points: [min, max] });
const always = (value: number): Spread => ({ draw: 'pick', points: [value] });
const inCycles = (us: readonly number[]): readonly number[] => us.map((each) => each * CYCLES_PER_US);

/** The gaps between the events of a device. Throws `ModelError` if they stand in a file that nobody has read. */
function gapsOf({ name, interArrival: gaps }: DeviceDescription): Pick<SourceSetup, 'gaps' | 'bursts'> {
  if ('us' in gaps) return { gaps: inCycles(gaps.us) };
  if ('cycles' in gaps) return { gaps: gaps.cycles };
  if ('poisson' in gaps) {
    const { poisson } = gaps;
    const mean = 'perSecond' in poisson ? CYCLES_PER_SECOND / poisson.perSecond : cyclesOf(poisson);
    return { gaps: { draw: 'curve', points: exponential(mean) } };
  }
  if ('bursty' in gaps) {
    const { events, gap, pause } = gaps.bursty;
    return {
      gaps: always(cyclesOf(gap)),
      bursts: {
        events: typeof events === 'number' ? always(events) : between(events),
        pause: { draw: 'curve', points: exponential(cyclesOf(pause)) },
      },
    };
  }
  const { replay } = gaps;
  if ('file' in replay)
    throw new ModelError(`the gaps of ${name} stand in ${quote(replay.file)}, which is not read yet; give its text to withReplays first`);
  return { gaps: { draw: replay.repeat === true ? 'cycle' : 'once', points: 'us' in replay ? inCycles(replay.us) : replay.cycles } };
}

function costOf(cost: HandlerCycles): number | Spread {
  if (typeof cost === 'number') return cost;
  if ('uniform' in cost) return between(cost.uniform);
  if ('exponential' in cost) return { draw: 'curve', points: exponential(cost.exponential) };
  if ('lognormal' in cost) return { draw: 'curve', points: lognormal(cost.lognormal.median, cost.lognormal.p99) };
  const { fast, slow, slowPercent } = cost.bimodal;
  return { draw: 'pick', points: Array.from({ length: 100 }, (_, i) => (i < slowPercent ? slow : fast)) };
}

export type Workload = Pick<SourceSetup, 'gaps' | 'bursts' | 'moderation' | 'handlerCycles'>;

/** What a timed run needs of each device. Those alike draw from the same points, each irq from a stream of its own. */
export function workloadsOf(devices: readonly DeviceDescription[]): readonly Workload[] {
  const known = new Map<string, Workload>();
  return devices.map((device) => {
    const { interArrival, moderation, handlerCycles } = device;
    const key = JSON.stringify([interArrival, moderation, handlerCycles]);
    const workload = known.get(key) ?? {
      ...gapsOf(device),
      ...(moderation !== undefined && { moderation: cyclesOf(moderation) }),
      handlerCycles: costOf(handlerCycles),
    };
    known.set(key, workload);
    return workload;
  });
}
