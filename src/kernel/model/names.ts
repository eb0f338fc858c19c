/** The names of the models, apart from the models: who only asks for names loads none. */
import { versions } from './linux/releases.js';

/** Names of all models, e.g. `linux-5.9`. Releases in which nothing changed (`linux-6.9`) are models as well, and not named. */
export const modelNames: readonly string[] = versions.map((version) => `linux-${version}`);
