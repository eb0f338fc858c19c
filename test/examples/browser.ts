/** Debian's Chromium without a window; no browser is downloaded. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

/** What a browser test lacks, or undefined. */
export const lacking = program === undefined ? 'no chromium in /usr/bin (Debian: apt-get install chromium)' : undefined;

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: program ?? '', args: ['--no-sandbox'] });
}
