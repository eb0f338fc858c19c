/** Random scenarios on the models that exist, and machines of them. */
import { loadModule } from '../../src/core/index.js';
import { assembleSystem, parseScenario, type System } from '../../src/scenario/index.js';
import { ProgramMachine, type MachineSetup } from '../../src/machine/index.js';

/** Random numbers of a test: the same in each run. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 <= x < n */
  below(n: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % n;
  }

  of<T>(list: readonly T[]): T {
    const chosen = list[this.below(list.length)];
    if (chosen === undefined) throw new RangeError('nothing to choose from');
    return chosen;
  }

  /** Between `least` and all of the list, in order. */
  some<T>(list: readonly T[], least = 1): T[] {
    const n = least + this.below(list.length - least + 1);
    const left = [...list];
    while (left.length > n) left.splice(this.below(left.length), 1);
    return left;
  }
}

export const models = ['linux-5.5', 'linux-5.6', 'linux-5.8', 'linux-5.9'] as const;

/** A system from the text of a scenario. */
export function system(text: string, model?: string): System {
  const parsed = parseScenario(text, 'test.yaml');
  if ('errors' in parsed) throw new Error(parsed.errors.map((e) => e.message).join('\n'));
  return assembleSystem(parsed.scenario, { model });
}

export interface RandomOptions {
  /** operations besides moves */
  readonly hotplug: boolean;
  readonly assumptions?: boolean;
  /** few enough CPUs, devices, raises and operations to be searched */
  readonly small?: boolean;
  /** by units of this type, with or without what their invalidations rest on */
  readonly remapped?: 'vtd' | 'amd';
}

/** A machine of 2 to 4 CPUs with 1 to 3 devices, and what is done to it. */
export function randomSystem(dice: Dice, { hotplug, assumptions = false, small = false, remapped }: RandomOptions): System {
  const cpus = Array.from({ length: small ? 2 : 2 + dice.below(3) }, (_, c) => c);
  const first = new Set([0, ...dice.some(cpus.slice(1))]);
  const online = new Set(first);
  const irqs = Array.from({ length: small ? 1 : 1 + dice.below(3) }, (_, i) => 120 + i);
  const devices = irqs.map((irq) => {
    const affinity = [...new Set([dice.of([...online]), ...dice.some(cpus)])].toSorted((a, b) => a - b);
    const kind = dice.of(['handshake', 'free']);
    const us = Array.from({ length: 1 + dice.below(3) }, () => 1 + dice.below(6));
    const msi = `{type: msi, address64: ${dice.of([true, false])}}`;
    return `  - {name: d${irq}, kind: ${kind}, message: ${msi}, raises: ${1 + dice.below(small ? 2 : 3)}, handlerCycles: ${dice.below(2000)}, interArrival: {us: [${us}]}, irqs: [{irq: ${irq}, affinity: [${affinity}]}]}`;
  });
  const operations = Array.from({ length: 1 + dice.below(small ? 2 : 3) }, () => {
    const what = hotplug ? dice.of(['move', 'offline', 'online']) : 'move';
    if (what === 'move') return `  - move: {irq: ${dice.of(irqs)}, to: [${remapped ? dice.of([...online]) : dice.some([...online])}]}`;
    const cpu = dice.of(cpus.slice(1));
    if (what === 'offline' && online.size > 1 && online.delete(cpu)) return `  - offline: ${cpu}`;
    if (what === 'online' && !online.has(cpu)) {
      online.add(cpu);
      return `  - online: ${cpu}`;
    }
    return `  - pause: {us: ${1 + dice.below(3)}}`;
  });
  const list = cpus.map((c) => `{cpu: ${c}, apicId: ${2 * c}, online: ${first.has(c)}}`);
  const iommu = remapped === undefined ? '' : `, iommu: ${remapped === 'amd' ? `{type: amd, ga: ${dice.of([true, false])}}` : 'vtd'}`;
  const lines = [
    'version: 1',
    'name: random',
    `model: ${dice.of(models)}`,
    `machine: {cpus: [${list}]${iommu}}`,
    'universe: {vectors: 4}',
    'devices:',
    ...devices,
    'operations:',
    ...operations,
  ];
  if (remapped) {
    const rare = (value: string): string => (dice.below(2) === 0 ? value : '');
    const own =
      remapped === 'vtd'
        ? [rare('iecIndex: first')]
        : [rare('amdIrteUpdate: atomic'), `amdCompletionWait: ${dice.of(['needSync', 'locked', 'sequence', 'overtaken'])}`];
    const set = [rare('iecFlush: none'), rare('iecWait: none'), ...own].filter((each) => each !== '');
    lines.push(`behaviours: {${set.join(', ')}}`);
    lines.push(`assumptions: {iecDrain: ${dice.of(['irr', 'root-complex', 'none'])}, irteFetch: ${dice.of(['whole', 'halves'])}}`);
  } else if (assumptions) {
    const sampling = dice.of(['at-once', 'then-delay']);
    const push = dice.of(['irr', 'root-complex', 'none']);
    const delivery = dice.of(['within-mdelay', 'unbounded']);
    const recognition = dice.of(['prompt', 'free']);
    const softDisabled = dice.of(['dispatches', 'holds']);
    lines.push(
      `assumptions: {sampling: ${sampling}, push: ${push}, delivery: ${delivery}, recognition: ${recognition}, softDisabled: ${softDisabled}}`,
    );
  }
  return system(lines.join('\n'));
}

/** A machine of the system with some of its set-up changed. */
export async function machineOf(s: System, timed: boolean, changes: Partial<MachineSetup> = {}): Promise<ProgramMachine> {
  const machine = await ProgramMachine.instantiate({ ...s.setup({ timed, record: 1 }), ...changes }, await loadModule());
  s.built.boot(machine);
  machine.start();
  return machine;
}
