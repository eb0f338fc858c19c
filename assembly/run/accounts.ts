/** Where the time of CPUs goes (`Account`): a CPU's time belongs to the routine that it is in, until it is looked at again. */
import { Level, Op } from '../state/abi/instructions';
import { Account } from '../state/abi/meters';
import { Ctx } from '../state/abi/fields';
import { codeAt, ctxAt, now } from '../state/access';
import { ACCOUNT_CPU_SIZE, accountBase, accountCpuBase, accountSumBase, nAccounts, nCpus } from '../state/layout';
import { catchUp } from '../cpu/lead';
import { current, enabled } from '../cpu/schedule';

// record of a CPU: u64 the cycle up to which its time is accounted for, u32 `Account` of what it does from then on

@inline function recordOf(c: u32): usize {
  return accountCpuBase + <usize>c * ACCOUNT_CPU_SIZE;
}

/** A thread that waits without a lock sleeps; whoever waits otherwise keeps its CPU busy. */
function sleeps(c: u32, level: u32): bool {
  if (level != Level.thread) return false;
  const ctx = ctxAt(c, level);
  const op = load<u32>(codeAt(load<u16>(ctx, Ctx.pc))) & 0xff;
  if ((op != Op.waitEq && op != Op.waitNe) || load<u8>(ctx, Ctx.held) != 0) return false;
  catchUp(c, level, c);
  return !enabled(c, level);
}

/** What CPU c has done until now is accounted for. */
function closeAccount(c: u32): void {
  const at = recordOf(c);
  const sum = accountSumBase + ((<usize>load<u32>(at, 8)) << 3);
  store<u64>(sum, load<u64>(sum) + now() - load<u64>(at));
  store<u64>(at, now());
}

/** What CPU c does from now on. Where it is ahead of the clock it stands in front of what is an interrupt's, as all that it has done there. */
function accountOf(c: u32): u32 {
  const level = current(c);
  if (level < 0 || sleeps(c, level)) return Account.idle;
  return min(<u32>load<u8>(accountBase + load<u16>(ctxAt(c, level), Ctx.pc)), <u32>Account.count - 1);
}

/** CPU c has done something. */
export function noteAccount(c: u32): void {
  const account = accountOf(c);
  if (load<u32>(recordOf(c), 8) == account) return;
  closeAccount(c);
  store<u32>(recordOf(c), account, 8);
}

export function beginAccounts(): void {
  if (nAccounts == 0) return;
  for (let c: u32 = 0; c < nCpus; c++) {
    store<u64>(recordOf(c), now());
    store<u32>(recordOf(c), accountOf(c), 8);
  }
}

/** The accounts are complete up to now. */
export function closeAccounts(): void {
  if (nAccounts == 0) return;
  for (let c: u32 = 0; c < nCpus; c++) closeAccount(c);
}
