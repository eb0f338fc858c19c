/** Facts about each move, and about the time that moves and their steps take. */
import type { Fact } from './facts.js';
import { formatTime } from './ftrace.js';
import type { Known } from './imported.js';
import type { Move } from './moves.js';
import { offlineInterval, settlingInterval } from './rhythm.js';
import { configAccess } from './steps.js';
import { cpuOf } from './topology.js';

export function moveFacts(move: Move, { topology }: Known): Fact[] {
  const { irq, at, oldApicId, apicId, oldVector, vector, steps, cause, cpu, lines, retriggered } = move;
  const name = `${formatTime(at)} irq ${irq}`;
  const target = cpuOf(topology, apicId);
  const facts: Fact[] = [
    {
      name,
      value: `APIC id ${oldApicId} -> ${apicId}`,
      how: 'read',
      from: lines,
      note: `CPU ${cpu} writes the message${target === undefined ? '' : `; the target is CPU ${target}`}.`,
    },
    {
      name,
      value: `vector ${oldVector ?? '?'} -> ${vector}, ${steps}`,
      how: 'read',
      from: lines,
      ...(oldVector === undefined ? { note: 'The old vector is not printed.' } : {}),
      ...(retriggered === undefined ? {} : { note: 'fixup_irqs found the old vector pending and sent it to the new CPU.' }),
    },
  ];
  if (cause.kind === 'offline')
    facts.push({
      name,
      value: `CPU ${cpu} goes offline`,
      how: 'inferred',
      from: lines,
      note: cause.named
        ? `migration/${cpu} is the stopper of CPU ${cpu}.`
        : 'The name of the task is lost; outside of interrupts, with interrupts and preemption off, only the stopper moves.',
    });
  if (cause.kind === 'requested')
    facts.push({
      name,
      value: 'asked for before',
      how: 'inferred',
      from: lines,
      note: 'It happens in an interrupt: that is where an affinity written to /proc takes effect.',
    });
  return facts;
}

export function rhythmFacts({ parts, traffic, traced }: Known): Fact[] {
  const facts: Fact[] = [];
  const settling = settlingInterval(traffic, traced, parts);
  if (settling !== undefined) {
    const note =
      'The irq was on the CPU that went offline, so a move that was asked for had taken effect: an interrupt came behind the affinity write. A run waits for the longest traced gap.';
    facts.push({ name: 'behind an affinity write', value: `up to ${settling.us} us`, how: 'inferred', from: settling.lines, note });
  }
  const interval = offlineInterval(parts);
  if (interval !== undefined) {
    const note = 'Hotplug takes long for reasons that are not modelled; a run waits as long between two.';
    facts.push({ name: 'from one offline to the next', value: `${interval.us} us`, how: 'read', from: interval.lines, note });
  }
  return facts;
}

export function stepFacts({ steps, written }: Known): Fact[] {
  return [
    ...steps.map(({ name, us, lines }): Fact => ({
      name,
      value: us[0] === us.at(-1) ? `${us[0]} us` : `${us[0]} to ${us.at(-1)} us, ${us.length} moves`,
      how: 'read',
      from: lines,
    })),
    ...(written === undefined
      ? []
      : [
          {
            name: 'cfg.write, cfg.read',
            value: (({ min, default: middle, max }) => (min === max ? `${middle} cycles` : `${min} to ${max} cycles`))(
              configAccess(written),
            ),
            how: 'inferred',
            from: written.lines,
            note: 'One message lies between redirect and final write: one read and four writes of config space with a 64-bit address. The prints cost time too, so this is an upper bound.',
          } satisfies Fact,
        ]),
  ];
}
