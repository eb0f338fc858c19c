import { test } from 'vitest';
import { Dice } from '/tmp/wt/reduce/test/engine/systems.js';
import { randomKernel } from '/tmp/wt/reduce/test/engine/kernels.js';
import { search } from '/tmp/wt/reduce/test/engine/toy.js';
test('x', async () => {
  const N = Number(process.env['N'] ?? 300), S = Number(process.env['S'] ?? 1), L = Number(process.env['L'] ?? 1) as 1|2;
  let undef = 0, big = 0, fails: Record<string, number> = {}, st: Record<string, number> = {}, diff = 0, s0 = 0, s1 = 0, failing=0;
  for (let i = 0; i < N; i++) {
    const t = await randomKernel(new Dice(S * 100003 + i));
    if (!t) { undef++; continue; }
    const a = search(t.machine, 0, 30000);
    st[a.status] = (st[a.status] ?? 0) + 1;
    if (a.status !== 'done') { continue; }
    const b = search(await t.again(), L, 30000);
    s0 += a.states; s1 += b.states;
    if (Object.keys(a.failures).length) failing++;
    for (const k of Object.keys(a.failures)) fails[k] = (fails[k] ?? 0) + 1;
    const key = (f: typeof a) => JSON.stringify(Object.entries(f.failures).map(([k, v]) => L === 1 ? [k, v.length] : k).sort()) + f.status;
    if (key(a) !== key(b)) { diff++; console.log('DIFF', S * 100003 + i, key(a), key(b), a.states, b.states); }
  }
  console.log({ undef, big, failing, fails, st, diff, s0, s1 });
}, 600000);
