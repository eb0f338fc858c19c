/** A token on the command line: itself, from the standard input, or from a file that `step` saved. */
import { existsSync, readFileSync } from 'node:fs';
import { parseToken, replayToken, systemOf, TokenError, type Replayed, type Token } from '../check/index.js';
import { ModelError } from '../kernel/model/index.js';
import type { System } from '../scenario/index.js';
import { importTrace } from '../trace/index.js';
import { overridesOf, readInput, type SystemOptions } from './options.js';
import { InputError, plural } from './output.js';

const BEGIN = 'irqlab1/';

/** The whole standard input. */
function readStdin(): string {
  try {
    return readFileSync(0, 'utf8');
  } catch (error) {
    // what a terminal without input, or one that was closed, answers
    if (error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EOF')) return '';
    throw error;
  }
}

/** The token that the argument is or names; undefined for a file without one, and for what is neither. */
export function tokenIn(argument: string): string | undefined {
  if (argument.startsWith(BEGIN)) return argument;
  if (!existsSync(argument)) return undefined;
  const text = new TextDecoder().decode(readInput(argument)).trim();
  return text.startsWith(BEGIN) ? text : undefined;
}

/** The token that `replay` is to follow. Throws `InputError` where there is none, for a trace with what reads traces. */
export function tokenFrom(argument: string): string {
  const token = argument === '-' ? readStdin().trim() : tokenIn(argument);
  if (token?.startsWith(BEGIN)) return token;
  const isFile = argument !== '-' && existsSync(argument);
  const text = isFile ? new TextDecoder().decode(readInput(argument)) : (token ?? argument);
  const what = isFile ? argument : argument === '-' ? 'the standard input' : `"${argument.slice(0, 40)}"`;
  if (importTrace(text, what).count.trace > 0) throw new InputError(`${what} is a trace; to read a trace use irqlab import`);
  throw new InputError(`${what} is no token; a token begins with ${BEGIN}, as irqlab check prints it`);
}

/** A token followed to its end. */
export interface Followed {
  readonly token: Token;
  readonly system: System;
  readonly replayed: Replayed;
  /** options ask for another model or other settings than the token's */
  readonly changed: boolean;
}

/** Follows a token, on another model with these options. Throws `InputError` for one that is wrong. */
export async function follow(text: string, options: Pick<SystemOptions, 'model' | 'set' | 'assume'>): Promise<Followed> {
  const overrides = await overridesOf(options);
  try {
    const token = parseToken(text);
    const system = systemOf(token, overrides);
    const replayed = await replayToken(token, system);
    const changed = options.model !== undefined || options.set !== undefined || options.assume !== undefined;
    if (replayed.exact && !changed && replayed.skipped.length > 0)
      throw new TokenError(
        `the schedule does not fit the model it was made with: ${replayed.skipped[0] ?? ''} is not possible there; was it cut or changed?`,
      );
    return { token, system, replayed, changed };
  } catch (error) {
    if (error instanceof TokenError || error instanceof ModelError || error instanceof RangeError) throw new InputError(error.message);
    throw error;
  }
}

/** Whether the loop of a livelock is one. */
function loopNotes({ token: { loop }, replayed: { replay, exact, repeats } }: Followed): string[] {
  if (loop === undefined) return [];
  const steps = `the ${plural(replay.steps.length - loop, 'step')} behind step ${loop}`;
  if (repeats) return [`${steps} lead back to the state before them, byte for byte: they can be taken for ever`];
  return [
    exact ? `${steps} do not lead back to the state before them` : 'it was a livelock; whether it is one here, check --liveness tells',
  ];
}

/** What is to be said about a livelock, and about a way that is not the one the token was made from, a sentence each. */
export function followedNotes(followed: Followed): string[] {
  const { token, system, replayed, changed } = followed;
  const { exact, skipped } = replayed;
  const why = changed
    ? `the schedule was made with ${token.model} (${token.fingerprint})`
    : `${token.model} is not what it was when the schedule was made (${token.fingerprint}, now ${system.built.fingerprint})`;
  return [
    ...loopNotes(followed),
    ...(exact ? [] : [`${why}; each CPU was taken to the same line, then everybody ran to rest`]),
    ...skipped.map((each) => `skipped, not possible here: ${each}`),
  ];
}
