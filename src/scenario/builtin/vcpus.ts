/** Scenarios of vCPUs to which a device posts (linux.md 2.6; races.md 7): each shows what one of their steps is for. */

const machine = (iommu: string): string => `machine: {cpus: 2, iommu: ${iommu}, vcpus: 1}
universe: {vectors: 2}
devices:`;
const nic = (more: string): string => `  - {name: nic, raises: 2, irqs: [{irq: 24, cpu: 0${more}}]}`;

/** Name to text of the file. */
export const vcpus: readonly (readonly [name: string, text: string])[] = [
  `version: 1
name: vcpu-preempt
about: The vCPU that a device posts to loses its CPU for a while, with notifications suppressed.
model: linux-7.0
${machine('vtd')}
${nic(', vcpu: 0')}
operations:
  - preempt: 0
`,
  `version: 1
name: vcpu-block
about: The guest executes HLT; its thread wakes on another CPU, finds nothing to do, and sleeps once more.
model: linux-7.0
${machine('vtd')}
${nic(', vcpu: 0')}
operations:
  - block: 0
  - load: {vcpu: 0, cpu: 0}
`,
  `version: 1
name: vcpu-post
about: A device is posted to a vCPU, and taken back.
model: linux-7.0
${machine('vtd')}
${nic('')}
operations:
  - post: {irq: 24, vcpu: 0}
  - unpost: 24
`,
  `version: 1
name: vcpu-posted-msi
about: A posted MSI is taken from a vCPU, given to it again, and its host affinity changes meanwhile.
model: linux-7.0
${machine('{type: vtd, postedMsi: true}')}
${nic(', vcpu: 0')}
operations:
  - unpost: 24
  - post: {irq: 24, vcpu: 0}
  - move: {irq: 24, to: [1]}
`,
  `version: 1
name: avic-block
about: The guest executes HLT, and the log of an AMD-Vi unit is to wake its vCPU.
model: linux-7.0
${machine('{type: amd, guest: true}')}
${nic(', vcpu: 0')}
operations:
  - block: 0
`,
  `version: 1
name: avic-post
about: A device is posted to a vCPU that runs, by an AMD-Vi unit, which is to ring its core.
model: linux-7.0
${machine('{type: amd, guest: true}')}
${nic('')}
operations:
  - post: {irq: 24, vcpu: 0}
`,
  `version: 1
name: avic-log
about: The log of an AMD-Vi unit has room for one entry, and the vCPU that it is to wake blocks twice.
model: linux-7.0
${machine('{type: amd, guest: true, guestLog: 1}')}
  - {name: nic, kind: free, raises: 2, irqs: [{irq: 24, cpu: 0, vcpu: 0}]}
operations:
  - block: 0
  - block: 0
`,
].map((text) => [/^name: (.*)$/m.exec(text)?.[1] ?? '', text] as const);
