/** `--svg`: where pictures go, and what is said where they cannot. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { files, irqlab } from './help.js';

const inFile = files({ folder: undefined, 'file.txt': 'not a folder' });

describe.concurrent('--svg', () => {
  test('check writes it, a schedule gives the same picture', async () => {
    const made = await irqlab(['check', '--model', 'linux-5.6', '--svg', inFile('one.svg')]);
    expect(made).toMatchObject({ code: 1, stderr: `picture: ${inFile('one.svg')}\n` });
    const svg = readFileSync(inFile('one.svg'), 'utf8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^]*<\/svg>\n$/);
    expect(svg).toContain('<title>xhci-hotplug, linux-5.6: no-loss fails, 13 visible steps</title>');
    const token = /irqlab run --schedule (\S+)/.exec(made.stdout)?.[1] ?? '';
    const again = await irqlab(['run', '--schedule', token, '--svg', inFile('again.svg'), '--format', 'json']);
    expect(again).toMatchObject({ code: 1, stderr: `picture: ${inFile('again.svg')}\n` });
    expect(JSON.parse(again.stdout)).toMatchObject({ schedule: true, failed: ['no-loss'] });
    expect(readFileSync(inFile('again.svg'), 'utf8')).toBe(svg);
  });

  test('several properties: a picture each', async () => {
    const args = ['check', '--set', 'irrScan=none', '--svg'];
    expect((await irqlab([...args, inFile('two.svg')])).code).toBe(1);
    expect([existsSync(inFile('two.svg')), existsSync(inFile('two-no-loss.svg')), existsSync(inFile('two-no-stray.svg'))]).toEqual([
      false,
      true,
      true,
    ]);
    expect((await irqlab([...args, inFile('folder')])).code).toBe(1);
    expect(existsSync(`${inFile('folder')}/xhci-hotplug-no-stray.svg`)).toBe(true);
  });

  test('nothing failed: no picture, and that is said', async () => {
    const safe = await irqlab(['check', '--svg', inFile('none.svg')]);
    expect(safe).toMatchObject({ code: 0, stderr: `nothing failed: there is no picture in ${inFile('none.svg')}\n` });
    expect(existsSync(inFile('none.svg'))).toBe(false);
  });

  test.each([
    ['missing/x.svg', (path: string) => `there is no directory ${path.replace('/x.svg', '')}`],
    ['file.txt/x.svg', (path: string) => `${path.replace('/x.svg', '')} is no directory`],
  ])('%s cannot be written: one sentence, exit 2, before any search', async (name, why) => {
    const path = inFile(name);
    const ran = await irqlab(['check', '--svg', path]);
    expect(ran).toEqual({ code: 2, stdout: '', stderr: `irqlab: no picture can be written to ${path}: ${why(path)}\n` });
  });

  test('run draws schedules only', async () => {
    const ran = await irqlab(['run', '--svg', inFile('run.svg')]);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toMatch(/^irqlab: --svg draws a schedule: give --schedule too;[^\n]*\n$/);
  });

  test('--verbose tells every step', async () => {
    const [brief, all] = await Promise.all([[], ['--verbose']].map((more) => irqlab(['check', '--model', 'linux-5.6', ...more])));
    expect(brief?.stdout).toContain('... 5 more steps until nothing is on its way');
    expect(all?.stdout).not.toContain('more steps until');
    expect(all?.stdout).toContain('lock desc_lock[irq]');
  });
});
