// The machine lives in a worker; the module's bytes are in the bundle, so that nothing is fetched.
// @ts-expect-error -- the bundler makes bytes of it
import module from 'irqlab/irqlab.wasm';
import { play } from '../scenario.js';

play(module).then(
  (result) => postMessage(result),
  (error) => postMessage({ lines: [String(error)], digest: '' }),
);
