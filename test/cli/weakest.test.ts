/** `irqlab check --assumptions`: the weakest sets of assumptions, and what fails without the rest. */
import { describe, expect, test } from 'vitest';
import { checkDocument, type AssumptionsResult } from '../../src/check/index.js';
import { small } from '../check/help.js';
import { files, irqlab, tooLong } from './help.js';

const file = files({ 'offline.yaml': small({ devices: [{ cpu: 1, raises: 1, kind: 'free' }], operations: ['offline: 1'] }) })(
  'offline.yaml',
);
const weakest = (...args: string[]) => irqlab(['check', '--assumptions', '--scenario', file, '--workers', '1', ...args]);

// what is varied is enough for one that is needed alone and two of which one is
const FEW = ['--assume', 'recognition=free', '--assume', 'softDisabled=holds'];

describe.concurrent('check --assumptions', () => {
  test('as JSON: the sets, and the checks that fail without what is needed, with tokens', async () => {
    const { code, stdout } = await weakest(...FEW, '--format', 'json');
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as AssumptionsResult;
    expect(checkDocument.parse(document)).toEqual(document);
    expect(document.weakest).toEqual([
      { sampling: 'at-once', push: 'none', delivery: 'within-mdelay', softDisabled: 'either' },
      { sampling: 'at-once', push: 'irr', delivery: 'unbounded', softDisabled: 'either' },
    ]);
    expect(document.needed.map(({ givenUp }) => givenUp)).toEqual([
      { sampling: 'then-delay' },
      { push: 'root-complex', delivery: 'unbounded' },
    ]);
    for (const { givenUp, checks } of document.needed)
      for (const { verdict, assumptions, failures } of checks) {
        expect([verdict, assumptions]).toMatchObject(['failed', givenUp]);
        expect(failures[0]?.token).toContain(Object.entries(givenUp)[0]?.join('='));
      }
  });

  test('as text, in 80 columns', async () => {
    const { code, stdout } = await weakest(...FEW);
    expect(code).toBe(0);
    expect(tooLong(stdout.replaceAll(/^ {2}irqlab run .*$/gm, ''))).toEqual([]);
    expect(stdout).toMatch(/^small, linux-5\.9: safe under 2 weakest sets of assumptions/);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'needed one of push=irr or delivery=within-mdelay; without any (a config completion pushes earlier messages to the root complex only; a message may take any time): no-loss',
    );
    expect(stdout).toMatch(/^With sampling=then-delay\nno-loss: the shortest way to it has \d+ visible steps$/m);
  });

  test('what fails already has nothing to give up', async () => {
    const { code, stdout } = await weakest('--model', 'linux-5.8');
    expect(code).toBe(1);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /^small, linux-5\.8: FAILED under the assumptions in force \(1 search, .* fails no-loss /,
    );
  });

  test.each([
    [['--raises', '2'], '--assumptions makes many searches; leave out --raises'],
    [['--format', 'junit'], '--assumptions has no JUnit report; write --format text or json'],
  ])('%j is a mistake', async (args, sentence) => {
    const { code, stderr } = await weakest(...args);
    expect([code, stderr]).toEqual([2, `irqlab: ${sentence}\n`]);
  });
});
