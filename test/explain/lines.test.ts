/** Lines as kernels and hypervisors have printed them, in reports of users: what is read of each, and what it is blamed on. */
import { describe, expect, test } from 'vitest';
import { explanationsText } from '../../src/cli/explained.js';
import { explainLines, type Explained } from '../../src/index.js';

/** A line; its kind, fields that it must have, and what causes (or, where it has none, summary or hints) say. */
type Row = readonly [line: string, kind: string, fields: Readonly<Record<string, string>>, cause: RegExp, check: RegExp | undefined];
type Short = Row | readonly [line: string, kind: string, fields: Readonly<Record<string, string>>, cause: RegExp];

const vtd: readonly Short[] = [
  [
    '  [76561.105092] DMAR: [INTR-REMAP] Request device [65:00.0] fault index 0x25 [fault reason 0x22] Present field in the IRTE entry is clear',
    'vtd-fault',
    { device: '65:00.0', index: '0x25', reason: '0x22' },
    /^The irq was freed or shut down and its device still sends/,
    /^P, bit 0 of the entry/,
  ],
  [
    'DMAR: [INTR-REMAP] Request device [0x64:0x00.5] fault index 0x8800 [fault reason 0x25] Blocked a compatibility format interrupt request',
    'vtd-fault',
    { device: '64:00.5', index: '0x8800', reason: '0x25' },
    /outside of the remapping domain/,
    /address bit 4/,
  ],
  [
    'kernel: DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0x0 [fault reason 0x25] Blocked a compatibility format interrupt request',
    'vtd-fault',
    { device: 'f0:1f.0', reason: '0x25' },
    /at boot or resume does no harm/,
  ],
  [
    '[Thu Oct 22 08:54:51 2020] DMAR: [INTR-REMAP] Request device [42:00.2] fault index 1600 [fault reason 37] Blocked a compatibility format interrupt request',
    'vtd-fault',
    { device: '42:00.2', index: '0x1600', reason: '37 (decimal)' },
    /message of a time without remapping/,
  ],
  [
    'DMAR: [INTR-REMAP] Request device [00:1c.1] fault index 0x20 [fault reason 0x26] Blocked an interrupt request due to source-id verification failure',
    'vtd-fault',
    { device: '00:1c.1', index: '0x20', reason: '0x26' },
    /another id than the kernel expects/,
    /SID under the mask of SQ/,
  ],
  [
    'Apr 26 13:19:37 host kernel: [ 9752.989272] DMAR: [INTR-REMAP] Request device [00:00.0] fault index 28 [fault reason 38] Blocked an interrupt request due to source-id verification failure',
    'vtd-fault',
    { device: '00:00.0', index: '0x28', reason: '38 (decimal)' },
    /lost its bus number/,
  ],
  [
    '[    0.057770] DMAR: INTR-REMAP: Request device [[f0:1f.0] fault index 0\n               INTR-REMAP:[fault reason 37] Blocked a compatibility format interrupt request',
    'vtd-fault',
    { device: 'f0:1f.0', index: '0x0', reason: '37 (decimal)' },
    /message of a time without remapping/,
  ],
  [
    '(XEN) [VT-D]INTR-REMAP: Request device [0000:f0:1f.0] fault index 0, iommu reg = ffff82c0008e0000\n\n(XEN) [VT-D]INTR-REMAP: reason 22 - Present field in the IRTE entry is clear',
    'vtd-fault',
    { device: 'f0:1f.0', index: '0x0', reason: '22 (hexadecimal)' },
    /device still sends/,
    /^P, bit 0/,
  ],
  [
    'DMAR: [DMA Write NO_PASID] Request device [00:1a.0] fault addr 0x0 [fault reason 0x05] PTE Write access is not set',
    'vtd-dma-fault',
    { device: '00:1a.0', address: '0x0', reason: '0x5' },
    /unmapped the buffer/,
  ],
  [
    'DMAR: [DMA Write] Request device [04:00.0] PASID ffffffff fault addr 69974000 [fault reason 05] PTE Write access is not set',
    'vtd-dma-fault',
    { device: '04:00.0', address: '0x69974000', reason: '0x5' },
    /unmapped the buffer/,
  ],
  ['[   58.435452] DMAR: DRHD: handling fault status reg 2', 'vtd-status', { PPF: '1', FRI: '0' }, /PPF/],
  ['DRHD: handling fault status reg 502', 'vtd-status', { PPF: '1', FRI: '5' }, /PPF/],
  ['  DMAR: VT-d detected Invalidation Queue Error: Reason f', 'vtd-queue', { reason: '0xf' }, /all ones/],
  ['01:46:35 DMAR: VT-d detected Invalidation Time-out Error: SID 0', 'vtd-queue', { device: '00:00.0' }, /did not answer/],
  [
    'DMAR: QI PRIOR: Device-TLB Invalidation qw0 = 0x5300530000000003, qw1 = 0x7ffffffffffff001',
    'vtd-queue',
    { type: '0x3' },
    /device-TLB invalidation/,
  ],
  [
    '     1   0000000200000025        0000000100059c04        0000000000000000',
    'vtd-queue',
    { type: '0x5', SW: '1', status: '0x00000002', address: '0x0000000100059c04' },
    /invalidation wait/,
  ],
  [
    ' 1     00:0a.0 00000001 ef  0000000000040050    0000000100ef000d',
    'irte',
    { entry: '1', vector: '0xef', SID: '0x0050', DST: '0x00000001' },
    /from 00:0a.0 becomes vector 0xef/,
  ],
  ['[    0.512345] DMAR-IR: Enabled IRQ remapping in x2apic mode', 'vtd-mode', { destinations: '32 bits' }, /EIME=1/],
  [
    'macmini kernel: DMAR-IR: [Firmware Bug]: ioapic 2 has no mapping iommu, interrupt remapping will be disabled',
    'vtd-mode',
    { ioapic: '2' },
    /ACPI tables/,
  ],
  [
    '[    0.148995] DMAR-IR: This system BIOS has enabled interrupt remapping',
    'vtd-mode',
    {},
    /old message may arrive after the invalidation/,
  ],
];

