/** A trace to what it tells: the parts it has, the moves, the traffic, and every fact with its lines. */
import type { Diagnostic } from '../scenario/index.js';
import { evidence } from './evidence.js';
import { parseFtrace } from './ftrace.js';
import type { Import, ImportOptions } from './imported.js';
import { happeningsOf } from './moves.js';
import { partsOf, tracedIrq } from './parts.js';
import { stepsOf } from './steps.js';
import { topologyOf } from './topology.js';
import { silencesOf, trafficOf } from './traffic.js';

/** Reads a trace. Never throws; a text that is none gives an import without moves, and diagnostics. */
export function importTrace(text: string, file: string, options: ImportOptions = {}): Import {
  const { lines, annotations, garbage, diagnostics } = parseFtrace(text, file);
  const happenings = happeningsOf(lines);
  const topology = topologyOf(happenings);
  const traced = tracedIrq(happenings, topology);
  const parts = partsOf(happenings, topology, traced);
  const moves = parts.flatMap((part) => part.moves);
  const traffic = trafficOf(parts, traced);
  const { all: steps, written } = stepsOf(moves);
  const known = {
    file,
    options,
    count: { trace: lines.length, annotations, garbage },
    diagnostics: moves.length > 0 ? diagnostics : [...diagnostics, nothing(file)],
    topology,
    ...(traced === undefined ? {} : { traced }),
    parts,
    moves,
    traffic,
    silences: silencesOf(parts, traced, traffic),
    steps,
    ...(written === undefined ? {} : { written }),
  };
  return { ...known, facts: evidence(known) };
}

function nothing(file: string): Diagnostic {
  return {
    file,
    line: 1,
    column: 1,
    message:
      'no line tells of an interrupt that moves; expected lines such as "msi_set_affinity: direct update msi 122, vector 33 -> 33, apicid: 6 -> 0"',
  };
}
