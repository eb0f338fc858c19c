/** The room of the format of a scenario file: what each key takes, in one file for each group of keys. */
export { policyKeys } from './events.js';
export { messageCount, messageTypes } from './devices.js';
export { examples, jsonSchema, scenarioFile, type ScenarioFile } from './file.js';
export { apicIdNumber, cpuCount, socketCount, socketNumber, universeVectors, vcpuCount } from './machine.js';
export { assertionKeys } from './operations.js';
export { cpuNumber, irqNumber, vcpuNumber, vectorNumber } from './values.js';