const amd: readonly Short[] = [
  [
    '[ 3404.107783][  T340] pci 0000:00:14.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0000 address=0xfffffffdf8020200 flags=0x0008]',
    'amd-fault',
    { device: '00:14.0', domain: '0x0000', data: '0x02', destination: '0x02', type: '0', '  I': '1' },
    /freed, shut down or not yet activated/,
    /RemapEn/,
  ],
  [
    'AMD-Vi: Event logged [IO_PAGE_FAULT device=42:00.0 domain=0x005e address=0xfffffffdf8030000 flags=0x0008]',
    'amd-fault',
    { device: '42:00.0', domain: '0x005e', data: '0x03' },
    /clearing RemapEn, writing the halves/,
  ],
  [
    '[    1.120969] AMD-Vi: Event logged [IO_PAGE_FAULT device=00:14.0 domain=0x0000 address=0x000000fdf800ff98 flags=0x0008]',
    'amd-fault',
    { device: '00:14.0', destination: '0xff', type: '6' },
    /IOAPIC pin or the HPET/,
    /^EIntPass/,
  ],
  [
    '[   57.392307] ath10k_pci 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address=0xcfd51ad0 flags=0x0070]',
    'amd-dma-fault',
    { device: '01:00.0', address: '0xcfd51ad0', '  I': '0', '  RW': '1', '  PE': '1' },
    /unmapped the buffer/,
  ],
  [
    'Event logged [IO_PAGE_FAULT device=0000:00:0c.0 domain=0x0000 address=0x7e800000 flags=0x0050]',
    'amd-dma-fault',
    { device: '00:0c.0', '  RW': '0' },
    /unmapped the buffer/,
  ],
  [
    'kernel: iommu ivhd1: AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0000:00:00.0 pasid=0x00000 address=0xfffffffdf8000000 flags=0x0a00]',
    'amd-fault',
    { device: '00:00.0', '  type': '5', flags: '0x0a00' },
    /as long as every device works, it does no harm/,
    /^IntCtl/,
  ],
  [
    'host kernel: iommu ivhd0: AMD-Vi: Event logged\n[INVALID_DEVICE_REQUEST device=00:00.1 pasid=0x00000\naddress=0xfffffffdf8140200 flags=0x0a00]',
    'amd-fault',
    { device: '00:00.1', data: '0x14' },
    /Nobody has set up interrupts for this id/,
  ],
  [
    'Thinkbook kernel: iommu ivhd0: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:06:00.0 pasid=0x00000 address=0x135300000 flags=0x0080]',
    'amd-device-entry',
    { device: '06:00.0', '  RZ': '1' },
    /EPHEn/,
    /reserved bits are 0/,
  ],
  [
    '[  +0.000108] iommu ivhd0: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=c0:00.1 pasid=0x00000 \naddress=0xfffffffdf8140000 flags=0x0008]',
    'amd-device-entry',
    { device: 'c0:00.1', '  I': '1', data: '0x14' },
    /control register lacks a bit/,
    /IntCtl is not 3/,
  ],
  [
    '[  +0.000002] AMD-Vi: DTE[2]: 2008000100258013',
    'amd-dte',
    { IV: '1', IntTabLen: '0x9', IntCtl: '2', root: '0x8000100258000' },
    /how interrupts of the device are remapped/,
  ],
  [
    '[    3.375841] iommu ivhd0: AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=63:00.0 address=0x42b5b01a0]',
    'amd-event',
    { device: '63:00.0', address: '0x42b5b01a0' },
    /hangs, is asleep or was reset/,
  ],
  ['[    1.864369] AMD-Vi: Completion-Wait loop timed out', 'amd-wait', {}, /kdump kernel/],
  ['[13866.485412] AMD-Vi: IOMMU Event log restarting', 'amd-log', {}, /One device faults all the time/],
  ['[    0.297481] [Firmware Bug]: AMD-Vi: IOAPIC[7] not in IVRS table', 'amd-mode', { ioapic: '7' }, /ACPI tables/],
  [
    '(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:00:14.0 d0 addr 000000fdf8010140 flags 0x8 I',
    'amd-fault',
    { device: '00:14.0', data: '0x01', '  I': '1' },
    /freed, shut down or not yet activated/,
  ],
  [
    '(XEN) AMD-Vi: IO_PAGE_FAULT: domain = 0, device id = 0x2600, fault address = 0xfffffffdf8000000, flags = 0x8',
    'amd-fault',
    { device: '26:00.0', domain: '0x0000' },
    /RemapEn/,
  ],
];

