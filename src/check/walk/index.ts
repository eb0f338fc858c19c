/** The room of the walk: a way taken by hand, with the steps there are, what each changes, and all there is to look at. */
export { changeText, type Change, type Named, type States } from './changes.js';
export type { Blocked, Choice } from './choices.js';
export * from './inspect.js';
export { placeText, type Place, type Standing } from './stands.js';
export { Walk, type Judgement, type Taken } from './walk.js';
