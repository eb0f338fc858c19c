/** What QEMU saw, line by line: whose access it is and to what, by the addresses of the machine. */
import { access, cpu, vector, type Access } from './access.js';
import type { RecordedIrq } from './irqs.js';
import { numberOf, RecordingError, type RecordedLine } from './lines.js';

/** An access that QEMU saw. */
export interface Seen {
  readonly line: RecordedLine;
  /** undefined: its line does not say, and nothing around it does */
  readonly cpu: number | undefined;
  /** the irq whose registers these are; undefined: a LAPIC's, or nobody's */
  readonly irq: number | undefined;
  readonly kind: Kind;
  readonly access: Access;
}

/** What a kprobe can be recognised by: the first access of its routine is of its kind. */
export type Kind = 'mask' | 'unmask' | 'message' | 'flush' | 'queue' | 'ioapic' | 'irr' | 'icr' | 'eoi' | 'lapic';

/** Traffic: what devices send and what becomes of it. No kernel does that. */
const traffic: ReadonlySet<string> = new Set([
  'MARK',
  'apic_deliver_irq',
  'vtd_ir_irte_get',
  'vtd_ir_remap',
  // the same accesses once more, as the parts of QEMU see them that carry them out
  'ioapic_mem_write',
  'ioapic_mem_read',
  'vtd_reg_write',
  'vtd_inv_qi_tail',
  'vtd_inv_desc',
  'vtd_inv_desc_iec',
  'vtd_inv_desc_wait_sw',
]);

/** Offsets in a page of MSI-X table entries of 16 bytes. */
const Table = { addrLo: 0, addrHi: 4, data: 8, control: 12 } as const;
const IOAPIC_SELECT = 0xfec00000;
const REDIRECTION = 0x10;

/** How far the clocks of the two sources may be apart (microseconds). */
export const APART = 200;

interface Around {
  readonly lines: readonly RecordedLine[];
  readonly irqs: ReadonlyMap<number, RecordedIrq>;
  readonly capabilities: ReturnType<typeof capabilitiesOf>;
}

/** The accesses in a stretch, in QEMU's order. */
export function seenIn(lines: readonly RecordedLine[], irqs: ReadonlyMap<number, RecordedIrq>): Seen[] {
  const around: Around = { lines, irqs, capabilities: capabilitiesOf(lines) };
  const tables = tablesOf(lines, irqs);
  const pins = new Map([...irqs.values()].flatMap((irq) => (irq.chip === 'IO-APIC' ? [[irq.hwirq, irq.irq] as const] : [])));
  const indexes = indexesOf(lines);
  const selected = new Map<number, number>();
  const high = new Map<number, number>();
  const qemu = lines.filter(({ source }) => source === 'qemu');
  return qemu.flatMap((line, i): Seen[] => {
    const self = line.cpu;
    const seen = (kind: Kind, what: Access, irq?: number): Seen[] => [{ line, cpu: self, irq, kind, access: what }];
    if (line.event === 'pci_cfg_write') return configWrite(line, around);
    if (line.event === 'lapic_write' || line.event === 'lapic_read') {
      const [, register = '', text = '0'] = /^cpu=-?\d+ (\S+) (\S+)$/.exec(line.fields) ?? [];
      // offset 0 is where an MSI arrives that a CPU's access to a device has set off
      if (register === '0x0') return [];
      const value = Number(text);
      if (register === 'EOI') return seen('eoi', access('lapic', 'EOI'));
      if (register === 'ICR_HI') {
        high.set(self ?? -1, value >>> 24);
        return [];
      }
      if (register === 'ICR_LO') return seen('icr', interProcessor(value, high.get(self ?? -1)));
      if (register === '0x210' && line.event === 'lapic_read') return seen('irr', access('lapic', 'reads IRR'));
      return seen('lapic', lapicAccess(line.event, register, value));
    }
    if (line.event !== 'mmio_write' && line.event !== 'mmio_read') {
      if (traffic.has(line.event)) return [];
      const message = `${line.event} is none of the events of QEMU that are known; expected e.g. lapic_write, mmio_write or pci_cfg_write`;
      throw new RecordingError([{ file: line.file, line: line.line, column: 1, message }]);
    }
    const isWrite = line.event === 'mmio_write';
    const region = /^cpu=-?\d+ (\S+)/.exec(line.fields)?.[1] ?? '';
    const address = numberOf(line, 'addr');
    const value = numberOf(line, 'val');
    switch (region) {
      case 'msix-table': {
        const page = address - (address % 0x1000);
        const irq = tables.get(page)?.get((address % 0x1000) >> 4);
        return tableAccess(address, value, isWrite).flatMap(([kind, what]) => seen(kind, what, kind === 'flush' ? undefined : irq));
      }
      case 'ioapic': {
        // a register is selected and read or written under one lock: that is one access
        if (address === IOAPIC_SELECT) {
          selected.set(self ?? -1, value);
          return [];
        }
        const register = selected.get(self ?? -1) ?? 0;
        const pin = (register - REDIRECTION) >> 1;
        return seen('ioapic', ioapicAccess(register, value, isWrite), pins.get(pin));
      }
      case 'intel_iommu': {
        const index = indexAfter(qemu, i);
        return seen('queue', queueAccess(qemu, i), index === undefined ? undefined : indexes.get(index));
      }
      default:
        return [];
    }
  });
}

