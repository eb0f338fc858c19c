import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AssemblyError, decode } from '../../src/kernel/index.js';
import { InsnFlag, Op } from '../../assembly/state/abi/instructions.js';
import { run } from './machine.js';
import { build, evaluate, source, type Source } from './random.js';

/** Undefined if the program needs more registers than a context has. */
function tryBuild(bodies: Source): ReturnType<typeof build> | undefined {
  try {
    return build(bodies);
  } catch (error) {
    if (error instanceof AssemblyError && /needs \d+ registers/.test(error.message)) return undefined;
    throw error;
  }
}

test('random programs compute what they say, with dead registers overwritten and live ones cut to their bits wherever a context may stand', () => {
  let ran = 0;
  let refused = 0;
  fc.assert(
    fc.property(source, (bodies) => {
      const built = tryBuild(bodies);
      if (!built) {
        refused++;
        return;
      }
      ran++;
      const { memory } = run(built.program, built.declarations, 'main');
      const { wide, narrow } = evaluate(bodies);
      expect(memory).toEqual([wide, narrow]);
    }),
    { numRuns: 3000, seed: 20260723 },
  );
  // most must fit, or the test says little
  expect(refused).toBeLessThan(ran / 4);
});

/** Instructions in the middle of an atomic block at which a context of the program stood. */
function stopsInside(bodies: Source): number[] {
  const built = tryBuild(bodies);
  if (!built) return [];
  const { program, declarations } = built;
  const flagged = (i: number): boolean => (decode(program.code, i).flags & InsnFlag.joined) !== 0;
  return run(program, declarations, 'main').stops.filter((at) => {
    const before = decode(program.code, at - 1).op;
    // behind an instruction that does not jump, a joined one is the middle of a block
    const straight = before < Op.jump || before >= Op.firstObservable;
    return flagged(at) && straight && flagged(at - 1);
  });
}

test('a context stands in front of a joined instruction only where a block begins', () => {
  fc.assert(
    fc.property(source, (bodies) => {
      expect(stopsInside(bodies)).toEqual([]);
    }),
    { numRuns: 300, seed: 4 },
  );
});