const core: readonly Short[] = [
  ['[  143.574063] do_IRQ: 0.65 No irq handler for vector', 'no-irq-handler', { cpu: '0', vector: '65 (decimal)' }, /^The irq moved/],
  [
    '[   40.587264] do_IRQ: 3.179 No irq handler for vector (irq -1)',
    'no-irq-handler',
    { cpu: '3', vector: '179 (decimal)' },
    /^The irq moved/,
    /vector_irq/,
  ],
  [
    '[    0.006140] __common_interrupt: 1.55 No irq handler for vector',
    'no-irq-handler',
    { cpu: '1', vector: '55 (decimal)' },
    /^The 8259 raises irq 7/,
  ],
  ['kernel: common_interrupt: 2.34 No irq handler for vector', 'no-irq-handler', { cpu: '2', vector: '34 (decimal)' }, /broadcast id/],
  ['[   12.1] No irq handler for 3.41', 'no-irq-handler', { cpu: '3', vector: '41 (decimal)' }, /^The irq moved/],
  [
    '(XEN) CPU1: No irq handler for vector e7 (IRQ -2147483648)',
    'no-irq-handler',
    { cpu: '1', vector: 'e7 (hexadecimal)' },
    /^The 8259 raises irq 7/,
  ],
  [
    '(XEN) CPU0: No irq handler for vector 7a (IRQ -2147483648, LAPIC)',
    'no-irq-handler',
    { cpu: '0', vector: '7a (hexadecimal)' },
    /^The irq moved/,
  ],
  [
    '[   85.167061] spurious APIC interrupt through vector ff on CPU#0, should never happen.',
    'spurious-apic',
    { cpu: '0', vector: '0xff' },
    /TPR raised, between the request and the acknowledge/,
    /class than PPR/,
  ],
  ['Spurious APIC interrupt (vector 0xFF) on CPU#3, should never happen.', 'spurious-apic', { cpu: '3' }, /TPR raised/],
  [
    '[    0.629204] Spurious interrupt (vector 0xef) on CPU#0. Acked',
    'spurious-vector',
    { cpu: '0', vector: '0xef', 'in service': 'yes' },
    /irq that is not active/,
  ],
  ['spurious 8259A interrupt: IRQ7.', 'spurious-8259', { irq: '7' }, /between the request and the acknowledge/],
  ['[12879.434115] irq 22: nobody cared (try booting with the "irqpoll" option)', 'nobody-cared', { irq: '22' }, /has no driver/],
  ['[  121.248971] Disabling IRQ #78', 'nobody-cared', { irq: '78' }, /nobody took its interrupts/],
  ['[  122.780492] APIC error on CPU0: 00(40)', 'apic-error', { cpu: '0', ESR: '0x40', 'ESR bit 6': '1' }, /vector 0/],
  ['Oct 22 00:51:57 localhost kernel: APIC error on CPU0: 60(60)', 'apic-error', { before: '0x60', 'ESR bit 5': '1' }, /has not set/],
  [
    '[ 44.683572] Uhhuh. NMI received for unknown reason 21 on CPU 0.',
    'unknown-nmi',
    { reason: '0x21', '  SERR': '0' },
    /performance counter overflowed/,
  ],
  [
    "[    3.173870] Kernel panic - not syncing: timer doesn't work through Interrupt-remapped IO-APIC",
    'no-timer',
    {},
    /The remapping unit blocks it/,
  ],
];

