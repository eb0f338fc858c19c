/** Whatever the program is, the module does not trap: a fault is reported, or the nonsense has an architectural outcome. */
import { expect, test } from 'vitest';
import { ProgramMachine, ModelFault, type MachineSetup } from '../../src/machine/index.js';
import { assembleSystem, assembleWith } from '../../src/scenario/index.js';
import { Bag, loadModule, Status } from '../../src/core/index.js';
import { Engine } from '../../src/check/engine/engine.js';
import { scenarioOf } from '../check/help.js';
import { amdKernel } from '../engine/amdKernel.js';
import { guestKernel } from '../engine/guestKernel.js';
import { postedToy } from '../engine/posted.js';
import { postedMsiKernel } from '../engine/postedMsi.js';
import { vcpuKernel } from '../engine/vcpu.js';

const RUNS = 250;

/** A linear congruential generator: the same garbage everywhere. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** A program with words replaced: another instruction, a small number, a word from elsewhere, anything. */
function garble(code: Uint32Array, roll: (n: number) => number): Uint32Array {
  const garbled = code.slice();
  for (let i = 1 + roll(roll(3) === 0 ? 400 : 6); i > 0; i--) {
    const words = [
      (roll(97) | (roll(18) << 8) | (roll(18) << 16) | (roll(18) << 24)) >>> 0,
      roll(70_000),
      code[roll(code.length)] ?? 0,
      roll(0xffffffff),
    ];
    garbled[roll(code.length)] = words[roll(words.length)] ?? 0;
  }
  return garbled;
}

function walk(machine: ProgramMachine, setup: MachineSetup, roll: (n: number) => number): void {
  if (setup.timed) {
    for (let i = 0; i < 5; i++) {
      machine.run(300_000_000);
      machine.events();
    }
    return;
  }
  if (setup.record === 0) {
    const limits = { memory: 2 ** 24, wide: roll(2) === 1, reduction: roll(3) as 0 | 1 | 2, worker: 0, workers: 1 };
    const engine = new Engine(machine, { ...limits, spill: undefined, resumed: false });
    for (let i = 0; i < 30 && engine.status === Status.more; i++) {
      if (engine.run(1000) === Status.round) engine.nextRound(!engine.has(Bag.then));
    }
    return;
  }
  for (let i = 0; i < 200; i++) {
    const actions = machine.enabled();
    if (actions.length === 0) return;
    machine.apply(actions[roll(actions.length)] ?? 0);
    if (i % 7 === 0) machine.setImage(machine.image());
  }
}

test(`${RUNS} garbled programs, searched, walked and timed: no trap`, async () => {
  const linux = assembleSystem(scenarioOf('move-hotplug'), { model: 'linux-5.9' });
  const behindAmd = ['', ', guest: true'].map((options) =>
    scenarioOf(
      `{version: 1, name: amd, machine: {cpus: 2, iommu: {type: amd${options}}}, universe: {vectors: 4}, devices: [{name: a, irqs: [{irq: 24}]}], operations: [{move: {irq: 24, to: [1]}}]}`,
    ),
  );
  const systems = [linux, linux, assembleWith(behindAmd[0]!, amdKernel({ update: 'table' })), assembleWith(behindAmd[1]!, guestKernel())];
  const roll = dice(7);
  const outcomes = { ended: 0, faults: 0 };
  for (let i = 0; i < RUNS; i++) {
    const system = systems[roll(systems.length)]!;
    const timed = roll(2) === 1;
    const plain = system.setup({ timed, record: timed ? 1 : roll(2) === 1 ? 2 : 0 });
    const setup = { ...plain, program: { ...plain.program, code: garble(plain.program.code, roll) } };
    const machine = await ProgramMachine.instantiate(setup, await loadModule());
    try {
      system.built.boot(machine);
      machine.start();
      walk(machine, setup, roll);
      outcomes.ended++;
    } catch (error) {
      // a trap would be a WebAssembly.RuntimeError
      if (!(error instanceof ModelFault)) throw error;
      outcomes.faults++;
    }
  }
  expect(outcomes.ended).toBeGreaterThan(RUNS / 4);
  expect(outcomes.faults).toBeGreaterThan(RUNS / 10);
});

test('150 garbled programs with posted interrupts, searched, walked and timed: no trap', async () => {
  const roll = dice(8);
  const kernels = [vcpuKernel({ from: 'running', does: ['block'] }), postedMsiKernel({ move: 'whole', cleanup: 'pir' })];
  let [ended, faults] = [0, 0];
  for (let i = 0; i < 150; i++) {
    const timed = roll(3) === 1;
    const record = timed ? 1 : roll(2) === 1 ? 2 : 0;
    const { setup, again } = await postedToy(kernels[i % 2]!, { timed, record, ring: record === 0 ? 0 : 4096 });
    try {
      walk(await again({ program: { ...setup.program, code: garble(setup.program.code, roll) } }), setup, roll);
      ended++;
    } catch (error) {
      if (!(error instanceof ModelFault)) throw error;
      faults++;
    }
  }
  expect(ended).toBeGreaterThan(30);
  expect(faults).toBeGreaterThan(15);
});
