/** A remapping unit of AMD-Vi: setup words, registers and the bits in them (hardware.md F). Compiled by both sides; it imports nothing. */

/** Words of one unit's constants, in the record of `IommuSetup`, whose other words it shares (hardware.md F, J). */
export const enum AmdSetup {
  /** 1: entries of 128 bits, destinations of 32 bits, entries for guests, 2048 entries a device */
  ga = 1,
  xt = 2,
  guest = 3,
  numIntRemap = 4,
  /** 1: control has IRTCacheDis set after reset */
  irtCacheDis = 5,
  /** device table entries that it caches, behind `IommuSetup.entries` of the other cache */
  deviceEntries = 6,
}

/** Registers by their offsets (hardware.md F.1). Each has 64 bits; those from `msiLow` to `msiData` have 32. */
export enum AmdReg {
  deviceTable = 0x0000,
  commandBase = 0x0008,
  eventBase = 0x0010,
  control = 0x0018,
  features = 0x0030,
  gaBase = 0x00e0,
  gaTailAddress = 0x00e8,
  /** the unit's own MSI, as in its PCI capability */
  msiLow = 0x015c,
  msiHigh = 0x0160,
  msiData = 0x0164,
  xtEvent = 0x0170,
  xtPpr = 0x0178,
  xtGa = 0x0180,
  features2 = 0x01a0,
  commandHead = 0x2000,
  commandTail = 0x2008,
  eventHead = 0x2010,
  eventTail = 0x2018,
  status = 0x2020,
  gaHead = 0x2040,
  gaTail = 0x2048,
  window = 0x4000,
}

/** Bits of the low half of the control register. */
export const enum AmdControl {
  iommuEn = 0x1,
  eventLogEn = 0x4,
  eventIntEn = 0x8,
  comWaitIntEn = 0x10,
  cmdBufEn = 0x1000,
  gaEn = 0x20000,
  /** GAMEn; 1 of its values is guest mode */
  gamEn = 0xe000000,
  guestMode = 0x2000000,
  gaLogEn = 0x10000000,
  gaIntEn = 0x20000000,
}

/** Bits of the high half of the control register. */
export const enum AmdControlHigh {
  /** NumIntRemapMode; 1 of its values is 2048 entries a device */
  numIntRemapMode = 0x1800,
  numIntRemap2k = 0x800,
  xtEn = 0x40000,
  intCapXtEn = 0x80000,
  irtCacheDis = 0x8000000,
}

/** Bits of the status register. */
export const enum AmdStatus {
  eventOverflow = 0x1,
  eventLogInt = 0x2,
  comWaitInt = 0x4,
  eventLogRun = 0x8,
  cmdBufRun = 0x10,
  gaLogRun = 0x100,
  gaLogOverflow = 0x200,
  gaLogInt = 0x400,
}

/** Codes of event log entries (hardware.md F.6). */
export const enum AmdEvent {
  illegalDevTable = 1,
  ioPageFault = 2,
  devTabHardware = 3,
  pageTabHardware = 4,
  illegalCommand = 5,
  commandHardware = 6,
}

/** Flags of an event log entry: interrupt, translation present, reserved bit not zero. */
export const enum AmdEventFlag {
  interrupt = 0x8,
  present = 0x10,
  reserved = 0x80,
}

/** Commands by their numbers (hardware.md F.5); those for pages concern DMA, and have no effect here. */
export const enum AmdCommand {
  completionWait = 1,
  invalidateDevtabEntry = 2,
  invalidateIommuPages = 3,
  invalidateIotlbPages = 4,
  invalidateInterruptTable = 5,
  invalidateAll = 8,
}

/** Registers of one unit, 128 bytes, class check. */
export const enum Amd {
  deviceTable = 0,
  commandBase = 8,
  eventBase = 16,
  /** u32 low half, u32 high half */
  control = 24,
  gaBase = 32,
  gaTailAddress = 40,
  xtEvent = 48,
  xtPpr = 56,
  xtGa = 64,
  /** u32 each from here on */
  commandHead = 72,
  commandTail = 76,
  eventHead = 80,
  eventTail = 84,
  gaHead = 88,
  gaTail = 92,
  msiLow = 96,
  msiHigh = 100,
  msiData = 104,
  status = 108,
  /** status bits for which an interrupt has been sent */
  told = 112,
  size = 128,
}
