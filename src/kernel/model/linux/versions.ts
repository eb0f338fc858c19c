/** The versions of Linux: what each behaviour was since when, and how that is known. */
import { behaviourNames, type BehaviourName, type Behaviours } from './behaviours.js';
import { versions } from './releases.js';

/** Seen on a real system; read in the kernel's source or changelog; from memory of it (linux.md, tags S and M). */
export type Evidence = 'recorded' | 'read' | 'memory';

/** Releases without a table of their own, each with the version since which nothing that is modelled has changed (linux.md 2.2 to 2.8: `..6.9`). */
const unchangedSince: Readonly<Record<string, string>> = { '6.8': '6.7', '6.9': '6.7' };

/** Place of a version or of such a release in the order; -1: there is no table for it. */
function placeOf(version: string): number {
  return versions.indexOf(unchangedSince[version] ?? version);
}

/** True for what `versionTable` has a table for. */
export function isKnownVersion(version: string): boolean {
  return placeOf(version) >= 0;
}

/** The first version that posts MSI (linux.md 2.6); what behaviours are about them before is never met. */
const POSTED_MSI_SINCE = '6.10';

/** Why MSI cannot be posted on a version, as a sentence; undefined: they can. */
export function refusesPostedMsi(version: string): string | undefined {
  if (placeOf(version) >= placeOf(POSTED_MSI_SINCE)) return undefined;
  return `Linux ${version} does not post MSI; take ${POSTED_MSI_SINCE} or later, or leave out postedMsi`;
}

/** A value, and the first version that has it. */
type Era<N extends BehaviourName> = readonly [since: string, value: Behaviours[N], evidence?: Evidence];

const FIRST = '4.19';

