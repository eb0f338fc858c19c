import { describe, expect, test } from 'vitest';
import { eq } from '../../src/kernel/index.js';
import { Actor } from '../../src/core/index.js';
import { operation, search, toy } from '../engine/toy.js';

/**
 * The torn message in a few lines: two CPUs, one device, and a kernel that moves it from (CPU 0, 0x30) to (CPU 1, 0x31) without
 * masking. A vector that arrives where no kernel put it is a stray.
 */
const torn = (writes: readonly ('addrLo' | 'data')[]) =>
  toy(
    (k) => {
      const expected = { 0x30: 0, 0x31: 1 } as const;
      const handlerOf = (vector: 0x30 | 0x31) =>
        k.routine(`vector_${vector}`, { vector: 'vector' }, (b) => {
          b.if(
            eq(b.selfValue(), expected[vector]),
            () => b.serve(0, 0),
            () => b.flag('noStray'),
          );
          b.lapicWrite('eoi', 0);
          b.iret();
        });
      const move = operation(k, 'move', (b) => {
        for (const register of writes) b.cfgWrite(0, register, register === 'data' ? 0x4031 : 0xfee01000);
      });
      return { handlers: { 0x30: handlerOf(0x30), 0x31: handlerOf(0x31) }, operations: [{ cpu: 0, routine: move }] };
    },
    { cpus: 2, sources: [{ kind: 'handshake', raises: 2 }], properties: ['noStray', 'noLoss', 'noStuckIsr', 'progress'] },
  );

describe('the torn message (T3)', () => {
  test('is found, with the shortest way to it', async () => {
    const { machine } = await torn(['addrLo', 'data']);
    const found = await search(machine);
    expect(found.status).toBe('done');
    expect(Object.keys(found.failures).toSorted()).toEqual(['noLoss', 'noStray']);
    // addrLo, raise, sample, root complex, IRR, acknowledge; then the handler finds nobody: a step that weighs nothing
    expect(found.failures.noStray?.length).toBe(6);
    const names = (found.failures.noStray?.path ?? []).map((a) => Actor[a >>> 12]);
    expect(names.filter((name) => name !== 'cpu' && name !== 'operation').toSorted()).toEqual([
      'interrupt',
      'message',
      'message',
      'raise',
      'sample',
    ]);
  });

  test('the way found leads there', async () => {
    const { machine, again } = await torn(['data', 'addrLo']);
    const found = await search(machine);
    for (const [property, way] of Object.entries(found.failures)) {
      const other = await again();
      let visible = 0;
      let broken: string[] = [];
      for (const action of way.path) {
        expect(other.enabled()).toContain(action);
        const step = other.apply(action);
        visible += step.visible ? 1 : 0;
        broken = step.broken;
      }
      other.enabled();
      const atRest = other.quiet === 'rest' ? other.brokenAtRest() : [];
      expect([...broken, ...atRest]).toContain(property);
      expect(visible).toBe(way.length);
    }
    expect(Object.keys(found.failures)).not.toHaveLength(0);
  });

  test('cannot happen where one register is all that moves', async () => {
    const { machine } = await toy(
      (k) => {
        const h = k.routine('h', { vector: 'vector' }, (b) => {
          b.serve(0, 0);
          b.lapicWrite('eoi', 0);
          b.iret();
        });
        const move = operation(k, 'move', (b) => b.cfgWrite(0, 'addrLo', 0xfee01000));
        return { handlers: { 0x30: h }, operations: [{ cpu: 0, routine: move }] };
      },
      { cpus: 2, sources: [{ kind: 'handshake', raises: 2 }], properties: ['noStray', 'noLoss', 'noStuckIsr', 'progress'] },
    );
    expect(await search(machine)).toMatchObject({ status: 'done', failures: {} });
  });
});
