/** What decides all that a seed comes to, as a digest. Node only. */
import { createHash } from 'node:crypto';
import { moduleBytes } from '../core/index.js';
import type { System } from '../scenario/index.js';
import type { RunSubject } from './subject.js';

/** Of the module, of all that its machine starts from (the kernel's program, the topology and the timing among it), of the policies, and of the limits. */
export async function fingerprintOf(system: System, { seconds, deadline }: RunSubject['limits'] = {}): Promise<string> {
  const machine = await system.machine({ timed: true, record: 1, seed: 0, ring: 0 });
  const decides = [
    machine.digest(),
    system.scenario.name,
    system.model.name,
    system.names,
    system.scenario.policies,
    seconds ?? system.scenario.run.seconds,
    deadline,
  ];
  const hash = createHash('sha256').update((await moduleBytes()) as Uint8Array);
  return hash.update(JSON.stringify(decides)).digest('hex').slice(0, 16);
}
