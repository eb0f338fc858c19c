/** Posted interrupts in a check (hardware.md E): what the search, images and footprints know of descriptors, and who carries an event. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Actor } from '../../src/core/index.js';
import { assembleWith, explain, minimise, search, Walk } from '../../src/index.js';
import { Instrumented } from '../engine/instrumented.js';
import { modelOf, postedToy } from '../engine/posted.js';
import { postedMsiKernel, type PostedMsiVariant } from '../engine/postedMsi.js';
import { checkDeclared, resourceMap } from '../engine/resources.js';
import { Dice } from '../engine/systems.js';
import { inFlight, search as searchToy, type ToyKernel, type ToyOptions } from '../engine/toy.js';
import { vcpuKernel, type VcpuVariant } from '../engine/vcpu.js';
import type { Assembler, Declarations } from '../../src/kernel/index.js';
import type { Taken } from '../../src/check/index.js';
import { exploreAll } from './brute.js';
import { given, scenarioOf } from './help.js';

/** `Stage.posting`: the entry is known, the descriptor not yet changed. */
const POSTING = 3;

type Build = (k: Assembler, d: Declarations) => ToyKernel;

const vcpus: readonly VcpuVariant[] = [
  { from: 'running', does: ['block'] },
  { from: 'running', does: ['preempt', 'load'], entry: 'blind' },
  { from: 'blocked', does: ['kick'], recheck: 'none', update: 'stores' },
  { from: 'preempted', does: ['load'], recheck: 'before', urgent: true },
  { from: 'preempted', does: ['unpost'], unpost: ['free', 'flush', 'drain'] },
];
const msis: readonly PostedMsiVariant[] = [
  { handler: ['harvest', 'clear'] },
  { move: 'halves', retrigger: 'no eoi' },
  { move: 'whole', cleanup: 'pir' },
];
const kernels: readonly Build[] = [...vcpus.map(vcpuKernel), ...msis.map(postedMsiKernel)];

/** With what a check may assume of a unit. */
const options = (dice: Dice): ToyOptions => ({
  assumptions: {
    iecDrain: dice.of(['irr', 'root-complex', 'none'] as const),
    irteFetch: dice.of(['whole', 'halves'] as const),
    recognition: dice.of(['prompt', 'free'] as const),
  },
  sources: [{ kind: dice.of(['handshake', 'free'] as const), raises: 2 }],
  probeRaises: dice.below(2),
});

describe.each([0, 1] as const)('level %i of the reduction', (reduction) => {
  test('states, transitions, states at rest and lengths are those of brute force', async () => {
    const dice = new Dice(81);
    let failed = 0;
    for (const build of kernels) {
      const { machine, again } = await postedToy(build, options(dice));
      const { status, states, transitions, rest, failures } = await searchToy(machine, reduction, 60_000);
      expect(status).toBe('done');
      const lengths = Object.fromEntries(Object.entries(failures).map(([name, { length }]) => [name, length]));
      expect({ states, transitions, rest, failures: lengths }).toEqual(exploreAll(await again(), reduction === 1));
      failed += Object.keys(lengths).length;
    }
    expect(failed).toBeGreaterThan(5);
  });
});

test('a state and its image go on alike', async () => {
  const dice = new Dice(82);
  let posting = 0;
  for (const build of kernels) {
    for (let round = 0; round < 4; round++) {
      const { machine, again } = await postedToy(build, options(dice));
      const other = await again();
      for (let n = 0; n < 150; n++) {
        const image = machine.image();
        other.setImage(image);
        expect(Buffer.compare(other.image(), image)).toBe(0);
        const actions = machine.enabled();
        expect(other.enabled()).toEqual(actions);
        if (actions.length === 0) break;
        const action = dice.of(actions);
        expect(other.apply(action)).toEqual(machine.apply(action));
        if (inFlight(machine).some(({ stage }) => stage === POSTING)) posting++;
      }
    }
  }
  expect(posting).toBeGreaterThan(80);
});

