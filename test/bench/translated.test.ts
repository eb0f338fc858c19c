/**
 * The module and its translation to C come to the same state. (As JavaScript it takes too long to make: `npm run bench` refuses a state
 * that is not equal.)
 */
import { describe, expect, test } from 'vitest';
import { startTranslated, type Translated } from '../../bench/peer/translated.js';
import { absent, translate, type Translations } from '../../bench/peer/translate.js';
import { compare, subjects } from '../../bench/translated.js';

const none: Translations = { files: new Map(), missing: [] };

test.each(subjects(true).map((subject) => [subject.name, subject] as const))(
  '%s: a machine is made anew from its memory',
  async (_, subject) => {
    const image = await subject.image();
    const run = async (): Promise<bigint> => {
      const machine = (await startTranslated('module', none, image)) as Translated;
      await subject.begin(machine);
      const before = await machine.digest();
      await subject.run(machine, 2);
      const after = await machine.digest();
      expect(after).not.toBe(before);
      return after;
    };
    expect(await run()).toBe(await run());
  },
);

const lacking = absent('native');

describe.skipIf(lacking !== undefined)(`as C${lacking === undefined ? '' : ` (skipped: ${lacking})`}`, () => {
  test('comes to equal states', async () => {
    // for speed of the compiler, not of the program
    const translations = await translate(['-O0'], ['native']);
    expect(translations.missing).toEqual([]);
    for (const subject of subjects(true)) {
      const [, native] = await compare(subject, translations, 1, 1);
      expect(native).toBeDefined();
    }
  });
});
