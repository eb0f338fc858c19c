import { LapicSetup, LowestPriority, NONE } from '../core/index.js';

/** Model of a machine's LAPICs (hardware.md J), with its defaults in `defaultLapicModel`. */
export interface LapicModel {
  /** ICR bit 12 in x2APIC mode; whether the performance counter's LVT masks itself */
  readonly vendor: 'intel' | 'amd';
  readonly x2apic: boolean;
  readonly tscDeadline: boolean;
  /** 3: timer, LINT0, LINT1, error; 4: and performance counter; 5: and thermal; 6: and CMCI */
  readonly maxLvtIndex: 3 | 4 | 5 | 6;
  /** SVR bit 12 may be written */
  readonly eoiBroadcastSuppress: boolean;
  /** lowest-priority IPIs are sent; otherwise ESR bit 4 */
  readonly lowPriIpi: boolean;
  readonly allowXapicIdWrite: boolean;
  readonly lowestPriPolicy: keyof typeof LowestPriority;
  /** sub-class of PPR where TPR and the vector in service have the same class */
  readonly pprEqualClassSub: 'tpr' | 'zero';
  /** bits of a physical address, 36 to 52 */
  readonly maxPhyAddr: number;
  /** CPU (index) that starts at the reset vector; left out: after INIT and RESET all wait for SIPI */
  readonly bootstrap?: number;
  /** cycles of one tick of the timer clock, before it is divided */
  readonly timerTick: number;
  /** LAPICs start in x2APIC mode, as they must where an id does not fit into 8 bits */
  readonly startInX2apic: boolean;
}

export const defaultLapicModel: LapicModel = {
  vendor: 'intel',
  x2apic: true,
  tscDeadline: true,
  maxLvtIndex: 6,
  eoiBroadcastSuppress: true,
  lowPriIpi: false,
  allowXapicIdWrite: false,
  lowestPriPolicy: 'hashVector',
  pprEqualClassSub: 'tpr',
  maxPhyAddr: 46,
  bootstrap: 0,
  timerTick: 30,
  startInX2apic: false,
};

/** What kernel models run on: nobody boots, no IOAPIC, and who needs 32-bit ids has them from the start. */
export function lapicModelForKernels(apicIds: readonly number[]): LapicModel {
  const { bootstrap: _, ...model } = defaultLapicModel;
  return { ...model, eoiBroadcastSuppress: false, startInX2apic: apicIds.some((id) => id > 254) };
}

/** Throws a RangeError for what no LAPIC is. */
export function lapicWords(model: LapicModel): Uint32Array {
  const { maxPhyAddr, timerTick } = model;
  if (!Number.isInteger(maxPhyAddr) || maxPhyAddr < 36 || maxPhyAddr > 52)
    throw new RangeError(`maxPhyAddr is ${maxPhyAddr}; a physical address has 36 to 52 bits`);
  if (!Number.isInteger(timerTick) || timerTick < 1 || timerTick > 0xffff)
    throw new RangeError(`timerTick is ${timerTick}; a tick of the timer clock takes 1 to 65535 cycles`);
  const words = new Uint32Array(LapicSetup.words);
  words[LapicSetup.vendor] = model.vendor === 'amd' ? 1 : 0;
  words[LapicSetup.x2apic] = Number(model.x2apic);
  words[LapicSetup.tscDeadline] = Number(model.tscDeadline);
  words[LapicSetup.maxLvtIndex] = model.maxLvtIndex;
  words[LapicSetup.eoiBroadcastSuppress] = Number(model.eoiBroadcastSuppress);
  words[LapicSetup.lowPriIpi] = Number(model.lowPriIpi);
  words[LapicSetup.allowXapicIdWrite] = Number(model.allowXapicIdWrite);
  words[LapicSetup.lowestPriPolicy] = LowestPriority[model.lowestPriPolicy];
  words[LapicSetup.pprEqualClassSub] = model.pprEqualClassSub === 'zero' ? 1 : 0;
  words[LapicSetup.maxPhyAddr] = maxPhyAddr;
  words[LapicSetup.bootstrap] = model.bootstrap ?? NONE;
  words[LapicSetup.timerTick] = timerTick;
  words[LapicSetup.startInX2apic] = Number(model.startInX2apic);
  return words;
}
