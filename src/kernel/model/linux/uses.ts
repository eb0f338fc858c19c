/** What of the kernel's data a scenario needs: the rest is not declared, and no state holds it. */
import type { OperationRequest, Placement } from '../model.js';
import type { MachineSize } from '../../index.js';
import { hasLegacyVectors, type Uses } from './data.js';
import { isReservable } from './registers.js';
import { isAmd, isRemapped } from './target.js';

/** Operations in which irqs come and go. */
const LIVES: ReadonlySet<string> = new Set([
  'request',
  'free',
  'disable',
  'enable',
  'teardown',
  'allocate',
  'suspend',
  'resume',
] satisfies OperationRequest['kind'][]);

/** What of the kernel's data a scenario needs. */
export function usesOf(placement: Placement, size: MachineSize): Uses & { readonly reserved: boolean } {
  const { operations, irqs, devices } = placement;
  const managed = irqs.some((irq) => irq.managed);
  const moving = operations.every(({ kind }) => !LIVES.has(kind));
  const life = managed || !moving || irqs.some(({ requested = true }) => !requested);
  const teardown = operations.some(({ kind }) => kind === 'teardown' || kind === 'allocate');
  const reserved = managed || (life && devices.some(isReservable));
  const pins = devices.some(({ chipset }) => chipset === 'pins');
  const levels = irqs.some(({ level }) => level);
  const threads = irqs.some(({ threaded }) => threaded);
  const postedMsi = placement.postedMsi === true && isRemapped(placement) && devices.some(({ chipset }) => chipset === undefined);
  const vcpus = (placement.vcpus?.length ?? 0) > 0 && isRemapped(placement);
  const avic = vcpus && isAmd(placement);
  const descriptors = vcpus && !avic;
  // LAPICs start in it where an id needs it
  const x2apic = placement.apicIds.some((id) => id > 254);
  const of = {
    operations: operations.length,
    managed,
    life,
    teardown,
    reserved,
    pins,
    levels,
    threads,
    postedMsi,
    vcpus,
    descriptors,
    avic,
  };
  return { ...of, x2apic, reachesLegacy: hasLegacyVectors(size) };
}
