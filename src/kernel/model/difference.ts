/** What differs between two models, in the kernel's words. */
import type { ActiveBehaviour, KernelModel } from './model.js';

/** One behaviour of two models that do not agree in it; undefined: the model has none of that name. */
export interface BehaviourDifference {
  readonly name: string;
  readonly first: ActiveBehaviour | undefined;
  readonly second: ActiveBehaviour | undefined;
}

/** Behaviours with another value, in the order of the first model, then those that only the second has. */
export function behaviourDifferences(first: KernelModel, second: KernelModel): readonly BehaviourDifference[] {
  const names = [...new Set([...first.behaviours, ...second.behaviours].map(({ name }) => name))];
  return names
    .map((name) => ({ name, first: active(first, name), second: active(second, name) }))
    .filter((each) => each.first?.value !== each.second?.value);
}

function active({ behaviours }: KernelModel, name: string): ActiveBehaviour | undefined {
  return behaviours.find((each) => each.name === name);
}
