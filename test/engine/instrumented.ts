/**
 * The module with every load and store told: built once more, without bulk memory, and sent through binaryen's
 * `instrument-memory`. A machine of it runs as any other; while `during` runs, the addresses that it touches are collected.
 */
import { fileURLToPath } from 'node:url';
import binaryen from 'binaryen';
import { vi } from 'vitest';

/** The part of the compiler's interface that is needed; its own declarations do not compile beside those of Node. */
interface Compiler {
  main(
    options: readonly string[],
    api: { writeFile(name: string, contents: Uint8Array | string): void; stderr: { write(text: string): void } },
  ): Promise<{ error: Error | null }>;
}

const compiler = 'assemblyscript/asc';
const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Touch {
  readonly address: number;
  readonly bytes: number;
  readonly write: boolean;
}

async function build(): Promise<WebAssembly.Module> {
  const { default: asc } = (await import(compiler)) as { default: Compiler };
  let built: Uint8Array | undefined;
  const options = '--config none --runtime stub --noAssert --use abort= --maximumMemory 65536 --disable bulk-memory --outFile x.wasm';
  const { error } = await asc.main(['assembly/index.ts', '--baseDir', root, ...options.split(' ')], {
    writeFile: (_, bytes) => {
      if (typeof bytes !== 'string') built = bytes;
    },
    stderr: { write: () => undefined },
  });
  if (error || built === undefined) throw error ?? new Error('asc wrote nothing');
  const module = binaryen.readBinary(built);
  module.runPasses(['instrument-memory']);
  const bytes = module.emitBinary();
  module.dispose();
  return WebAssembly.compile(bytes as BufferSource);
}

export class Instrumented {
  readonly module: WebAssembly.Module;
  #touches: Touch[] | undefined;

  private constructor(module: WebAssembly.Module) {
    this.module = module;
  }

  static async build(): Promise<Instrumented> {
    return new Instrumented(await build());
  }

  /** Makes machines of `make` out of this module. */
  async used<T>(make: () => Promise<T>): Promise<T> {
    const touch = (write: boolean) => (_: number, bytes: number, offset: number, pointer: number) => {
      this.#touches?.push({ address: (pointer + offset) >>> 0, bytes, write });
      return pointer;
    };
    const value = (_: number, x: number | bigint): number | bigint => x;
    const env: Record<string, WebAssembly.ImportValue> = {
      load_ptr: touch(false),
      store_ptr: touch(true),
      memory_grow_pre: value,
      memory_grow_post: value,
    };
    for (const type of ['i32', 'i64', 'f32', 'f64']) for (const way of ['load', 'store']) env[`${way}_val_${type}`] = value;
    const instance = await WebAssembly.instantiate(this.module, { env });
    const made = vi.spyOn(WebAssembly, 'instantiate').mockResolvedValue(instance as never);
    try {
      return await make();
    } finally {
      made.mockRestore();
    }
  }

  /** What is touched meanwhile. */
  during(run: () => void): Touch[] {
    const touches: Touch[] = [];
    this.#touches = touches;
    run();
    this.#touches = undefined;
    return touches;
  }
}
