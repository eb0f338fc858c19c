/** Moves that are told in several lines. */
import { describe, expect, test } from 'vitest';
import { importTrace } from '../../src/trace/index.js';

const said = {
  allocated: 'quirk[1] new vector allocated, new apic = 4 vector = 36 this apic = 6',
  redirected: 'Redirect to new vector 36 on old apic 6',
  final: 'Transition to new target apic 4 vector 36',
  done: 'Update Done [IRR 0]: irq 123 Nvec 36 Napic 4',
};

/** The moves of lines that CPU 3 prints at these microseconds. */
function movesOf(...lines: readonly (readonly [number, string])[]): unknown {
  const text = lines
    .map(([us, what]) => `migration/3-24 [003] d..1 1.${String(us).padStart(6, '0')}: msi_set_affinity: ${what}\n`)
    .join('');
  return importTrace(text, 'x').moves.map(({ steps, lines: from }) => [steps, ...from]);
}

describe('a two-step move', () => {
  test('is four lines', () => {
    expect(movesOf([1, said.allocated], [2, said.redirected], [3, said.final], [4, said.done])).toEqual([['two-step', 1, 2, 3, 4]]);
  });

  test('may begin with the redirect', () => {
    expect(movesOf([2, said.redirected], [3, said.final], [4, said.done])).toEqual([['two-step', 1, 2, 3]]);
  });

  test('is none without one of its halves, in another order, or with other numbers', () => {
    expect(movesOf([1, said.allocated], [2, said.redirected], [4, said.done])).toEqual([]);
    expect(movesOf([1, said.allocated], [3, said.final], [4, said.done])).toEqual([]);
    expect(movesOf([1, said.final], [2, said.redirected], [4, said.done])).toEqual([]);
    expect(movesOf([2, said.redirected], [3, said.final], [4, said.done.replace('36', '37')])).toEqual([]);
  });

  test('is none if time goes backwards in it, or a tenth of a second passes', () => {
    expect(movesOf([5, said.redirected], [3, said.final], [4, said.done])).toEqual([]);
    expect(movesOf([2, said.redirected], [100_003, said.final], [100_004, said.done])).toEqual([]);
  });
});

test('a direct move takes the allocation before it, if it is for the same target', () => {
  const direct = 'Direct Update: irq 123 Ovec=33 Oapic 6 Nvec 36 Napic 4';
  expect(movesOf([1, said.allocated], [2, direct])).toEqual([['direct', 1, 2]]);
  expect(movesOf([1, said.allocated.replace('apic = 4', 'apic = 0')], [2, direct])).toEqual([['direct', 2]]);
});
