import { LapicSetup, LowestPriority, NONE } from '../core/index.js';

/** What kind of CPU it is (hardware.md J, `cpu.*`); the same for all CPUs of a machine. */
export interface CpuModel {
  /** Intel ignores ICR bit 12 in x2APIC mode, and masks LVT PerfMon when it fires (A.2.2, A.8.2); AMD does neither. Default intel. */
  readonly vendor: 'intel' | 'amd';
  /** there is an x2APIC mode (A.1). Default true. */
  readonly x2apic: boolean;
  /** the timer has TSC-deadline mode (A.8.3). Default true. */
  readonly tscDeadline: boolean;
  /** 3: timer, LINT0, LINT1, error; 4: and performance counter; 5: and thermal; 6: and CMCI (A.2). Default 6. */
  readonly maxLvtIndex: 3 | 4 | 5 | 6;
  /** VERSION bit 24: SVR bit 12 may be written (A.9, A.12). Default true. */
  readonly eoiBroadcastSuppress: boolean;
  /** lowest-priority IPIs are sent; otherwise they set ESR bit 4 (A.7.4, A.10). Default false. */
  readonly lowPriIpi: boolean;
  /** bits of a physical address, 36 to 52 (A.1). Default 46. */
  readonly maxPhyAddr: number;
  /** cycles of one tick of the timer's clock, before it is divided (A.8.3). Default 30: 100 MHz. */
  readonly timerTick: number;
}

/** Where the manual leaves a Local APIC open (hardware.md J, `lapic.*`), and how it starts. */
export interface LapicChoice {
  /** software may change the ID in xAPIC mode (A.2). Default false. */
  readonly allowXapicIdWrite: boolean;
  /** which of several candidates takes a lowest-priority message (A.7.4). Default hashVector. */
  readonly lowestPriPolicy: keyof typeof LowestPriority;
  /** sub-class of PPR where TPR and the vector in service have the same class (A.4.2). Default tpr. */
  readonly pprEqualClassSub: 'tpr' | 'zero';
  /** LAPICs start in x2APIC mode, as firmware leaves them; default where an APIC id does not fit into 8 bits */
  readonly startInX2apic: boolean;
}

/** Model of a machine's LAPICs, with its defaults in `defaultLapicModel`. */
export interface LapicModel extends CpuModel, LapicChoice {
  /** CPU (index) that starts at the reset vector; left out: after INIT and RESET all wait for SIPI */
  readonly bootstrap?: number;
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
