/**
 * Random runs of random scenarios, each done in five ways that have to be one: whole; in pieces, some of them done twice; with each
 * micro-op recorded; with some events recorded; and compiled ahead.
 *
 *   npm run fuzz:runs -- --runs 1000 [--from 1]
 */
import { parseArgs } from 'node:util';
import { sameRun } from './random/sameRun.js';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } } });
const [runs, from] = [Number(values.runs), Number(values.from)];
if (![runs, from].every((n) => Number.isSafeInteger(n) && n > 0)) {
  console.error('--runs and --from are whole numbers above 0');
  process.exit(2);
}

const sum = { served: 0, lost: 0, injected: 0, failed: 0 };
for (let seed = from; seed < from + runs; seed++) {
  const { served, lost, injected, failure } = await sameRun(seed);
  sum.served += served;
  sum.lost += lost;
  sum.injected += injected;
  if (failure !== undefined) {
    sum.failed += 1;
    console.log(`seed ${seed}: ${failure}\n  npm run fuzz:runs -- --from ${seed} --runs 1`);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${seed - from + 1} of ${runs} runs`);
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
const table = [
  [runs, 'runs, each in five ways'],
  [sum.served, 'interrupts handled'],
  [sum.lost, 'events lost'],
  [sum.injected, 'moves and CPUs plugged by events and policies'],
  [sum.failed, 'runs that can be told apart'],
] as const;
for (const [n, what] of table) console.log(`${String(n).padStart(10)} ${what}`);
process.exitCode = sum.failed > 0 ? 1 : 0;
