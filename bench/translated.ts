/**
 * The module beside itself, translated: to C, which is the native limit of the same code, and to JavaScript. The same machines do
 * the same work in turn; their states must be equal, or it fails.
 */
import { assembleSystem } from '../src/scenario/index.js';
import { ProgramMachine } from '../src/machine/index.js';
import { loadTimedModule } from '../src/core/index.js';
import { wordsOf, type Effort } from './cost.js';
import { traffic, type Traffic } from './endToEnd.js';
import { enabling, filled, interruptList, own, sent } from './lapic.js';
import { imageOf, runners, startTranslated, type Translated } from './peer/translated.js';
import type { Translations } from './peer/translate.js';
import { median, type Table } from './report.js';

/** A sample of one of them takes so many milliseconds; one that is slow has as many calls, and takes longer. */
const MILLISECONDS = 60;
/** Simulated cycles of a call. */
const SLICE = 1_000_000;

interface Subject {
  readonly name: string;
  /** the memory of a machine that has not begun */
  image(): Promise<Uint8Array>;
  /** done once, before anything is measured */
  begin(machine: Translated): Promise<void>;
  /** so many calls; nanoseconds of CPU time */
  run(machine: Translated, calls: number): Promise<number>;
}

/** The whole path with the Linux model. */
function wholePath(size: Traffic): Subject {
  return {
    name: `whole path, ${size.cpus} CPUs, ${size.devices} devices`,
    image: async () => {
      const system = assembleSystem(traffic(size));
      const machine = await ProgramMachine.instantiate(system.setup({ timed: true, record: 1, ring: 0 }), await loadTimedModule());
      system.built.boot(machine);
      return imageOf(machine.core);
    },
    begin: async () => undefined,
    run: (machine, calls) => machine.cycles(calls, SLICE),
  };
}

/** A list of register operations. */
function registers(name: string, cpus: number, way: typeof sent): Subject {
  return {
    name: `${name}, ${cpus} CPUs`,
    image: async () => imageOf(await filled(cpus)),
    begin: async (machine) => {
      await machine.list(wordsOf(enabling(cpus)));
      await machine.batch(1);
      await machine.list(wordsOf(interruptList(cpus, 1, way)));
    },
    run: (machine, calls) => machine.batch(calls),
  };
}

/** What is compared; the smallest alone is what a test compares. */
export function subjects(quick: boolean): readonly Subject[] {
  const few = [wholePath({ cpus: 8, devices: 8 }), registers('LAPIC: accept, acknowledge, EOI', 8, own)];
  if (quick) return few;
  return [
    ...few,
    wholePath({ cpus: 64, devices: 64 }),
    registers('LAPIC: accept, acknowledge, EOI', 4096, own),
    registers('ICR, fabric, LAPIC, acknowledge, EOI', 8, sent),
  ];
}

/** Of each of `runners`: milliseconds of a call, and how many times those of the module that is; undefined: it is not there. */
export type Compared = readonly ({ readonly milliseconds: number; readonly beside: number } | undefined)[];

/** Medians of calls in turn, which end in equal states; throws where they are not. */
export async function compare(
  subject: Subject,
  translations: Translations,
  rounds: number,
  milliseconds = MILLISECONDS,
): Promise<Compared> {
  const image = await subject.image();
  const machines = await Promise.all(runners.map((runner) => startTranslated(runner, translations, image)));
  const there = machines.filter((machine) => machine !== undefined);
  /** nanoseconds of so many calls, of each that is there */
  const each = async (calls: number): Promise<number[]> => {
    const times: number[] = [];
    for (const machine of there) times.push(await subject.run(machine, calls));
    return times;
  };
  try {
    for (const machine of there) await subject.begin(machine);
    // the engine's upper tiers come with calls, so all are warm before it is known how many fill a sample
    let calls = 1;
    while (((await each(calls))[0] ?? Infinity) < milliseconds * 1e6) calls *= 2;
    const samples: number[][] = [];
    for (let round = 0; round < rounds; round++) samples.push(await each(calls));
    const digests = await Promise.all(there.map((machine) => machine.digest()));
    const other = digests.findIndex((digest) => digest !== digests[0]);
    if (other >= 0) throw new Error(`${subject.name}: ${runners[machines.indexOf(there[other])]} has another state than the module`);
    return machines.map((machine) => {
      if (machine === undefined) return undefined;
      const i = there.indexOf(machine);
      // machine and moment have the same part in both
      const ratios = samples.map((times) => (times[i] ?? 0) / (times[0] ?? 1));
      return { milliseconds: median(samples.map((times) => times[i] ?? 0)) / calls / 1e6, beside: median(ratios) };
    });
  } finally {
    for (const machine of there) machine.close();
  }
}

export async function translatedFigures(effort: Effort, translations: Translations): Promise<Table> {
  const rows = [];
  for (const subject of subjects(effort.quick)) {
    const compared = await compare(subject, translations, 2 * effort.rounds);
    const [, ...others] = compared;
    rows.push({ name: subject.name, values: [...compared.map((each) => each?.milliseconds), ...others.map((each) => each?.beside)] });
  }
  return {
    title: 'the module beside its translations, a call',
    columns: [
      { name: 'module', unit: 'ms' },
      { name: 'native', unit: 'ms' },
      { name: "native of asc's", unit: 'ms' },
      { name: "JavaScript of asc's", unit: 'ms' },
      { name: 'native / module', unit: 'ratio' },
      { name: "native of asc's / module", unit: 'ratio' },
      { name: 'JavaScript / module', unit: 'ratio' },
    ],
    rows,
    notes: [
      "native: gcc -O3 -march=native of wasm2c; of asc's: of the module before functions were put into each other",
      'native / module: the share of native speed; held to: 0.70',
      ...translations.missing.map((why) => `skipped: ${why}`),
    ],
  };
}
