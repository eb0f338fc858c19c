/**
 * Programs that are made once. Where an irq starts and what an operation is about belong to the state in which a machine begins, not to
 * the program: whoever tries many short scenarios on one machine needs it assembled only once.
 */
import type { MachineSize } from '../../variables.js';
import type { BuiltModel, OperationRequest, Placement } from '../model.js';

/** Programs that are kept: those of one machine, and a few beside. */
const KEPT = 12;

/** A program, for any placement of its shape. */
type Assembled = (placement: Placement) => BuiltModel;

/** The routines of these are part of every program. */
const always: ReadonlySet<string> = new Set<OperationRequest['kind']>(['move', 'offline', 'online']);

const ANY = { kind: 'move', irq: 0, to: [], on: 0, pause: 0 } as const;

/** Those of virtual CPUs, which irqs are posted among them, decide what there is of data. */
const whole: ReadonlySet<string> = new Set<OperationRequest['kind']>(['post', 'unpost', 'load', 'preempt', 'block', 'wake']);

/** Which kind of operation it is, and no more. */
function bare(operation: OperationRequest): OperationRequest {
  if (whole.has(operation.kind)) return operation;
  const about = { irq: 0, cpu: 0, vcpu: 0, device: 0, to: [], on: 0, pause: 0 };
  return { ...about, kind: operation.kind };
}

/** The placement without what the program does not depend on; whoever assembles sees nothing else, and so cannot come to depend on it. */
function shapeOf(placement: Placement): Placement {
  const { operations, irqs } = placement;
  const kinds = operations.filter(
    ({ kind }, i) => !always.has(kind) && (whole.has(kind) || operations.findIndex((o) => o.kind === kind) === i),
  );
  return {
    ...placement,
    operations: operations.map((_, i) => (kinds[i] === undefined ? ANY : bare(kinds[i]))),
    irqs: irqs.map((irq) => ({ ...irq, vector: 0, cpu: 0, affinity: [] })),
  };
}

/** `assemble` once for each shape, as long as it is among the last that were asked for. */
export function oncePerShape(assemble: (size: MachineSize, shape: Placement) => Assembled) {
  const kept = new Map<string, Assembled>();
  return (size: MachineSize, placement: Placement): BuiltModel => {
    const shape = shapeOf(placement);
    const key = JSON.stringify([size, shape]);
    const assembled = kept.get(key) ?? assemble(size, shape);
    // the one asked for last stands last
    kept.delete(key);
    kept.set(key, assembled);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return assembled(placement);
  };
}
