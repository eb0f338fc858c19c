/** The lost xHCI interrupt of 2020, reduced to what it takes: two CPUs, one irq, one CPU going offline. */
export const xhciHotplug = `\
# A USB controller's interrupt is lost while its CPU goes offline.
#
# Reported in March 2020 on Comet Lake with Linux 5.6-rc6: a loop takes CPUs offline and online under USB traffic, and within a minute
# the xHCI controller is silent for good. Here is the last step of that loop and nothing else.
#
#   irqlab check xhci-hotplug                       # the default model, linux-5.9
#   irqlab check xhci-hotplug --model linux-5.6     # the kernel of the report
#
# Linux 5.4 to 5.8 disabled the local APIC of the dying CPU before the interrupts had left it. A message that arrives in between is
# dropped; a controller that waits for the handler never sends another.
version: 1
name: xhci-hotplug
about: An xHCI controller without MSI mask bits raises interrupts while the CPU that takes them goes offline.

machine:
  # CPU numbers are names, as in /sys/devices/system/cpu; the APIC ids are those of the report (APIC id = 2 * CPU).
  cpus:
    - {cpu: 0, apicId: 0}
    - {cpu: 3, apicId: 6}

# Two vectors per CPU are enough to show it. The fewer, the fewer states a check has to visit.
universe: {vectors: 2}

devices:
  - name: xhci
    # handshake: the next event comes only after the handler has run, so a lost one is the last.
    kind: handshake
    # Plain MSI without mask bits: the kernel cannot silence the device while it rewrites the message.
    message: {type: msi, address64: true}
    # At most three events in a check. The bound is printed with the verdict.
    raises: 3
    irqs:
      # Vector 0x21 is free on CPU 0 too, so the move changes the destination only.
      - {irq: 122, cpu: 3, vector: 0x21, affinity: [0, 3]}

operations:
  - offline: 3

# Properties of your own, checked besides the built-in ones: always, atRest (nothing on its way) or afterProbe (each irq was raised
# once more, and nothing on its way). "irqlab models linux-5.9 --names" lists what an expression can name.
# assert:
#   - name: target-takes-it
#     atRest: "all d in device: lapic_enabled[msi_target_cpu[d]]"
#   - name: slot-of-its-own
#     always: "any c in cpu: vector_irq[c][0x21] == irq 122"
`;
