/** The room of the outline: what a file says, as far as it can be read, before the schema has accepted it. */
export type { MessageOutline } from './devices.js';
export type { IrqOutline } from './irqs.js';
export type { LifeKind, OperationOutline } from './operations.js';
export { outlineOf, type CpuOutline, type Outline } from './outline.js';
export type { At } from './reading.js';
