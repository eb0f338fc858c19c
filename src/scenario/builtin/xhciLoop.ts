/** The reporter's loop, as the importer makes it from the trace of 2020-03-18; a test holds that they are equal. */
export const xhciLoop = `\
# The loop of the report: CPUs 1, 3, 5 and 7 go online, all interrupts are asked to move, the CPUs go offline, and again. On the
# reporter's Comet Lake with Linux 5.6-rc6 the xHCI controller was silent within a minute.
#
#   irqlab run xhci-loop                      # as it was
#   irqlab run xhci-loop --model linux-5.9    # with the repair
#
# What stands here was imported from the trace that was posted on 2020-03-18, and from what the mail says about the loop.
version: 1
name: xhci-loop
about: The hotplug loop that lost the xHCI interrupt in 2020, with the traffic of the trace.
model: linux-5.6

machine:
  # APIC id = 2 * CPU: the trace shows it for CPUs 0, 1 and 3. The loop begins with the odd CPUs offline.
  cpus:
    - {cpu: 0, apicId: 0}
    - {cpu: 1, apicId: 2, online: false}
    - {cpu: 2, apicId: 4}
    - {cpu: 3, apicId: 6, online: false}
    - {cpu: 4, apicId: 8}
    - {cpu: 5, apicId: 10, online: false}
    - {cpu: 6, apicId: 12}
    - {cpu: 7, apicId: 14, online: false}

devices:
  - name: xhci
    # Microseconds from one interrupt to the next, all that the trace shows. Each event draws one of them.
    interArrival:
      us: [607, 49, 91, 130, 139, 644, 125, 142, 5198, 123, 167, 677, 123, 171, 5263, 133, 165, 828, 130, 176, 5315, 92, 113]
    irqs:
      - {irq: 122, cpu: 0, vector: 0x21}

  - name: enp0s31f6
    # Every two seconds; the trace shows this irq only where it moves.
    interArrival: {us: [1983914, 2048082, 1983908]}
    irqs:
      - {irq: 121, cpu: 0, vector: 0x22}

operations:
  - online: 1
  - online: 3
  - online: 5
  - online: 7

  # As "echo A > smp_affinity" for each irq, twice, then "echo F". The masks are hexadecimal: A is CPUs 1 and 3, F is CPUs 0 to 3.
  # The trace shows the irq on CPU 1 when that goes offline, so an interrupt came behind a write: the longest traced gap is waited for.
  - move: {irq: 121, to: [1, 3]}
  - move: {irq: 122, to: [1, 3]}
  - pause: {us: 5315}
  - move: {irq: 121, to: [1, 3]}
  - move: {irq: 122, to: [1, 3]}
  - pause: {us: 5315}
  - move: {irq: 121, to: [0, 1, 2, 3]}
  - move: {irq: 122, to: [0, 1, 2, 3]}
  - pause: {us: 5315}

  # In the trace 23.348 ms lie between one offline and the next. Most of that is work of the hotplug code that is not modelled.
  - offline: 1
  - pause: {us: 23348}
  - offline: 3
  - pause: {us: 23348}
  - offline: 5
  - pause: {us: 23348}
  - offline: 7

run:
  repeat: true
  # Simulated seconds.
  seconds: 60
`;
