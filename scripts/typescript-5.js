// TypeDoc needs the compiler's API, which TypeScript 7 no longer has: it is given the last version that has it.
//   node --import ./scripts/typescript-5.js node_modules/typedoc/bin/typedoc
import { register } from 'node:module';

const hook = `export const resolve = (name, context, next) => next(name === 'typescript' ? 'typescript-5' : name, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
