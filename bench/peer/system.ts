/** The compared protocol within given bounds, as irqlab sees it: a scenario, and the system of it. */
import { assembleWith, FIRST_VECTOR, formatDiagnostic, parseScenario, type System } from '../../src/scenario/index.js';
import { peerModel, type Update } from './model.js';

/** Bounds: devices with an irq each (4 at most), raises of each (6), moves of each (to CPU 1, back, ...). */
export interface Bounds {
  readonly update: Update;
  readonly devices: number;
  readonly raises: number;
  readonly moves: number;
}

/** More messages than these never block a sender of irqlab: the Promela model has no bound on them. One is an IPI. */
const MESSAGES = 11;

/**
 * There is no probe: Spin would have to be taught it, and the comparison is of searches. Throws `RangeError` for bounds that
 * one of the two cannot hold.
 */
export function peerSystem({ update, devices, raises, moves }: Bounds): System {
  if (devices > 4 || raises > 6 || devices * raises > MESSAGES)
    throw new RangeError(`at most 4 devices and 6 raises of each, and ${MESSAGES} raises of all, can be compared`);
  const text = [
    'version: 1',
    `name: peer-${devices}-${raises}-${moves}`,
    'machine: {cpus: 2}',
    `universe: {vectors: ${2 * devices}}`,
    'devices:',
    ...Array.from(
      { length: devices },
      (_, i) =>
        `  - {name: d${i}, kind: free, message: {address64: false}, raises: ${raises}, irqs: [{irq: ${i}, cpu: 0, vector: ${FIRST_VECTOR + 2 * i}}]}`,
    ),
    'operations:',
    ...Array.from({ length: moves * devices }, (_, o) => `  - move: {irq: ${o % devices}, to: [${1 - (Math.floor(o / devices) % 2)}]}`),
    '',
  ].join('\n');
  const parsed = parseScenario(text, 'peer');
  if ('errors' in parsed) throw new Error(parsed.errors.map(formatDiagnostic).join('\n'));
  return assembleWith(parsed.scenario, peerModel(update), { probeRaises: 0 });
}
