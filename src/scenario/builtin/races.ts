/**
 * Scenarios of races that were found and repaired over the years, each as small as its race allows (`irqlab races`). Which kernel has
 * the race is not for the file to say: it is the same on the kernel with the mistake and on the one without.
 */

/** Name to text of the file. */
export const races: readonly (readonly [name: string, text: string])[] = [
  `version: 1
name: msi-offline
about: The CPU of a plain MSI goes offline.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi}, raises: 1, irqs: [{irq: 24, cpu: 1}]}
operations:
  - offline: 1
`,
  `version: 1
name: remapped-msi-offline
about: The CPU of a plain MSI behind a remapping unit goes offline.
machine: {cpus: 2, iommu: vtd}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi}, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - offline: 1
`,
  `version: 1
name: msix-offline-late
about: The CPU of an MSI-X entry goes offline, and a write on its way to the device may take any time.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msix}, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - offline: 1
assumptions: {delivery: unbounded}
`,
  `version: 1
name: msix-vector-move
about: A free-running device with MSI-X sends while its interrupt moves to another CPU and another vector.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, kind: free, message: {type: msix}, raises: 2, irqs: [{irq: 24, cpu: 1, vector: 0x22}]}
operations:
  - move: {irq: 24, to: [0]}
`,
  `version: 1
name: move-nowhere
about: An irq is asked to move to a CPU that goes offline at the same time, so that no CPU is left to search.
machine: {cpus: 2, iommu: vtd}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi}, raises: 1, irqs: [{irq: 24, cpu: 0}]}
operations:
  - offline: 1
  - move: {irq: 24, to: [1]}
parallel: true
assert:
  # on one CPU an irq keeps its vector: the kernel warns where a move begins and ends at the same CPU
  - name: moves-between-cpus
    always: "!apicd_move_in_progress[irq 24] || apicd_prev_cpu[irq 24] != apicd_cpu[irq 24]"
`,
  `version: 1
name: freed-while-moving
about: A driver frees its irq in the middle of a move.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi, maskable: true}, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - move: {irq: 24, to: [0]}
  - free: 24
`,
  `version: 1
name: freed-while-online
about: A driver frees its irq while the CPU that it is meant for goes offline and comes back.
# the third CPU is the driver's
machine: {cpus: 3}
universe: {vectors: 1}
devices:
  - {name: nic, message: {type: msi, maskable: true}, raises: 1, irqs: [{irq: 24, cpu: 1, affinity: [1]}]}
operations:
  - offline: 1
  - online: 1
  - free: 24
parallel: true
assert:
  - name: no-slot-of-a-freed-irq
    atRest: "irq_activated[irq 24] || vector_irq[cpu 1][0x21] != irq 24"
`,
  `version: 1
name: dormant-online
about: An irq that nobody has keeps its vector while its CPU goes offline and comes back, and another irq moves there.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi}, raises: 0, irqs: [{irq: 24, cpu: 1, requested: false}]}
  - {name: disk, message: {type: msi}, raises: 1, irqs: [{irq: 25, cpu: 0}]}
operations:
  - offline: 1
  - online: 1
  - move: {irq: 25, to: [1]}
assert:
  - name: one-irq-a-vector
    always: "apicd_cpu[irq 24] != apicd_cpu[irq 25] || apicd_vector[irq 24] != apicd_vector[irq 25]"
`,
  `version: 1
name: dormant-request
about: An irq that nobody has keeps its vector while its CPU goes offline and comes back, and a driver requests it.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi}, raises: 1, irqs: [{irq: 24, cpu: 1, requested: false}]}
operations:
  - offline: 1
  - online: 1
  - request: 24
`,
  `version: 1
name: moved-asleep
about: A device sleeps while its CPU goes offline, and wakes up with the message of before unless it is written again.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: ahci, message: {type: msi}, raises: 1, irqs: [{irq: 24, cpu: 1}]}
operations:
  - suspend: true
`,
  `version: 1
name: level-pin-offline
about: The CPU of a level-triggered pin goes offline with a level accepted and not handled.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: acpi, message: {type: ioapic, pin: 9, trigger: level}, raises: 1, irqs: [{irq: 9, cpu: 1}]}
operations:
  - offline: 1
`,
  `version: 1
name: old-level-pin-offline
about: The CPU of a level-triggered pin goes offline with a level accepted and not handled; the IOAPIC has no EOI register.
machine: {cpus: 2, ioapic: {version: 0x11}}
universe: {vectors: 2}
devices:
  - {name: acpi, message: {type: ioapic, pin: 9, trigger: level}, raises: 1, irqs: [{irq: 9, cpu: 1}]}
operations:
  - offline: 1
`,
  `version: 1
name: level-pin-vector-move
about: A level-triggered pin moves to another CPU and another vector.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: acpi, message: {type: ioapic, pin: 9, trigger: level}, raises: 2, irqs: [{irq: 9, cpu: 1, vector: 0x22}]}
operations:
  - move: {irq: 9, to: [0]}
`,
  `version: 1
name: edge-pin-offline
about: The CPU of an edge-triggered pin goes offline, and an edge comes while the pin is masked.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: i8042, message: {type: ioapic, pin: 1}, raises: 2, irqs: [{irq: 1, cpu: 1}]}
operations:
  - offline: 1
`,
  `version: 1
name: remapped-edge-pin-offline
about: The CPU of an edge-triggered pin goes offline; behind a remapping unit the pin is left as it is.
machine: {cpus: 2, iommu: vtd}
universe: {vectors: 2}
devices:
  - {name: i8042, message: {type: ioapic, pin: 1}, raises: 2, irqs: [{irq: 1, cpu: 1}]}
operations:
  - offline: 1
`,
  `version: 1
name: timer-pin-move
about: A free-running timer on a pin moves to another CPU and another vector.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: timer, kind: free, message: {type: ioapic, pin: 2}, raises: 2, irqs: [{irq: 0, cpu: 1, vector: 0x22}]}
operations:
  - move: {irq: 0, to: [0]}
`,
  `version: 1
name: remapped-msi-no-drain
about: A plain MSI moves behind a remapping unit whose invalidations drain nothing, as those of the 5520 and X58 chipsets.
machine: {cpus: 2, iommu: vtd}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi}, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - move: {irq: 24, to: [0]}
assumptions: {iecDrain: none}
`,
  `version: 1
name: posted-msi-move
about: A posted MSI moves to another CPU, whose descriptor has another address in both halves.
model: linux-7.0
machine: {cpus: 2, iommu: {type: vtd, postedMsi: true}}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi}, raises: 1, irqs: [{irq: 24, cpu: 1}]}
operations:
  - move: {irq: 24, to: [0]}
`,
].map((text) => [/^name: (.*)$/m.exec(text)?.[1] ?? '', text] as const);
