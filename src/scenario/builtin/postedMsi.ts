/** Scenarios of posted MSI on bare metal (linux.md 2.6): each shows what one of its steps is for. */

const machine = `machine: {cpus: 2, iommu: {type: vtd, postedMsi: true}}
universe: {vectors: 2}
devices:
  - {name: nic, message: {type: msi}, raises: 2, irqs: [{irq: 24, cpu: 1}]}`;

/** Name to text of the file. */
export const postedMsi: readonly (readonly [name: string, text: string])[] = [
  `version: 1
name: posted-msi-move-back
about: A posted MSI moves to another CPU and back, the second time before the first has been cleaned up.
model: linux-7.0
${machine}
operations:
  - move: {irq: 24, to: [0]}
  - move: {irq: 24, to: [1]}
`,
  `version: 1
name: posted-msi-offline
about: The CPU of a posted MSI goes offline with an event in its descriptor, which is sent again as the vector itself.
model: linux-7.0
${machine}
operations:
  - offline: 1
`,
  `version: 1
name: posted-msi-cleanup
about: A posted MSI moves, and the notification of an event that is in PIR of the old CPU may be late.
model: linux-7.0
${machine}
operations:
  - move: {irq: 24, to: [0]}
assumptions: {iecDrain: root-complex}
`,
  `version: 1
name: posted-msi-online
about: The CPU of a posted MSI goes offline and comes back, and INIT drops the notification for which ON is still set.
model: linux-7.0
${machine}
operations:
  - offline: 1
  - online: 1
  - move: {irq: 24, to: [1]}
# the notification is not taken before the CPU is dead
assumptions: {softDisabled: holds}
`,
].map((text) => [/^name: (.*)$/m.exec(text)?.[1] ?? '', text] as const);
