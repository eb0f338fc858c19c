/** The operations of a scenario in a timed run: each begins a while behind the one before, on a CPU whose thread is free. */
import { Level } from '../state/abi/instructions';
import { OperationSetup, Settings } from '../state/abi/tables';
import { Cpu, RunState } from '../state/abi/fields';
import { cpuAt, isActive, now, operationSetup, setting } from '../state/access';
import { nCpus, nMessages, nOperations, nSources, opBase } from '../state/layout';
import { arm, armed, PHASE_OPERATION } from '../clock/wheel';
import { kick } from '../clock/kick';
import { beginOperation } from '../cpu/operation';
import { injectedKeep } from './inject';

/** Cycles until an operation whose CPU is busy looks again. */
const RETRY: u32 = 1000;


@inline export function operationNode(): u32 {
  return nCpus + 2 * nSources + nMessages;
}

/** The first operation that has not begun; the list starts again where the scenario says so. */
function nextOperation(): i32 {
  for (let o: u32 = 0; o < nOperations; o++) {
    if (load<u8>(opBase + o) == 0) return o;
  }
  if (nOperations == 0 || setting(Settings.repeat) == 0) return -1;
  for (let o: u32 = 0; o < nOperations; o++) {
    if (load<u8>(opBase + o) != 2) return -1;
  }
  memory.fill(opBase, 0, nOperations);
  return 0;
}

export function armOperation(): void {
  if (armed(operationNode())) return;
  const o = nextOperation();
  if (o < 0) return;
  if (setting(Settings.parallel) == 0) {
    for (let p: u32 = 0; p < nOperations; p++) {
      if (load<u8>(opBase + p) == 1) return;
    }
  }
  arm(operationNode(), now() + operationSetup(o, OperationSetup.pause), PHASE_OPERATION);
}

export function operationTick(): void {
  const o = nextOperation();
  if (o < 0) return;
  const c = operationSetup(o, OperationSetup.cpu);
  if (
    operationSetup(o, OperationSetup.entry) != 0 &&
    (isActive(c, Level.thread) || load<u8>(cpuAt(c), Cpu.run) != RunState.running || injectedKeep(o))
  ) {
    arm(operationNode(), now() + RETRY, PHASE_OPERATION);
    return;
  }
  beginOperation(o);
  kick(c);
  armOperation();
}
