import { expect, test } from 'vitest';
import { board } from '../ioapic/help.js';

test.each([
  ['in no order', []],
  ['of which two have the same logical id', [0x100005, 5]],
])('a logical destination of x2APIC mode reaches its cluster, by ids %s (A.7.3)', async (...[, more]) => {
  const ids = Array.from({ length: 400 }, (_, c) => 6 + ((c * 7919) % 1021));
  ids.push(...more);
  const b = await board({ x2apicIds: ids, messages: 600 });
  const ldr = ids.map((id) => ((((id & 0xffff0) << 12) >>> 0) | (1 << (id & 15))) >>> 0);
  const reached = (): number[] => ids.map((_, c) => c).filter((c) => b.irr(c).length > 0);
  for (const dest of [ldr[0], ldr[17], 0x00000020, 0x0000ffff, 0x0001ffff, 0x00310f0f, 0x003f8001, 0x00030000, 0xffff0001, 0xffffffff]) {
    const before = b.snapshot();
    b.msr(3, 0x830, 0x831, dest);
    b.settle();
    const everybody = dest === 0xffffffff;
    const set = ids
      .map((_, c) => c)
      .filter((c) => everybody || ((ldr[c] ?? 0) >>> 16 === (dest ?? 0) >>> 16 && ((ldr[c] ?? 0) & (dest ?? 0) & 0xffff) !== 0));
    expect([dest, reached()]).toEqual([dest, set]);
    b.restore(before);
  }
});
