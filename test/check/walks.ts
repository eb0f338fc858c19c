/** Random walks over the states of a machine, and what is held on them of the futures that others have. */
import { Actor, Msg, MsgKind, Table } from '../../src/core/index.js';
import { ModelFault, type ProgramMachine } from '../../src/machine/index.js';
import { footprintAt, namesOf, PASSING } from '../engine/resources.js';
import type { Dice } from '../engine/systems.js';

/** False: the kernel is at fault. */
function applied(machine: ProgramMachine, a: number): boolean {
  try {
    machine.apply(a);
    return true;
  } catch (error) {
    if (error instanceof ModelFault) return false;
    throw error;
  }
}

/** Walks at random; `visit` sees every few states with their enabled actions. */
export function walk(machine: ProgramMachine, dice: Dice, steps: number, visit: (actions: readonly number[]) => void): void {
  for (let i = 0; i < steps; i++) {
    const actions = machine.enabled();
    if (actions.length === 0) return;
    if (dice.below(3) === 0) visit(actions);
    // raises and operations are rare among the actions, and what happens is theirs
    if (!applied(machine, dice.of(actions))) return;
  }
}

export const isMessage = (a: number): boolean => a >>> 12 === Actor.message;
const isTimer = (a: number): boolean => a >>> 12 === Actor.timer;
export const isCpu = (a: number): boolean => a >>> 12 === Actor.cpu || a >>> 12 === Actor.interrupt || isTimer(a);
export const cpuOf = (a: number): number => (isTimer(a) ? (a & 0xfff) >>> 4 : a & 0xfff);
/** Raise, sample and send are one actor; so are micro-op, interrupt and timers, the pins of an IOAPIC, and all drops. */
function actorOf(a: number): string {
  if (isCpu(a)) return `cpu ${cpuOf(a)}`;
  if (a >>> 12 === Actor.pin) return `ioapic ${(a & 0xfff) >>> 8}`;
  if (a >>> 12 === Actor.drop) return 'lines';
  return isMessage(a) || a >>> 12 >= Actor.operation ? String(a) : `source ${a & 0xfff}`;
}

/** The action's name once `first` was done: an earlier message of the same origin may have landed. */
export function renamed(a: number, first: number, landed: boolean): number {
  const earlier = isMessage(a) && isMessage(first) && a >>> 4 === first >>> 4 && (first & 15) < (a & 15);
  return earlier && landed ? a - 1 : a;
}

/** Messages of the origin of a message's action. */
export function messageCount(machine: ProgramMachine, a: number): number {
  const { core, setup } = machine;
  const messages = Array.from({ length: setup.messages }, (_, m) => core.exports.table(Table.messages) + m * Msg.size);
  return messages.filter((at) => core.u8(at + Msg.kind) !== MsgKind.free && core.u16(at + Msg.origin) === (a & 0xfff) >>> 4).length;
}

export function imageOf(machine: ProgramMachine): string {
  return Buffer.from(machine.image()).toString('latin1');
}

/**
 * What all but some CPUs, sources and operations may ever do is asked for, then they do it for a while: what a step declares that is not in
 * there. The machine is in the state it was in.
 */
export function outsideFutures(machine: ProgramMachine, dice: Dice): { readonly problems: readonly string[]; readonly steps: number } {
  const { exports } = machine.core;
  const block = machine.snapshot();
  const problems: string[] = [];
  const [cpus, sources, operations] = [dice.below(1 << machine.setup.apicIds.length), dice.below(2), dice.below(4)];
  const at = exports.futureWithout(cpus, sources, operations);
  const isMember = (a: number): boolean => {
    const mask = isCpu(a) ? cpus : actorOf(a).startsWith('source') ? sources : a >>> 12 === Actor.operation ? operations : 0;
    return ((mask >>> (isCpu(a) ? cpuOf(a) : a & 0xfff)) & 1) !== 0;
  };
  let steps = 0;
  // too many actors
  if (at === 0) return { problems, steps };
  const future = footprintAt(machine, at);
  while (steps < 60) {
    const free = machine.enabled().filter((a) => !isMember(a) && a >>> 12 !== Actor.probe);
    if (free.length === 0) break;
    const next = dice.of(free);
    const declared = footprintAt(machine, exports.declaredBy(next));
    // a CPU in the shadow of sti declares everything, and so does a request that finds an older device entry
    const anything = declared.reads === (1n << 320n) - 1n;
    // who drops lines also waits for others to come
    const reads = next >>> 12 === Actor.drop ? 0n : declared.reads;
    const beyond = ((reads & ~(future.reads | future.writes)) | (declared.writes & ~future.writes)) & ~PASSING;
    if (!anything && beyond !== 0n) problems.push(`${actorOf(next)} ${Actor[next >>> 12]} ${namesOf(beyond)}`);
    if (!applied(machine, next)) break;
    steps++;
  }
  machine.restore(block);
  return { problems, steps };
}

/** Does an action; whether a message has landed by it. Undefined: the kernel is at fault. */
function landedBy(machine: ProgramMachine, a: number): boolean | undefined {
  const before = messageCount(machine, a);
  if (!applied(machine, a)) return undefined;
  return isMessage(a) && messageCount(machine, a) < before;
}

/**
 * Where level 2 chooses some of the steps: others step for a while, and then each that was chosen can still be done, with the same result
 * as in front of all that. The machine is in the state it was in.
 */
export function choiceHolds(machine: ProgramMachine, dice: Dice): { readonly problems: readonly string[]; readonly pairs: number } {
  const { core } = machine;
  const enabled = machine.enabled();
  const some = machine.quiet === 'rest' ? enabled.length : core.exports.sufficientActions();
  if (some >= enabled.length) return { problems: [], pairs: 0 };
  const chosen = Array.from({ length: some }, (_, i) => core.u16(core.exports.actionsAt() + 2 * i));
  const members = new Set(chosen.filter((a) => !isMessage(a)).map(actorOf));
  const block = machine.snapshot();
  // what others do, and what those that were chosen are called at that time
  const others: number[] = [];
  const names = [chosen];
  for (let now = chosen; others.length < 12; names.push(now)) {
    const free = machine.enabled().filter((a) => !now.includes(a) && !members.has(actorOf(a)) && a >>> 12 !== Actor.probe);
    if (free.length === 0) break;
    const next = dice.of(free);
    const landed = landedBy(machine, next);
    if (landed === undefined) break;
    others.push(next);
    now = now.map((a) => renamed(a, next, landed));
  }
  const behind = machine.snapshot();
  const problems: string[] = [];
  chosen.forEach((first, j) => {
    machine.restore(behind);
    const last = names[others.length]?.[j] ?? first;
    const isThere = machine.enabled().includes(last);
    const isSound = isThere && applied(machine, last);
    const one = imageOf(machine);
    machine.restore(block);
    const landed = isSound ? landedBy(machine, first) : undefined;
    const all =
      landed !== undefined &&
      others.every((a, i) => {
        const name = renamed(a, names[i]?.[j] ?? first, landed);
        return machine.enabled().includes(name) && applied(machine, name);
      });
    if (!isThere || (isSound && !(all && imageOf(machine) === one)))
      problems.push(
        `${actorOf(first)} ${Actor[first >>> 12]} before or behind ${others.map((a) => `${actorOf(a)} ${Actor[a >>> 12]}`).join(', ')}`,
      );
  });
  machine.restore(block);
  return { problems, pairs: others.length * chosen.length };
}
