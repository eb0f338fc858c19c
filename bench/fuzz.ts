/**
 * Random register traffic on random machines, every invariant looked at after every operation; and of AMD-Vi units random tables and
 * commands, each request ending as its tables say.
 *
 *   npm run fuzz -- --seeds 1000 --operations 10000 [--from 1]
 */
import { parseArgs } from 'node:util';
import { Dice } from './random/dice.js';
import { playOutcomes } from './random/outcomes.js';
import { trial } from './random/trial.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    operations: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
  },
});

const [seeds, operations, from] = [Number(values.seeds), Number(values.operations), Number(values.from)];
if (![seeds, operations, from].every((n) => Number.isSafeInteger(n) && n > 0)) {
  console.error('--seeds, --operations and --from are whole numbers above 0');
  process.exit(2);
}

const sum = { operations: 0, restored: 0, inFlight: 0, accepted: 0, acknowledged: 0, others: 0, used: 0, fetched: 0, recorded: 0 };
let failed = 0;
/** A seed goes on with so many requests for each hundred operations. */
const REQUESTS = 2;
const outcomes = new Map<string, number>();
async function play(seed: number): Promise<string | undefined> {
  try {
    const counts = await playOutcomes(new Dice(seed), Math.ceil((operations * REQUESTS) / 100));
    for (const [way, n] of counts) outcomes.set(way, (outcomes.get(way) ?? 0) + n);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

for (let seed = from; seed < from + seeds; seed++) {
  const { failure: wrong, ...counts } = await trial(seed, operations);
  const failure = wrong ?? (await play(seed));
  for (const [name, n] of Object.entries(counts)) sum[name as keyof typeof sum] += n;
  if (failure !== undefined) {
    failed += 1;
    console.log(`seed ${seed}: ${failure}\n  npm run fuzz -- --from ${seed} --seeds 1 --operations ${operations}`);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${seed - from + 1} of ${seeds} seeds`);
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
const table = [
  [sum.operations, `operations over ${seeds} machines`],
  [sum.accepted, 'vectors accepted'],
  [sum.acknowledged, 'acknowledged'],
  [sum.others, 'NMIs, SMIs, INITs, SIPIs and ExtINTs'],
  [sum.used, 'entries of remapping caches used or filled'],
  [sum.fetched, 'invalidation descriptors fetched'],
  [sum.recorded, 'faults recorded'],
  [sum.restored, `snapshots gone back to, ${sum.inFlight} of them with messages in flight`],
  [[...outcomes.values()].reduce((a, b) => a + b, 0), `requests of AMD-Vi: ${[...outcomes].map(([way, n]) => `${n} ${way}`).join(', ')}`],
  [failed, 'seeds failed'],
] as const;
for (const [n, what] of table) console.log(`${String(n).padStart(10)} ${what}`);
process.exitCode = failed > 0 ? 1 : 0;
