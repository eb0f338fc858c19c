/**
 * Scenarios about what happens to an irq besides its moves: requested, freed and disabled, managed, on a CPU that goes. Each is as small
 * as it can be and shows what one behaviour of the kernel is for (`irqlab behaviours --effect`); some assert what the kernel promises
 * and no built-in property asks for.
 */

/** Name to text of the file. */
export const life: readonly (readonly [name: string, text: string])[] = [
  `version: 1
name: free-in-handler
about: A driver frees its irq while its handler may still be running on another CPU.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi, maskable: true}, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - free: 24
assert:
  # what free_irq takes away, no handler may still need
  - name: no-handler-behind
    always: "!irq_in_progress[irq 24] || irq_activated[irq 24]"
`,
  `version: 1
name: free-request
about: An irq is freed and requested again on the same CPU and vector, and a vector of before may still be pending there.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi, maskable: true}, raises: 2, irqs: [{irq: 24, cpu: 1, affinity: [1]}]}
operations:
  - free: 24
  - request: 24
`,
  `version: 1
name: level-free-pending
about: A driver frees the irq of a line whose vector a CPU has accepted and not taken yet.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: acpi, message: {type: ioapic, pin: 9, trigger: level}, raises: 1, irqs: [{irq: 9, cpu: 1, vector: 0x21}]}
operations:
  - free: 9
assert:
  - name: nothing-left-behind
    always: "irq_activated[irq 9] || !irr[cpu 1][0x21]"
`,
  `version: 1
name: request-offline
about: The CPU of an irq that nobody has goes offline, then a driver requests the irq.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, raises: 2, irqs: [{irq: 24, cpu: 1, vector: 0x22, requested: false}]}
operations:
  - offline: 1
  - request: 24
`,
  `version: 1
name: move-freed
about: An irq is asked to move while nobody has it, and requested behind that.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi, maskable: true}, raises: 1, irqs: [{irq: 24, cpu: 0}]}
operations:
  - free: 24
  - move: {irq: 24, to: [1]}
  - request: 24
assert:
  - name: where-it-was-asked
    atRest: "operations_ended != 3 || apicd_cpu[irq 24] == cpu 1"
`,
  `version: 1
name: managed-disabled
about: A managed irq is disabled when its only CPU goes offline and comes back, and enabled behind that.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nvme, message: {type: msix}, raises: 1, irqs: [{irq: 24, cpu: 1, affinity: [1], managed: true}]}
operations:
  - disable: 24
  - offline: 1
  - online: 1
  - enable: 24
assert:
  - name: stays-disabled
    atRest: "operations_ended != 3 || irq_started[irq 24] != STARTED"
`,
  `version: 1
name: managed-spread
about: Two managed irqs leave a CPU that goes offline; any other CPU may take them.
machine: {cpus: 3}
universe: {vectors: 3}
devices:
  - name: nvme
    message: {type: msi, maskable: true}
    raises: 1
    irqs: [{irq: 24, cpu: 2, affinity: [0, 1, 2], managed: true}]
  - name: nvme2
    message: {type: msi, maskable: true}
    raises: 0
    irqs: [{irq: 25, cpu: 2, affinity: [0, 1, 2], managed: true}]
operations:
  - offline: 2
assert:
  - name: on-different-cpus
    atRest: "cpu_online_mask[cpu 2] || apicd_cpu[irq 24] != apicd_cpu[irq 25]"
`,
  `version: 1
name: offline-full
about: The CPU of an irq goes offline, and the other CPU of its affinity has no vector left.
machine: {cpus: 3}
universe: {vectors: 1}
devices:
  # it raises when all is over
  - {name: nic, raises: 0, irqs: [{irq: 24, cpu: 1, affinity: [1, 2]}]}
  - {name: disk, raises: 1, irqs: [{irq: 40, cpu: 2, affinity: [2]}]}
operations:
  - offline: 1
`,
  `version: 1
name: offline-late
about: The CPU of an irq goes offline, and no access to the device pushes what it has sent into the IRR.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - offline: 1
assumptions: {push: root-complex}
assert:
  - name: the-dead-accept-nothing
    atRest: "cpu_online_mask[cpu 1] || !lapic_enabled[cpu 1]"
`,
  `version: 1
name: remapped-queued-offline
about: An irq moves, and the CPU it leaves goes offline before it has been told to clean up.
machine: {cpus: 2, iommu: vtd}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi}, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - move: {irq: 24, to: [0]}
  - offline: 1
# the cleanup IPI may be late, or be kept by the LAPIC that is disabled
assumptions: {delivery: unbounded, softDisabled: holds}
`,
  `version: 1
name: remapped-handler-left
about: An irq moves while its handler runs on the CPU it leaves; the next event comes at the other.
machine: {cpus: 2, iommu: vtd}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msix}, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - move: {irq: 24, to: [0]}
assert:
  # an event that is left to a handler on another CPU keeps that CPU busy
  - name: handled-where-it-arrives
    always: "!irqs_pending[irq 24]"
`,
  `version: 1
name: teardown
about: A driver frees its irq, gives it back and takes it again, and a vector of before may still be pending.
machine: {cpus: 2}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi, maskable: true}, raises: 2, irqs: [{irq: 24, cpu: 1, affinity: [1]}]}
operations:
  - free: 24
  - teardown: nic
  - allocate: nic
  - request: 24
`,
  `version: 1
name: remapped-teardown
about: A driver frees its irq, gives it back with its remapping entry and takes it again.
machine: {cpus: 2, iommu: vtd}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msix}, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - free: 24
  - teardown: nic
  - allocate: nic
  - request: 24
`,
].map((text) => [/^name: (.*)$/m.exec(text)?.[1] ?? '', text] as const);
