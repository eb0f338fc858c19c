/** A recording beside a model: sequence by sequence, what is equal, what is excused, and what differs. */
import type { KernelModel } from '../kernel/model/index.js';
import { normalised } from './access.js';
import { excuses, notYet, type Excuse } from './excuses.js';
import { kinds, type OperationKind } from './operations.js';
import type { RecordedOperation, Recording } from './recording.js';
import { rehearse } from './rehearsal.js';
import { reachedIn, type Reached } from './sequences.js';
import { stagesFor } from './stage.js';

/** One distinct sequence of a recording, compared. */
export interface Compared {
  readonly kind: OperationKind;
  /** `IR-PCI-MSIX, edge`; empty for what concerns no irq */
  readonly chip: string;
  /** operations that made it */
  readonly times: number;
  /** the first of them, `folder/merged.txt:321` */
  readonly where: string;
  readonly recorded: readonly string[];
  /** what the model does; empty where it cannot be led through it */
  readonly model: readonly string[];
  /** `excused`: equal but for lines that are excused, or not comparable */
  readonly result: 'equal' | 'excused' | 'failed';
  /** names of the excuses it needed */
  readonly excuses: readonly string[];
}

export interface Conformance {
  readonly recording: Recording;
  readonly model: KernelModel;
  readonly compared: readonly Compared[];
  /** the distinct sequences that the folder itself lists; undefined: it lists none */
  readonly reached: Reached | undefined;
}

/** Compares every distinct sequence of a recording with what a model does. */
export async function conform(recording: Recording, model: KernelModel): Promise<Conformance> {
  const groups = new Map<string, RecordedOperation[]>();
  for (const operation of recording.operations) {
    const key = [operation.kind, chipOf(operation.irq), operation.eoi, ...operation.lines].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), operation]);
  }
  const compared: Compared[] = [];
  for (const operations of groups.values()) compared.push(await comparedOf(operations, model));
  const order = Object.keys(kinds);
  return {
    recording,
    model,
    compared: compared.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || a.chip.localeCompare(b.chip) || b.times - a.times),
    reached: reachedIn(recording),
  };
}

/** `IR-PCI-MSIX, edge` */
function chipOf(irq: RecordedOperation['irq']): string {
  return irq === undefined ? '' : `${irq.remapped ? 'IR-' : ''}${irq.chip}, ${irq.trigger}`;
}

async function comparedOf(operations: readonly RecordedOperation[], model: KernelModel): Promise<Compared> {
  const [first] = operations as readonly [RecordedOperation];
  const base = { kind: first.kind, chip: chipOf(first.irq), times: operations.length, where: first.where, recorded: first.lines };
  const stages = stagesFor(first);
  if (typeof stages === 'string') return { ...base, model: [], result: 'excused', excuses: [stages] };
  let best: Compared | undefined;
  for (const stage of stages) {
    const accesses = await rehearse(model, stage);
    const self = first.kind === 'move' ? undefined : stage.cpu;
    const lines = normalised(self, accesses);
    const [recorded, played] = [without(first, first.lines, 'recorded'), without(first, lines, 'model')];
    const same = renamed(recorded.left).join('\n') === renamed(played.left).join('\n');
    const used = [...new Set([...recorded.used, ...played.used])];
    const result = same ? (used.length === 0 ? 'equal' : 'excused') : 'failed';
    best = { ...base, model: lines, result, excuses: used };
    if (same) break;
  }
  return best ?? { ...base, model: [], result: 'failed', excuses: [] };
}

/** Lines without those that are excused, and by what. */
function without(operation: RecordedOperation, lines: readonly string[], side: Excuse['side']): { left: string[]; used: string[] } {
  const used: string[] = [];
  const seen = new Set<Excuse>();
  const repeats = (each: Excuse): boolean => seen.has(each) || seen.add(each) === undefined;
  const left = lines.filter((line) => {
    const excuse = excuses.find(
      (each) =>
        each.side === side &&
        (each.kinds?.includes(operation.kind) ?? true) &&
        each.lines.test(line) &&
        (each.when?.(operation) ?? true) &&
        (each.repeated === undefined || repeats(each)),
    );
    if (excuse !== undefined) used.push(excuse.name);
    return excuse === undefined;
  });
  return { left, used };
}

/** Names in the order of appearance in what is left. */
function renamed(lines: readonly string[]): string[] {
  const known = new Map<string, string>([['CPU a', 'CPU a']]);
  return lines.map((line) =>
    line.replaceAll(/vector [A-Z]+|CPU [a-z]+/g, (name) => {
      const as = known.get(name) ?? `name ${known.size}`;
      known.set(name, as);
      return as;
    }),
  );
}

/** How often each excuse was needed: sequences, those that need several count for each. */
export function excuseCounts(compared: readonly Compared[]): { readonly name: string; readonly reason: string; readonly count: number }[] {
  const all = [...excuses.map(({ name, reason }) => [name, reason] as const), ...Object.entries(notYet)];
  return all.flatMap(([name, reason]) => {
    const count = compared.filter((each) => each.excuses.includes(name)).length;
    return count === 0 ? [] : [{ name, reason, count }];
  });
}
