/** A scenario back to the text of a file. */
import { Document, isMap, isScalar, isSeq, visit, type Node } from 'yaml';
import { assumptionValues } from '../machine/index.js';
import type { MachineDescription, Scenario } from './scenario.js';
import { shortDevices } from './short.js';
import { shortest } from './units.js';
import { lastCpus } from './vcpus.js';

/** YAML that parses to the same scenario. What has its default is left out, unless a reader would look for it. */
export function stringifyScenario(scenario: Scenario): string {
  const { version, name, about, model, behaviours, assumptions, machine, universe, operations, parallel, assert, run, timing } = scenario;
  const { events, policies } = scenario;
  const chosen = Object.entries(assumptions).filter(([key, value]) => value !== assumptionValues[key as keyof typeof assumptionValues][0]);
  const document = new Document(
    {
      version,
      name,
      ...(about === undefined ? {} : { about }),
      model,
      ...(Object.keys(behaviours).length === 0 ? {} : { behaviours }),
      ...(chosen.length === 0 ? {} : { assumptions: Object.fromEntries(chosen) }),
      machine: machineOf(machine),
      universe,
      devices: shortDevices(scenario),
      ...(operations.length === 0 ? {} : { operations }),
      ...(parallel ? { parallel } : {}),
      ...(events.length === 0 ? {} : { events }),
      ...(policies.length === 0 ? {} : { policies }),
      ...(assert.length === 0 ? {} : { assert }),
      run,
      ...(Object.keys(timing).length === 0 ? {} : { timing }),
    },
    // The same list twice is two lists: the format has no aliases.
    { aliasDuplicateObjects: false },
  );
  visit(document, {
    Pair: (_, { key, value }) => {
      // Vectors are read in hexadecimal everywhere else.
      if (isScalar(key) && key.value === 'vector' && isScalar(value)) value.format = 'HEX';
    },
    Collection: (key, node, path) => {
      if (key !== null && isShort(node, path.at(-1))) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function machineOf({ cpus, sockets = 1, iommu, vcpus, ioapic }: MachineDescription): unknown {
  const plain = cpus.every(({ cpu, apicId, online }, i) => cpu === i && apicId === i && online);
  return {
    ...(iommu === undefined ? {} : { iommu: shortest(iommu, sockets) }),
    ...(vcpus === undefined ? {} : { vcpus: isDefault(vcpus, cpus) ? vcpus.length : vcpus }),
    ...(ioapic === undefined ? {} : { ioapic }),
    ...(sockets === 1 ? {} : { sockets }),
    cpus: plain ? cpus.length : cpus.map(({ cpu, apicId, online }) => ({ cpu, apicId, ...(online ? {} : { online }) })),
  };
}

function isDefault(vcpus: readonly number[], cpus: MachineDescription['cpus']): boolean {
  const standard = lastCpus(
    vcpus.length,
    cpus.filter(({ online }) => online).map(({ cpu }) => cpu),
  );
  return vcpus.every((cpu, v) => cpu === standard[v]);
}

/** On one line: lists of plain values, and mappings of such; but `- offline: 3` reads better without braces. */
function isShort(node: Node, parent: unknown): boolean {
  if (isSeq(node)) return node.items.every(isScalar);
  if (!isMap(node)) return false;
  if (isSeq(parent) && node.items.length === 1 && isScalar(node.items[0]?.value)) return false;
  return node.items.every(({ value }) => isScalar(value) || (isSeq(value) && value.items.every(isScalar)));
}