/** Which irq the entries of a table page belong to: its device is the one whose irq was masked, unmasked or written at that moment. */
function tablesOf(lines: readonly RecordedLine[], irqs: ReadonlyMap<number, RecordedIrq>): Map<number, Map<number, number>> {
  const touching = /^(?:pci_irq_(?:un)?mask_msix|pci_msi_domain_write_msg)$/;
  const touched = lines.filter(({ source, event }) => source === 'guest' && touching.test(event));
  const votes = new Map<number, Map<string, number>>();
  for (const line of lines) {
    if (line.event !== 'mmio_write' || !line.fields.includes('msix-table')) continue;
    const address = numberOf(line, 'addr');
    const entry = (address % 0x1000) >> 4;
    for (const near of touched) {
      if (near.cpu !== line.cpu || Math.abs(near.time - line.time) > APART) continue;
      const irq = irqs.get(numberOf(near, 'irq'));
      if (irq?.device === undefined || irq.hwirq !== entry) continue;
      const page = votes.get(address - (address % 0x1000)) ?? new Map<string, number>();
      votes.set(address - (address % 0x1000), page.set(irq.device, (page.get(irq.device) ?? 0) + 1));
    }
  }
  return new Map(
    [...votes].map(([page, devices]) => {
      const [device] = [...devices].toSorted((a, b) => b[1] - a[1])[0] ?? [];
      const entries = [...irqs.values()].flatMap((irq) =>
        irq.device === device && irq.chip === 'PCI-MSIX' ? [[irq.hwirq, irq.irq] as const] : [],
      );
      return [page, new Map(entries)];
    }),
  );
}

/** Which irq an entry of the remapping table belongs to: its number stands in the descriptor that the irq's move submits. */
function indexesOf(lines: readonly RecordedLine[]): Map<number, number> {
  const indexes = new Map<number, number>();
  const at = new Map<number, number>();
  for (const line of lines) {
    if (line.source !== 'guest' || line.cpu === undefined) continue;
    const irq = /(?:^|\s)irq=(\d+)/.exec(line.fields)?.[1];
    if (irq !== undefined) at.set(line.cpu, Number(irq));
    if (line.event !== 'qi_submit_sync') continue;
    const owner = at.get(line.cpu);
    if (owner !== undefined) indexes.set(entryOf(line), owner);
  }
  return indexes;
}

/** `d0=0x1c00000014`: the low half of an IEC descriptor has the index in bits 47:32. */
function entryOf(line: RecordedLine): number {
  const found = /\bd0=0x([0-9a-f]+)/.exec(line.fields)?.[1] ?? '0';
  return Number((BigInt(`0x${found}`) >> 32n) & 0xffffn);
}

/** The descriptors that QEMU executes right behind a tail write. */
function descriptorsAfter(qemu: readonly RecordedLine[], at: number): RecordedLine[] {
  const after = qemu.slice(at + 1, at + 12);
  const end = after.findIndex(({ event }) => !event.startsWith('vtd_') || event.startsWith('vtd_ir_'));
  return (end < 0 ? after : after.slice(0, end)).filter(({ event }) => event.startsWith('vtd_inv_desc_'));
}

export function indexAfter(qemu: readonly RecordedLine[], at: number): number | undefined {
  const iec = descriptorsAfter(qemu, at).find(({ event }) => event === 'vtd_inv_desc_iec');
  return iec === undefined ? undefined : numberOf(iec, 'index');
}

export function queueAccess(qemu: readonly RecordedLine[], at: number): Access {
  const words = descriptorsAfter(qemu, at).map((line) => {
    if (line.event === 'vtd_inv_desc_wait_sw') return 'wait with status write';
    const mask = numberOf(line, 'mask');
    return numberOf(line, 'granularity') === 0 ? 'IEC of all entries' : `IEC of ${mask === 0 ? 'its entry' : `${2 ** mask} entries`}`;
  });
  return access('queue', `tail: ${words.join(', ')}`);
}

