/** A search that goes on where another one stopped: in a file, by the same worker or by a team. */
import type { ProgramMachine } from '../../machine/index.js';
import type { System } from '../../scenario/index.js';
import type { CheckpointHead } from '../engine/checkpoint.js';
import { CheckpointError, joinActivities, joinFailures, joinShares, type Explorer, type Findings, type Share } from '../engine/index.js';
import type { SearchLimits } from './report.js';

function start(system: System): Promise<ProgramMachine> {
  return system.machine({ timed: false, record: 0 });
}

/** A temporary file for what one worker has found so far, and a team is to go on with. */
export async function handOverFile(): Promise<{ readonly file: string; remove(): Promise<void> }> {
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const folder = await mkdtemp(`${tmpdir()}/irqlab-`);
  return { file: `${folder}/search`, remove: () => rm(folder, { recursive: true }) };
}

/** Puts it there; the explorer is of no use behind that. */
export async function handOver(file: string, system: System, limits: SearchLimits, explorer: Explorer): Promise<CheckpointHead> {
  await explorer.save(file, await headFor(system, limits, explorer, explorer.findings()));
  await explorer.close();
  return headOf(file, system, limits);
}

export async function headFor(
  system: System,
  { about, fingerprint = 64, reduction = 1 }: SearchLimits,
  explorer: Explorer,
  findings: Findings,
): Promise<Omit<CheckpointHead, 'format'>> {
  const machine = await start(system);
  return {
    about: about ?? null,
    model: system.built.fingerprint,
    start: machine.digest(),
    bits: fingerprint,
    reduction,
    ...explorer.at,
    ...findings,
  };
}

export async function headOf(path: string, system: System, { fingerprint = 64, reduction = 1 }: SearchLimits): Promise<CheckpointHead> {
  const { CheckpointReader } = await import('../engine/checkpoint.js');
  const reader = new CheckpointReader(path);
  reader.close();
  const { head } = reader;
  if (head.model !== system.built.fingerprint || head.start !== (await start(system)).digest())
    throw new CheckpointError(`${path} is the search of another scenario or model; it cannot go on with this one`);
  if (head.bits !== fingerprint) throw new CheckpointError(`${path} has fingerprints of ${head.bits} bits; go on with as many`);
  if (head.reduction !== reduction) throw new CheckpointError(`${path} was searched with reduction ${head.reduction}; go on with the same`);
  return head;
}

/** What this sitting has covered, and those before it. States are in the visited set, whoever found them. */
export function withBefore(share: Share, before: CheckpointHead | undefined): Share {
  return before === undefined ? share : joinShares([share, { ...before.share, states: 0, memory: 0, visitedBytes: 0 }]);
}

export function withFindingsBefore(found: Findings, before: CheckpointHead | undefined): Findings {
  if (before === undefined) return found;
  return {
    share: withBefore(found.share, before),
    failures: joinFailures([...found.failures, ...before.failures]),
    activity: joinActivities(found.activity, before.activity),
  };
}
