/**
 * Gaps between the interrupts of a device, from a file that its user has: a number a line, or a trace with entries of its handler
 * (`irq_handler_entry`), which tells when they came.
 */
import { CYCLES_PER_US, type Diagnostic, type Replay, type ReplayUnit, type Scenario } from '../scenario/index.js';
import { listed, quote } from '../words.js';
import { parseFtrace } from './ftrace.js';

type FromFile = Extract<Replay, { readonly file: string }>;

/** Cycles of a nanosecond. */
const CYCLES_PER_NS = CYCLES_PER_US / 1000;
/** The longest gap that a scenario may have, cycles. */
const LONGEST = 1_000_000_000_000;

type Gaps = { readonly gaps: readonly number[] } | { readonly errors: readonly Diagnostic[] };

/** Reads the gaps of a file, in cycles. Never throws. */
function readGaps(text: string, { file, unit = 'us', irq }: FromFile): Gaps {
  return irq === undefined ? numbers(text, file, unit) : entries(text, file, irq);
}

const perUnit: Readonly<Record<ReplayUnit, number>> = { us: CYCLES_PER_US, ns: CYCLES_PER_NS, cycles: 1 };
/** Places behind the point that still are whole cycles, or nearly. */
const MOST_PLACES = 6;

function numbers(text: string, file: string, unit: ReplayUnit): Gaps {
  const gaps: number[] = [];
  const errors: Diagnostic[] = [];
  text.split('\n').forEach((line, i) => {
    const word = line.replace(/#.*/, '').trim();
    if (word === '') return;
    const wrong = (message: string): void => {
      errors.push({ file, line: i + 1, column: line.search(/\S/) + 1, message });
    };
    const [, whole, places = ''] = /^(\d{1,13})(?:\.(\d+))?$/.exec(word) ?? [];
    if (whole === undefined) {
      const isTrace = errors.length === 0 && gaps.length === 0 && parseFtrace(text, file).lines.length > 0;
      wrong(
        isTrace
          ? 'this is a trace; say whose interrupts are meant, for example irq: 24, beside file'
          : `${quote(word)} is no gap; write a number of ${unit} in each line, for example 120`,
      );
      return;
    }
    if (places.length > (unit === 'cycles' ? 0 : MOST_PLACES))
      return wrong(
        unit === 'cycles'
          ? `${word} is no whole number of cycles; write ${whole}`
          : `${word} has more than ${MOST_PLACES} places behind the point; write fewer`,
      );
    // in whole numbers: what a division leaves is the same everywhere
    const scale = 10 ** places.length;
    const cycles = Number((BigInt(whole + places) * BigInt(perUnit[unit]) + BigInt(scale) / 2n) / BigInt(scale));
    if (cycles < 1 || cycles > LONGEST)
      return wrong(`${word} ${unit} is out of range; write a gap from a cycle (1/3 ns) to ${LONGEST} cycles`);
    gaps.push(cycles);
  });
  if (gaps.length === 0 && errors.length === 0)
    errors.push({ file, line: 1, column: 1, message: `no gap stands here; write a number of ${unit} in each line` });
  // a file of another kind is wrong in all its lines
  return errors.length > 0 ? { errors: errors.slice(0, 5) } : { gaps };
}

function entries(text: string, file: string, irq: number): Gaps {
  const { lines } = parseFtrace(text, file);
  const times = new Map<number, bigint[]>();
  for (const { event, fields, at } of lines) {
    const number = event === 'irq_handler_entry' ? /^irq=(\d{1,6})\b/.exec(fields)?.[1] : undefined;
    if (number === undefined) continue;
    const known = times.get(Number(number));
    if (known === undefined) times.set(Number(number), [at]);
    else known.push(at);
  }
  const refuse = (message: string): Gaps => ({ errors: [{ file, line: 1, column: 1, message }] });
  if (times.size === 0)
    return refuse(
      'no line tells of a handler; expected lines such as "... 12.000345: irq_handler_entry: irq=24 name=nic", or leave out irq for a number a line',
    );
  const found = times.get(irq)?.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (found === undefined) return refuse(`the trace shows no handler of irq ${irq}; it shows those of irq ${listed([...times.keys()])}`);
  // two at one time are one to a device
  const gaps = found.slice(1).flatMap((at, i) => Number(at - (found[i] ?? at)) * CYCLES_PER_NS || []);
  if (gaps.length === 0) return refuse(`the trace shows irq ${irq} once, which makes no gap`);
  const long = gaps.find((gap) => gap > LONGEST);
  return long === undefined ? { gaps } : refuse(`a gap of irq ${irq} is ${long} cycles; ${LONGEST} is the most`);
}

/**
 * The scenario with the gaps of its devices in place of the files that hold them. `read`: the text of a file, by the name that the
 * scenario calls it.
 */
export function withReplays(
  scenario: Scenario,
  read: (file: string) => string,
): { readonly scenario: Scenario } | { readonly errors: readonly Diagnostic[] } {
  const errors: Diagnostic[] = [];
  const devices = scenario.devices.map((device) => {
    const { interArrival } = device;
    if (!('replay' in interArrival) || !('file' in interArrival.replay)) return device;
    const { replay } = interArrival;
    const found = readGaps(read(replay.file), replay);
    if ('gaps' in found)
      return { ...device, interArrival: { replay: { cycles: found.gaps, ...(replay.repeat && { repeat: replay.repeat }) } } };
    errors.push(...found.errors);
    return device;
  });
  return errors.length > 0 ? { errors } : { scenario: { ...scenario, devices } };
}
