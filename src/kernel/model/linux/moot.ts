/**
 * Why a change of one behaviour alone may show nowhere: another one leaves nothing for it to do, or does the same work. Rules about
 * behaviours, not about versions.
 */
import type { BehaviourName, Behaviours } from './behaviours.js';

/** What a kernel has at all. */
export interface Has {
  /** it posts MSI to CPUs, if it is asked to (linux.md 2.6) */
  readonly postedMsi: boolean;
}

type Rule = (b: Behaviours, other: string, has: Has) => string | undefined;

/** The sentence, if all of the conditions hold. */
const given = (sentence: string, ...conditions: readonly boolean[]): string | undefined =>
  conditions.every((holds) => holds) ? sentence : undefined;

/** Of what is done about an MSI that is posted to a CPU, and nowhere else. */
const ofPostedMsi: Rule = (_, __, { postedMsi }) => given('the kernel posts no MSI to a CPU', !postedMsi);

/** By behaviour; a rule gives the reason, or undefined where a change is to show. */
const rules: Partial<Record<BehaviourName, Rule>> = {
  msiUpdate: (b, other) =>
    given(
      'an irq that can be reserved has a mask bit and is masked meanwhile: nothing is sent between the steps',
      b.msiUpdate !== 'twoStep',
      other !== 'twoStep',
    ),
  moveMark: (b) =>
    given('no update has a temporary vector', b.msiUpdate === 'direct') ??
    given('what is moved in two steps is masked meanwhile: nothing is sent with the temporary vector', b.msiUpdate === 'twoStepReserved'),
  completeMove: (b, other) =>
    given('the vector of an irq never changes while it stays on its CPU', b.completeMove !== 'dead', other !== 'dead'),
  cleanup: (b) =>
    given('whoever was to be told, what is on the list of a CPU that goes is freed', b.offlineList === 'free') ??
    given('a LAPIC that is disabled early drops the IPI; no more comes of the timer of a CPU that goes', b.lapicDisable === 'early'),
  cleanupOffline: (b) =>
    given('the offline has ended the move by force and freed the vector', b.forceComplete === 'involved') ??
    given('no interrupt completes a move; where a unit remaps, the old CPU is online when it is completed', b.completeMove === 'dead'),
  levelWait: (b) => given('free_irq has taken vector and entry away before it waits', b.deactivate === 'atShutdown'),
  emptySlot: (b) =>
    given(
      'no slot is marked that could be emptied behind the back of an irq that gets it',
      b.shutdownMark === 'none',
      b.msiUpdate === 'direct',
    ),
  settleDelay: (b) => given('a LAPIC that is disabled early accepts nothing to wait for', b.lapicDisable === 'early'),
  iecWait: (b, other) => given('a wait that does not cover the invalidation is as good as none', b.iecWait !== 'wait', other !== 'wait'),
  amdCompletionWait: ({ amdCompletionWait: own }, other) => {
    const [first, second] = [own, other].map((value) => value === 'needSync' || value === 'overtaken');
    return (
      given(
        'either way a CPU waits for its own commands; whether others may put theirs meanwhile makes no difference to it',
        !first,
        !second,
      ) ?? given('either way a CPU may go on before its own commands are executed', first === true, second === true)
    );
  },
  gaUpdate: (b, other) =>
    given('the destination changes only while the entry says that the vCPU does not run', b.gaUpdate !== 'atomic', other !== 'atomic') ??
    given('nothing changes that units cache', b.gaLog === 'always'),
  gaLog: (b) => given('what units have cached is invalidated before the thread looks for events', b.gaUpdate !== 'atomic'),
  retrigger: (b) =>
    given('a LAPIC that is disabled early drops what comes: an event is lost either way', b.lapicDisable === 'early') ??
    given('nobody looks what is pending', b.irrScan === 'none'),
  slotMark: (b) => given('nobody looks what is pending', b.irrScan === 'none'),
  piLoadBlocked: (b) => given('a load takes a blocked vCPU off the list', b.piBlock === 'put'),
  piBlockOrder: (b) => given('the thread looks at ON behind both, and once more before it sleeps', b.piBlock === 'preBlock'),
  piBlockOn: (b) => given('the thread looks at ON once more before it sleeps', b.piBlock === 'preBlock'),
  piBlock: (b) =>
    given(
      'NDST stays that of the CPU on whose list the vCPU is, and ON is looked at behind the change of NV',
      b.piLoadBlocked === 'keep',
      b.piBlockOn === 'test',
      b.piBlockOrder === 'listFirst',
    ),
  offlineList: (b) => given('the offline has ended the move by force and emptied the list', b.forceComplete === 'involved'),
  postedAck: ofPostedMsi,
  pendingPosted: ofPostedMsi,
  postedVcpuMove: ofPostedMsi,
  unpostEntry: ofPostedMsi,
};

/** Why a model with these behaviours would do the same with `name` set to `other`; undefined: no reason is known. */
export function mootReason(b: Behaviours, name: BehaviourName, other: string, has: Has): string | undefined {
  return rules[name]?.(b, other, has);
}
