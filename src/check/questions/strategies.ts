/**
 * Ways of moving interrupts beside the assumptions they rest on: each way that some version has, on scenarios that put it to the test,
 * under the assumptions in force and with each of them given up alone.
 */
import { findModel, modelNames, type KernelModel } from '../../kernel/model/index.js';
import { assumptionValues, type Assumptions } from '../../machine/index.js';
import { assembleSystem, restsOn, type Scenario } from '../../scenario/index.js';
import { search, type SearchLimits } from '../search/index.js';
import { minimise, tokenOf } from '../ways/index.js';
import { systemOn } from './verdicts.js';

/** What a kernel does about one thing: the behaviours that make it up, and built-in scenarios that it matters in. */
export interface Group {
  readonly name: string;
  readonly behaviours: readonly string[];
  readonly scenarios: readonly string[];
  /** behaviours of ways that no version has, to see what a step of them is for */
  readonly without?: readonly Readonly<Record<string, string>>[];
}

export const strategyGroups: readonly Group[] = [
  {
    name: 'message update',
    behaviours: ['msiUpdate', 'moveMark', 'msiReadBack'],
    scenarios: ['torn-move', 'xhci-torn-offline', 'msix-move', 'masked-msi-move'],
  },
  {
    name: 'entry update',
    behaviours: ['irteUpdate', 'iecFlush', 'iecWait', 'iecIndex'],
    scenarios: ['remapped-msi-move', 'remapped-msi-new-offline', 'posted-msi-move-back'],
    without: [{ irteUpdate: 'split' }, { iecFlush: 'none' }, { iecWait: 'none' }],
  },
  {
    name: 'AMD-Vi entry update',
    behaviours: ['amdIrteUpdate', 'amdCompletionWait'],
    scenarios: ['amd-msi-move', 'amd-two-movers'],
    without: [{ iecFlush: 'none' }, { iecWait: 'none' }, { iecWait: 'before' }],
  },
  {
    name: 'virtual CPUs',
    behaviours: ['piLoad', 'piLoadBlocked', 'piBlock'],
    scenarios: ['vcpu-preempt', 'vcpu-block'],
    without: [{ piBlockOn: 'none' }],
  },
  {
    name: 'cleanup',
    behaviours: ['completeMove', 'cleanup', 'cleanupOffline', 'pendingPosted', 'busyMove'],
    scenarios: ['msi-move-back', 'dmar-old-offline', 'remapped-msi-move-back', 'posted-msi-cleanup'],
  },
  {
    name: 'offline',
    behaviours: ['lapicDisable', 'forceComplete', 'noVectorLeft', 'settleDelay', 'irrScan', 'retrigger', 'slotMark', 'offlineList'],
    scenarios: ['offline-late', 'xhci-hotplug', 'hpet-new-offline', 'remapped-queued-offline'],
  },
];

/** A way that neighbouring versions share, or one that none has. */
export interface Strategy {
  readonly group: string;
  /** the behaviours of the group that are not the same on all versions, with their values */
  readonly behaviours: Readonly<Record<string, string>>;
  /** the first and the last of the versions; none: it is no version's */
  readonly versions: readonly [first: string, last: string] | undefined;
  /** the last of them: what else it does has the fewest mistakes */
  readonly model: KernelModel;
}

export interface Cell {
  readonly verdict: 'safe' | 'failed' | 'unknown';
  readonly states: number;
  /** properties, as the core calls them */
  readonly failed: readonly string[];
  /** of the shortest counterexample */
  readonly steps?: number;
  readonly token?: string;
  readonly reason?: string;
}

/** An assumption that is given up; undefined: those in force are all kept. */
export type Given = readonly [name: keyof Assumptions, value: string] | undefined;

/** The columns: nothing given up, and then each weaker value of each assumption. */
export const assumptionsGivenUp: readonly Given[] = [
  undefined,
  ...Object.entries(assumptionValues).flatMap(([name, values]) =>
    values.slice(1).map((value) => [name as keyof Assumptions, value] as const),
  ),
];

/** The ways of a group, oldest first; versions that have no way of their own to drive the scenario's machine are left out. */
export function strategiesOf({ name: group, behaviours, without = [] }: Group, scenario: Scenario): Strategy[] {
  const all = modelNames.map((name) => findModel(name)).filter((model) => 'system' in systemOn(scenario, model));
  const valuesOf = (model: KernelModel): [string, string][] =>
    model.behaviours.filter(({ name }) => behaviours.includes(name)).map(({ name, value }) => [name, value]);
  const varying = behaviours.filter(
    (name) => new Set(all.map((model) => model.behaviours.find((each) => each.name === name)?.value)).size > 1,
  );
  const eras: { key: string; models: KernelModel[] }[] = [];
  for (const model of all) {
    const key = JSON.stringify(valuesOf(model));
    const last = eras.at(-1);
    if (last?.key === key) last.models.push(model);
    else eras.push({ key, models: [model] });
  }
  const ways = eras.map(({ models }): Strategy => {
    const [first, last] = [models[0], models.at(-1)] as [KernelModel, KernelModel];
    const differing = Object.fromEntries(valuesOf(last).filter(([name]) => varying.includes(name)));
    return { group, behaviours: differing, versions: [first.name, last.name], model: last };
  });
  const newest = ways.at(-1)?.model;
  if (newest === undefined) return [];
  return [
    ...ways,
    ...without.map((set): Strategy => ({ group, behaviours: set, versions: undefined, model: newest.set?.(set) ?? newest })),
  ];
}

/** Searches the cell of a strategy on a scenario; undefined: its machine does not rest on the assumption. */
export async function strategyCell(scenario: Scenario, { model }: Strategy, given: Given, limits: SearchLimits): Promise<Cell | undefined> {
  const assumptions = given === undefined ? {} : { [given[0]]: given[1] };
  const system = assembleSystem(scenario, { model, assumptions });
  if (given !== undefined && (!(given[0] in restsOn(system)) || scenario.assumptions[given[0]] === given[1])) return undefined;
  const { verdict, reason, failures, coverage } = await search(system, limits);
  const [first] = failures;
  const cell: Cell = {
    verdict,
    states: coverage.states,
    failed: failures.map(({ property }) => property),
    ...(reason !== undefined && { reason }),
  };
  if (first === undefined) return cell;
  const shortest = await minimise(system, first);
  return { ...cell, steps: shortest.length, token: await tokenOf(system, shortest.path) };
}
