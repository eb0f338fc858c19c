/** The lost xHCI interrupt with a second device in the way, so that the vector has to change with the CPU. */
export const xhciTornOffline = `\
# As xhci-hotplug, but vector 0x21 of CPU 0 belongs to the network card. The interrupt that leaves CPU 3 gets 0x22 there: address and
# data of the message both change, in separate config writes, and the device may send between them.
#
#   irqlab check xhci-torn-offline
#
# Linux 5.6 and later write such a move in two steps: first the new vector at the old CPU, then the new CPU. After each write the
# message names a pair that the kernel is prepared for.
version: 1
name: xhci-torn-offline
about: The CPU of an xHCI controller goes offline, and on the CPU that takes over its vector is in use.

machine:
  cpus:
    - {cpu: 0, apicId: 0}
    - {cpu: 3, apicId: 6}

universe: {vectors: 2}

devices:
  - name: xhci
    kind: handshake
    message: {type: msi, address64: true}
    raises: 3
    irqs:
      - {irq: 122, cpu: 3, vector: 0x21, affinity: [0, 3]}

  # Only its vector matters: it raises nothing.
  - name: enp0s31f6
    raises: 0
    irqs:
      - {irq: 121, cpu: 0, vector: 0x21}

operations:
  - offline: 3
`;