describe('a counterexample of ten lines', () => {
  const text = `\
version: 1
name: posted
machine: {cpus: 2, iommu: vtd}
universe: {vectors: 3}
devices:
  - {name: nic, raises: 2, irqs: [{irq: 24, cpu: 0}]}
`;

  test('says what the unit does with the descriptor, and where an event is that nobody looks for', async () => {
    const system = assembleWith(scenarioOf(text), modelOf('own', postedMsiKernel({ handler: ['harvest', 'clear'] })));
    const { failures } = await search(system, { memory: 2 ** 30, states: 100_000, reduction: 1 });
    const story = await explain(system, await minimise(system, given(failures.find(({ property }) => property === 'noLoss'))));
    expect(story.rows.flatMap(({ lines }) => lines.map((line) => line.text)).slice(1, -2)).toEqual([
      'samples its message: entry 0',
      'nic, entry 0: posts vector 0x22',
      'PIR[0x22] set, notifies CPU 0, vector 0xf2',
      'LAPIC: IRR[0xf2] set',
      'takes vector 0xf2',
      'take PIR of posted_msi_pid',
      'handler of nic (irq 24) runs',
      'raises an event',
      'samples its message: entry 0',
      'nic, entry 0: posts vector 0x22',
      'PIR[0x22] set, notifies nobody',
      'clear ON of posted_msi_pid[self]',
    ]);
    expect(story.rows.flatMap(({ marks }) => marks.map((mark) => mark.text)).at(-1)).toBe(
      'LOST: at rest the event of nic is owed; vector 0x22 is in PIR of posted_msi_pid[cpu 0], where nobody looks',
    );
    // the first message goes on as the notification, the second ends in the unit
    expect(story.flights.map(({ to, arrived }) => [to?.kind, to?.index, arrived])).toEqual([
      ['cpu', 0, 4],
      ['iommu', 0, 12],
    ]);
  });

  test('step by step: where the message is, and what it reaches', async () => {
    const walk = await Walk.begin(assembleWith(scenarioOf(text), modelOf('own', postedMsiKernel({}))));
    const take = (name: string): Taken => walk.take(given(walk.choices().find((choice) => choice.name === name)).action);
    take('nic.raise');
    take('nic.sample');
    const steps = ['nic.m0', 'nic.m0', 'nic.m0'].map(take);
    expect(steps.map((step) => step.text)).toEqual([
      'nic -> entry 0 reaches the root complex',
      'nic -> PIR[0x22] reaches its descriptor',
      'nic -> CPU 0 vector 0xf2 reaches the LAPIC',
    ]);
    const changes = steps[1]?.changes.map(({ name, from, to }) => `${name}: ${from} -> ${to}`);
    expect(changes?.slice(0, 2)).toEqual([
      'posted_msi_pid[cpu 0][PIR 1]: 0x0 -> 0x4',
      'posted_msi_pid[cpu 0][control]: 0xf20000 -> 0xf20001',
    ]);
  });
});

describe('footprints', () => {
  let instrumented: Instrumented;
  beforeAll(async () => {
    instrumented = await Instrumented.build();
  }, 60_000);

  test('every step reads and writes nothing but what it declares, and those without conflict commute', async () => {
    const problems = new Set<string>();
    let [posts, pairs] = [0, 0];
    for (const [seed, build] of [...kernels, ...kernels, ...kernels].entries()) {
      const dice = new Dice(8300 + seed);
      const { machine } = await instrumented.used(() => postedToy(build, options(dice)));
      machine.image();
      machine.core.exports.openReduction();
      const resource = resourceMap(machine);
      const image = (): string => Buffer.from(machine.image()).toString('latin1');
      for (let n = 0; n < 100; n++) {
        const enabled = machine.enabled();
        if (enabled.length === 0) break;
        const block = machine.snapshot();
        const isPosting = inFlight(machine).some(({ stage }) => stage === POSTING);
        for (const a of isPosting || n % 4 === 0 ? enabled : []) {
          const checked = checkDeclared(machine, instrumented, resource, a);
          if (checked !== undefined && checked.beyond !== '') problems.add(checked.beyond);
          machine.restore(block);
          if (isPosting && a >>> 12 === Actor.message) posts++;
          for (const b of enabled.filter((each) => each > a)) {
            if ([a, b].some((each) => each >>> 12 === Actor.probe) || machine.core.exports.areDependent(a, b)) continue;
            const order = (first: number, then: number): string => {
              const before = inFlight(machine).length;
              machine.apply(first);
              // behind one of its origin that has landed, a message has another number
              const earlier = [first, then].every((each) => each >>> 12 === Actor.message) && first >>> 4 === then >>> 4 && first < then;
              machine.apply(earlier && inFlight(machine).length < before ? then - 1 : then);
              const reached = image();
              machine.restore(block);
              return reached;
            };
            if (order(a, b) !== order(b, a)) problems.add(`${Actor[a >>> 12]} and ${Actor[b >>> 12]} do not commute`);
            pairs++;
          }
        }
        const begins = enabled.filter((a) => a >>> 12 === Actor.operation || a >>> 12 === Actor.raise);
        machine.apply(dice.of(begins.length > 0 && dice.below(4) === 0 ? begins : enabled));
      }
    }
    expect([...problems]).toEqual([]);
    expect(posts).toBeGreaterThan(50);
    expect(pairs).toBeGreaterThan(200);
  });
});
