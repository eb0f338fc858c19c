/** Runs the built program as its users do: a process of its own, its output, its exit code. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'dist/bin/cli/main.js');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface How {
  /** SIGINT after so many milliseconds */
  readonly interruptAfter?: number;
  /** this signal as soon as that is so */
  readonly signal?: { readonly name: NodeJS.Signals; readonly when: () => boolean };
  readonly env?: Readonly<Record<string, string>>;
  /** what the standard input holds; nothing if left out */
  readonly input?: string;
}

function run(command: string, args: readonly string[], { interruptAfter, signal, env = {}, input }: How): Promise<Ran> {
  return new Promise((resolve, reject) => {
    // whether colours are wanted is the test's business, not that of who runs it
    const { NO_COLOR: _no, FORCE_COLOR: _yes, CI: _ci, ...inherited } = process.env;
    const child = spawn(command, args, { cwd: root, env: { ...inherited, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    // a program that has seen enough closes it
    child.stdin.on('error', () => undefined).end(input ?? '');
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    const timer = interruptAfter === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), interruptAfter);
    const watch = setInterval(() => {
      if (signal?.when() !== true) return;
      clearInterval(watch);
      child.kill(signal.name);
    }, 5);
    child.on('close', (code) => {
      clearTimeout(timer);
      clearInterval(watch);
      resolve({ code, stdout, stderr });
    });
  });
}

/** `irqlab` with these arguments. */
export function irqlab(args: readonly string[], how: How = {}): Promise<Ran> {
  return run(process.execPath, [program, ...args], how);
}

/** The same with Ctrl-C once it is at work: a machine that is busy may take its time to begin. */
export async function interrupted(args: readonly string[], atWork: (ran: Ran) => boolean = () => true): Promise<Ran> {
  for (let after = 1500; ; after *= 2) {
    const ran = await irqlab(args, { interruptAfter: after });
    if ((ran.code !== null && atWork(ran)) || after > 20_000) return ran;
  }
}

/** A line of bash, in which `irqlab` is the program. */
export function shell(line: string): Promise<Ran> {
  return run('bash', ['-c', `set -o pipefail; irqlab() { "${process.execPath}" "${program}" "$@"; }; ${line}`], {});
}

/** The lines of a text that are longer than 80 columns. */
export function tooLong(text: string): string[] {
  return text.split('\n').filter((line) => line.length > 80);
}

/** A folder with these files, made once; a value of undefined is a folder. */
export function files(contents: Readonly<Record<string, string | Uint8Array | undefined>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'irqlab-test-'));
  for (const [name, content] of Object.entries(contents)) {
    if (content === undefined) mkdirSync(join(folder, name));
    else writeFileSync(join(folder, name), content);
  }
  return (name) => join(folder, name);
}
