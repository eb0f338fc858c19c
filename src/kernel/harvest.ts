/** Taking what was posted out of a descriptor: what a CPU does by itself in guest mode, and a kernel in a notification's handler. */
import type { Builder } from './builder.js';
import { any, eq, lt, ne, type Reg, type Value } from './values.js';
import type { Descriptors, Kind } from './variables.js';

/**
 * Takes the vectors of the universe out of a PIR, each word of 32 in one step, so that no post can slip between reading and clearing
 * (hardware.md E.3 step 5, E.5). `found` says what becomes of each, the lowest first. ON is not touched: who clears it behind this, and
 * does not look once more, loses what is posted in between.
 */
export function harvest<D extends Kind>(b: Builder, pid: Descriptors<D>, row: Value<D>, found: (vector: Reg<'vector'>) => void): void {
  const vector = b.let('vector', b.constant('vectorLo'));
  const bits = b.let('u32', 0, 'pir');
  b.while(
    () => lt(vector, b.constant('vectorHi')),
    () => {
      const isFirst = any(eq(b.and(vector, 31), 0), () => eq(vector, b.constant('vectorLo')));
      b.if(isFirst, () => b.set(bits, b.exchange<readonly Kind[]>(pid, [row, b.shr('pidWord', vector, 5)], 0, `take PIR of ${pid.name}`)));
      const bit = b.and('u32', b.shr('u32', bits, b.and('u32', vector, 31)), 1);
      b.if(ne(bit, 0), () => found(vector));
      b.set(vector, b.add(vector, 1));
    },
  );
}
