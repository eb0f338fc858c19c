/** Spin on `migrate.pml`: its verifier made, compiled and run, and what it prints read back. */
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bounds } from './system.js';

/** A way of compiling and running the verifier. All keep full states and search all interleavings. */
export interface Variant {
  readonly name: string;
  readonly compile: readonly string[];
  readonly run: readonly string[];
}

/** Without partial-order reduction and fairness, for safety, with enough memory (MB): what every variant has. */
const COMMON = ['-DSAFETY', '-DNOREDUCE', '-DNOFAIR', '-DMEMLIM=16000'];
/** Several cores reserve theirs at once. */
const SHARED = '-DMEMLIM=6000';

const FAST = ['-O3', '-march=native', '-DNOBOUNDCHECK'];

/** What is tried for the best rate on one core; which is best depends on the machine. */
export const variants: readonly Variant[] = [
  { name: 'depth first', compile: [...FAST], run: [] },
  { name: 'depth first, no vector size', compile: [...FAST, '-DNOVSZ'], run: [] },
  { name: 'depth first, no compression', compile: [...FAST, '-DNOVSZ', '-DNOCOMP'], run: [] },
  { name: 'depth first, COLLAPSE', compile: [...FAST, '-DCOLLAPSE'], run: [] },
  { name: 'breadth first', compile: [...FAST, '-DBFS'], run: [] },
];

/** With several cores: the multi-core search in depth, and the parallel one in breadth without its hash-compact. */
export function parallelVariants(cores: number): readonly Variant[] {
  // -DBFS_PAR is not among them: with full states (-DNO_HC) its table takes no more than 2^21 of them, and it leaves out the rest
  return [{ name: `depth first, ${cores} cores`, compile: [...FAST, `-DNCORE=${cores}`, SHARED], run: [] }];
}

/** Whether a command can be run and what it prints looks like this. */
function prints(command: string, arg: string, what: RegExp): boolean {
  return what.test(spawnSync(command, [arg]).stdout?.toString() ?? '');
}

/** What is missing here to run Spin, as a user should read it; undefined: nothing. */
export function missing(): string | undefined {
  if (!prints('spin', '-V', /^Spin Version 6/)) return 'spin is not installed (Debian package spin)';
  if (!prints('gcc', '--version', /gcc/)) return 'gcc is not installed (Debian package gcc)';
  return undefined;
}

/** What a run of the verifier printed. */
export interface SpinRun {
  readonly states: number;
  /** without the initial state, which Spin counts as one */
  readonly transitions: number;
  readonly errors: number;
  /** steps to the first error, 0 if there is none */
  readonly length: number;
  /** bytes */
  readonly stateVector: number;
  /** bytes of everything: states, hash table, stack */
  readonly memory: number;
  /** of the search, seconds, as Spin says: hundredths */
  readonly seconds: number;
  /** of the process, milliseconds */
  readonly wall: number;
}

/** The model in this folder, whether this file is run as it is or from dist. */
function modelFile(): string {
  const beside = fileURLToPath(new URL('migrate.pml', import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../../bench/peer/migrate.pml', import.meta.url));
}

function execute(command: string, args: readonly string[], cwd: string): Promise<{ code: number | string; text: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, text: stdout + stderr });
    });
  });
}

function read(text: string, wanted: RegExp): number | undefined {
  const found = wanted.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The verifier of one protocol within bounds, in a folder of its own. */
export class Verifier {
  readonly #folder: string;
  #compiled = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `spin -a`: without statement merging and removal of dead variables, which would join and merge states. */
  static async generate({ update, devices, raises, moves }: Bounds): Promise<Verifier> {
    const folder = mkdtempSync(join(tmpdir(), 'irqlab-spin-'));
    copyFileSync(modelFile(), join(folder, 'migrate.pml'));
    const bounds = [`-DDEVICES=${devices}`, `-DRAISES=${raises}`, `-DMOVES=${moves}`, ...(update === 'direct' ? ['-DDIRECT'] : [])];
    const { code, text } = await execute('spin', ['-o1', '-o3', ...bounds, '-a', 'migrate.pml'], folder);
    if (code !== 0 || !existsSync(join(folder, 'pan.c'))) throw new Error(`spin -a failed: ${text}`);
    return new Verifier(folder);
  }

  /** Compiles a variant; the result runs it. `states`: how many there are, for the size of the hash table. */
  async compile({ name, compile, run }: Variant, states: number): Promise<(args?: readonly string[]) => Promise<SpinRun>> {
    const pan = `./pan${this.#compiled++}`;
    const { code, text } = await execute('gcc', [...COMMON, ...compile, '-w', '-o', pan, 'pan.c'], this.#folder);
    if (code !== 0) throw new Error(`gcc does not compile Spin's verifier (${name}): ${text}`);
    const table = `-w${Math.max(10, Math.ceil(Math.log2(states)))}`;
    return async (args = []) => {
      const began = performance.now();
      const out = (await execute(pan, [table, ...run, ...args], this.#folder)).text;
      return readRun(name, out, performance.now() - began);
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function readRun(name: string, out: string, wall: number): SpinRun {
  const states = read(out, /([\d.e+]+) states, stored/);
  const transitions = read(out, /([\d.e+]+) transitions/);
  const errors = read(out, /errors: (\d+)/) ?? 0;
  // it says so after the first error too, which is meant
  const stopped = out.includes('max search depth too small') || (errors === 0 && out.includes('Search not completed'));
  if (states === undefined || transitions === undefined || stopped) throw new Error(`Spin (${name}) did not search everything:\n${out}`);
  const at = read(out, /\(at depth (\d+)\)/);
  const own = read(out, /([\d.]+)\s+(?:total actual memory usage|memory usage \(Mbyte\))/) ?? 0;
  const shared = read(out, /([\d.]+)\s+total shared memory usage/) ?? 0;
  return {
    states,
    transitions: transitions - 1,
    errors,
    length: at === undefined ? 0 : at + 1,
    stateVector: read(out, /State-vector (\d+) byte/) ?? 0,
    memory: (own + shared) * 2 ** 20,
    seconds: read(out, /elapsed time ([\d.e+-]+) seconds/) ?? 0,
    wall,
  };
}
