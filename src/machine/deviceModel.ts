import { FunctionKind, FunctionSetup } from '../core/index.js';

/** MSI capability of a device (hardware.md C.1). */
export interface MsiModel {
  /** messages that it can send: 1, 2, 4, 8, 16 or 32; default 1 */
  readonly vectors: 1 | 2 | 4 | 8 | 16 | 32;
  /** it has an upper address register; default true */
  readonly address64: boolean;
  /** it has a mask and a pending bit for each message; default false */
  readonly maskable: boolean;
}

/** MSI-X capability of a device (C.2). */
export interface MsixModel {
  /** entries of its table, 1 to 2048; default 1 */
  readonly vectors: number;
  /** whether it latches an entry when that is unmasked and knows nothing of later writes (C.4 E5); default 'off' */
  readonly entryCache: 'off' | 'latch-at-unmask';
}

/** A device as it was made. */
export interface DeviceModel {
  /** bus, device and function, 16 bits */
  readonly requester: number;
  /** its MSI capability; undefined: it has none */
  readonly msi: MsiModel | undefined;
  /** its MSI-X capability; undefined: it has none */
  readonly msix: MsixModel | undefined;
  /**
   * An event that is not masked but cannot be sent, with bus mastering off or in D3: 'retain' keeps it pending where there is a
   * pending bit for it, 'drop' loses it (C.4 E11). Default 'retain'.
   */
  readonly bmeOffPolicy: 'retain' | 'drop';
  /** it loses its registers on the way from D3 to D0; default false */
  readonly softReset: boolean;
}

/**
 * A function of a machine: a device, one of the chipset, which has a message of its own and neither capability, or what is on pins of
 * IOAPICs.
 */
export interface FunctionModel extends DeviceModel {
  readonly chipset?: 'hpet' | 'dmar' | 'pins' | undefined;
}

/** A device of `MachineOptions`; everything has a default. */
export interface DeviceOptions {
  /** bus, device and function, 16 bits; default 0x08, 0x10, 0x18 ... */
  readonly requester?: number;
  /** its MSI capability, left out: none; `{}` has the defaults */
  readonly msi?: Partial<MsiModel>;
  /** its MSI-X capability, left out: none; `{}` has the defaults */
  readonly msix?: Partial<MsixModel>;
  /** see `DeviceModel` */
  readonly bmeOffPolicy?: 'retain' | 'drop';
  /** see `DeviceModel` */
  readonly softReset?: boolean;
}

/** The words of each for the core. */
export function functionWords(devices: readonly FunctionModel[]): Uint32Array {
  const words = new Uint32Array(devices.length * FunctionSetup.words);
  let firstEntry = 0;
  devices.forEach(({ requester, msi, msix, bmeOffPolicy, softReset, chipset }, f) => {
    const at = f * FunctionSetup.words;
    words[at + FunctionSetup.requester] = requester;
    words[at + FunctionSetup.msiVectors] = msi?.vectors ?? 0;
    words[at + FunctionSetup.msiAddress64] = msi?.address64 ? 1 : 0;
    words[at + FunctionSetup.msiMaskable] = msi?.maskable ? 1 : 0;
    words[at + FunctionSetup.msixVectors] = msix?.vectors ?? 0;
    words[at + FunctionSetup.firstEntry] = firstEntry;
    words[at + FunctionSetup.entryCache] = msix?.entryCache === 'latch-at-unmask' ? 1 : 0;
    words[at + FunctionSetup.dropUnsent] = bmeOffPolicy === 'drop' ? 1 : 0;
    words[at + FunctionSetup.softReset] = softReset ? 1 : 0;
    words[at + FunctionSetup.kind] = FunctionKind[chipset ?? 'pci'];
    firstEntry += msix?.vectors ?? 0;
  });
  return words;
}