const moves: readonly Short[] = [
  ['[   77.548442][   T13] IRQ 19: no longer affine to CPU0', 'irq-moved', { irq: '19', cpu: '0' }, /No other CPU of its affinity mask/],
  ['[   96.234091] IRQ159: set affinity failed(-28).', 'move-failed', { irq: '159', error: '-28' }, /have no vector left/, /free vector/],
  ['[  689.309813] IRQ273: set affinity failed(-22).', 'move-failed', { irq: '273', error: '-22' }, /no way to move it/],
  [
    '[   96.235013] IRQ fixup: irq 339 move in progress, old vector 48',
    'move-unfinished',
    { irq: '339', vector: '48' },
    /affinity was changed/,
  ],
  ['Moved interrupt pending in old target APIC 36', 'move-pending', { irq: '36' }, /interrupts disabled for a jiffy/],
  [
    'smpboot: CPU 3 has 201 vectors, 188 available. Cannot disable CPU',
    'no-vectors',
    { cpu: '3', has: '201', available: '188' },
    /Too many queues/,
  ],
  ['irq 4: Affinity broken due to vector space exhaustion.', 'no-vectors', { irq: '4' }, /all their vectors in use/],
  [
    '[    0.417335] genirq: Flags mismatch irq 9. 00000088 (pinctrl_amd) vs. 00002080 (acpi)',
    'irq-shared',
    { pinctrl_amd: '0x00000088', acpi: '0x00002080' },
    /does not share/,
  ],
  [
    '[    0.037322] APIC: Stale IRR: 00080000,00000000,00000000,00000000,00000000,00000000,00000000,00000000',
    'stale-irr',
    { IRR: '0xf3' },
    /after the CPU went offline/,
  ],
];

