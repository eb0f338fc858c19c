/** Where the host finds what. */
import { Table } from './abi/tables';
import {
  accountBase,
  accountSumBase,
  amdBase,
  apicIdBase,
  codeBase,
  counterBase,
  coverageBase,
  cpuBase,
  cpuEventBase,
  ctxBase,
  diagBase,
  endedBase,
  frcdBase,
  functionBase,
  functionSetupBase,
  gaugeBase,
  globBase,
  histogramBase,
  idtBase,
  iecBase,
  injectedBase,
  injectedHead,
  injectedMasks,
  ioapicBase,
  ioapicSetupBase,
  iommuBase,
  iommuScopeBase,
  iommuSetupBase,
  lapicBase,
  lapicSetupBase,
  lapicTimedBase,
  lineBase,
  liveBase,
  loadBase,
  moverBase,
  msgBase,
  msixBase,
  noteBase,
  opBase,
  operationSetupBase,
  originBase,
  pinBase,
  pointBase,
  ringBase,
  settingsBase,
  slotBase,
  sourceSetupBase,
  srcBase,
  timerBase,
  timerSetupBase,
  timingBase,
  toldBase,
} from './layout';

/** Address of a table for the host (`Table`), 0 for a number that names none. */
export function table(id: u32): usize {
  switch (id) {
    case Table.code:
      return codeBase;
    case Table.live:
      return liveBase;
    case Table.variables:
      return slotBase;
    case Table.idt:
      return idtBase;
    case Table.apicIds:
      return apicIdBase;
    case Table.sources:
      return sourceSetupBase;
    case Table.operations:
      return operationSetupBase;
    case Table.timings:
      return timingBase;
    case Table.points:
      return pointBase;
    case Table.settings:
      return settingsBase;
    case Table.cpus:
      return cpuBase;
    case Table.contexts:
      return ctxBase;
    case Table.messages:
      return msgBase;
    case Table.sourceStates:
      return srcBase;
    case Table.globals:
      return globBase;
    case Table.counters:
      return counterBase;
    case Table.notes:
      return noteBase;
    case Table.histogram:
      return histogramBase;
    case Table.coverage:
      return coverageBase;
    case Table.ring:
      return ringBase;
    case Table.operationStates:
      return opBase;
    case Table.told:
      return toldBase;
    case Table.ended:
      return endedBase;
    case Table.origins:
      return originBase;
    case Table.movers:
      return moverBase;
    case Table.lapicSetup:
      return lapicSetupBase;
    case Table.lapics:
      return lapicBase;
    case Table.lapicTimers:
      return lapicTimedBase;
    case Table.cpuEvents:
      return cpuEventBase;
    case Table.diagnostics:
      return diagBase;
    case Table.timerSetup:
      return timerSetupBase;
    case Table.timers:
      return timerBase;
    case Table.ioapicSetup:
      return ioapicSetupBase;
    case Table.ioapics:
      return ioapicBase;
    case Table.pins:
      return pinBase;
    case Table.functionSetup:
      return functionSetupBase;
    case Table.functions:
      return functionBase;
    case Table.msixEntries:
      return msixBase;
    case Table.iommuSetup:
      return iommuSetupBase;
    case Table.iommuScope:
      return iommuScopeBase;
    case Table.iommus:
      return iommuBase;
    case Table.amds:
      return amdBase;
    case Table.iecs:
      return iecBase;
    case Table.faultRecords:
      return frcdBase;
    case Table.lines:
      return lineBase;
    case Table.injectedHead:
      return injectedHead;
    case Table.injected:
      return injectedBase;
    case Table.injectedMasks:
      return injectedMasks;
    case Table.loads:
      return loadBase;
    case Table.accounts:
      return accountBase;
    case Table.accountSums:
      return accountSumBase;
    case Table.gauges:
      return gaugeBase;
    default:
      return 0;
  }
}
