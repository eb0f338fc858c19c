/** The room of names: how the actions of a check, and what stands in a state of it, are called and said. */
export { cpuOfAction, describeAction, deviceOf, deviceOnPin, isChipset, isLeftAtRest, isProbe, partyOf } from './actions.js';
export { describeAmdEvent, describeLine } from './amd.js';
export { descriptorName, descriptorsOf, type DescriptorState } from './descriptors.js';
export { entriesOf, unitName, type EntryState } from './entries.js';
export { Fields, indexName, type Field } from './fields.js';
export { instructionAt, instructionOf } from './instructions.js';
export { Messages, type InFlight, type LevelName } from './messages.js';
export { configNames, configText, describeMessage, describeSent, describeTarget, entryName, irqNumber, isAmd, writeText } from './words.js';