const others: readonly Short[] = [
  [
    '[  174.715534] nvme nvme0: I/O 978 QID 3 timeout, completion polled',
    'missing-interrupt',
    { controller: 'nvme0', queue: '3' },
    /lost on its way/,
  ],
  ['nvme nvme0: I/O tag 12 (100c) QID 0 timeout, completion polled', 'missing-interrupt', { command: '12', queue: '0' }, /lost on its way/],
  ['[40616.251602] ata1: lost interrupt (Status 0x50)', 'missing-interrupt', { port: 'ata1', status: '0x50' }, /lost on its way/],
  [
    '[ 374.958793] xhci_hcd 0000:0b:00.0: xHCI host controller not responding, assume dead',
    'missing-interrupt',
    { device: '0000:0b:00.0' },
    /its CPU went offline/,
  ],
  [
    '[106378.638757] NETDEV WATCHDOG: eth0 (r8169): transmit queue 0 timed out',
    'missing-interrupt',
    { interface: 'eth0', queue: '0' },
    /lost on its way/,
  ],
  ['[drm] Fence fallback timer expired on ring gfx', 'missing-interrupt', { ring: 'gfx' }, /lost on its way/],
  [
    'qemu-system-x86_64: vtd_interrupt_remap_msi: invalid IR MSI (sid=256, address=0xfee003d8, data=0x10000)',
    'msi',
    { sid: '256', index: '0x1e (30)', reserved: '0x0001' },
    /asks for entry 0x1e/,
    /fault 0x20/,
  ],
  [
    'qemu-system-x86_64: vtd_irte_get: detected non-present IRTE (index=0, high=0xff00, low=0x100)',
    'irte',
    { entry: '0', P: '0', SID: '0xff00' },
    /is blocked: the entry is not present/,
    /fault 0x22/,
  ],
  ['                Address: 00000000fee00338  Data: 0000', 'msi', { SHV: '1', index: '0x19 (25)' }, /asks for entry 0x19/],
  [
    '     pin07, enabled , level, low , V(07), IRR(1), S(0), physical, D(00), M(0)',
    'rte',
    { pin: '7', vector: '0x07', 'remote IRR': '1', trigger: '1', polarity: '1', mask: '0' },
    /the EOI never came back/,
  ],
];

const all = [...vtd, ...amd, ...core, ...moves, ...others].map(([line, kind, fields, cause, check]): Row => [
  line,
  kind,
  fields,
  cause,
  check,
]);

const one = (text: string): Explained => {
  const { explanations, unread } = explainLines(text);
  expect([explanations.length, unread]).toEqual([1, 0]);
  return explanations[0]!;
};

describe('a line', () => {
  test.each(all)('%s', (line, kind, fields, cause, check) => {
    const explained = one(line);
    expect(explained.kind).toBe(kind);
    const got = Object.fromEntries(explained.fields.map(({ name, value }) => [name, value]));
    expect(got).toMatchObject(fields);
    // where nothing is blamed, the summary says what it is
    expect(explained.causes.length === 0 ? explained.summary : explained.causes.join('\n')).toMatch(
      new RegExp(cause.source, `${cause.flags}m`),
    );
    expect(explained.check ?? '').toMatch(check ?? '');
    expect(explained.summary).toMatch(/\.$/);
  });

  test('of each reason of VT-d has a check, causes and hints of its own; a reason that nobody knows is said to be one', () => {
    const of = (reason: number): Explained =>
      one(`DMAR: [INTR-REMAP] Request device [01:00.0] fault index 0x5 [fault reason 0x${reason.toString(16)}] text`);
    const known = [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28].map(of);
    expect(new Set(known.map(({ check }) => check)).size).toBe(9);
    expect(new Set(known.map(({ causes }) => causes[0])).size).toBe(9);
    for (const { next, summary } of known) {
      expect(next.length).toBeGreaterThan(0);
      expect(summary).toMatch(/The interrupt is lost\.$/);
    }
    expect(of(0x29)).toMatchObject({ check: undefined, causes: [], summary: expect.stringContaining('not known here') });
  });

  test('of a posted interrupt is printed as a DMA fault by Linux, and told as what it is', () => {
    const explained = one('DMAR: [DMA Write NO_PASID] Request device [3b:00.0] fault addr 0x25000000000000 [fault reason 0x28] Unknown');
    expect(explained).toMatchObject({ kind: 'vtd-fault', check: expect.stringContaining('511:320') });
    expect(explained.fields.find(({ name }) => name === 'index')?.value).toBe('0x25');
  });

  test('that was cut says what is missing', () => {
    expect(one('DMAR: [INTR-REMAP] Request device [65:00.0] fault index 0x25').summary).toContain('the reason is missing');
  });
});

