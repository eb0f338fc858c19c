/** A recording beside a model: sequence by sequence, what is equal, what is excused, and what differs. */
import type { KernelModel } from '../kernel/model/index.js';
import { normalised } from './access.js';
import { excuses, type Excuse } from './excuses.js';
import { kinds, type Context, type OperationKind, type RecordedOperation } from './operations.js';
import type { Recording } from './recording.js';
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
  /** what the irqs are for, e.g. `xhci_hcd` */
  readonly actions: readonly string[];
  /** the first of them, `folder/merged.txt:321` */
  readonly where: string;
  readonly recorded: readonly Line[];
  /** what the model does */
  readonly model: readonly Line[];
  /** `equal` as far as the recorder sees; `excused`: equal but for what the model is known not to do */
  readonly result: 'equal' | 'excused' | 'failed';
  /** names of the excuses it needed */
  readonly excuses: readonly string[];
}

/** An access as text, and what excuses it, if it need not be on the other side. */
export interface Line {
  readonly text: string;
  readonly excuse?: Excuse;
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
    compared: compared.toSorted(
      (a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || a.chip.localeCompare(b.chip) || b.times - a.times,
    ),
    reached: reachedIn(recording),
  };
}

/** `IR-PCI-MSIX, edge` */
function chipOf(irq: RecordedOperation['irq']): string {
  return irq === undefined ? '' : `${irq.remapped ? 'IR-' : ''}${irq.chip}, ${irq.trigger}`;
}

async function comparedOf(operations: readonly RecordedOperation[], model: KernelModel): Promise<Compared> {
  const [first] = operations as readonly [RecordedOperation];
  const recorded = [contextLine(first.context), ...excusedIn(first, first.lines, 'recorded')];
  const actions = [...new Set(operations.flatMap(({ irq }) => irq?.action ?? []))].toSorted();
  const base = { kind: first.kind, chip: chipOf(first.irq), times: operations.length, where: first.where, actions, recorded };
  let compared: Compared = { ...base, model: [], result: 'failed', excuses: [] };
  for (const stage of stagesFor(first)) {
    const self = first.kind === 'move' ? undefined : stage.cpu;
    const made = await rehearse(model, stage);
    const lines = normalised(
      self,
      made.map(({ access }) => access),
    );
    const played = [...made.slice(0, 1).map(({ context }) => contextLine(context)), ...excusedIn(first, lines, 'model')];
    const needed = [...new Set([...recorded, ...played].flatMap(({ excuse }) => excuse ?? []))];
    const same = left(recorded) === left(played);
    const result = !same ? 'failed' : needed.every(({ unseen }) => unseen === true) ? 'equal' : 'excused';
    compared = { ...base, model: played, result, excuses: same ? needed.map(({ name }) => name) : [] };
    if (same) break;
  }
  return compared;
}

function contextLine(context: Context): Line {
  return { text: `context ${context}` };
}

/** The lines of one side, each with what excuses it. */
function excusedIn(operation: RecordedOperation, lines: readonly string[], side: Excuse['side']): Line[] {
  return lines.map((text) => {
    const excuse = excuses.find(
      (each) =>
        each.side === side && (each.kinds?.includes(operation.kind) ?? true) && each.lines.test(text) && (each.when?.(operation) ?? true),
    );
    return excuse === undefined ? { text } : { text, excuse };
  });
}

/** What is left to compare, renamed once more: what is excused may have named something first. */
function left(lines: readonly Line[]): string {
  const compared = lines.flatMap(({ text, excuse }) => (excuse === undefined ? text : (excuse.but?.(text) ?? [])));
  return renamed(compared).join('\n');
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
  return excuses.flatMap(({ name, reason }) => {
    const count = compared.filter((each) => each.excuses.includes(name)).length;
    return count === 0 ? [] : [{ name, reason, count }];
  });
}
