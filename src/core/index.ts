/** The room of the WebAssembly module: loading it, and reading and writing its memory by the names both sides share. */
export { Core, instantiate, loadModule, type ModuleSource } from './core.js';
export * from '../../assembly/state/abi.js';
export * from '../../assembly/state/fields.js';
