/** The operations of a file. */
import { cpuNumber, irqNumber, vcpuNumber } from '../schema/index.js';
import { lifeKinds, vcpuKinds } from '../scenario.js';
import type { Path } from '../source.js';
import { accepting, at, mapping, numbers, textOf, type At, type Mapping } from './reading.js';

export type LifeKind = (typeof lifeKinds)[number];

export type VcpuKind = (typeof vcpuKinds)[number];

export type OperationOutline =
  | { readonly kind: 'offline' | 'online'; readonly cpu: At<number> }
  | {
      readonly kind: 'move';
      readonly path: Path;
      readonly irq: At<number> | undefined;
      readonly to: readonly At<number>[];
      readonly on: At<number> | undefined;
    }
  | { readonly kind: LifeKind; readonly irq: At<number> }
  | { readonly kind: 'teardown' | 'allocate'; readonly device: At<string> }
  | { readonly kind: 'suspend'; readonly path: Path }
  | { readonly kind: 'post'; readonly irq: At<number>; readonly vcpu: At<number> }
  | { readonly kind: 'unpost'; readonly irq: At<number> }
  | { readonly kind: 'load'; readonly vcpu: At<number>; readonly cpu: At<number> }
  | { readonly kind: VcpuKind; readonly vcpu: At<number> }
  /** A pause, or not readable: what the machine looks like afterwards is not known. */
  | { readonly kind: 'other'; readonly pause: boolean };

export function operationOf(operation: Mapping, path: Path): OperationOutline {
  const keys = Object.keys(operation);
  const kind = keys.length === 1 ? keys[0] : undefined;
  if (kind === 'offline' || kind === 'online') {
    const cpu = accepting(cpuNumber, operation[kind], [...path, kind]);
    return cpu === undefined ? { kind: 'other', pause: false } : { kind, cpu };
  }
  const life = lifeKinds.find((each) => each === kind);
  if (life !== undefined) {
    const irq = accepting(irqNumber, operation[life], [...path, life]);
    return irq === undefined ? { kind: 'other', pause: false } : { kind: life, irq };
  }
  if (kind === 'teardown' || kind === 'allocate') {
    const device = at(operation[kind], [...path, kind], textOf);
    return device === undefined ? { kind: 'other', pause: false } : { kind, device };
  }
  const onVcpu = vcpuKinds.find((each) => each === kind);
  if (onVcpu !== undefined) return whole({ kind: onVcpu, vcpu: accepting(vcpuNumber, operation[onVcpu], [...path, onVcpu]) });
  if (kind === 'unpost') return whole({ kind, irq: accepting(irqNumber, operation[kind], [...path, kind]) });
  if (kind === 'post' || kind === 'load') {
    const given = mapping(operation[kind]);
    const vcpu = accepting(vcpuNumber, given['vcpu'], [...path, kind, 'vcpu']);
    return kind === 'post'
      ? whole({ kind, vcpu, irq: accepting(irqNumber, given['irq'], [...path, kind, 'irq']) })
      : whole({ kind, vcpu, cpu: accepting(cpuNumber, given['cpu'], [...path, kind, 'cpu']) });
  }
  if (kind === 'suspend' && operation['suspend'] === true) return { kind, path: [...path, kind] };
  if (kind !== 'move') return { kind: 'other', pause: kind === 'pause' };
  const { irq, to, on } = mapping(operation['move']);
  return {
    kind,
    path: [...path, 'move', 'to'],
    irq: accepting(irqNumber, irq, [...path, 'move', 'irq']),
    to: numbers(to, [...path, 'move', 'to']) ?? [],
    on: accepting(cpuNumber, on, [...path, 'move', 'on']),
  };
}

/** With all that it needs, or not readable. */
function whole<T extends { readonly kind: string }>(
  operation: T,
): { readonly [K in keyof T]: NonNullable<T[K]> } | { readonly kind: 'other'; readonly pause: false } {
  const is = Object.values(operation).every((value) => value !== undefined);
  return is ? (operation as { readonly [K in keyof T]: NonNullable<T[K]> }) : { kind: 'other', pause: false };
}
