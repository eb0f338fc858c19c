/** What a hunt tries: kinds of devices, on platforms, in surroundings. Who adds a row to one of these tables has it tried with all others. */
import type { DeviceDescription, IommuDescription } from '../scenario/index.js';

/** What stands between devices and CPUs. */
export interface Platform {
  readonly name: string;
  /** as in `... behind a VT-d unit` */
  readonly about: string;
  /** left out: no interrupt remapping */
  readonly iommu?: IommuDescription;
  /** devices of PCI only: the others are there as on another platform */
  readonly pciOnly?: boolean;
  /** a guest has the device, and its one vCPU what the unit posts */
  readonly guest?: boolean;
  /** how a real system is made one of these */
  readonly real: string;
}

/** A kind of device, with its irqs. */
export interface Kind {
  readonly name: string;
  /** as in `a plain MSI` */
  readonly about: string;
  readonly message: DeviceDescription['message'];
  /** irqs of the device */
  readonly irqs: number;
  readonly level?: boolean;
  readonly managed?: boolean;
  /** nobody may ask for a move (IRQF_NOBALANCING): only a CPU that goes offline moves it */
  readonly pinned?: boolean;
  readonly threaded?: boolean;
  /** Linux has it with interrupt remapping only */
  readonly remappedOnly?: boolean;
  /** which device of a real system is one of these */
  readonly real: string;
}

/** What there is besides the device. */
export interface Surroundings {
  readonly name: string;
  /** left out: nothing */
  readonly about?: string;
}

const guestWith = (option: string): string =>
  `a KVM guest of one vCPU has the device by vfio-pci, with ${option} and halt_poll_ns=0 of kvm; VCPU is the thread of its vCPU`;
const GUEST = guestWith('enable_apicv=Y of kvm_intel');

export const platforms: readonly Platform[] = [
  { name: 'plain', about: 'without interrupt remapping', real: 'boot with intremap=off' },
  {
    name: 'vtd',
    about: 'behind a VT-d unit',
    iommu: { type: 'vtd', cachingMode: false, units: [{}] },
    real: 'an Intel machine with "DMAR-IR: Enabled IRQ remapping" in its log',
  },
  {
    name: 'posted-msi',
    about: 'behind a VT-d unit that posts it',
    iommu: { type: 'vtd', cachingMode: false, postedMsi: true, units: [{}] },
    pciOnly: true,
    real: 'an Intel machine whose VT-d posts interrupts; boot with intremap=posted_msi',
  },
  {
    name: 'amd',
    about: 'behind an AMD-Vi unit',
    iommu: { type: 'amd', ga: true, xt: true, guest: false, numIntRemap: false, irtCacheDis: false, guestLog: 15, units: [{}] },
    real: 'an AMD machine with "AMD-Vi: Interrupt remapping enabled" in its log',
  },
  {
    name: 'vcpu',
    about: 'behind a VT-d unit that posts it to a vCPU',
    iommu: { type: 'vtd', cachingMode: false, units: [{}] },
    pciOnly: true,
    guest: true,
    real: `an Intel machine whose VT-d posts interrupts (bit 59 of /sys/class/iommu/dmar0/intel-iommu/cap); ${GUEST}`,
  },
  {
    name: 'posted-msi-vcpu',
    about: 'behind a VT-d unit that posts it to a vCPU, or else to a CPU',
    iommu: { type: 'vtd', cachingMode: false, postedMsi: true, units: [{}] },
    pciOnly: true,
    guest: true,
    real: `an Intel machine whose VT-d posts interrupts; boot with intremap=posted_msi; ${GUEST}`,
  },
  {
    name: 'amd-vcpu',
    about: 'behind an AMD-Vi unit that posts it to a vCPU',
    iommu: { type: 'amd', ga: true, xt: true, guest: true, numIntRemap: false, irtCacheDis: false, guestLog: 15, units: [{}] },
    pciOnly: true,
    guest: true,
    real: `an AMD machine with "AMD-Vi: Virtual APIC enabled" in its log; ${guestWith('avic=1 of kvm_amd')}`,
  },
];

export const kinds: readonly Kind[] = [
  {
    name: 'msi',
    about: 'an MSI without mask bits',
    message: { type: 'msi', address64: true },
    irqs: 1,
    real: 'a device with "MSI: ... Maskable-" in lspci -vv (many xHCI and AHCI controllers)',
  },
  {
    name: 'masked-msi',
    about: 'an MSI with a mask bit',
    message: { type: 'msi', address64: true, maskable: true },
    irqs: 1,
    real: 'a device with "MSI: ... Maskable+" in lspci -vv',
  },
  { name: 'msix', about: 'an MSI-X entry', message: { type: 'msix' }, irqs: 1, real: 'a network card or any other device with MSI-X' },
  {
    name: 'multi-msi',
    about: 'an MSI of two messages',
    message: { type: 'msi', address64: true },
    irqs: 2,
    remappedOnly: true,
    real: 'a device with "MSI: Enable+ Count=2/..." in lspci -vv',
  },
  {
    name: 'managed-msix',
    about: 'a managed MSI-X entry',
    message: { type: 'msix' },
    irqs: 1,
    managed: true,
    real: 'a queue of an NVMe controller',
  },
  {
    name: 'hpet',
    about: 'a comparator of the HPET',
    message: { type: 'hpet' },
    irqs: 1,
    pinned: true,
    real: 'an HPET comparator with FSB delivery, of a CPU whose LAPIC timer stops in deep sleep (no arat in /proc/cpuinfo)',
  },
  {
    name: 'edge-pin',
    about: 'an IOAPIC pin that is triggered by edges',
    message: { type: 'ioapic', pin: 4, trigger: 'edge' },
    irqs: 1,
    real: 'an "IO-APIC ...-edge" line of /proc/interrupts, as of a serial port',
  },
  {
    name: 'level-pin',
    about: 'a level-triggered IOAPIC pin',
    message: { type: 'ioapic', pin: 9, trigger: 'level' },
    irqs: 1,
    level: true,
    real: 'an "IO-APIC ...-fasteoi" line of /proc/interrupts',
  },
  {
    name: 'threaded-pin',
    about: 'a level-triggered IOAPIC pin with a threaded handler',
    message: { type: 'ioapic', pin: 9, trigger: 'level' },
    irqs: 1,
    level: true,
    threaded: true,
    real: 'an "IO-APIC ...-fasteoi" line whose driver asks for IRQF_ONESHOT',
  },
];

export const surroundings: readonly Surroundings[] = [
  { name: 'alone' },
  { name: 'neighbour', about: 'beside an irq that has the same vector on another CPU' },
  { name: 'crowd', about: 'with CPUs of one vector each, another of which is taken' },
  { name: 'twin', about: 'beside another of its kind' },
  { name: 'host', about: 'the host’s until it is posted' },
];

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

export const platformOf = ({ platform }: { readonly platform: string }): Platform => named(platforms, platform);
/** A user may ask for a move. */
export const isMovable = ({ managed, pinned }: Kind): boolean => managed !== true && pinned !== true;

export const kindOf = ({ kind }: { readonly kind: string }): Kind => named(kinds, kind);
