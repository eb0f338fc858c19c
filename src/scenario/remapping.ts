/** The remapping units of a scenario: which devices are behind them, and what they need of a machine. */
import type { BuiltModel } from '../kernel/model/index.js';
import { AMD_UNIT_BYTES, iommusOf, type FunctionModel, type IommuModel, type MachineSetup } from '../machine/index.js';
import type { Scenario } from './scenario.js';

/** Index of the unit of each device; -1: it is in nobody's list, or it is the event of a unit, which none remaps (hardware.md D.2). */
export function unitOfDevices({ machine, devices }: Scenario): readonly number[] {
  const units = machine.iommu?.units ?? [];
  const rest = units.findIndex((unit) => unit.devices === undefined && unit.socket === undefined);
  const byName = new Map(units.flatMap((unit, u) => (unit.devices ?? []).map((name) => [name, u] as const)));
  const bySocket = new Map(units.flatMap(({ socket }, u) => (socket === undefined ? [] : [[socket, u] as const])));
  return devices.map(({ name, message, socket = 0 }) => {
    if (message.type === 'dmar') return -1;
    return byName.get(name) ?? bySocket.get(socket) ?? rest;
  });
}

/** The remapping units of a machine. */
export function unitModels(scenario: Scenario, functions: readonly FunctionModel[]): readonly IommuModel[] {
  const { iommu } = scenario.machine;
  if (iommu === undefined) return [];
  const of = unitOfDevices(scenario);
  const requesters = (u: number): Set<number> => new Set(functions.flatMap(({ requester }, d) => (of[d] === u ? [requester] : [])));
  const scopes = iommu.units.map(({ devices, socket }, u) =>
    devices === undefined && socket === undefined ? {} : { scope: { requesters: [...requesters(u)] } },
  );
  if (iommu.type === 'vtd')
    return iommusOf(
      scopes.map((scope) => ({ ...scope, capabilities: { cm: iommu.cachingMode } })),
      [],
    );
  const { ga, xt, guest, numIntRemap, irtCacheDis } = iommu;
  const options = { type: 'amd', capabilities: { ga, xt, guest, numIntRemap }, cache: { irtCacheDis } } as const;
  return iommusOf(
    scopes.map((scope) => ({ ...scope, ...options })),
    [],
  );
}

/** What they need: a page for the queue of each, of AMD's also for its log and its device table. */
export function remapping({ machine: { iommu } }: Scenario, iommus: readonly IommuModel[], built: BuiltModel): Partial<MachineSetup> {
  if (iommu === undefined) return {};
  const bytes = iommu.type === 'amd' ? AMD_UNIT_BYTES : 4096;
  return { iommus, irtes: built.irtes ?? 0, memory: iommus.length * bytes, ...(iommu.type === 'amd' && { guestLog: iommu.guestLog }) };
}
