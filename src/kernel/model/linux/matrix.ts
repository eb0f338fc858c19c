/**
 * The matrix allocator (linux.md 2.3), in line: the call stack of an offline is as deep as a context has frames. All of it under
 * vector_lock, inside of an atomic block or in a routine that is called from one.
 */
import { all, eq, lt, type Builder, type Reg } from '../../index.js';
import { NONE } from '../../../core/index.js';
import type { Behaviours } from './behaviours.js';
import type { LinuxData } from './data.js';

/** irq_matrix_alloc: a free vector on the CPU of the mask with most of them. `full`: there is none; it leaves. */
export function matrixAlloc(
  b: Builder,
  d: LinuxData,
  mask: Reg<'ref'>,
  { emptyMask }: Behaviours,
  full: () => void,
): { cpu: Reg<'cpu'>; vector: Reg<'vector'> } {
  const cpu = b.maskMost(mask, d.available, d.cpuOnlineMask);
  b.if(eq(cpu, NONE), emptyMask === 'first' ? () => b.set(cpu, 0) : full);
  b.if(eq(b.load(d.available, [cpu]), 0), full);
  const vector = firstFree(b, d, cpu);
  b.if(eq(vector, NONE), full);
  b.maskSet(d.allocMap, [cpu], vector);
  b.fetchAdd(d.available, [cpu], -1);
  b.fetchAdd(d.allocated, [cpu], 1);
  return { cpu, vector };
}

/** The lowest vector that is neither allocated nor reserved for a managed irq, or NONE. */
export function firstFree(b: Builder, d: LinuxData, cpu: Reg<'cpu'>): Reg<'vector'> {
  if (d.managed === undefined) return b.maskFirstFree(d.allocMap, [cpu]);
  const { managedMap } = d.managed;
  return search(b, (vector) =>
    all(
      () => eq(b.maskTest(d.allocMap, [cpu], vector), 0),
      () => eq(b.maskTest(managedMap, [cpu], vector), 0),
    ),
  );
}

/** The lowest vector of the universe for which the test holds, or NONE. */
function search(b: Builder, holds: (vector: Reg<'vector'>) => ReturnType<typeof all>): Reg<'vector'> {
  const found = b.let('vector', NONE);
  const vector = b.constant('vectorLo');
  b.while(lt(vector, b.constant('vectorHi')), () => {
    b.if(holds(vector), () => {
      b.set(found, vector);
      b.break();
    });
    b.set(vector, b.add(vector, 1));
  });
  return found;
}

/** The lowest vector that is reserved and that no irq has, or NONE. */
function firstReserved(b: Builder, d: LinuxData, managed: NonNullable<LinuxData['managed']>, cpu: Reg<'cpu'>): Reg<'vector'> {
  return search(b, (each) =>
    all(
      () => b.maskTest(managed.managedMap, [cpu], each),
      () => eq(b.maskTest(d.allocMap, [cpu], each), 0),
    ),
  );
}

/** irq_matrix_alloc_managed: one of the vectors that are reserved for managed irqs on a CPU of the mask. */
export function matrixAllocManaged(
  b: Builder,
  d: LinuxData,
  managed: NonNullable<LinuxData['managed']>,
  mask: Reg<'ref'>,
  { managedPick }: Behaviours,
  full: () => void,
): { cpu: Reg<'cpu'>; vector: Reg<'vector'> } {
  const cpu = managedPick === 'first' ? b.maskFirst(mask, d.cpuOnlineMask) : b.maskLeast(mask, managed.managedAllocated, d.cpuOnlineMask);
  b.if(eq(cpu, NONE), full);
  const vector = firstReserved(b, d, managed, cpu);
  b.if(eq(vector, NONE), full);
  b.maskSet(d.allocMap, [cpu], vector);
  b.fetchAdd(managed.managedAllocated, [cpu], 1);
  return { cpu, vector };
}

/** irq_matrix_reserve_managed, of one CPU: a vector that is free is kept for a managed irq. There must be one. */
export function matrixReserveManaged(b: Builder, d: LinuxData, managed: NonNullable<LinuxData['managed']>, cpu: Reg<'cpu'>): void {
  b.maskSet(managed.managedMap, [cpu], firstFree(b, d, cpu));
  b.fetchAdd(d.available, [cpu], -1);
}

/** irq_matrix_remove_managed: one that no irq has is kept for none any more. */
export function matrixRemoveManaged(b: Builder, d: LinuxData, managed: NonNullable<LinuxData['managed']>, cpu: Reg<'cpu'>): void {
  const vector = firstReserved(b, d, managed, cpu);
  b.maskClear(managed.managedMap, [cpu], vector);
  b.fetchAdd(d.available, [cpu], 1);
}

/** irq_matrix_free: a managed irq's vector stays reserved. */
export function matrixFree(b: Builder, d: LinuxData, irq: Reg<'irq'>, cpu: Reg<'cpu'>, vector: Reg<'vector'>): void {
  b.maskClear(d.allocMap, [cpu], vector);
  const plain = (): void => {
    b.fetchAdd(d.available, [cpu], 1);
    b.fetchAdd(d.allocated, [cpu], -1);
  };
  const { managed } = d;
  if (managed) b.if(b.load(managed.isManaged, [irq]), () => b.fetchAdd(managed.managedAllocated, [cpu], -1), plain);
  else plain();
}
