/**
 * Machines in the module and in its translations: the same code by the engine's WebAssembly, by its JavaScript (binaryen's
 * wasm2js) and by gcc (wabt's wasm2c). All start from the same memory and end, after the same calls, with the same digest.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { BatchWord, Core, instantiate, loadTimedModule, type Exports } from '../../src/core/index.js';
import { spent } from '../cost.js';
import type { Translations } from './translate.js';

const PAGE = 65536;

/** A machine that was started from an image. Times are nanoseconds of CPU time. */
export interface Translated {
  /** `runCycles`, so many times */
  cycles(times: number, cycles: number): Promise<number>;
  /** the list that `batch` executes from now on, of `wordsOf` */
  list(words: Uint32Array): Promise<void>;
  batch(times: number): Promise<number>;
  digest(): Promise<bigint>;
  close(): void;
}

/** Who runs the same machine; the module itself comes first. */
export const runners = ['module', 'native', 'nativeOfAsc', 'javascript'] as const;
export type Runner = (typeof runners)[number];

/** The memory of a machine that the host has filled and that has not begun: all that its globals are computed from. */
export function imageOf(core: Core): Uint8Array {
  return core.bytes(0, core.exports.memory.buffer.byteLength);
}

/** Number of machines so far. */
let made = 0;

/** A machine; undefined: that translation is not there. */
export async function startTranslated(runner: Runner, { files }: Translations, image: Uint8Array): Promise<Translated | undefined> {
  if (runner === 'module') return new InProcess(await instantiate(await loadTimedModule()), image);
  const file = files.get(runner);
  if (file === undefined) return undefined;
  if (runner !== 'javascript') return Child.start(file, image);
  // a copy of its own for each machine, as each instance of a module has
  const address = `${pathToFileURL(file).href}?${++made}`;
  return new InProcess(new Core((await import(address)) as Exports), image);
}

class InProcess implements Translated {
  readonly #core: Core;
  #operations = 0;

  constructor(core: Core, image: Uint8Array) {
    this.#core = core;
    startFrom(core, image);
  }

  async cycles(times: number, cycles: number): Promise<number> {
    const { exports } = this.#core;
    const began = spent();
    for (let i = 0; i < times; i++) exports.runCycles(cycles >>> 0, Math.floor(cycles / 2 ** 32));
    return (spent() - began) * 1e6;
  }

  async list(words: Uint32Array): Promise<void> {
    this.#operations = words.length / BatchWord.words;
    const at = this.#core.exports.batchAt(this.#operations);
    if (at === 0) throw new RangeError('out of memory for a list of operations');
    this.#core.write(at, words);
  }

  async batch(times: number): Promise<number> {
    const { exports } = this.#core;
    const began = spent();
    for (let i = 0; i < times; i++) exports.batchRun(this.#operations);
    return (spent() - began) * 1e6;
  }

  async digest(): Promise<bigint> {
    const { exports } = this.#core;
    const low = exports.stateDigest() >>> 0;
    return (BigInt(exports.highWord() >>> 0) << 32n) | BigInt(low);
  }

  close(): void {}
}

/** Layout is computed from what the image says, and changes the image; so it is written again behind each step. */
function startFrom(core: Core, image: Uint8Array): void {
  const { exports } = core;
  const missing = image.length - exports.memory.buffer.byteLength;
  if (missing > 0) exports.memory.grow(missing / PAGE);
  core.write(0, image);
  exports.prepare();
  core.write(0, image);
  exports.create();
  core.write(0, image);
  exports.complete();
  exports.timedBegin();
}

/** The driver `native.c`, a line at a time. */
class Child implements Translated {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #waiting: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] = [];
  #operations = 0;
  #why = '';

  private constructor(program: string, start: string, folder: string) {
    this.#folder = folder;
    this.#process = spawn(program, [start], { stdio: 'pipe' });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.#waiting.shift()?.resolve(line));
    this.#process.stderr!.on('data', (text: Buffer) => (this.#why += text.toString()));
    this.#process.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`the native build ended: ${this.#why.trim()}`));
    });
  }

  static async start(program: string, image: Uint8Array): Promise<Child> {
    const folder = mkdtempSync(join(tmpdir(), 'irqlab-native-'));
    const file = join(folder, 'start');
    writeFileSync(file, image);
    const child = new Child(program, file, folder);
    await child.#answer();
    return child;
  }

  #answer(): Promise<string> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async #ask(command: string): Promise<[time: number, result: bigint]> {
    this.#process.stdin!.write(`${command}\n`);
    const [time = '', result = ''] = (await this.#answer()).split(' ');
    return [Number(time), BigInt(result)];
  }

  async cycles(times: number, cycles: number): Promise<number> {
    return (await this.#ask(`cycles ${times} ${cycles}`))[0];
  }

  async list(words: Uint32Array): Promise<void> {
    const file = join(this.#folder, 'list');
    writeFileSync(file, words);
    this.#operations = words.length / BatchWord.words;
    await this.#ask(`list ${file} ${this.#operations}`);
  }

  async batch(times: number): Promise<number> {
    return (await this.#ask(`batch ${times} ${this.#operations}`))[0];
  }

  async digest(): Promise<bigint> {
    return (await this.#ask('digest'))[1];
  }

  close(): void {
    this.#process.stdin!.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
