/** The room of the WebAssembly module: loading it, and reading and writing its memory by the names both sides share. */
export { Core, instantiate, loadModule, loadTimedModule, moduleBytes, type Exports, type ModuleSource } from './core.js';
export * from '../../assembly/state/abi/instructions.js';
export * from '../../assembly/state/abi/outcomes.js';
export * from '../../assembly/state/abi/tables.js';
export * from '../../assembly/state/abi/batch.js';
export * from '../../assembly/state/abi/fields.js';
export * from '../../assembly/state/abi/resources.js';
export * from '../../assembly/state/abi/graph.js';
export * from '../../assembly/state/abi/holds.js';
export * from '../../assembly/state/abi/meters.js';
export * from '../../assembly/state/abi/pci.js';
export * from '../../assembly/state/abi/lapic.js';
export * from '../../assembly/state/abi/iommu.js';
export * from '../../assembly/state/abi/amd.js';
