/** The room of the kernel models: who they are, by name. */
import { isKnownVersion, linux, linuxBehaviours } from './linux/model.js';
import { ModelError, type KernelModel } from './model.js';
import { modelNames } from './names.js';

export type {
  ActiveBehaviour,
  BuiltModel,
  Control,
  IrqPlacement,
  KernelModel,
  Measurable,
  OperationRequest,
  OtherValue,
  Placement,
  Untargeted,
} from './model.js';
export { behaviourDifferences, type BehaviourDifference } from './difference.js';
export { isLegacy as isLegacyVector } from './linux/data.js';
export { linux, type LinuxChanges } from './linux/model.js';
export { labelOf, ModelError, placeOf, stepOf, UnsupportedError } from './model.js';
export { modelNames } from './names.js';

function versionIn(name: string): string {
  return /^linux-(.+)$/.exec(name)?.[1] ?? '';
}

/** What each behaviour of a model may be; undefined for a model that does not exist. */
export function behavioursOf(name: string): Readonly<Record<string, readonly string[]>> | undefined {
  return isKnownVersion(versionIn(name)) ? linuxBehaviours : undefined;
}

/** The model of a name, with single behaviours set otherwise. Throws `ModelError`. */
export function findModel(name: string, set: Readonly<Record<string, string>> = {}): KernelModel {
  const version = versionIn(name);
  if (!isKnownVersion(version)) {
    throw new ModelError(`there is no model ${name}; there are ${modelNames.join(', ')}`);
  }
  return linux(version, { behaviours: set });
}
