/**
 * Random register traffic on random machines, every invariant looked at after every operation; of AMD-Vi units random tables and commands,
 * each request ending as its tables say; and a tenth as many requests that VT-d units post, each compared with what the manual makes of it.
 *
 *   npm run fuzz -- --seeds 1000 --operations 10000 [--from 1]
 */
import { parseArgs } from 'node:util';
import { Dice } from './random/dice.js';
import { playOutcomes } from './random/outcomes.js';
import { postedTrial } from './random/posted.js';
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
const requests = { posted: 0, notified: 0, blocked: 0, hidden: 0 };
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
  const { failure: invariant, ...counts } = await trial(seed, operations);
  const failure = invariant ?? (await play(seed));
  for (const [name, n] of Object.entries(counts)) sum[name as keyof typeof sum] += n;
  if (failure !== undefined) {
    failed += 1;
    console.log(`seed ${seed}: ${failure}\n  npm run fuzz -- --from ${seed} --seeds 1 --operations ${operations}`);
  }
  const { failure: wrong, ...ended } = await postedTrial(seed, Math.ceil(operations / 10));
  for (const [name, n] of Object.entries(ended)) requests[name as keyof typeof requests] += n;
  if (wrong !== undefined) {
    failed += 1;
    console.log(`seed ${seed}, posted requests: ${wrong}\n  npm run fuzz -- --from ${seed} --seeds 1 --operations ${operations}`);
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
  [requests.posted, `requests posted, ${requests.notified} with a notification`],
  [requests.blocked, `requests to be posted blocked, ${requests.hidden} without a record`],
  [sum.restored, `snapshots gone back to, ${sum.inFlight} of them with messages in flight`],
  [[...outcomes.values()].reduce((a, b) => a + b, 0), `requests of AMD-Vi: ${[...outcomes].map(([way, n]) => `${n} ${way}`).join(', ')}`],
  [failed, 'seeds failed'],
] as const;
for (const [n, what] of table) console.log(`${String(n).padStart(10)} ${what}`);
process.exitCode = failed > 0 ? 1 : 0;
