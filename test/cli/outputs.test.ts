/** Files that commands are to write in the end: asked for before the work begins. */
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { expectWritable } from '../../src/cli/files.js';

const folder = mkdtempSync(join(tmpdir(), 'irqlab-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('asking whether a file can be written leaves everything as it is', () => {
  const [page, other, link] = ['page', 'other', 'link'].map((name) => join(folder, name)) as [string, string, string];
  writeFileSync(page, 'of before');
  symlinkSync(other, link);
  for (const file of [page, other, link]) expectWritable(file);
  expect([readFileSync(page, 'utf8'), existsSync(other), readlinkSync(link)]).toEqual(['of before', false, other]);
  expect(() => expectWritable(folder)).toThrow('cannot be written (EISDIR); name a file in a directory that is there');
});
