/** A build that has nothing to do does nothing, and never leaves what is out of date. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { step } from '../scripts/step.js';

const folder = mkdtempSync(join(tmpdir(), 'irqlab-build-'));
const at = (name: string): string => join(folder, name);

/** Copies from/ to to/, and says whether it did; `meanwhile`: what happens before it ends. */
async function built(meanwhile?: () => void): Promise<boolean> {
  let done = false;
  await step(folder, 'copy', { reads: ['from', 'may-be-there'], writes: ['to'] }, async () => {
    cpSync(at('from'), at('to'), { recursive: true });
    done = true;
    meanwhile?.();
  });
  return done;
}

beforeAll(async () => {
  mkdirSync(at('from/below'), { recursive: true });
  writeFileSync(at('from/below/a'), '1');
  await built();
});
afterAll(() => rmSync(folder, { recursive: true }));

test('what is as it was is not built', async () => {
  expect(await built()).toBe(false);
});

test.each([
  ['an input changes', () => writeFileSync(at('from/below/a'), '2')],
  ['an input comes', () => writeFileSync(at('from/b'), '1')],
  ['an input goes', () => rmSync(at('from/b'))],
  ['an input that need not be there comes', () => writeFileSync(at('may-be-there'), '')],
  ['an output changes', () => writeFileSync(at('to/below/a'), '?')],
  ['an output goes', () => rmSync(at('to'), { recursive: true })],
])('%s: built, once', async (_, happens) => {
  happens();
  expect(await built()).toBe(true);
  expect(await built()).toBe(false);
});

test('an input that changes during the build: built again', async () => {
  writeFileSync(at('from/below/a'), '3');
  expect(await built(() => writeFileSync(at('from/below/a'), '4'))).toBe(true);
  expect(await built()).toBe(true);
  expect(readFileSync(at('to/below/a'), 'utf8')).toBe('4');
});

test('a build that fails: built again', async () => {
  writeFileSync(at('from/below/a'), '5');
  const full = (): never => {
    throw new Error('full');
  };
  await expect(built(full)).rejects.toThrow('full');
  expect(await built()).toBe(true);
});
