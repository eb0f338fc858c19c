/** The event queue and the random streams of assembly/clock, compiled alone, so that a test can drive them directly. */
import { readFile } from 'node:fs/promises';
import { Settings, Size, Table, Timing } from '../../src/core/index.js';

const ENTRY = `
import { arm, armed, disarm, dueOf, nextDue } from './assembly/clock/wheel';
import { below, latency, random, seedStreams } from './assembly/clock/random';
import { nowBase } from './assembly/state/layout';
export { sizes, prepare, create } from './assembly/state/layout';
export { table } from './assembly/state/tables';
export { armed, disarm, seedStreams, latency, below };
export function armAt(n: u32, due: u64, phase: u32): void { arm(n, due, phase); }
export function due(n: u32): u64 { return dueOf(n); }
export function next(limit: u64): i32 { return nextDue(limit); }
export function now(): u64 { return load<u64>(nowBase); }
export function draw(stream: u32): u64 { return random(stream); }
`;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly sizes: WebAssembly.Global;
  prepare(): number;
  create(): number;
  table(id: number): number;
  armed(n: number): number;
  disarm(n: number): void;
  armAt(n: number, due: bigint, phase: number): void;
  due(n: number): bigint;
  next(limit: bigint): number;
  now(): bigint;
  seedStreams(): void;
  draw(stream: number): bigint;
  below(stream: number, n: number): number;
  latency(timing: number, stream: number): number;
}

/** The part of the compiler's interface used here; its own types declare `u8` and the like for everybody. */
interface Compiler {
  main(
    args: readonly string[],
    host: {
      readFile(name: string): string | null | Promise<string | null>;
      writeFile(name: string, contents: string | Uint8Array): void;
      listFiles(): string[];
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}

const compiler: string = 'assemblyscript/asc';

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  const { default: asc } = (await import(compiler)) as { readonly default: Compiler };
  let binary: Uint8Array | undefined;
  const args = ['entry.ts', '--outFile', 'queue.wasm', '--runtime', 'stub', '--noAssert', '--use', 'abort='];
  const { error, stderr } = await asc.main(args, {
    readFile: (name) => {
      if (name.endsWith('entry.ts')) return ENTRY;
      // not the repository's configuration: it would compile the whole module too
      return name.endsWith('asconfig.json') ? null : readFile(name, 'utf8').catch(() => null);
    },
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`the queue does not compile: ${stderr.toString()}`);
  return WebAssembly.compile(binary as Uint8Array<ArrayBuffer>);
}

/** A queue with `nodes` nodes at cycle 0; as many CPUs, so that streams nodes + c are theirs. */
export async function openQueue(nodes: number, seed = 1, timings: Uint32Array = new Uint32Array(Timing.count * 3)): Promise<Exports> {
  const instance = await WebAssembly.instantiate(await (compiled ??= compile()), {});
  const exports = instance.exports as unknown as Exports;
  const sizes = exports.sizes.value as number;
  const view = (): DataView => new DataView(exports.memory.buffer);
  view().setUint32(sizes + Size.cpus * 4, nodes, true);
  exports.prepare();
  exports.create();
  const settings = exports.table(Table.settings);
  view().setUint32(settings + Settings.seedLo * 4, seed, true);
  view().setUint32(settings + Settings.jitter * 4, 1, true);
  timings.forEach((value, i) => view().setUint32(exports.table(Table.timings) + i * 4, value, true));
  exports.seedStreams();
  return exports;
}
