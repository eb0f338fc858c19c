/** The room of documents: what `irqlab check --format json` prints, told, made and described. */
export {
  checkDocument,
  checkJsonSchema,
  checkResultOf,
  collisionChance,
  type AssumptionsResult,
  type Checked,
  type CheckResult,
  type RaisesResult,
  type Told,
} from './check.js';
export { livenessResultOf, tellLivelock, type LivenessChecked, type LivenessDocument, type ToldLivelock } from './liveness.js';
