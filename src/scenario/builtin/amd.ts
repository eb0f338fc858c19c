/** Scenarios of AMD-Vi units besides the plain moves (linux.md 2.6): each shows what one of the kernel's steps is for. */

/** Name to text of the file. */
export const amd: readonly (readonly [name: string, text: string])[] = [
  `version: 1
name: amd-two-movers
about: Two CPUs move an irq each behind the same AMD-Vi unit, and both are to wait for what they have invalidated.
model: linux-6.1
machine: {cpus: 2, iommu: amd}
universe: {vectors: 2}
devices:
  - {name: nic, raises: 1, irqs: [{irq: 24, cpu: 0}]}
  - {name: disk, raises: 0, irqs: [{irq: 25, cpu: 1}]}
operations:
  - move: {irq: 24, to: [1], on: 0}
  - move: {irq: 25, to: [0], on: 1}
parallel: true
`,
  `version: 1
name: amd-uncached-move
about: An MSI moves behind an AMD-Vi unit that caches no remapping entries, and its message may be late.
model: linux-7.0
machine: {cpus: 2, iommu: {type: amd, irtCacheDis: true}}
universe: {vectors: 2}
devices:
  - {name: nic, raises: 2, irqs: [{irq: 24, cpu: 1}]}
operations:
  - move: {irq: 24, to: [0]}
`,
].map((text) => [/^name: (.*)$/m.exec(text)?.[1] ?? '', text] as const);
