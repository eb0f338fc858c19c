/**
 * The trace that began the thread about the lost xHCI interrupt, as it was posted on the kernel list on 2020-03-18. Text in a module: an
 * installed package and a browser have no folder of recordings. `test/conformance/lkml` holds the same file.
 */
import { cpusOfMask, type Loop } from '../loop.js';

/** What the mail says about the loop and the machine; none of it stands in the lines. */
const loop: Loop = {
  cpus: 8,
  toggled: [1, 3, 5, 7],
  masks: ['A', 'A', 'F'].map(cpusOfMask),
  devices: { 121: 'enp0s31f6', 122: 'xhci' },
};

const text = `\
# Source: linux-pci/LKML, 2020-03-18, "MSI interrupt for xhci still lost on 5.6-rc6 after cpu hotplug" (message-id 806c51fa-992b-33ac-61a9-00a606f82edb@linux.intel.com)
# Platform: Comet Lake, 8 CPUs, non-IR, xHCI 00:14.0 MSI "Enable+ Count=1/8 Maskable- 64bit+", Address 0xfee08000 Data 0x4021 (snapshot by lspci 2 days later)
# Kernel 5.6-rc6 (contains 6f1a4891a592). Debug: trace_printk in msi_set_affinity ("direct"/"twostep") and in xhci_irq. IRQ 122 = xhci, 121 = enp0s31f6.
# APIC ids are 2*cpu: cpu0=0 cpu1=2 cpu2=4 cpu3=6. Last good xhci irq 129.702493; migration at 129.703150 is the CPU3-offline migration; no xhci_irq afterwards.
# (last four repeated irq-121 lines up to 145.344791 omitted)
      <idle>-0     [001] d.h.   129.676900: xhci_irq: xhci irq
      <idle>-0     [001] d.h.   129.677507: xhci_irq: xhci irq
      <idle>-0     [001] d.h.   129.677556: xhci_irq: xhci irq
      <idle>-0     [001] d.h.   129.677647: xhci_irq: xhci irq
      <...>-14    [001] d..1   129.679802: msi_set_affinity: direct update msi 122, vector 33 -> 33, apicid: 2 -> 6
      <idle>-0     [003] d.h.   129.682639: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.682769: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.682908: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.683552: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.683677: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.683819: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.689017: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.689140: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.689307: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.689984: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.690107: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.690278: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.695541: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.695674: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.695839: xhci_irq: xhci irq
      <idle>-0     [003] d.H.   129.696667: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.696797: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.696973: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.702288: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.702380: xhci_irq: xhci irq
      <idle>-0     [003] d.h.   129.702493: xhci_irq: xhci irq
 migration/3-24    [003] d..1   129.703150: msi_set_affinity: direct update msi 122, vector 33 -> 33, apicid: 6 -> 0
 kworker/0:0-5     [000] d.h.   131.328790: msi_set_affinity: direct update msi 121, vector 34 -> 34, apicid: 0 -> 0
 kworker/0:0-5     [000] d.h.   133.312704: msi_set_affinity: direct update msi 121, vector 34 -> 34, apicid: 0 -> 0
 kworker/0:0-5     [000] d.h.   135.360786: msi_set_affinity: direct update msi 121, vector 34 -> 34, apicid: 0 -> 0
      <idle>-0     [000] d.h.   137.344694: msi_set_affinity: direct update msi 121, vector 34 -> 34, apicid: 0 -> 0
`;

/** A recording, and what its reporter wrote beside it. */
export const xhciLost20200318 = { file: '2020-03-18-xhci-lost.trace', text, kernel: '5.6', loop } as const;
