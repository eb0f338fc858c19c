// The API pages, by TypeDoc. It needs the compiler's API, which TypeScript 7 no longer has: it is given the last version that has it.
import { register } from 'node:module';

const hook = `export const resolve = (name, context, next) =>
  next(name === 'typescript' ? 'typescript-5' : name, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
const { Application } = await import('typedoc');
const app = await Application.bootstrapWithPlugins();
const project = await app.convert();
if (project === undefined) process.exit(1);
app.validate(project);
await app.generateOutputs(project);
process.exitCode = app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0;
