// node examples/node.js
import { play } from './scenario.js';

const { lines, digest } = await play();
console.log([...lines, digest].join('\n'));
