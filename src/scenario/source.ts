/** From the text of a file to plain values, and from a path into them back to line and column. */
import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type Pair,
  type Scalar,
  type YAMLError,
} from 'yaml';
import type { Diagnostic } from './diagnostics.js';
import { describe, quote } from '../words.js';

/** Keys and list indexes from the root of the document. */
export type Path = readonly (string | number)[];

/** The part of `key: value` that is meant. */
export type Spot = 'key' | 'value';

/** A file that is well-formed YAML; `mistakes` are those that don't hinder reading the rest (duplicate keys). */
export interface Source {
  readonly value: unknown;
  readonly mistakes: readonly Diagnostic[];
  /** `within`: at this character of the text that stands there. */
  locate(path: Path, spot: Spot, within?: number): { readonly line: number; readonly column: number };
}

/** More is no scenario, and YAML of many megabytes takes minutes. */
const MAX_CHARACTERS = 1 << 20;

const EMPTY = 'empty file; a scenario begins with version: 1';

/** Bytes to text. A file that is not UTF-8 text gives one diagnostic at the first byte that cannot be. */
export function decodeText(bytes: Uint8Array, file: string): { readonly text: string } | { readonly errors: Diagnostic[] } {
  const nul = bytes.indexOf(0);
  const before = nul < 0 ? bytes : bytes.subarray(0, nul);
  let text: string | undefined;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(before);
  } catch {
    text = undefined;
  }
  if (text !== undefined && nul < 0) return { text };
  const offset = text === undefined ? firstInvalid(before) : nul;
  const head = new TextDecoder().decode(bytes.subarray(0, offset));
  const lines = head.split('\n');
  const what = text === undefined ? 'this byte is not UTF-8' : 'binary file (it holds a zero byte)';
  return {
    errors: [{ file, line: lines.length, column: (lines.at(-1) ?? '').length + 1, message: `${what}; a scenario is YAML in UTF-8` }],
  };
}

/** Index of the first byte behind the longest prefix that is valid UTF-8. */
function firstInvalid(bytes: Uint8Array): number {
  let [low, high] = [0, bytes.length];
  // A prefix that ends inside of a character is not an error yet: `stream` holds its bytes back.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isUtf8(bytes.subarray(0, middle), true)) low = middle;
    else high = middle - 1;
  }
  while (low > 0 && !isUtf8(bytes.subarray(0, low), false)) low -= 1;
  return low;
}

function isUtf8(bytes: Uint8Array, stream: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}

/** Reads YAML (or JSON, which is YAML). Never throws. */
export function readSource(input: string, file: string): Source | { readonly errors: Diagnostic[] } {
  const text = input.startsWith('\ufeff') ? input.slice(1) : input;
  const at = (line: number, column: number, message: string): Diagnostic => ({ file, line, column, message });
  if (text.length > MAX_CHARACTERS)
    return { errors: [at(1, 1, `the file has ${text.length} characters; a scenario has ${MAX_CHARACTERS} at most`)] };
  const nul = text.indexOf('\0');
  if (nul >= 0) return decodeText(new TextEncoder().encode(text), file) as { readonly errors: Diagnostic[] };

  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false, schema: 'core' });
  } catch {
    // The parser recurses; a file nested some thousand deep ends its stack.
    return { errors: [at(1, 1, 'this cannot be read as YAML; a scenario begins with version: 1')] };
  }
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const diagnostic = (offset: number, message: string): Diagnostic => {
    const { line, column } = place(offset);
    return at(line, column, message);
  };

  const { fatal, mistakes } = syntaxMistakes(document, text, diagnostic);
  if (fatal) return { errors: mistakes };
  const contents: Node | null = document.contents;
  if (contents === null || (isScalar(contents) && contents.value === null)) return { errors: [...mistakes, at(1, 1, EMPTY)] };

  try {
    const value = plain(contents, (node, message) => mistakes.push(diagnostic(node?.range?.[0] ?? 0, message)));
    return {
      value,
      mistakes,
      locate: (path, spot, within) => place(offsetOf(contents, path, spot, within && { character: within, text })),
    };
  } catch {
    return { errors: [at(1, 1, 'the file is nested too deeply; a scenario begins with version: 1')] };
  }
}

type Diagnose = (offset: number, message: string) => Diagnostic;

/**
 * What the YAML parser complains about, in our words. Behind the first structural mistake it guesses, so of the others only those
 * are kept that stand for themselves.
 */
function syntaxMistakes(
  document: Document.Parsed,
  text: string,
  diagnose: Diagnose,
): { readonly fatal: boolean; readonly mistakes: Diagnostic[] } {
  const mistakes: Diagnostic[] = [];
  let structural = false;
  let several = false;
  for (const error of document.errors) {
    const offset = error.pos[0];
    switch (error.code) {
      case 'DUPLICATE_KEY':
        mistakes.push(diagnose(offset, `the key ${quote(keyAt(text, offset))} stands here a second time; keep one of them`));
        break;
      case 'TAB_AS_INDENT':
        structural = true;
        mistakes.push(diagnose(offset, 'a tab indents this line; indent with spaces'));
        break;
      case 'MULTIPLE_DOCS':
        if (!several) mistakes.push(diagnose(offset, 'a second document begins here; one file holds one scenario'));
        several = true;
        break;
      default:
        if (!structural) mistakes.push(tagMistake(text, offset, diagnose) ?? diagnose(offset, structuralMistake(error)));
        structural = true;
    }
  }
  return { fatal: structural || several, mistakes };
}

