import { expect, test } from 'vitest';
import { handler, run, toy, only, msi, task } from '../engine/toy.js';

test('iret to idle takes what is pending', async () => {
  const { machine } = await toy(
    (k) => {
      const h = handler(k, 'h');
      return { handlers: { 0x30: h, 0x31: h } };
    },
    { timed: true, sources: [{ gaps: [1000], raises: 1 }, { gaps: [1100], raises: 1 }] },
  );
  const events = run(machine, 20_000);
  console.log(events.map((e) => `${e.time} ${e.kind} ${e.a} ${e.b} ${e.c}`).join('\n'));
  console.log(machine.cpu(0));
});
test('ipi', async () => {
  const { machine } = await toy(
    (k) => {
      const h = handler(k, 'h');
      return { handlers: { 0x30: h, 0x31: h }, run: { 0: task(k, 't', (b) => b.ipi(1, 0x30)) } };
    },
    { timed: true, cpus: 2 },
  );
  const events = run(machine, 20_000);
  console.log(events.map((e) => `${e.time} ${e.kind} ${e.a} ${e.b} ${e.c}`).join('\n'));
});
