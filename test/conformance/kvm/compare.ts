/** The answers of a recording beside ours, field by field. */
import { readFileSync } from 'node:fs';
import { differences, type Difference, type Seen } from './differences.js';
import { Player, type Answer } from './play.js';

/** What was compared in one script or in all. */
export interface Tally {
  /** operations that were played */
  played: number;
  /** operations with an answer, and those among them that are equal in every field */
  compared: number;
  equal: number;
  /** fields of those answers */
  fields: number;
  /** fields that differ as a row says they must */
  readonly excused: Map<Difference, number>;
  readonly failed: string[];
}

export const scripts = [
  '01_priority_ppr_tpr',
  '02_guest_delivery_order',
  '03_msi_decode',
  '05_logical_dest',
  '06_icr',
  '07_nmi_init_sipi',
  '09_esr',
  '10_registers',
  '12_x2apic',
  '13_ioapic',
] as const;

const lines = (file: string): string[] =>
  readFileSync(new URL(file, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

/** Plays a script and compares every answer. */
export async function compare(script: string): Promise<Tally> {
  const tally: Tally = { played: 0, compared: 0, equal: 0, fields: 0, excused: new Map(), failed: [] };
  const player = new Player();
  const recorded = lines(`${script}.jsonl`).map((line) => JSON.parse(line) as Recorded);
  const operations = lines(`${script}.ops`);
  if (operations.length !== recorded.length) throw new Error(`${script}: ${operations.length} operations, ${recorded.length} answers`);
  const before: string[] = [];
  for (const [i, line] of operations.entries()) {
    const record = recorded[i]!;
    if (record.op !== line) throw new Error(`${script}:${i + 1}: the answer is to ${record.op}`);
    if (line.startsWith('new ')) before.length = 0;
    const ours = await player.play(line);
    const last = (what: RegExp): readonly string[] => before.findLast((each) => what.test(each))?.split(' ') ?? [];
    const theirs = answerIn(record);
    tally.played += 1;
    before.push(line);
    if (Object.keys(theirs).length === 0 && Object.keys(ours).length === 0) continue;
    tally.compared += 1;
    let equal = true;
    for (const field of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      tally.fields += 1;
      const seen: Seen = { line, op: line.split(' ')[0]!, field, kvm: theirs[field], ours: ours[field], last };
      if (JSON.stringify(seen.kvm) === JSON.stringify(seen.ours)) continue;
      equal = false;
      const row = differences.find((each) => each.op.includes(seen.op) && each.field.test(field) && each.when(seen));
      if (row === undefined) tally.failed.push(`${script}:${i + 1}: ${line}: ${field} is ${text(seen.ours)}, KVM has ${text(seen.kvm)}`);
      else {
        tally.excused.set(row, (tally.excused.get(row) ?? 0) + 1);
        row.follow?.(player, seen);
      }
    }
    if (equal) tally.equal += 1;
  }
  return tally;
}

interface Recorded {
  readonly n: number;
  readonly op: string;
  readonly events?: readonly { readonly ev: string; readonly vector?: number; readonly cs?: number }[];
  readonly [field: string]: unknown;
}

/**
 * What is no answer of the hardware: what an ioctl returned, whether KVM has injected something into its guest, what the guest that
 * ran behind `hlt` and `cont` did there.
 */
const KVM_ALONE = /^(status|nmi_injected|nmi_masked|irq_injected|irq_nr|latched_init|mp_state|mp_at_timeout|woke)$/;
const isAlone = (op: string, path: string): boolean => {
  const field = path.split('.').at(-1) ?? '';
  if (path === 'err') return true;
  if (field === 'ret') return !op.startsWith('msi ') && !op.startsWith('lapic_set ');
  // the pin states of KVM's IOAPIC; of a LAPIC it is the register
  if (field === 'irr') return op === 'ioapic_dump';
  return KVM_ALONE.test(field);
};

/** A record by the names of `Answer`: numbers as numbers, nested fields joined, what a guest saw told apart. */
function answerIn({ op, events = [], ...fields }: Recorded): Answer {
  const answer: Record<string, unknown> = {};
  const put = (name: string, value: unknown): void => {
    // the number of the line
    if (name === 'n') return;
    // an accepted list stays one; RTEs get a name each
    if (Array.isArray(value) && name !== 'redir') answer[name] = value;
    else if (typeof value === 'object' && value !== null) Object.entries(value).forEach(([key, each]) => put(`${name}.${key}`, each));
    // an ioctl that failed for want of a target
    else if (!isAlone(op, name)) answer[name] = name === 'ret' && value === -1 ? 0 : numeric(name, value);
  };
  const guest = op.startsWith('window');
  const vectors = events.flatMap(({ ev, vector = 0 }) => (ev === 'irq' ? [vector] : []));
  const exception = events.find(({ ev }) => ev === 'exception')?.vector;
  // the harness prints what was left in a register
  Object.entries(fields).forEach(([name, value]) => (exception !== undefined && name === 'val' ? undefined : put(name, value)));
  if (exception !== undefined) answer['exception'] = exception;
  // the harness has vector 2 for NMIs only
  if (vectors.includes(2)) answer['nmi'] = true;
  if (guest) answer['order'] = vectors.filter((v) => v !== 2);
  const landed = events.find(({ ev }) => ev === 'sipi_landed')?.cs;
  if (landed !== undefined) answer['started'] = landed;
  return answer;
}

function numeric(name: string, value: unknown): unknown {
  if (typeof value !== 'string' || !/^0x[0-9a-f]+$/.test(value)) return value;
  return name.startsWith('redir') ? BigInt(value).toString() : Number(value);
}

function text(value: unknown): string {
  return typeof value === 'number' ? `0x${value.toString(16)}` : (JSON.stringify(value) ?? 'nothing');
}