/** `always: !owed[irq 24]`: YAML takes what begins with ! for a tag, and stumbles over what follows. */
function tagMistake(text: string, offset: number, diagnose: Diagnose): Diagnostic | undefined {
  const line = text.lastIndexOf('\n', offset - 1) + 1;
  const found = /^[^#'"]*?:[ \t]+(?=!)/.exec(text.slice(line).split('\n')[0] ?? '');
  return found === null ? undefined : diagnose(line + found[0].length, 'a value that begins with ! is a tag in YAML; put it in quotes');
}

/** The text of a key that begins here, as far as a message needs it. */
function keyAt(text: string, offset: number): string {
  const found = /^(?:"([^"\n]*)"|'([^'\n]*)'|([^:\n{}[\],]+))/.exec(text.slice(offset, offset + 200));
  return (found?.[1] ?? found?.[2] ?? found?.[3] ?? '').trim();
}

function structuralMistake({ code, message }: YAMLError): string {
  switch (code) {
    case 'BAD_INDENT':
      if (message.includes('end with a')) return `a bracket is still open here; close it with ${message.at(-1)}, or indent this line`;
      return 'this line is not indented enough for the list, mapping or text that it is in; indent it by two more spaces or close what is open';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a mapping begins inside of a value; begin it on a line of its own, or put the value in quotes';
    case 'MULTILINE_IMPLICIT_KEY':
      return 'this is no "key: value"; write a colon and a space behind the key';
    case 'MISSING_CHAR':
      if (message.includes('closing')) return 'a text in quotes does not end; add the closing quote';
      if (message.includes('must end with')) return `a bracket is not closed; add ${message.at(-1)}`;
      if (message.includes('- indicator'))
        return 'this line belongs neither to the entry above nor to a new one; align it with the keys above or begin it with "- "';
      return 'this is no "key: value"; write a colon and a space behind the key';
    case 'BAD_SCALAR_START':
      return 'a text cannot begin with this character; put it in quotes';
    case 'BAD_ALIAS':
      return 'this is no anchor or alias; put the text in quotes';
    case 'BAD_DQ_ESCAPE':
      return 'unknown escape in a text in double quotes; write \\\\ for a backslash, or use single quotes';
    case 'TAG_RESOLVE_FAILED':
      return 'this tag has no meaning in a scenario; write the value without it';
    default:
      return 'this is not YAML; a scenario is lines of "key: value", lists begin with "- "';
  }
}

type Complain = (node: Node | null | undefined, message: string) => void;

/** YAML nodes to plain values. Aliases and tags are refused: a mistake in a shared value would have several places. */
function plain(node: unknown, complain: Complain): unknown {
  if (isAlias(node)) {
    complain(node, `a scenario has no aliases such as ${quote(`*${node.source}`)}; write the value out`);
    return undefined;
  }
  if (isNode(node) && node.tag !== undefined && node.tag !== implied(node))
    complain(node, `the tag ${quote(node.tag)} has no meaning in a scenario; write the value without it`);
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item) => plain(item, complain));
  if (!isMap(node)) return undefined;
  // No prototype: a key may have any name, `__proto__` and `constructor` too.
  const value = Object.create(null) as Record<string, unknown>;
  for (const pair of node.items) {
    const key = keyOf(pair);
    if (key === undefined || key === '__proto__')
      complain(isNode(pair.key) ? pair.key : node, `${describeKey(pair)} cannot be a key; a key is a name such as version`);
    else if (!(key in value)) value[key] = plain(pair.value, complain);
  }
  return value;
}

/** The tags that the parser itself puts on nodes. */
function implied(node: Node): string | undefined {
  return isMap(node) ? 'tag:yaml.org,2002:map' : isSeq(node) ? 'tag:yaml.org,2002:seq' : undefined;
}

function keyOf(pair: Pair): string | undefined {
  return isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : undefined;
}

function describeKey({ key }: Pair): string {
  if (isScalar(key)) return describe(key.value);
  return isMap(key) ? 'a mapping' : isSeq(key) ? 'a list' : 'this';
}

/** Where in the text a path leads; where it ends early, the place that was reached. A key without a value stands at the key. */
function offsetOf(root: Node, path: Path, spot: Spot, within?: { character: number; text: string } | 0): number {
  let node: unknown = root;
  let offset = root.range?.[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((item) => isPair(item) && keyOf(item) === step);
      if (pair === undefined) break;
      const keyOffset = isNode(pair.key) ? pair.key.range?.[0] : undefined;
      node = pair.value;
      const empty = !isNode(node) || (isScalar(node) && node.range !== undefined && node.range?.[0] === node.range?.[1]);
      const valueOffset = empty || !isNode(node) ? undefined : node.range?.[0];
      offset = (last && spot === 'key' ? keyOffset : (valueOffset ?? keyOffset)) ?? offset;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = (isNode(node) ? node.range?.[0] : undefined) ?? offset;
    } else break;
  }
  return within && isScalar(node) ? offsetWithin(node, within) : offset;
}

/**
 * Where a character of a text stands in the file. What quotes, escapes, folding and indentation add to a text is never one of
 * its own characters, so each is the next of its kind, blanks aside.
 */
function offsetWithin({ value, range, type }: Scalar, { character, text }: { readonly character: number; readonly text: string }): number {
  const start = range?.[0] ?? 0;
  const isBlock = type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED';
  let at = isBlock ? text.indexOf('\n', start) + 1 : start + (type === 'PLAIN' ? 0 : 1);
  const wanted = String(value);
  for (let i = 0; i < Math.min(character, wanted.length); i++) {
    const letter = wanted[i] ?? '';
    if (letter.trim() !== '') at = text.indexOf(letter, at) + 1;
  }
  while (character < wanted.length && text[at] !== wanted[character]) at++;
  return at;
}
