/**
 * Kills a campaign with SIGKILL at random moments and goes on with it, until it is complete and there were enough kills; its file has
 * to be the one of a campaign that nobody disturbed, byte for byte, and so has what is told of it.
 *
 *   npm run campaign:kill -- --seeds 10000 --kills 20 --seconds 0.1 --model linux-5.6 --workers 2
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    kills: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '0.1' },
    model: { type: 'string', default: 'linux-5.6' },
    workers: { type: 'string', default: '2' },
  },
});
const program = fileURLToPath(new URL('../bin/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'irqlab-kill-'));
const kills = Number(values.kills);
const workers = Number(values.workers);

/** Bytes that the first line may have. */
const HEAD = 1000;

const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

interface Ended {
  readonly stdout: string;
  readonly killed: boolean;
  /** milliseconds up to its first result, and behind that */
  readonly startMs: number;
  readonly workMs: number;
}

/** When a campaign is killed: so many milliseconds after it began, or after the first result that it added. */
interface Kill {
  readonly after: number;
  readonly atWork: boolean;
}

function campaign(file: string, threads: number, kill?: Kill): Promise<Ended> {
  const began = performance.now();
  const args = ['campaign', '--seeds', values.seeds, '--seconds', values.seconds, '--model', values.model, '--format', 'json'];
  const child = spawn(process.execPath, [program, ...args, '--workers', String(threads), '--out', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const before = size(file);
  let atWork: number | undefined;
  const timer = setInterval(() => {
    if (size(file) > Math.max(before, HEAD)) atWork ??= performance.now();
    const from = kill?.atWork === true ? atWork : began;
    if (kill !== undefined && from !== undefined && performance.now() - from >= kill.after) child.kill('SIGKILL');
  }, 5);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(timer);
      const now = performance.now();
      if (signal === null && code !== 0 && code !== 1) reject(new Error(`a campaign ended with ${code}`));
      else resolve({ stdout, killed: signal !== null, startMs: (atWork ?? now) - began, workMs: now - (atWork ?? now) });
    });
  });
}

/** What is told, without what it took. */
function told(stdout: string): string {
  const { made: _, seconds: __, rate: ___, out: ____, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
  return JSON.stringify(rest);
}

const whole = join(folder, 'whole.jsonl');
const undisturbed = await campaign(whole, workers);
const expected = readFileSync(whole);
console.log(
  `${values.seeds} seeds without a kill: ${((undisturbed.startMs + undisturbed.workMs) / 1000).toFixed(1)} s, ${expected.length} bytes`,
);

let killed = 0;
let torn = 0;
let same = true;
for (let round = 1; killed < kills && same; round++) {
  const file = join(folder, `killed-${round}.jsonl`);
  for (let ended: Ended | undefined; ended?.killed !== false;) {
    // any number of workers, and any moment, that of the start among them
    const atWork = Math.random() < 0.8;
    const kill = { after: Math.random() * (atWork ? (1.5 * undisturbed.workMs) / kills : undisturbed.startMs), atWork };
    ended = await campaign(file, 1 + Math.floor(Math.random() * workers), killed < kills ? kill : undefined);
    if (ended.killed) {
      killed++;
      const left = size(file) === 0 ? Buffer.alloc(0) : readFileSync(file);
      const lines = left.filter((byte) => byte === 10).length;
      const isTorn = left.length > 0 && left.at(-1) !== 10;
      if (isTorn) torn++;
      console.log(
        `kill ${killed} after ${((ended.startMs + ended.workMs) / 1000).toFixed(2)} s: ${Math.max(0, lines - 1)} results${isTorn ? ' and a torn line' : ''}`,
      );
    } else {
      same = expected.equals(readFileSync(file)) && told(ended.stdout) === told(undisturbed.stdout);
      console.log(`complete: ${same ? 'identical' : 'NOT identical'}`);
    }
  }
}
console.log(`${killed} kills, ${torn} torn lines: ${same ? 'identical' : `NOT identical, see ${folder}`}`);
if (same) rmSync(folder, { recursive: true });
process.exitCode = same ? 0 : 1;
