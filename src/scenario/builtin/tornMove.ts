/** The torn message: an affinity change while a device that waits for nobody sends. */
export const tornMove = `\
# Moving an interrupt changes the address (which CPU) and the data (which vector) of the device's message. They are two registers, and
# a device without mask bits may send after one and before the other: new CPU, old vector.
#
#   irqlab check torn-move
#
# Here the old vector is an empty slot on the new CPU, so a torn message finds nobody: "No irq handler for vector". Linux before 5.6
# wrote the message in one go; 5.6 added the detour over (old CPU, new vector) and a look at the IRR.
version: 1
name: torn-move
about: A free-running device without MSI mask bits sends while its interrupt moves to another CPU and another vector.

machine:
  cpus:
    - {cpu: 0, apicId: 0}
    - {cpu: 1, apicId: 2}

universe: {vectors: 2}

devices:
  - name: nic
    # free: it raises whatever happens, as a moderated network card or a timer does.
    kind: free
    message: {type: msi, address64: true}
    raises: 3
    irqs:
      # The second vector. The first is free on both CPUs, so the kernel, which takes the lowest, moves it to (CPU 1, 0x21).
      - {irq: 122, cpu: 0, vector: 0x22}

operations:
  # As "echo 2 > /proc/irq/122/smp_affinity": without interrupt remapping it takes effect at the next interrupt.
  - move: {irq: 122, to: [1]}
`;
