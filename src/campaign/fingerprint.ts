/** What decides all that a seed comes to, as a digest. Node only. */
import { createHash } from 'node:crypto';
import { moduleBytes } from '../core/index.js';
import type { System } from '../scenario/index.js';
import type { RunSubject } from './subject.js';

/** Of the module, the machine with the kernel's program, what the kernel starts from, and the limits. */
export async function fingerprintOf(system: System, { seconds, deadline }: RunSubject['limits'] = {}): Promise<string> {
  const { scenario, model, built } = system;
  const decides = {
    scenario: { ...scenario, about: undefined },
    model: [model.name, built.fingerprint],
    setup: system.setup({ timed: true, record: 1, seed: 0 }),
    seconds: seconds ?? scenario.run.seconds,
    deadline,
  };
  const text = JSON.stringify(decides, (_, value: unknown) => {
    if (ArrayBuffer.isView(value)) return [...(value as Uint32Array)];
    return typeof value === 'bigint' ? `${value}n` : value;
  });
  const hash = createHash('sha256')
    .update((await moduleBytes()) as Uint8Array)
    .update(text);
  return hash.digest('hex').slice(0, 16);
}
