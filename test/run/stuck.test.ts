import { expect, test } from 'vitest';
import type { Assembler } from '../../src/kernel/index.js';
import { everyVector, handler, msi, run, search, toy, type ToyKernel, type ToyOptions } from '../engine/toy.js';

/** A kernel whose handler serves the device and returns, with EOI or without. */
const kernel =
  (eoi: boolean) =>
  (k: Assembler): ToyKernel => ({
    handlers: everyVector(
      eoi
        ? handler(k, 'right', (b) => b.serve(0, 0))
        : k.routine('forgets', { vector: 'vector' }, (b) => {
            b.serve(0, 0);
            b.iret();
          }),
    ),
    boot: (machine) => machine.setDevice(0, msi(0, 0x31)),
  });

const options: ToyOptions = { sources: [{ kind: 'handshake', raises: 1, gaps: [500] }], properties: ['noStuckIsr'] };

test.each([
  [true, []],
  [false, ['noStuckIsr']],
])('a handler that writes EOI: %s; a check finds %o at rest (A.12)', async (eoi, failed) => {
  const { machine } = await toy(kernel(eoi), { ...options, record: 0 });
  expect(Object.keys((await search(machine)).failures)).toEqual(failed);
});

test.each([true, false])('a handler that writes EOI: %s; timed, a vector that stays in service is seen once the CPU idles', async (eoi) => {
  const { machine } = await toy(kernel(eoi), { ...options, timed: true });
  expect(machine.stuckIsr).toBe(false);
  run(machine, 20_000);
  expect(machine.counter('served')).toBe(1);
  expect(machine.stuckIsr).toBe(!eoi);
});
