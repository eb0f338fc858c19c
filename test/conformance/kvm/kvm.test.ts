import { test } from 'vitest';
import { compare, scripts } from './compare.js';

test('dry run', async () => {
  for (const s of scripts) {
    const t = await compare(s);
    console.log(s, t.played, t.compared, t.equal, t.failed.length, t.failed.slice(0, 5));
  }
});