describe('many lines', () => {
  test('are explained in their order, the same twice only once, others are counted', () => {
    const [fault, status] = [vtd[0]![0], vtd[10]![0]];
    const text = ['boot', status, fault, '', '[1.0] usb 1-1: new device', status, fault.replace('76561', '99999')].join('\r\n');
    const { explanations, unread } = explainLines(text);
    expect(explanations.map(({ kind, lines }) => [kind, lines])).toEqual([
      ['vtd-status', [2, 6]],
      ['vtd-fault', [3, 7]],
    ]);
    expect(unread).toBe(2);
  });

  test('that a mail has quoted and broken are joined', () => {
    const text = '> DMAR: [INTR-REMAP] Request device [09:00.0] fault index 0x8080\n>        [fault reason 0x25]';
    const { fields } = one(text);
    expect(fields[1]).toMatchObject({ value: '0x8080', text: expect.stringContaining('logical destination 1') });
  });

  test('two lines that say enough alone are never joined', () => {
    const { explanations } = explainLines(`${core[0]![0]}\n${core[1]![0]}`);
    expect(explanations.map(({ lines }) => lines)).toEqual([[1], [2]]);
  });

  test('of a report with its trace: the fault is found between the trace lines', () => {
    const text = `
  kworker/0:2-2827    [000] ..... 76495.343455: vector_activate: irq=82 is_managed=0 can_reserve=1 reserve=0
  kworker/0:2-2827    [000] d..1. 76495.343456: vector_update: irq=82 vector=37 cpu=3 prev_vector=0 prev_cpu=0
  tio-3209    [008] d..1. 76557.424960: vector_deactivate: irq=82 is_managed=0 can_reserve=0 reserve=0
  [76561.103090] DMAR: DRHD: handling fault status reg 2
  [76561.105092] DMAR: [INTR-REMAP] Request device [65:00.0] fault index 0x25 [fault reason 0x22] Present field in the IRTE entry is clear
  tio-3211    [002] d..1. 76561.108431: vector_activate: irq=82 is_managed=0 can_reserve=0 reserve=0`;
    const { explanations, unread } = explainLines(text);
    expect(explanations.map(({ kind, lines }) => [kind, lines])).toEqual([
      ['vtd-status', [5]],
      ['vtd-fault', [6]],
    ]);
    expect(unread).toBe(4);
  });

  test('of a page of noise, and lines without end, are nothing', () => {
    const noise = Array.from({ length: 500 }, (_, i) => `[${i}.000000] eth0: link up ${'x'.repeat(i * 20)}`).join('\n');
    expect(explainLines(noise)).toEqual({ explanations: [], unread: 500 });
  });
});

describe('as text', () => {
  test.each([60, 80])('no line is longer than %i columns, and nothing is lost', (columns) => {
    for (const [line] of all) {
      const explained = one(line);
      const text = explanationsText([explained], columns);
      expect(text.split('\n').filter((each) => each.length > columns)).toEqual([]);
      const flat = text.replaceAll(/ \\\n/g, ' ').replaceAll(/\s+/g, '');
      for (const each of [explained.summary, explained.check ?? '', ...explained.causes, ...explained.next])
        expect(flat).toContain(each.replaceAll(/\s+/g, ''));
      for (const { value, text: words } of explained.fields) {
        expect(flat).toContain(value.replaceAll(/\s+/g, ''));
        expect(flat).toContain(words.replaceAll(/\s+/g, ''));
      }
    }
  });

  test('advice that was given is not given again', () => {
    const [first, second] = [vtd[0]![0], vtd[0]![0].replace('65:00.0', '66:00.0')];
    const text = explanationsText(explainLines(`${first}\n${second}`).explanations, 80);
    expect(text.match(/The irq was freed or shut down/g)).toHaveLength(1);
    expect(text.match(/causes {6}as above/g)).toHaveLength(1);
    expect(text).toContain('lspci -vv -s 66:00.0');
  });
});
