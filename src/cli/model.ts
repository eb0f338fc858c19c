/** `--model`: a built-in model by its name, or a file of the user's own that exports one. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ModelError, UnsupportedError, type KernelModel } from '../kernel/model/index.js';
import { ModelFault } from '../machine/index.js';
import { InputError } from './output.js';

const EXAMPLE = "export const model = linux('5.9', { behaviours: { settleDelay: 'none' } })";

function wrong(file: string, message: string, line = 1, column = 1): InputError {
  return new InputError([{ file, line, column, message }]);
}

let registered = false;
/** Files that models were read from, by their URLs. */
const read = new Map<string, string>();

/** The model a name or a file means. Throws `InputError`. */
export async function modelFrom(name: string | undefined): Promise<string | KernelModel | undefined> {
  if (name === undefined || !/[/\\]|\.[cm]?js$/.test(name)) return name;
  if (!existsSync(name))
    throw wrong(name, 'this file does not exist; name one that exports a model, or a built-in model such as linux-5.9');
  if (!registered) register(new URL('own.js', import.meta.url));
  registered = true;
  const url = pathToFileURL(resolve(name)).href;
  read.set(url, name);
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const { line, column } = error instanceof SyntaxError ? syntaxIn(name) : placeIn(error, url);
    throw wrong(name, sentence(error), line, column);
  }
  return { ...modelIn(name, exported), file: name };
}

function modelIn(file: string, { model }: Readonly<Record<string, unknown>>): KernelModel {
  if (model === undefined) throw wrong(file, `this file exports no model; expected e.g. ${EXAMPLE}`);
  const { name, behaviours, build, set } = (typeof model === 'object' && model !== null ? model : {}) as Partial<KernelModel>;
  if (typeof name !== 'string' || !Array.isArray(behaviours) || typeof build !== 'function')
    throw wrong(file, `what this file exports as model is none: it needs name, behaviours and build; expected e.g. ${EXAMPLE}`);
  const own = model as KernelModel;
  return {
    ...own,
    build: (size, placement) => orTold(file, () => own.build(size, placement)),
    ...(set === undefined ? {} : { set: (more) => ({ ...modelIn(file, { model: own.set?.(more) }), file }) }),
  };
}

/**
 * What a model cannot or must not do, with the line of the user's that it comes from, if there is one; or what a function of the user's threw
 * where nobody expected it. Undefined: it is neither.
 */
export function mistakeOfModel(error: unknown): InputError | undefined {
  if (error instanceof ModelError) return new InputError(error.message);
  const isFault = error instanceof ModelFault;
  const thrown = isFault ? error.cause : error;
  const frames = thrown instanceof Error ? (thrown.stack ?? '').split('\n').filter((line) => /^ +at /.test(line)) : [];
  // an instruction is written where the library was called from
  const own = [...read].find(([url]) => (isFault ? frames : frames.slice(0, 1)).some((frame) => frame.includes(url)));
  if (own === undefined) return isFault ? new InputError(error.message) : undefined;
  const { line, column } = placeIn(thrown, own[0]);
  return wrong(own[1], sentence(error), line, column);
}

/** The user's code is at fault, whatever it throws. */
function orTold<T>(file: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const { line, column } = placeIn(error, pathToFileURL(resolve(file)).href);
    const told = `${file}:${line}:${column}: ${sentence(error)}`;
    if (!(error instanceof UnsupportedError)) throw new ModelError(told);
    // without a cause it is the version that cannot, whoever asks
    throw error.cause === undefined ? error : new UnsupportedError(told);
  }
}

/** A syntax error of an imported file says nowhere where it is; Node tells it of a file that it is to check. */
function syntaxIn(file: string): { readonly line: number; readonly column: number } {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  const [, line = '1', before = ''] = /:(\d+)\r?\n.*\r?\n( *)\^/.exec(stderr) ?? [];
  return { line: Number(line), column: before.length + 1 };
}

function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^\[\w+\]: /g, '')
    .trim();
}

/** Where in the file an error arose, as far as its stack says. */
function placeIn(error: unknown, url: string): { readonly line: number; readonly column: number } {
  const thrown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  const at = stack.indexOf(url);
  const [, line = '1', column = '1'] =
    (at < 0 ? null : /^:(\d+)(?::(\d+))?/.exec(stack.slice(at + url.length).replace(/^\?[^:]*/, ''))) ?? [];
  return { line: Number(line), column: Number(column) };
}
