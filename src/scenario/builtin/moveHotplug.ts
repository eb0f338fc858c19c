/** A requested move that is still pending, or not cleaned up, when the CPU goes offline. */
export const moveHotplug = `\
# An affinity change is not done when the write to /proc returns: it waits for the next interrupt, and after that the old vector waits
# for its cleanup. Here the old CPU goes offline at any point of that.
#
#   irqlab check move-hotplug
version: 1
name: move-hotplug
about: An interrupt is asked to leave CPU 1, and CPU 1 goes offline before all traces of it are gone.

machine:
  cpus:
    - {cpu: 0, apicId: 0}
    - {cpu: 1, apicId: 2}

universe: {vectors: 2}

devices:
  - name: xhci
    kind: handshake
    message: {type: msi, address64: true}
    raises: 3
    irqs:
      - {irq: 122, cpu: 1, vector: 0x21}

# In this order; each begins at any step after the one before has ended.
operations:
  - move: {irq: 122, to: [0]}
  - offline: 1
`;