const history: { readonly [N in BehaviourName]: readonly Era<N>[] } = {
  msiUpdate: [
    [FIRST, 'direct'],
    ['5.6', 'twoStep'],
    // races.md msi-quirk-never-armed: two steps are there, and never taken
    ['5.17', 'direct'],
    ['6.7', 'twoStepReserved'],
  ],
  moveMark: [[FIRST, 'mark']],
  msiReadBack: [
    [FIRST, 'none'],
    ['5.14', 'read'],
  ],
  busyMove: [[FIRST, 'rearm']],
  unfinishedMove: [[FIRST, 'refuse']],
  completeMove: [
    [FIRST, 'compare'],
    ['5.8', 'dead'],
    ['5.9', 'any'],
  ],
  cleanup: [
    [FIRST, 'ipi'],
    ['6.6', 'timer'],
  ],
  cleanupOffline: [
    [FIRST, 'leak'],
    ['6.10', 'free'],
  ],
  freeMoved: [[FIRST, 'locked']],
  oldCpuOffline: [[FIRST, 'free']],
  emptyMask: [[FIRST, 'none']],
  matrixOnline: [[FIRST, 'kept']],
  managedPick: [
    [FIRST, 'first'],
    ['5.4', 'least'],
  ],
  shutdownMark: [
    [FIRST, 'none'],
    ['5.4', 'mark'],
  ],
  deactivate: [
    [FIRST, 'atShutdown'],
    ['5.4', 'afterWait'],
  ],
  freedMove: [[FIRST, 'both']],
  startupAffinity: [
    [FIRST, 'afterUnmask'],
    ['5.14', 'beforeUnmask'],
  ],
  inactiveMove: [
    [FIRST, 'wait'],
    ['5.8', 'store'],
  ],
  managedStart: [
    [FIRST, 'forced'],
    ['6.15', 'depth', 'memory'],
  ],
  resumeMessage: [[FIRST, 'restore']],
  moveMask: [[FIRST, 'masked']],
  levelMove: [[FIRST, 'flushed']],
  levelEoi: [[FIRST, 'explicit']],
  levelUnmask: [
    [FIRST, 'always'],
    ['5.5', 'unlessMasked'],
  ],
  levelWait: [
    [FIRST, 'handler'],
    ['5.4', 'remoteIrr'],
  ],
  edgeInProgress: [
    [FIRST, 'pending'],
    ['6.17', 'wait'],
  ],
  emptySlot: [
    [FIRST, 'once'],
    ['6.17', 'recheck'],
  ],
  lapicDisable: [
    [FIRST, 'never'],
    ['5.4', 'early'],
    ['5.9', 'late'],
  ],
  forceComplete: [
    [FIRST, 'target'],
    ['6.10', 'involved'],
  ],
  noVectorLeft: [
    [FIRST, 'stay'],
    ['6.10', 'anywhere'],
  ],
  settleDelay: [[FIRST, 'mdelay']],
  irrScan: [[FIRST, 'scan']],
  retrigger: [[FIRST, 'ipi']],
  slotMark: [[FIRST, 'mark']],
  offlineList: [
    [FIRST, 'leave'],
    ['6.6', 'free'],
  ],
  onlineSlots: [[FIRST, 'locked']],
  irteUpdate: [[FIRST, 'atomic']],
  iecFlush: [[FIRST, 'flush']],
  iecWait: [[FIRST, 'wait']],
  iecIndex: [[FIRST, 'entry']],
  iecStatus: [[FIRST, 'reset']],
  amdIrteUpdate: [
    [FIRST, 'validToggle'],
    ['5.9', 'atomic'],
  ],
  amdCompletionWait: [
    [FIRST, 'needSync'],
    // since 6.5
    ['6.6', 'locked'],
    // to 6.19 it came only behind its release
    ['7.0', 'sequence'],
  ],
  // a repair of 6.6, kept for stable kernels
  gaPost: [
    [FIRST, 'unaware'],
    ['6.6', 'after', 'memory'],
    ['6.17', 'whole'],
  ],
  gaUpdate: [
    [FIRST, 'stores'],
    // since 6.5; 6.4 had the other
    ['6.6', 'atomic', 'memory'],
  ],
  gaLog: [
    [FIRST, 'always'],
    ['6.17', 'blocked', 'memory'],
    ['7.0', 'blocked'],
  ],
  gaLogOverflow: [
    [FIRST, 'stays'],
    // since 6.4
    ['6.6', 'restart'],
  ],
  irtCacheDis: [
    [FIRST, 'flush'],
    // since 6.5
    ['6.6', 'none'],
  ],
  postedAck: [
    [FIRST, 'nothing'],
    ['6.15', 'move'],
    ['6.19', 'moveEoi'],
  ],
  pendingPosted: [
    [FIRST, 'unseen'],
    ['6.10', 'seen'],
  ],
  piLoad: [
    [FIRST, 'snOnly'],
    ['5.4', 'recheck'],
  ],
  // the first with the look at PIR has lost the test that was there; 5.5 has it again
  piLoadBlocked: [
    [FIRST, 'keep'],
    ['5.4', 'move'],
    ['5.5', 'keep'],
  ],
  piBlock: [
    [FIRST, 'preBlock'],
    ['5.17', 'put'],
  ],
  piBlockOrder: [[FIRST, 'listFirst']],
  piBlockOn: [[FIRST, 'test']],
  piUpdate: [[FIRST, 'cmpxchg']],
  vmEntry: [[FIRST, 'sync']],
  // of messages that are posted to CPUs only; the stable series 6.12 has both repairs of 6.15
  postedVcpuMove: [
    [FIRST, 'skip'],
    ['6.10', 'overwrite'],
    ['6.12.117', 'skip'],
  ],
  unpostEntry: [
    [FIRST, 'current'],
    ['6.10', 'cached'],
    ['6.12.117', 'current'],
  ],
};

/** Of 6.12.117, what its records show. */
const recorded: ReadonlySet<BehaviourName> = new Set<BehaviourName>([
  'msiUpdate',
  'msiReadBack',
  'busyMove',
  'completeMove',
  'cleanup',
  'lapicDisable',
  'irrScan',
  'startupAffinity',
  'iecFlush',
  'iecWait',
  'iecIndex',
]);
const RECORDED_VERSION = '6.12.117';

/** One value of a version and how it is known. */
export interface Known {
  readonly value: string;
  readonly evidence: Evidence;
}

/** The table of a version; undefined: it has none. */
export function versionTable(version: string): Readonly<Record<BehaviourName, Known>> | undefined {
  const place = placeOf(version);
  if (place < 0) return undefined;
  const known = (name: BehaviourName): Known => {
    const eras: readonly (readonly [string, string, Evidence?])[] = history[name];
    const [, value, evidence = 'read'] = eras.findLast(([since]) => placeOf(since) <= place) ?? ['', '', 'read'];
    return { value, evidence: version === RECORDED_VERSION && recorded.has(name) ? 'recorded' : evidence };
  };
  return Object.fromEntries(behaviourNames.map((name) => [name, known(name)])) as Record<BehaviourName, Known>;
}
