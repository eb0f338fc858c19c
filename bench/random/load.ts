/** Random scenarios for runs: devices under load, and irqs that move, CPUs that come and go and drivers that let go meanwhile. */
import { modelNames } from '../../src/index.js';
import { timingIds } from '../../src/machine/index.js';
import type { Dice } from './dice.js';

const units = ['vtd', '{type: amd}', '{type: vtd, postedMsi: true}'];
const messages = ['{type: msi}', '{type: msi, maskable: true}', '{type: msix}'];

function arrivals(dice: Dice): string {
  const cycles = (): number => 1500 + dice.below(6000);
  return dice.of([
    `{cycles: [${cycles()}, ${cycles()}]}`,
    `{poisson: {perSecond: ${50_000 + dice.below(400_000)}}}`,
    `{bursty: {events: {min: 2, max: ${3 + dice.below(30)}}, gap: {cycles: ${500 + dice.below(3000)}}, pause: {us: ${5 + dice.below(60)}}}}`,
  ]);
}

function cost(dice: Dice): string {
  return dice.of([
    `${dice.below(4000)}`,
    `{uniform: {min: ${dice.below(500)}, max: ${600 + dice.below(5000)}}}`,
    `{exponential: ${200 + dice.below(3000)}}`,
    '{lognormal: {median: 2000, p99: 20000}}',
    '{bimodal: {fast: 500, slow: 20000, slowPercent: 5}}',
  ]);
}

/** A scenario as text: valid, though not every kernel drives every machine. */
export function randomLoad(dice: Dice): string {
  const cpus = dice.of([2, 3, 4, 4, 5, 8, 16, 70]);
  const unit = dice.oneIn(2) ? '' : dice.of(units);
  const posted = unit.includes('posted');
  const pins = !posted && dice.oneIn(3) ? 2 : 0;
  const irqs: number[] = [];
  const irq = (): string => {
    irqs.push(24 + irqs.length);
    return `{irq: ${irqs.at(-1)}, cpu: ${dice.below(cpus)}${!posted && dice.oneIn(6) ? ', threaded: true' : ''}}`;
  };
  const device = (d: number): string => {
    const pin = d < pins;
    const level = pin && dice.oneIn(2);
    const message = pin ? `{type: ioapic, pin: ${4 + d}${level ? ', trigger: level' : ''}}` : dice.of(messages);
    const own = Array.from({ length: message.includes('msix') ? 1 + dice.below(4) : 1 }, irq);
    const moderation = !pin && dice.oneIn(4) ? `, moderation: {us: ${1 + dice.below(20)}}` : '';
    const kind = level ? 'level' : dice.of(['free', 'handshake']);
    return `  - {name: d${d}, kind: ${kind}, message: ${message}, interArrival: ${arrivals(dice)}, handlerCycles: ${cost(dice)}${moderation}, irqs: [${own.join(', ')}]}`;
  };
  const devices = Array.from({ length: 1 + dice.below(6) }, (_, d) => device(d));
  const move = (): string => `move: {irq: ${dice.of(irqs)}, to: [${dice.below(cpus)}]}`;
  const done = dice.oneIn(3) ? repeated(dice, irqs, move) : injected(dice, move);
  return [
    'version: 1',
    'name: load',
    `model: ${dice.of(modelNames)}`,
    `machine: {cpus: ${cpus}${unit === '' ? '' : `, iommu: ${unit}`}}`,
    'universe: {vectors: 40}',
    'devices:',
    ...devices,
    ...done,
    // where everything takes as long, much happens in the same cycle
    ...(dice.oneIn(2) ? [`timing: {${timingIds.map((id) => `${id}: 100`).join(', ')}}`] : []),
    '',
  ].join('\n');
}

/** Operations of the file, over and over, some of them at the same time. */
function repeated(dice: Dice, irqs: readonly number[], move: () => string): string[] {
  const again = dice.of([[], irqs]).flatMap((irq) => [`free: ${irq}`, `request: ${irq}`]);
  const moves = Array.from({ length: 8 }, move);
  return [
    ...(dice.oneIn(2) ? ['parallel: true'] : []),
    'operations:',
    ...[...moves, 'offline: 1', `move: {irq: ${dice.of(irqs)}, to: [0]}`, 'online: 1', ...again].map((each) => `  - ${each}`),
    'run: {seconds: 1, repeat: true}',
  ];
}

/** Events with a time, and policies. */
function injected(dice: Dice, move: () => string): string[] {
  const events = Array.from({ length: dice.below(6) }, () => `  - {at: {us: ${dice.below(1000)}}, ${move()}}`);
  const policies = [
    ...(dice.oneIn(2) ? [`storm: {perSecond: ${dice.of([2000, 20_000, 100_000])}}`] : []),
    ...(dice.oneIn(3) ? [`roundRobin: {everyUs: ${dice.of([20, 100, 1000])}}`] : []),
    ...(dice.oneIn(4) ? [`balancer: {everyUs: ${dice.of([500, 1000])}}`] : []),
    ...(dice.oneIn(3) ? [`hotplugStorm: {everyUs: ${dice.of([100, 1000])}, keep: 1}`] : []),
  ];
  return [
    ...(events.length > 0 ? ['events:', ...events] : []),
    ...(policies.length > 0 ? ['policies:', ...policies.map((policy) => `  - ${policy}`)] : []),
    'run: {seconds: 1}',
  ];
}
