/** Facts about how often the traced handler ran, and when it ran last. */
import type { Fact } from './facts.js';
import { formatTime, microsecondsBetween } from './ftrace.js';
import type { Known } from './imported.js';

export function trafficFacts({ parts, traffic: { gaps, spanning } }: Known): Fact[] {
  const runs = parts.flatMap((part) => part.runs);
  if (runs.length === 0) return [];
  const sorted = gaps.map(({ us }) => us).toSorted((a, b) => a - b);
  const from = gaps.flatMap((gap) => [gap.from.line, gap.to.line]);
  return [
    {
      name: 'interrupts',
      value: `${runs.length} ${runs.length === 1 ? 'entry' : 'entries'} of the handler`,
      how: 'read',
      from: runs.map(({ line }) => line),
    },
    ...(sorted.length === 0
      ? []
      : [
          {
            name: 'gaps',
            value: `${sorted.length}, ${sorted[0]} to ${sorted.at(-1)} us, median ${sorted[Math.floor(sorted.length / 2)]}`,
            how: 'read',
            from,
            ...(spanning.length === 0
              ? {}
              : {
                  note: `Left out: ${spanning.map(({ us }) => `${us} us`).join(', ')}, in which the irq left a dying CPU. Such a gap holds the stop of all CPUs, so it says nothing about the device's own pace.`,
                }),
          } satisfies Fact,
        ]),
  ];
}

export function deathFacts({ silences, traced, parts }: Known): Fact[] {
  return silences.flatMap(({ part, last, us, move, dead }): Fact[] => {
    const where = parts.length > 1 ? ` of part ${parts.indexOf(part) + 1}` : '';
    const quiet = `${us >= 1_000_000 ? `${(us / 1_000_000).toFixed(3)} s` : `${us} us`} to the last line`;
    return [
      { name: `last interrupt${where}`, value: `${formatTime(last.at)}, CPU ${last.cpu}`, how: 'read', from: [last.line] },
      { name: `silence after it`, value: quiet, how: 'read', from: [last.line, part.lastLine] },
      ...(dead && move !== undefined
        ? [
            {
              name: `irq ${traced} is dead`,
              value: `moved ${microsecondsBetween(last.at, move.at)} us after the last`,
              how: 'inferred',
              from: [last.line, ...move.lines, part.lastLine],
              note: 'The silence is more than ten times the longest gap. The first move after the last interrupt is taken for the fatal one; interrupts behind it may have been left out of what was posted.',
            } satisfies Fact,
          ]
        : []),
    ];
  });
}
