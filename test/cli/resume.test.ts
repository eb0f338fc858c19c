/** A check that is interrupted, or ended by a limit, goes on where it was and ends as if nothing had happened. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { interrupted, irqlab } from './help.js';

const folder = mkdtempSync(join(tmpdir(), 'irqlab-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** The document of a check without what it took. */
function report(stdout: string): object {
  return { ...(JSON.parse(stdout) as object), seconds: undefined, effort: undefined, checkpoint: undefined };
}

describe.concurrent('a check', () => {
  const args = ['check', '--scenario', 'move-hotplug', '--model', 'linux-5.6', '--format', 'json'];

  test('that a limit ended is kept where the user said, and ends the same when it goes on', async () => {
    const whole = await irqlab(args);
    const file = at('limit.checkpoint');
    const some = await irqlab([...args, '--states', '5000', '--checkpoint', file]);
    expect(JSON.parse(some.stdout)).toMatchObject({ reason: 'the limit of 5000 states was reached', checkpoint: file });
    const rest = await irqlab(['check', '--resume', file, '--format', 'json']);
    expect([rest.code, rest.stderr]).toEqual([whole.code, '']);
    expect(report(rest.stdout)).toEqual(report(whole.stdout));
  });

  test('keeps nothing at a limit unless it is told to', async () => {
    const { stdout } = await irqlab([...args, '--states', '5000']);
    expect(JSON.parse(stdout)).toMatchObject({ checkpoint: null });
  });

  test('Ctrl-C: 130, unknown, with what was covered, and how to go on', async () => {
    const file = at('interrupted.checkpoint');
    const loop = ['check', '--scenario', 'xhci-loop', '--model', 'linux-5.9'];
    const covered = ({ stdout }: { readonly stdout: string }): number =>
      Number(/searched +([\d,]+) states/.exec(stdout)?.[1]?.replaceAll(',', ''));
    const ran = await interrupted([...loop, '--checkpoint', file], (each) => covered(each) > 1000);
    const { code, stdout, stderr } = ran;
    expect([code, stderr]).toEqual([130, '']);
    expect(stdout).toMatch(/^xhci-loop, linux-5\.9: unknown: interrupted/);
    expect(covered(ran)).toBeGreaterThan(1000);
    expect(stdout).toContain(`irqlab check --resume ${file}`);
    expect(existsSync(file)).toBe(true);
    // and again, from there
    const again = await interrupted(['check', '--resume', file, '--format', 'json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ scenario: 'xhci-loop', verdict: 'unknown', reason: 'interrupted', checkpoint: file });
  });

  test.each([
    [['--resume', at('none')], 'does not exist; name the file that check printed'],
    [['--resume', at('text.yaml')], 'is no checkpoint of this version of irqlab check'],
    [['--resume', at('x'), '--model', 'linux-5.6'], 'a search that is gone on with is that of its file; leave out --model'],
    [['--raises', '1..2', '--checkpoint', at('x')], 'leave out --checkpoint'],
    [['--workers', '0'], '"0" is no number of workers; write 1 to 16'],
    [['--reduction', '3'], 'Allowed choices are 0, 1, 2'],
    [['--fingerprint', '32'], 'Allowed choices are 64, 128'],
  ])('%j: one sentence, exit 2', async (more, sentence) => {
    writeFileSync(at('text.yaml'), 'version: 1\n');
    const { code, stdout, stderr } = await irqlab(['check', ...more]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('says the same with one worker and with three, with and without a reduction', async () => {
    const [one, three, full] = await Promise.all(
      [
        ['--workers', '1'],
        ['--workers', '3'],
        ['--reduction', '0'],
      ].map((more) => irqlab([...args, ...more])),
    );
    expect(report(three?.stdout ?? '')).toEqual(report(one?.stdout ?? ''));
    const failing = (stdout = '{}'): unknown =>
      (JSON.parse(stdout) as { failures: { property: string; steps: number }[] }).failures.map(({ property, steps }) => [property, steps]);
    expect(failing(full?.stdout)).toEqual(failing(one?.stdout));
  });
});
