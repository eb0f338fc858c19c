/** Whether the list of operations can be carried out: which CPUs are online when each begins. */
import { cpuListMistakes, finding, missingCpu, type Finding } from './findings.js';
import type { CpuOutline, OperationOutline, Outline } from './outline.js';
import { cpusListed, listed } from '../words.js';

export function operationMistakes({ operations, irqs, parallel, repeat }: Outline, cpus: readonly CpuOutline[]): Finding[] {
  const known = irqs.flatMap(({ irq }) => (irq === undefined ? [] : [irq.value]));
  const readable = irqs.every(({ irq }) => irq !== undefined);
  const wrong = operations.flatMap((operation) => {
    if (operation.kind === 'other') return [];
    if (operation.kind !== 'move') return missingCpu(operation.cpu, cpus);
    const { irq, to } = operation;
    const unknown = irq !== undefined && readable && known.length > 0 && !known.includes(irq.value);
    return [
      ...(unknown ? [finding(irq.path, `irq ${irq.value} does not exist; the devices have irq ${listed(known)}`)] : []),
      ...cpuListMistakes(to, cpus),
    ];
  });
  // What cannot be read may have been the operation that makes the next one right.
  const unread = operations.some((operation) => operation.kind === 'other' && !isPause(operation));
  if (wrong.length > 0 || unread) return wrong;
  const online = new Set(cpus.filter((cpu) => cpu.online).map(({ cpu }) => cpu.value));
  if (online.size === 0) return [];
  if (parallel) return anyOrder(operations, online);
  const first = inOrder(operations, online, '');
  return first.length > 0 || !repeat ? first : inOrder(operations, online, 'in the second round, ');
}

function isPause(operation: OperationOutline): boolean {
  return operation.kind === 'other' && operation.pause;
}

/** Carries the operations out, on `online`, and reports those that cannot be. */
function inOrder(operations: readonly OperationOutline[], online: Set<number>, when: string): Finding[] {
  return operations.flatMap((operation) => {
    if (operation.kind === 'other') return [];
    if (operation.kind === 'move') {
      const { to, path } = operation;
      if (to.length === 0 || to.some(({ value }) => online.has(value))) return [];
      return [finding(path, `${when}no CPU of this list is online when the move begins; add one of ${cpusListed([...online])}`)];
    }
    const { kind, cpu } = operation;
    const there = online.has(cpu.value);
    if (kind === 'online') {
      online.add(cpu.value);
      return there ? [finding(cpu.path, `${when}CPU ${cpu.value} is online already; take it offline before, or leave this out`)] : [];
    }
    if (!there) return [finding(cpu.path, `${when}CPU ${cpu.value} is offline already; bring it online before, or leave this out`)];
    if (online.size === 1)
      return [finding(cpu.path, `${when}CPU ${cpu.value} is the only one online and cannot go offline; bring another online before`)];
    online.delete(cpu.value);
    return [];
  });
}

/** In parallel any order may come to pass; only what is wrong in all of them, or leaves no CPU, is a mistake. */
function anyOrder(operations: readonly OperationOutline[], online: ReadonlySet<number>): Finding[] {
  const leaving = operations.flatMap((operation) => (operation.kind === 'offline' ? [operation.cpu] : []));
  const staying = [...online].filter((cpu) => leaving.every(({ value }) => value !== cpu));
  const last = leaving.at(-1);
  return staying.length > 0 || last === undefined
    ? []
    : [finding(last.path, 'in some order of these operations no CPU stays online; leave one of them online')];
}
