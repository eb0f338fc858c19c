/** What comparisons in tests are made of. */
import { parseScenario, type Scenario } from '../../src/scenario/index.js';

/** A device that does not wait, with plain MSI, which is moved again and again. Its vectors on the two CPUs are not the same: CPU 0 has another's. */
export const storm: Scenario = (() => {
  const text = `
version: 1
name: storm
machine: {cpus: 3}
devices:
  - {name: other, irqs: [{irq: 23, cpu: 0}]}
  - {name: nic, kind: free, interArrival: {us: [2, 3, 4]}, handlerCycles: 300, irqs: [{irq: 24, cpu: 0}]}
operations: [{pause: {us: 20}}, {move: {irq: 24, to: [1], on: 2}}, {pause: {us: 20}}, {move: {irq: 24, to: [0], on: 2}}]
run: {repeat: true, seconds: 0.003}
`;
  const parsed = parseScenario(text, 'storm.yaml');
  if ('errors' in parsed) throw new Error(parsed.errors[0]?.message);
  return parsed.scenario;
})();