const configured = /\s([0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) @(0x[0-9a-f]+) <- (0x[0-9a-f]+)/;

/** Where the MSI capability of a device lies and how wide its address is: both are told by a write to its control register. */
function capabilitiesOf(lines: readonly RecordedLine[]): Map<string, { readonly base: number; readonly wide: boolean }> {
  return new Map(
    lines.flatMap((line) => {
      const [, device = '', at = '', text = ''] = (line.event === 'pci_cfg_write' && configured.exec(line.fields)) || [];
      return Number(at) % 4 === 2 ? [[device, { base: Number(at) - 2, wide: (Number(text) & 0x80) !== 0 }] as const] : [];
    }),
  );
}

function configWrite(line: RecordedLine, around: Around): Seen[] {
  const [, device = '', at = '', text = ''] = configured.exec(line.fields) ?? [];
  const irq = [...around.irqs.values()].find((each) => each.chip === 'PCI-MSI' && each.device?.endsWith(device) === true);
  const capability = around.capabilities.get(device);
  if (irq === undefined || capability === undefined) return [];
  const registers = capability.wide ? ['', 'address', 'upper address', 'data'] : ['', 'address', 'data'];
  const offset = Number(at) - capability.base;
  const register = offset === 2 ? 'control' : registers[offset / 4];
  if (register === undefined) return [];
  // QEMU does not say which CPU it was: the one that is writing this irq's message
  const writers = around.lines.filter((each) => each.event === 'pci_msi_domain_write_msg' && numberOf(each, 'irq') === irq.irq);
  const writer = writers.toSorted((a, b) => Math.abs(a.time - line.time) - Math.abs(b.time - line.time))[0];
  const what = access('config', ...messagePart(register, Number(text)));
  return [{ line, cpu: writer?.cpu, irq: irq.irq, kind: 'message', access: what }];
}

/** A register of a message and its value; the vector is that of a message that asks for one. */
export function messagePart(register: string, value: number): Access['parts'] {
  if (register === 'control') return [(value & 1) === 0 ? 'control = off' : 'control written back'];
  if (register === 'MSI-X control') return [`MSI-X ${(value & 0x8000) === 0 ? 'off' : (value & 0x4000) === 0 ? 'on' : 'on, all masked'}`];
  if (register === 'address') {
    if (value === 0) return ['address = 0'];
    return (value & 0x10) === 0 ? ['address =', cpu((value >>> 12) & 0xff)] : ['address = its entry'];
  }
  if (register === 'data') return value === 0 ? ['data = 0'] : ['data =', vector(value & 0xff)];
  return [`${register} = ${value === 0 ? '0' : `0x${value.toString(16)}`}`];
}

export function tableAccess(address: number, value: number, isWrite: boolean): (readonly [Kind, Access])[] {
  const at = address % 16;
  if (isWrite) {
    switch (at) {
      case Table.addrLo:
        return [['message', access('table', ...messagePart('address', value))]];
      case Table.addrHi:
        return [['message', access('table', ...messagePart('upper address', value))]];
      case Table.data:
        return [['message', access('table', ...messagePart('data', value))]];
      default:
        return [[(value & 1) === 0 ? 'unmask' : 'mask', access('table', `control = ${(value & 1) === 0 ? 'unmasked' : 'masked'}`)]];
    }
  }
  if (at === Table.data) return [['message', access('table', 'reads data')]];
  return [
    ['flush', access('table', at === Table.addrLo ? 'reads address' : `reads ${at === Table.control ? 'control' : 'upper address'}`)],
  ];
}

/** A register of the IOAPIC by its index. */
export function ioapicAccess(register: number, value: number, isWrite: boolean): Access {
  const word = register < REDIRECTION ? `register 0x${register.toString(16)}` : register % 2 === 0 ? 'low word' : 'high word';
  if (!isWrite) return access('ioapic', `reads ${word}`);
  if (register < REDIRECTION) return access('ioapic', `${word} = 0x${value.toString(16)}`);
  if (register % 2 === 1) return access('ioapic', `${word} =`, cpu(value >>> 24));
  const masked = (value & 0x10000) === 0 ? '' : 'masked, ';
  const level = (value & 0x8000) === 0 ? 'edge' : 'level';
  return access('ioapic', `${word} = ${masked}${level},`, vector(value & 0xff));
}

function lapicAccess(event: string, register: string, value: number): Access {
  const name = names[register] ?? register;
  if (event === 'lapic_read') return access('lapic', `reads ${name}`);
  return access('lapic', `${name} = 0x${value.toString(16)}`);
}

/** Offsets that QEMU's log prints as numbers. */
const names: Record<string, string> = Object.fromEntries(
  Array.from({ length: 8 }, (_, i) => [
    [`0x1${i}0`, `ISR ${i}`],
    [`0x2${i}0`, `IRR ${i}`],
  ]).flat(),
) as Record<string, string>;

/** What a write to the ICR asks for; `high`: the CPU, if that is known. */
export function interProcessor(low: number, high: number | undefined): Access {
  const to = high === undefined ? [] : ['to', cpu(high)];
  const mode = (low >>> 8) & 7;
  if (mode === 5) return access('icr', `INIT ${(low & 0x4000) === 0 ? 'de-assert' : 'assert'}`, ...to);
  if (mode === 6) return access('icr', 'SIPI', ...to);
  return access('icr', vector(low & 0xff), ...to);
}
